package iam

import (
	"fmt"
	"path"
	"strings"
)

// Role represents an execution role of functions.
type Role struct {
	ARN      string
	Policies []Document
}

// Policies holds all policies of the emulated account. The zero value has no policies.
type Policies struct {
	Roles map[string]Role // by function name
	// Resources maps the ARN of a bucket, queue, function or KMS key to its policies.
	Resources map[string][]Document
	// Keys maps the ARN of a bucket, queue or table to the ARN of the KMS key that encrypts it.
	Keys map[string]string
}

// Evaluate returns nil if the request is allowed, and a *DeniedError if it is not. It evaluates the
// identity policies and the requested resource's policies.
func (p Policies) Evaluate(r Request, identity []Document) error {
	resource := p.Resources[parentARN(r.Resource)]
	if strings.HasPrefix(r.Action, "kms:") && len(resource) > 0 {
		return evaluateKey(r, identity, resource)
	}
	return Evaluate(r, identity, resource)
}

// managedPolicies maps the name of an AWS managed policy to the actions that it allows.
var managedPolicies = map[string][]string{
	"AdministratorAccess":      {"*"},
	"AWSXRayDaemonWriteAccess": {"xray:PutTraceSegments", "xray:PutTelemetryRecords"},
	"AWSLambdaBasicExecutionRole": {"logs:CreateLogGroup", "logs:CreateLogStream",
		"logs:PutLogEvents"},
	"AWSLambdaSQSQueueExecutionRole": {
		"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents",
		"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes",
	},
}

// ManagedPolicy returns the AWS managed policy with an ARN such as
// arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole.
func ManagedPolicy(arn string) (Document, error) {
	actions, ok := managedPolicies[path.Base(arn)]
	if !ok || !strings.Contains(arn, ":iam::aws:policy/") {
		return Document{}, fmt.Errorf("the emulator does not support the managed policy %s", arn)
	}
	return policyAllowing(actions...), nil
}

// policyAllowing returns a policy that allows the actions on all resources.
func policyAllowing(actions ...string) Document {
	lower := make([]string, len(actions))
	for i, action := range actions {
		lower[i] = strings.ToLower(action)
	}
	return Document{[]statement{{
		actions:   patterns{list: lower, fold: foldCase},
		resources: patterns{list: []string{"*"}},
	}}}
}
