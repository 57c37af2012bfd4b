// Package sqs hands references to events from the API to the worker by Amazon SQS.
package sqs

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Queue is each of the pipeline's ports to the queue.
type Queue struct {
	client *sqs.Client
	url    string
}

// NewQueue is the queue with that URL.
func NewQueue(cfg aws.Config, url string) Queue {
	return Queue{client: sqs.NewFromConfig(cfg), url: url}
}

// QueueName is the name of the queue with that URL, which ends in it.
func QueueName(url string) string { return path.Base(url) }

// Send puts a reference to the event on the queue: the event as JSON.
func (q Queue) Send(ctx context.Context, event pipeline.Event) error {
	body, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("write the message of event %s: %w", event.ID, err)
	}
	_, err = q.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: aws.String(string(body))})
	if err != nil {
		return fmt.Errorf("send message: %w", err)
	}
	return nil
}

// Delay hides a received message for d, in whole seconds rounded up.
func (q Queue) Delay(ctx context.Context, receipt string, d time.Duration) error {
	seconds := int32((d + time.Second - 1) / time.Second)
	_, err := q.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl:          &q.url,
		ReceiptHandle:     &receipt,
		VisibilityTimeout: seconds,
	})
	if err != nil {
		return fmt.Errorf("change message visibility: %w", err)
	}
	return nil
}
