// Package sqs sends events from the API to the worker through Amazon SQS. It also reads and changes
// the dead-letter queue.
package sqs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Queue implements the interfaces through which package pipeline uses the queue.
type Queue struct {
	client *sqs.Client
	url    string
}

// NewQueue returns the queue at a URL.
func NewQueue(cfg aws.Config, url string) Queue {
	return Queue{client: sqs.NewFromConfig(cfg), url: url}
}

// QueueName returns the last part of a queue's URL, which is its name.
func QueueName(url string) string { return path.Base(url) }

// Send sends a message that contains the event as JSON.
func (q Queue) Send(ctx context.Context, event pipeline.Event) error {
	body, err := messageBody(event)
	if err != nil {
		return err
	}
	_, err = q.client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: &q.url, MessageBody: body, MessageGroupId: groupID(event.Caller),
	})
	if err != nil {
		return fmt.Errorf("send message: %w", err)
	}
	return nil
}

// SendMany sends a message for each event. It returns an error or nil for each event.
func (q Queue) SendMany(ctx context.Context, events []pipeline.Event) []error {
	return inBatches("send message", events, func(batch []pipeline.Event) (results, error) {
		entries := make([]types.SendMessageBatchRequestEntry, len(batch))
		for i, event := range batch {
			body, err := messageBody(event)
			if err != nil {
				return results{}, err
			}
			entries[i] = types.SendMessageBatchRequestEntry{
				Id: entryID(i), MessageBody: body, MessageGroupId: groupID(event.Caller),
			}
		}
		input := &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: entries}
		out, err := q.client.SendMessageBatch(ctx, input)
		if err != nil {
			return results{}, err
		}
		r := results{failed: out.Failed}
		for _, sent := range out.Successful {
			r.successful = append(r.successful, sent.Id)
		}
		return r, nil
	})
}

func messageBody(event pipeline.Event) (*string, error) {
	body, err := json.Marshal(event)
	if err != nil {
		return nil, fmt.Errorf("encode the message of event %s: %w", event.ID, err)
	}
	return messageText(body), nil
}

// messageText returns a message body as a text that SQS accepts. SQS rejects the characters U+FFFE
// and U+FFFF. json.Marshal does not escape them, and a caller's name can contain them.
func messageText(body []byte) *string { return aws.String(escaper.Replace(string(body))) }

var escaper = strings.NewReplacer("\ufffe", `\ufffe`, "\uffff", `\uffff`)

// groupID returns the message group of a caller's messages, or nil if the caller is unknown. With
// fair queues, SQS delays the messages of a group with a large backlog.
//
// The id is a hash, because a group id has at most 128 ASCII characters.
func groupID(caller string) *string {
	if caller == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(caller))
	return aws.String(hex.EncodeToString(sum[:16]))
}

// Delay hides a received message for the duration d, rounded up to whole seconds.
func (q Queue) Delay(ctx context.Context, receiptHandle string, d time.Duration) error {
	seconds := int32((d + time.Second - 1) / time.Second)
	_, err := q.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl:          &q.url,
		ReceiptHandle:     &receiptHandle,
		VisibilityTimeout: seconds,
	})
	if err != nil {
		return fmt.Errorf("change message visibility: %w", err)
	}
	return nil
}

// CountMessages returns the approximate number of messages, including delayed messages and messages
// in flight.
func (q Queue) CountMessages(ctx context.Context) (int, error) {
	return countMessages(ctx, q.client, q.url,
		types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed)
}

// countMessages returns the sum of the given queue attributes. Each one must be a number of
// messages.
func countMessages(
	ctx context.Context, client *sqs.Client, url string, attributes ...types.QueueAttributeName,
) (int, error) {
	out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: attributes,
	})
	if err != nil {
		return 0, fmt.Errorf("get attributes of queue %s: %w", QueueName(url), err)
	}
	sum := 0
	for _, name := range attributes {
		n, err := strconv.Atoi(out.Attributes[string(name)])
		if err != nil {
			return 0, fmt.Errorf("read %s of queue %s: %w", name, QueueName(url), err)
		}
		sum += n
	}
	return sum, nil
}
