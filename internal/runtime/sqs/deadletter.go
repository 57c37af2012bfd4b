package sqs

import (
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Attributes that Send adds to a message in the DLQ. They are missing if SQS moved the message
// after a crash of the worker, or if the message is too large for them.
const (
	failureCode   = "failureCode"
	failureReason = "failureReason"
	failedAt      = "failedAt" // RFC 3339, UTC
	attempts      = "attempts"
	eventType     = "eventType"
)

func messageAttributes(deadLetter pipeline.DeadLetter) map[string]types.MessageAttributeValue {
	attribute := func(dataType, value string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: &dataType, StringValue: &value}
	}
	attributes := map[string]types.MessageAttributeValue{
		failureCode:   attribute("String", string(deadLetter.Failure.Code)),
		failureReason: attribute("String", deadLetter.Failure.Reason),
		failedAt:      attribute("String", deadLetter.FailedAt.UTC().Format(time.RFC3339Nano)),
		attempts:      attribute("Number", strconv.Itoa(deadLetter.Attempts)),
	}
	if deadLetter.EventType != "" {
		attributes[eventType] = attribute("String", deadLetter.EventType)
	}
	return attributes
}

// ReceivedDeadLetter represents a message received from the DLQ.
type ReceivedDeadLetter struct {
	pipeline.DeadLetter // EventID is empty; if SQS moved the message, only Body is set
	MessageID           string
	SentAt              time.Time // when the message was first sent, if SQS moved it to the DLQ
	ReceiptHandle       string
}

// readDeadLetter converts a message of the DLQ. It ignores invalid attributes, because other
// senders can add messages to the DLQ.
func readDeadLetter(m types.Message) ReceivedDeadLetter {
	attribute := func(name string) string {
		return aws.ToString(m.MessageAttributes[name].StringValue)
	}
	received := ReceivedDeadLetter{
		MessageID:     aws.ToString(m.MessageId),
		ReceiptHandle: aws.ToString(m.ReceiptHandle),
		DeadLetter: pipeline.DeadLetter{
			Body:      []byte(aws.ToString(m.Body)),
			EventType: attribute(eventType),
			Failure: pipeline.Failure{
				Code:   pipeline.Code(attribute(failureCode)),
				Reason: attribute(failureReason),
			},
		},
	}
	received.Attempts, _ = strconv.Atoi(attribute(attempts))
	received.FailedAt, _ = time.Parse(time.RFC3339Nano, attribute(failedAt))
	sent := m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)]
	if ms, err := strconv.ParseInt(sent, 10, 64); err == nil {
		received.SentAt = time.UnixMilli(ms).UTC()
	}
	return received
}
