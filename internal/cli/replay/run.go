package replay

import (
	"context"
	"reflect"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/throttle"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// NewReplayer returns a replayer of the pipeline's events. It sends at most s.Rate events per
// second.
func NewReplayer(p deployment.Pipeline, s *State) pipeline.Replayer {
	return pipeline.Replayer{
		Bronze: p.BronzeBucket(), Items: p.Items(), Silver: p.SilverBucket(),
		Queue: p.Queue(), Checkpoints: p.Checkpoints(),
		Throttle: throttle.New(s.Rate), ChunkSize: throttle.ChunkSize(s.Rate),
		BronzeBucket: p.Bronze, Now: time.Now,
	}
}

// Run replays all events that the state selects. It saves the state before the first event and
// after each chunk. After each chunk, it also calls progress.
func (s *State) Run(
	ctx context.Context, r pipeline.Replayer, progress func(sent int),
) error {
	if err := s.Save(); err != nil {
		return err
	}
	earlier := s.Counts
	keep := func(after string, counts pipeline.ReplayCounts) error {
		s.After, s.Counts = after, earlier
		AddInts(&s.Counts, counts)
		progress(counts.Sent)
		return s.Save()
	}
	return r.Run(ctx, s.Request(false), s.After, keep)
}

// Count counts the events that the state selects, and changes nothing.
func (s *State) Count(
	ctx context.Context, r pipeline.Replayer, progress func(scanned int),
) (counts pipeline.ReplayCounts, err error) {
	r.ChunkSize = 0 // 0 selects the default, because the rate does not apply to counting
	keep := func(_ string, c pipeline.ReplayCounts) error {
		counts = c
		progress(c.Scanned)
		return nil
	}
	err = r.Run(ctx, s.Request(true), "", keep)
	return counts, err
}

// AddInts adds each int field of part to the same field of total. total must be a pointer to the
// type of part.
func AddInts(total, part any) {
	sums, values := reflect.ValueOf(total).Elem(), reflect.ValueOf(part)
	for i := range values.NumField() {
		if sum := sums.Field(i); sum.CanInt() {
			sum.SetInt(sum.Int() + values.Field(i).Int())
		}
	}
}
