// Package stored reads the payload and the records of an event.
package stored

import (
	"context"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Payload reads the payload of an event from Bronze, byte for byte as it was accepted. For a batch,
// it returns an array of payloads.
func Payload(ctx context.Context, p deployment.Pipeline, e pipeline.Event) ([]byte, error) {
	stored, err := p.BronzeBucket().Get(ctx, e.Bronze.Key)
	if err != nil {
		return nil, err
	}
	return e.PayloadIn(stored)
}

// Records reads the records of a PROCESSED event from Silver. Each record is one line of JSON.
func Records(ctx context.Context, p deployment.Pipeline, item pipeline.Item) ([]byte, error) {
	stored, err := p.SilverBucket().Get(ctx, item.Silver.Key)
	if err != nil || item.Count == 0 || item.IsBatch() {
		return stored, err
	}
	return item.LinesIn(stored), nil
}
