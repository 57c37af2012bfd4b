// Package eventbridge publishes notifications about events to Amazon EventBridge.
package eventbridge

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/parallel"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// maxEntries is EventBridge's quota of entries per PutEvents request.
const maxEntries = 10

// Bus implements pipeline.Bus.
type Bus struct {
	client           *eventbridge.Client
	name             string
	cloudEventSource string // source of the notifications; "" if they are not CloudEvents
}

// NewBus returns the named event bus.
func NewBus(cfg aws.Config, name string) Bus {
	return Bus{client: eventbridge.NewFromConfig(cfg), name: name}
}

// FromEnvironment returns the bus that an environment variable names. Another variable selects the
// format of the notifications. In CloudEvents, the attribute "source" ends with the name of the
// pipeline's queue.
func FromEnvironment(cfg aws.Config, env *contract.Reader) Bus {
	bus := NewBus(cfg, env.Text(contract.EventBusName))
	queue := path.Base(env.Text(contract.QueueURL))
	if env.Text(contract.NotificationFormat) == contract.CloudEventNotifications {
		bus.cloudEventSource = "urn:eventpipeline:" + queue
	}
	return bus
}

// maxConcurrent is the largest number of PutEvents requests that Publish sends at the same time.
const maxConcurrent = 10

// Publish sends up to ten notifications per request, and several requests at the same time. It
// returns an error or nil for each notification.
func (b Bus) Publish(ctx context.Context, notifications []pipeline.Notification) []error {
	errs := make([]error, len(notifications))
	batches := slices.Collect(slices.Chunk(notifications, maxEntries))
	parallel.ForEach(maxConcurrent, len(batches), func(i int) {
		batchErrs, err := b.putEvents(ctx, batches[i])
		if err != nil {
			batchErrs = slices.Repeat([]error{err}, len(batches[i]))
		}
		copy(errs[i*maxEntries:], batchErrs)
	})
	return errs
}

// putEvents sends one request. It returns an error if the request failed. Otherwise it returns an
// error or nil for each notification.
func (b Bus) putEvents(
	ctx context.Context, notifications []pipeline.Notification,
) ([]error, error) {
	entries := make([]types.PutEventsRequestEntry, len(notifications))
	for i, notification := range notifications {
		detail, err := b.detail(notification)
		if err != nil {
			id := notification.Detail.EventID
			return nil, fmt.Errorf("encode the notification of event %s: %w", id, err)
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
	for i, entry := range out.Entries { // a successful response can contain failed entries
		if entry.ErrorCode != nil {
			message := aws.ToString(entry.ErrorMessage)
			errs[i] = fmt.Errorf("put events: %s: %s", *entry.ErrorCode, message)
		}
	}
	return errs, nil
}

// detail returns the detail of a notification as JSON.
func (b Bus) detail(notification pipeline.Notification) ([]byte, error) {
	if b.cloudEventSource == "" {
		return json.Marshal(notification.Detail)
	}
	return json.Marshal(newCloudEvent(b.cloudEventSource, notification))
}
