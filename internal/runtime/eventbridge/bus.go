// Package eventbridge tells Amazon EventBridge what became of events.
package eventbridge

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// maxEntries is EventBridge's quota "PutEvents entries per request".
const maxEntries = 10

// Bus is a pipeline.Bus.
type Bus struct {
	client *eventbridge.Client
	name   string
}

// NewBus is the event bus of that name.
func NewBus(cfg aws.Config, name string) Bus {
	return Bus{client: eventbridge.NewFromConfig(cfg), name: name}
}

// Publish puts the notices on the bus, in requests of ten, and says of each whether it got there.
func (b Bus) Publish(ctx context.Context, notices []pipeline.Notification) []error {
	errs := make([]error, len(notices))
	for start := 0; start < len(notices); start += maxEntries {
		end := min(start+maxEntries, len(notices))
		b.put(ctx, notices[start:end], errs[start:end])
	}
	return errs
}

func (b Bus) put(ctx context.Context, notices []pipeline.Notification, errs []error) {
	entries := make([]types.PutEventsRequestEntry, len(notices))
	for i, notice := range notices {
		detail, err := json.Marshal(notice.Detail)
		if err != nil {
			fill(errs, fmt.Errorf("write the notice of event %s: %w", notice.Detail.EventID, err))
			return
		}
		entries[i] = types.PutEventsRequestEntry{
			EventBusName: &b.name,
			Source:       aws.String(contract.EventSource),
			DetailType:   aws.String(notice.Type),
			Detail:       aws.String(string(detail)),
		}
	}
	out, err := b.client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries})
	if err != nil {
		fill(errs, fmt.Errorf("put events: %w", err))
		return
	}
	// A request that succeeds may hold entries that failed.
	for i, entry := range out.Entries {
		if entry.ErrorCode != nil {
			errs[i] = fmt.Errorf("put events: %s: %s", *entry.ErrorCode, aws.ToString(entry.ErrorMessage))
		}
	}
}

func fill(errs []error, err error) {
	for i := range errs {
		errs[i] = err
	}
}
