// Package eventbridge publishes notifications about events to Amazon EventBridge.
package eventbridge

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// maxEntries is EventBridge's quota of entries per PutEvents request.
const maxEntries = 10

// Bus implements pipeline.Bus.
type Bus struct {
	client *eventbridge.Client
	name   string
}

// NewBus returns the named event bus.
func NewBus(cfg aws.Config, name string) Bus {
	return Bus{client: eventbridge.NewFromConfig(cfg), name: name}
}

// Publish sends a request for every ten notifications. It returns an error or nil for each
// notification.
func (b Bus) Publish(ctx context.Context, notifications []pipeline.Notification) []error {
	var errs []error
	for batch := range slices.Chunk(notifications, maxEntries) {
		batchErrs, err := b.putEvents(ctx, batch)
		if err != nil {
			batchErrs = slices.Repeat([]error{err}, len(batch))
		}
		errs = append(errs, batchErrs...)
	}
	return errs
}

// putEvents sends one request. It returns an error or nil for each notification, or an error if the
// whole request failed.
func (b Bus) putEvents(
	ctx context.Context, notifications []pipeline.Notification,
) ([]error, error) {
	entries := make([]types.PutEventsRequestEntry, len(notifications))
	for i, notification := range notifications {
		detail, err := json.Marshal(notification.Detail)
		if err != nil {
			id := notification.Detail.EventID
			return nil, fmt.Errorf("write the notification of event %s: %w", id, err)
		}
		entries[i] = types.PutEventsRequestEntry{
			EventBusName: &b.name,
			Source:       aws.String(contract.EventSource),
			DetailType:   aws.String(notification.Type),
			Detail:       aws.String(string(detail)),
		}
	}
	out, err := b.client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries})
	if err != nil {
		return nil, fmt.Errorf("put events: %w", err)
	}
	errs := make([]error, len(entries))
	for i, entry := range out.Entries { // a successful response may contain failed entries
		if entry.ErrorCode != nil {
			message := aws.ToString(entry.ErrorMessage)
			errs[i] = fmt.Errorf("put events: %s: %s", *entry.ErrorCode, message)
		}
	}
	return errs, nil
}
