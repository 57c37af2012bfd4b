package iam

import "strings"

// keyActions maps an action on an encrypted resource to the KMS actions that it requires.
var keyActions = map[string][]string{
	"s3:GetObject":                {"Decrypt"},
	"s3:GetObjectVersion":         {"Decrypt"},
	"s3:PutObject":                {"GenerateDataKey"},
	"sqs:SendMessage":             {"GenerateDataKey", "Decrypt"},
	"sqs:ReceiveMessage":          {"Decrypt"},
	"dynamodb:GetItem":            {"Decrypt"},
	"dynamodb:BatchGetItem":       {"Decrypt"},
	"dynamodb:Query":              {"Decrypt"},
	"dynamodb:Scan":               {"Decrypt"},
	"dynamodb:PutItem":            {"Decrypt"},
	"dynamodb:UpdateItem":         {"Decrypt"},
	"dynamodb:DeleteItem":         {"Decrypt"},
	"dynamodb:BatchWriteItem":     {"Decrypt"},
	"dynamodb:ConditionCheckItem": {"Decrypt"},

	"secretsmanager:GetSecretValue": {"Decrypt"},
	"secretsmanager:PutSecretValue": {"GenerateDataKey", "Decrypt"},
}

// keyPermissions returns the KMS permissions that the action of p also needs. It returns none if no
// KMS key encrypts the resource of p.
func (a Authorizer) keyPermissions(p permission) (list []permission) {
	key, ok := a.Policies.Keys[parentARN(p.resource)]
	if !ok {
		return nil
	}
	service, _, _ := strings.Cut(p.action, ":")
	for _, action := range keyActions[p.action] {
		list = append(list, permission{"kms:" + action, key, map[string]string{
			"kms:viaservice":    service + "." + a.Region + ".amazonaws.com",
			"kms:calleraccount": a.Account,
		}})
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
