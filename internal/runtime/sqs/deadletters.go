package sqs

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// The attributes of a message in the DLQ. One that SQS itself moved there, since its worker was killed, has none.
const (
	failureCode   = "failureCode"
	failureReason = "failureReason"
	failedAt      = "failedAt" // RFC 3339, UTC
	attempts      = "attempts"
	eventType     = "eventType"
)

// DeadLetterQueue is the DLQ, a pipeline.DeadLetterQueue.
type DeadLetterQueue struct {
	client *sqs.Client
	url    string
}

// NewDeadLetterQueue is the DLQ with that URL.
func NewDeadLetterQueue(cfg aws.Config, url string) DeadLetterQueue {
	return DeadLetterQueue{client: sqs.NewFromConfig(cfg), url: url}
}

// Send puts the letter in the DLQ: the message as the queue had it, with the reason as its attributes.
func (d DeadLetterQueue) Send(ctx context.Context, letter pipeline.DeadLetter) error {
	attributes := map[string]types.MessageAttributeValue{
		failureCode:   {DataType: aws.String("String"), StringValue: aws.String(string(letter.Failure.Code))},
		failureReason: {DataType: aws.String("String"), StringValue: aws.String(letter.Failure.Reason)},
		failedAt:      {DataType: aws.String("String"), StringValue: aws.String(letter.FailedAt.UTC().Format(time.RFC3339Nano))},
		attempts:      {DataType: aws.String("Number"), StringValue: aws.String(strconv.Itoa(letter.Attempts))},
	}
	if letter.EventType != "" {
		attributes[eventType] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &letter.EventType}
	}
	_, err := d.client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: &d.url, MessageBody: aws.String(string(letter.Body)), MessageAttributes: attributes,
	})
	if err != nil {
		return fmt.Errorf("send message: %w", err)
	}
	return nil
}
