package porttest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// AcceptOlder accepts body as an older version of Ingest did. Today's Ingest may reject the same
// body.
func AcceptOlder(ctx context.Context, in pipeline.Ingest, body []byte) (pipeline.Event, error) {
	var payload struct{ EventType string }
	if err := json.Unmarshal(body, &payload); err != nil {
		return pipeline.Event{}, fmt.Errorf("decode the event type: %w", err)
	}
	id, err := in.NewID()
	if err != nil {
		return pipeline.Event{}, fmt.Errorf("create an event id: %w", err)
	}
	sum := sha256.Sum256(body)
	event := pipeline.Event{
		ID:         id,
		Type:       payload.EventType,
		ReceivedAt: in.Now().UTC().Truncate(time.Millisecond),
		SHA256:     hex.EncodeToString(sum[:]),
		Bytes:      len(body),
		Bronze:     pipeline.Location{Bucket: in.BronzeBucket},
	}
	event.Bronze.Key = event.BronzeKey()
	item := pipeline.Item{
		Event:      event,
		Status:     pipeline.Enqueued,
		EnqueuedAt: event.ReceivedAt,
		ExpiresAt:  pipeline.Expiry(event, in.StatusRetention),
	}
	err = in.Bronze.Put(ctx, event.Bronze.Key, body)
	if err != nil && !errors.Is(err, pipeline.ErrExists) {
		return event, fmt.Errorf("store the payload: %w", err)
	}
	_, err = in.Items.Create(ctx, item)
	if err != nil && !errors.Is(err, pipeline.ErrExists) {
		return event, fmt.Errorf("store the item: %w", err)
	}
	return event, in.Queue.Send(ctx, event)
}
