package iam

import (
	"fmt"
	"strings"
)

// managed are AWS's own policies that functions' roles have, by the end of their ARN.
var managed = map[string][]string{
	"AdministratorAccess":         {"*"},
	"AWSXRayDaemonWriteAccess":    {"xray:PutTraceSegments", "xray:PutTelemetryRecords"},
	"AWSLambdaBasicExecutionRole": {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"},
	"AWSLambdaSQSQueueExecutionRole": {
		"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents",
		"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes",
	},
}

// Managed is one of AWS's own policies, such as arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole.
func Managed(arn string) (Document, error) {
	name := arn[strings.LastIndexByte(arn, '/')+1:]
	actions, ok := managed[name]
	if !ok || !strings.Contains(arn, ":iam::aws:policy/") {
		return Document{}, fmt.Errorf("the local platform does not know the managed policy %s", arn)
	}
	return Document{[]statement{{actions: patterns{list: actions, fold: foldCase}, resources: patterns{list: []string{"*"}}}}}, nil
}
