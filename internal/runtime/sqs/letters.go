package sqs

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// ReceivedDeadLetter is a message as the DLQ gave it out.
type ReceivedDeadLetter struct {
	pipeline.DeadLetter // without EventID, which the body tells; one that SQS itself moved there has its Body alone
	MessageID           string
	SentAt              time.Time // SQS keeps the first queue's time for a message that it moved itself
	ReceiptHandle       string
}

// Receive returns up to ten letters and hides them for that long; none if the DLQ has no more to give. It waits a second
// for them: an answer without waiting asks only some of the servers that hold messages.
func (d DeadLetterQueue) Receive(ctx context.Context, hide time.Duration) ([]ReceivedDeadLetter, error) {
	out, err := d.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:                    &d.url,
		MaxNumberOfMessages:         maxEntries,
		VisibilityTimeout:           int32(hide / time.Second),
		WaitTimeSeconds:             1,
		MessageAttributeNames:       []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameSentTimestamp},
	})
	if err != nil {
		return nil, fmt.Errorf("receive messages of the DLQ: %w", err)
	}
	letters := make([]ReceivedDeadLetter, len(out.Messages))
	for i, m := range out.Messages {
		letters[i] = letterOf(m)
	}
	return letters, nil
}

// Count is about how many letters there are.
func (d DeadLetterQueue) Count(ctx context.Context) (int, error) {
	visible, err := d.count(ctx, types.QueueAttributeNameApproximateNumberOfMessages)
	if err != nil {
		return 0, err
	}
	hidden, err := d.InFlight(ctx)
	return visible + hidden, err
}

// InFlight is about how many letters somebody has received, and Receive does not return therefore.
func (d DeadLetterQueue) InFlight(ctx context.Context) (int, error) {
	return d.count(ctx, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible)
}

func (d DeadLetterQueue) count(ctx context.Context, name types.QueueAttributeName) (int, error) {
	out, err := d.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &d.url, AttributeNames: []types.QueueAttributeName{name},
	})
	if err != nil {
		return 0, fmt.Errorf("get the DLQ's attributes: %w", err)
	}
	n, err := strconv.Atoi(out.Attributes[string(name)])
	if err != nil {
		return 0, fmt.Errorf("read the DLQ's %s: %w", name, err)
	}
	return n, nil
}

// letterOf reads what it can: anybody may have put the message there.
func letterOf(m types.Message) ReceivedDeadLetter {
	attribute := func(name string) string { return aws.ToString(m.MessageAttributes[name].StringValue) }
	letter := ReceivedDeadLetter{MessageID: aws.ToString(m.MessageId), ReceiptHandle: aws.ToString(m.ReceiptHandle), DeadLetter: pipeline.DeadLetter{
		Body:      []byte(aws.ToString(m.Body)),
		EventType: attribute(eventType),
		Failure:   pipeline.Failure{Code: pipeline.Code(attribute(failureCode)), Reason: attribute(failureReason)},
	}}
	letter.Attempts, _ = strconv.Atoi(attribute(attempts))
	letter.FailedAt, _ = time.Parse(time.RFC3339Nano, attribute(failedAt))
	if ms, err := strconv.ParseInt(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64); err == nil {
		letter.SentAt = time.UnixMilli(ms).UTC()
	}
	return letter
}

// Release makes received letters visible again at once, and says of each whether that was done.
func (d DeadLetterQueue) Release(ctx context.Context, receipts []string) []error {
	return inTens(receipts, func(receipts []string, errs []error) {
		entries := make([]types.ChangeMessageVisibilityBatchRequestEntry, len(receipts))
		for i := range receipts {
			entries[i] = types.ChangeMessageVisibilityBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: &receipts[i]}
		}
		out, err := d.client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &d.url, Entries: entries})
		if err != nil {
			fill(errs, fmt.Errorf("give messages back to the DLQ: %w", err))
			return
		}
		fill(errs, errors.New("give messages back to the DLQ: the answer leaves this one out"))
		for _, released := range out.Successful {
			set(errs, released.Id, nil)
		}
		setFailed(errs, out.Failed, "give message back to the DLQ")
	})
}

// Delete removes received letters, and says of each whether it is gone.
func (d DeadLetterQueue) Delete(ctx context.Context, receipts []string) []error {
	return inTens(receipts, func(receipts []string, errs []error) {
		entries := make([]types.DeleteMessageBatchRequestEntry, len(receipts))
		for i := range receipts {
			entries[i] = types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: &receipts[i]}
		}
		out, err := d.client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &d.url, Entries: entries})
		if err != nil {
			fill(errs, fmt.Errorf("delete messages of the DLQ: %w", err))
			return
		}
		fill(errs, errors.New("delete messages of the DLQ: the answer leaves this one out"))
		for _, deleted := range out.Successful {
			set(errs, deleted.Id, nil)
		}
		setFailed(errs, out.Failed, "delete message of the DLQ")
	})
}

// inTens hands receipts on in requests of ten, each with the place for its results.
func inTens(receipts []string, request func(receipts []string, errs []error)) []error {
	errs := make([]error, len(receipts))
	for start := 0; start < len(receipts); start += maxEntries {
		end := min(start+maxEntries, len(receipts))
		request(receipts[start:end], errs[start:end])
	}
	return errs
}
