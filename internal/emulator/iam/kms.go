package iam

import (
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// keyPermissions returns the KMS permissions that the action of p also needs. It returns none if no
// KMS key encrypts the resource of p.
func (a Authorizer) keyPermissions(p protocol.Permission) (list []protocol.Permission) {
	key, ok := a.Policies.Keys[parentARN(p.Resource)]
	if !ok {
		return nil
	}
	service, action, _ := strings.Cut(p.Action, ":")
	for _, keyAction := range a.Services.Find(service).KeyActions[action] {
		list = append(list, protocol.Permission{
			Action: "kms:" + keyAction, Resource: key,
			Context: map[string]string{
				"kms:viaservice":    service + "." + a.Region + ".amazonaws.com",
				"kms:calleraccount": a.Account,
			},
		})
	}
	return list
}

// parentARN returns the bucket's ARN for an object, and the table's ARN for an index. It returns
// any other ARN unchanged.
func parentARN(arn string) string {
	if strings.HasPrefix(arn, "arn:aws:s3:::") {
		bucket, _, _ := strings.Cut(arn, "/")
		return bucket
	}
	table, _, _ := strings.Cut(arn, "/index/")
	return table
}
