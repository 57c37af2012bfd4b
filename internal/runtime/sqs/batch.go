package sqs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// maxEntries is SQS's quota "messages per batch". Ten references are some kilobytes, far below the quota of 1 MiB.
const maxEntries = 10

// SendMany puts references to the events on the queue, in requests of ten, and says of each whether it got there.
func (q Queue) SendMany(ctx context.Context, events []pipeline.Event) []error {
	errs := make([]error, len(events))
	for start := 0; start < len(events); start += maxEntries {
		end := min(start+maxEntries, len(events))
		q.sendBatch(ctx, events[start:end], errs[start:end])
	}
	return errs
}

func (q Queue) sendBatch(ctx context.Context, events []pipeline.Event, errs []error) {
	entries := make([]types.SendMessageBatchRequestEntry, len(events))
	for i, event := range events {
		body, err := json.Marshal(event)
		if err != nil {
			fill(errs, fmt.Errorf("write the message of event %s: %w", event.ID, err))
			return
		}
		entries[i] = types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(string(body))}
	}
	out, err := q.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: entries})
	if err != nil {
		fill(errs, fmt.Errorf("send messages: %w", err))
		return
	}
	// A 200 may hold failures. What is named nowhere may be lost, so it is one, too.
	fill(errs, errors.New("send messages: the answer leaves this one out"))
	for _, sent := range out.Successful {
		set(errs, sent.Id, nil)
	}
	setFailed(errs, out.Failed, "send message")
}

func setFailed(errs []error, entries []types.BatchResultErrorEntry, attempted string) {
	for _, failed := range entries {
		set(errs, failed.Id, fmt.Errorf("%s: %s: %s", attempted, aws.ToString(failed.Code), aws.ToString(failed.Message)))
	}
}

func fill(errs []error, err error) {
	for i := range errs {
		errs[i] = err
	}
}

func set(errs []error, id *string, err error) {
	if i, bad := strconv.Atoi(aws.ToString(id)); bad == nil && i >= 0 && i < len(errs) {
		errs[i] = err
	}
}

// CountMessages is about how many messages the queue holds, those in flight or delayed included.
func (q Queue) CountMessages(ctx context.Context) (int, error) {
	names := []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	}
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: names})
	if err != nil {
		return 0, fmt.Errorf("get queue attributes: %w", err)
	}
	sum := 0
	for _, name := range names {
		n, err := strconv.Atoi(out.Attributes[string(name)])
		if err != nil {
			return 0, fmt.Errorf("get queue attributes: %s is %q", name, out.Attributes[string(name)])
		}
		sum += n
	}
	return sum, nil
}
