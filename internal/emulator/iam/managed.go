package iam

import (
	"fmt"
	"strings"
)

// managedPolicies are AWS's own policies that functions' roles have, by the end of their ARN.
var managedPolicies = map[string][]string{
	"AdministratorAccess":         {"*"},
	"AWSXRayDaemonWriteAccess":    {"xray:PutTraceSegments", "xray:PutTelemetryRecords"},
	"AWSLambdaBasicExecutionRole": {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"},
	"AWSLambdaSQSQueueExecutionRole": {
		"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents",
		"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes",
	},
}

// ManagedPolicy is one of AWS's own policies, such as arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole.
func ManagedPolicy(arn string) (Document, error) {
	name := arn[strings.LastIndexByte(arn, '/')+1:]
	actions, ok := managedPolicies[name]
	if !ok || !strings.Contains(arn, ":iam::aws:policy/") {
		return Document{}, fmt.Errorf("the local platform does not know the managed policy %s", arn)
	}
	return Document{[]statement{{actions: patterns{list: actions, fold: foldCase}, resources: patterns{list: []string{"*"}}}}}, nil
}
