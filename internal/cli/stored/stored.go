// Package stored reads the payload and the records of an event.
package stored

import (
	"context"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Payload returns the accepted payload of the event in Bronze, byte for byte. For a batch, it
// returns an array of the payloads.
func Payload(ctx context.Context, p deployment.Pipeline, e pipeline.Event) ([]byte, error) {
	stored, err := p.BronzeBucket().Get(ctx, e.Bronze.Key)
	if err != nil {
		return nil, err
	}
	return e.PayloadIn(stored)
}

// Records returns the records of a PROCESSED event in Silver, one line of JSON for each.
func Records(ctx context.Context, p deployment.Pipeline, item pipeline.Item) ([]byte, error) {
	stored, err := p.SilverBucket().Get(ctx, item.Silver.Key)
	if err != nil || item.Count == 0 || item.IsBatch() {
		return stored, err
	}
	return item.LinesIn(stored), nil
}
