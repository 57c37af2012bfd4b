package sqs

import (
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

var (
	errQueueDoesNotExist = protocol.Errorf("QueueDoesNotExist",
		"The specified queue does not exist.")
	errOverLimit = protocol.Errorf("OverLimit",
		"Too many messages are in flight; delete some before you receive more.")
)

// queryCodes maps an error code to its code in SQS's former XML protocol, where they differ.
// SQS sends it in the header x-amzn-query-error, and clients show it in place of __type.
var queryCodes = map[string]string{
	"QueueDoesNotExist":            "AWS.SimpleQueueService.NonExistentQueue",
	"QueueNameExists":              "QueueAlreadyExists",
	"EmptyBatchRequest":            "AWS.SimpleQueueService.EmptyBatchRequest",
	"TooManyEntriesInBatchRequest": "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
	"BatchEntryIdsNotDistinct":     "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
	"BatchRequestTooLong":          "AWS.SimpleQueueService.BatchRequestTooLong",
	"InvalidBatchEntryId":          "AWS.SimpleQueueService.InvalidBatchEntryId",
	"MessageNotInflight":           "AWS.SimpleQueueService.MessageNotInflight",
}

func invalidParameter(format string, args ...any) *protocol.Error {
	return protocol.Errorf("InvalidParameterValue", format, args...)
}

func invalidValue(value any, parameter, reason string) *protocol.Error {
	return invalidParameter("Value %v for parameter %s is invalid. Reason: %s",
		value, parameter, reason)
}

func missingParameter(name string) *protocol.Error {
	return protocol.Errorf("MissingParameter", "The request must contain the parameter %s.", name)
}

func unknownAttribute(name string) *protocol.Error {
	return protocol.Errorf("InvalidAttributeName", "Unknown Attribute %s.", name)
}
