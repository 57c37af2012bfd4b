package iam

import (
	"fmt"
	"strings"
)

// managedPolicies maps the name of an AWS managed policy to the actions that the policy allows.
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
	actions, ok := managedPolicies[afterLastSlash(arn)]
	if !ok || !strings.Contains(arn, ":iam::aws:policy/") {
		return Document{}, fmt.Errorf("the emulator does not support the managed policy %s", arn)
	}
	return allow(actions...), nil
}

// allow returns a policy that allows the actions on all resources.
func allow(actions ...string) Document {
	return Document{[]statement{{
		actions:   patterns{list: actions, fold: foldCase},
		resources: patterns{list: []string{"*"}},
	}}}
}
