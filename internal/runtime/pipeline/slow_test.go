package pipeline_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

type hangingBronze struct{}

func TestWorker_StopsBeforeItsDeadlineAndRetriesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w world
		deliveries := w.accept(t, body)
		worker := w.worker()
		worker.Bronze, worker.StopBefore = hangingBronze{}, 2*time.Second
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		start := time.Now()
		result := worker.Process(ctx, deliveries)[0]
		took := time.Since(start)
		if !errors.Is(result.Err, context.DeadlineExceeded) || took != 28*time.Second {
			t.Errorf("got %v after %s, want to stop after 28s", result.Err, took)
		}
		if _, ok := w.queue.Delays()["receipt of message-1"]; !ok {
			t.Error("the message was not returned to the queue")
		}
	})
}

// contextFunc implements pipeline.Processor. It returns the unchanged payload and the function's
// error.
type contextFunc func(ctx context.Context, event pipeline.Event) error

func TestWorker_FinishesOtherEventsDespiteASlowProcessor(t *testing.T) {
	never := make(chan struct{})
	for name, test := range map[string]struct {
		slow func(ctx context.Context) error
		took time.Duration
		want string
	}{
		"returns when its context ends": {
			func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, 26 * time.Second,
			"the processor ran out of time: context deadline exceeded"},
		"never returns": {func(context.Context) error { <-never; return nil }, 27 * time.Second,
			"the processor did not return when its context ended: context deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				never = make(chan struct{})
				defer close(never) // ends the processor's goroutine
				var w world
				deliveries := w.accept(t, body, body, body)
				start := time.Now()
				var finished sync.Map
				worker := w.workerWith(contextFunc(func(ctx context.Context,
					event pipeline.Event) error {
					switch event.ID {
					case idOf(2):
						return test.slow(ctx)
					case idOf(3):
						return pipeline.NewRejection("unwanted", "nobody wants it")
					}
					return nil
				}))
				worker.Items = timedItems{worker.Items,
					func(id string) { finished.Store(id, time.Since(start)) }}
				worker.StopBefore = 2 * time.Second
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				result := worker.Process(ctx, deliveries)[1]
				took := time.Since(start)
				if took != test.took || pipeline.ErrorCode(result.Err) != pipeline.ProcessorError ||
					result.Err.Error() != test.want || !result.Retry {
					t.Errorf("after %s: got %+v, want %q after %s", took, result, test.want,
						test.took)
				}
				for n, want := range map[int]pipeline.Status{1: pipeline.Processed,
					3: pipeline.Failed} {
					w.wantStatus(t, idOf(n), want)
					if took, _ := finished.Load(idOf(n)); took != pipeline.SubBatchWait {
						t.Errorf("event %d was %s after %s, want %s", n, want, took,
							pipeline.SubBatchWait)
					}
				}
			})
		})
	}
}

func TestWorker_RunsTheNextSubBatchesDuringASlowDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w world
		deliveries := w.accept(t, body, body, body)
		w.redeliver(t, deliveries, 1, 1, 1) // sub-batches of one event, beginning at the back
		worker := w.workerWith(contextFunc(func(ctx context.Context, event pipeline.Event) error {
			if event.ID != idOf(3) {
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		}))
		worker.MaxReceiveCount, worker.StopBefore = 9, 2*time.Second
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		result := worker.Process(ctx, deliveries)[2]
		if pipeline.ErrorCode(result.Err) != pipeline.ProcessorError {
			t.Errorf("slow delivery: got %+v", result)
		}
		for _, n := range []int{1, 2} {
			w.wantStatus(t, idOf(n), pipeline.Processed)
		}
	})
}

// timedItems passes the id of each event that becomes PROCESSED or FAILED to a function.
type timedItems struct {
	pipeline.Items
	finished func(id string)
}

func TestWorker_CallsNoProcessorWithoutTimeLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w world
		deliveries := w.accept(t, body)
		worker := w.workerWith(contextFunc(func(context.Context,
			pipeline.Event) error {
			t.Error("the processor was called")
			return nil
		}))
		worker.StopBefore = 2 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		result := worker.Process(ctx, deliveries)[0]
		if !result.Retry || pipeline.ErrorCode(result.Err) != pipeline.Unavailable {
			t.Errorf("result = %+v, want a retry", result)
		}
	})
}
