package dynamodb

import (
	"net/http"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Name identifies DynamoDB in ARNs and IAM actions.
const Name = "dynamodb"

// TargetPrefix identifies requests to DynamoDB in the X-Amz-Target header.
const TargetPrefix = "DynamoDB_20120810"

// Info describes DynamoDB.
var Info = protocol.Info{
	Name: Name, TargetPrefix: TargetPrefix, Permissions: permissions,
	KeyActions: map[string][]string{
		"GetItem":            {"Decrypt"},
		"BatchGetItem":       {"Decrypt"},
		"Query":              {"Decrypt"},
		"Scan":               {"Decrypt"},
		"PutItem":            {"Decrypt"},
		"UpdateItem":         {"Decrypt"},
		"DeleteItem":         {"Decrypt"},
		"BatchWriteItem":     {"Decrypt"},
		"ConditionCheckItem": {"Decrypt"},
	},
	Throttled: protocol.ErrorCode{
		Status: http.StatusBadRequest, Code: "ProvisionedThroughputExceededException",
	},
}
