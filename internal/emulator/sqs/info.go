package sqs

import (
	"net/http"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Name identifies SQS in ARNs and IAM actions.
const Name = "sqs"

// TargetPrefix identifies requests to SQS in the X-Amz-Target header.
const TargetPrefix = "AmazonSQS"

// Info describes SQS.
var Info = protocol.Info{
	Name: Name, TargetPrefix: TargetPrefix, Permissions: permissions,
	KeyActions: map[string][]string{
		"SendMessage":    {"GenerateDataKey", "Decrypt"},
		"ReceiveMessage": {"Decrypt"},
	},
	Throttled: protocol.ErrorCode{Status: http.StatusBadRequest, Code: "RequestThrottled"},
	Denied:    protocol.ErrorCode{Status: http.StatusForbidden, Code: "AccessDenied"},
	KeyDenied: protocol.ErrorCode{Status: http.StatusBadRequest, Code: "KmsAccessDenied"},
}
