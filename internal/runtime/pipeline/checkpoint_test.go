package pipeline_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/inmem"
)

// After several calls of Rewind, RewindTo must be the earliest hour.
func TestRewind_KeepsTheEarlierHour(t *testing.T) {
	var w world
	for _, at := range []time.Time{now, now.Add(-3 * time.Hour), now.Add(-time.Hour)} {
		if err := pipeline.Rewind(t.Context(), &w.checkpoints, at, now); err != nil {
			t.Fatal(err)
		}
	}
	c, _ := w.checkpoints.Load(t.Context())
	if !c.RewindTo.Equal(now.Add(-3 * time.Hour).Truncate(time.Hour)) {
		t.Errorf("checkpoint = %+v", c)
	}
}

func TestReconciler_BeginsAtTheFirstUnfinishedHour(t *testing.T) {
	var w world
	w.worker().Process(t.Context(), w.accept(t, body))
	w.wantReport(t, w.reconciler(now.Add(3*time.Hour)), pipeline.Report{Scanned: 1, Processed: 1})
	w.wantReport(t, w.reconciler(now.Add(4*time.Hour)), pipeline.Report{})

	// The reconciler checks reopened events after the grace period.
	w.replay(t, w.replayer(), replayRequest("r1"))
	c, _ := w.checkpoints.Load(t.Context())
	w.wantReport(t, w.reconciler(c.RewoundAt.Add(grace-time.Minute)), pipeline.Report{})
	w.wantReport(t, w.reconciler(c.RewoundAt.Add(grace+time.Minute)),
		pipeline.Report{Scanned: 1, Reenqueued: 1})
}

func TestReconciler_ChecksAnHourUntilAllItsEventsAreFinished(t *testing.T) {
	var w world
	w.accept(t, body)
	r := w.reconciler(now.Add(5 * time.Hour))
	r.Queue = backlogQueue{&w.queue, 1}
	for range 2 {
		w.wantReport(t, r, pipeline.Report{Scanned: 1, Waiting: 1})
	}
}

// stoppingBucket lists one page and then cancels the run.
type stoppingBucket struct {
	*inmem.Bucket
	pages  *int
	cancel func()
}

func TestReconciler_ContinuesAfterItsDeadline(t *testing.T) {
	var w world
	w.accept(t, body, body, body, body, body, body, body)
	r := w.reconciler(now.Add(grace + time.Minute))
	whole := r.Bronze
	pass, scanned := r.NewPass(now.Add(-time.Hour)), 0
	for range 5 {
		pages := 1
		ctx, cancel := context.WithCancel(t.Context())
		r.Bronze = stoppingBucket{whole.(*inmem.Bucket), &pages, cancel}
		next, report, err := r.RunPass(ctx, pass, true)
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		cancel()
		pass, scanned = next, scanned+report.Scanned
		if pass.Done {
			break
		}
	}
	if !pass.Done || scanned != 7 {
		t.Errorf("scanned %d of 7, pass %+v", scanned, pass)
	}
}
