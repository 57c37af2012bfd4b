package sqs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// DeadLetterQueue implements pipeline.DeadLetterQueue and the operations that the CLI needs.
type DeadLetterQueue struct {
	client *sqs.Client
	url    string
}

// NewDeadLetterQueue returns the DLQ at a URL.
func NewDeadLetterQueue(cfg aws.Config, url string) DeadLetterQueue {
	return DeadLetterQueue{client: sqs.NewFromConfig(cfg), url: url}
}

// Send sends the original message to the DLQ, with the failure in message attributes. It omits the
// attributes if they do not fit. Only messages of other senders can be so large.
func (d DeadLetterQueue) Send(ctx context.Context, deadLetter pipeline.DeadLetter) error {
	input := &sqs.SendMessageInput{
		QueueUrl:          &d.url,
		MessageBody:       messageText(deadLetter.Body),
		MessageAttributes: messageAttributes(deadLetter),
	}
	_, err := d.client.SendMessage(ctx, input)
	var rejected smithy.APIError
	if errors.As(err, &rejected) && rejected.ErrorCode() == "InvalidParameterValue" {
		input.MessageAttributes = nil
		_, err = d.client.SendMessage(ctx, input)
	}
	if err != nil {
		return fmt.Errorf("send message: %w", err)
	}
	return nil
}

// Receive returns up to ten dead letters and hides them for the given time. If all messages are
// hidden, it returns none.
//
// Receive waits up to a second (long polling). Otherwise SQS would query only some of its servers,
// and could miss messages.
func (d DeadLetterQueue) Receive(
	ctx context.Context, hide time.Duration,
) ([]ReceivedDeadLetter, error) {
	out, err := d.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:              &d.url,
		MaxNumberOfMessages:   maxEntries,
		VisibilityTimeout:     int32(hide / time.Second),
		WaitTimeSeconds:       1,
		MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{
			types.MessageSystemAttributeNameSentTimestamp,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("receive messages from the DLQ: %w", err)
	}
	received := make([]ReceivedDeadLetter, len(out.Messages))
	for i, m := range out.Messages {
		received[i] = readDeadLetter(m)
	}
	return received, nil
}

// Count returns the approximate number of messages, including messages in flight.
func (d DeadLetterQueue) Count(ctx context.Context) (int, error) {
	return countMessages(ctx, d.client, d.url,
		types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible)
}

// InFlight returns the approximate number of messages in flight. Receive does not return these
// messages.
func (d DeadLetterQueue) InFlight(ctx context.Context) (int, error) {
	return countMessages(ctx, d.client, d.url,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible)
}

// Release makes received messages visible again. It returns an error or nil for each message.
func (d DeadLetterQueue) Release(ctx context.Context, receiptHandles []string) []error {
	action := "return message to the DLQ"
	return inBatches(action, receiptHandles, func(batch []string) (results, error) {
		entries := make([]types.ChangeMessageVisibilityBatchRequestEntry, len(batch))
		for i := range batch {
			entries[i] = types.ChangeMessageVisibilityBatchRequestEntry{
				Id: entryID(i), ReceiptHandle: &batch[i],
			}
		}
		input := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &d.url, Entries: entries}
		out, err := d.client.ChangeMessageVisibilityBatch(ctx, input)
		if err != nil {
			return results{}, err
		}
		r := results{failed: out.Failed}
		for _, released := range out.Successful {
			r.successful = append(r.successful, released.Id)
		}
		return r, nil
	})
}

// Delete deletes received messages. It returns an error or nil for each message.
func (d DeadLetterQueue) Delete(ctx context.Context, receiptHandles []string) []error {
	action := "delete message from the DLQ"
	return inBatches(action, receiptHandles, func(batch []string) (results, error) {
		entries := make([]types.DeleteMessageBatchRequestEntry, len(batch))
		for i := range batch {
			entries[i] = types.DeleteMessageBatchRequestEntry{
				Id: entryID(i), ReceiptHandle: &batch[i],
			}
		}
		input := &sqs.DeleteMessageBatchInput{QueueUrl: &d.url, Entries: entries}
		out, err := d.client.DeleteMessageBatch(ctx, input)
		if err != nil {
			return results{}, err
		}
		r := results{failed: out.Failed}
		for _, deleted := range out.Successful {
			r.successful = append(r.successful, deleted.Id)
		}
		return r, nil
	})
}
