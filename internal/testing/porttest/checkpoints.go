package porttest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// TestCheckpoints tests a store without a checkpoint.
func TestCheckpoints(t *testing.T, checkpoints pipeline.CheckpointStore) {
	ctx := t.Context()
	none, err := checkpoints.Load(ctx)
	check(t, err)
	if none != (pipeline.Checkpoint{}) {
		t.Fatalf("got %+v, want the zero checkpoint", none)
	}
	hour := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	first := pipeline.Checkpoint{Pass: pipeline.Pass{
		From: hour, To: hour.Add(time.Hour), Type: "demo", After: "bronze/demo/x",
	}}
	second := first
	second.RewindTo = hour.Add(-time.Hour)
	second.RewoundAt = hour.Add(90*time.Minute + time.Millisecond)
	check(t, checkpoints.Save(ctx, none, first))
	check(t, checkpoints.Save(ctx, first, second))
	for _, old := range []pipeline.Checkpoint{none, first} {
		if err := checkpoints.Save(ctx, old, first); !errors.Is(err, pipeline.ErrChanged) {
			t.Errorf("got %v, want ErrChanged", err)
		}
	}
	got, err := checkpoints.Load(ctx)
	check(t, err)
	if diff := cmp.Diff(second, got); diff != "" {
		t.Errorf("checkpoint differs (-want +got):\n%s", diff)
	}
}
