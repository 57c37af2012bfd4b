package pipeline_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// endingBronze ends the batch's time when the payload of one of these events is read, as a payload
// does that keeps its worker busy until it is killed.
type endingBronze struct {
	pipeline.BronzeReader
	keys []string
	end  context.CancelFunc
}

func (b endingBronze) Get(ctx context.Context, key string) ([]byte, error) {
	if slices.ContainsFunc(b.keys, func(killer string) bool { return strings.Contains(key, killer) }) {
		b.end()
		return nil, ctx.Err()
	}
	return b.BronzeReader.Get(ctx, key)
}

func idOf(n int) string { return id[:len(id)-1] + string(rune('0'+n)) }

func TestWorker_WhatWasTriedBeforeComesInSmallWaves(t *testing.T) {
	for _, test := range []struct {
		name     string
		attempts [4]int
		killer   int
		before   []int // PROCESSED before the killer ends it
		never    []int // not begun with
	}{
		{"first tries are together, and come before others", [4]int{1, 1, 2, 1}, 3, []int{1, 2, 4}, nil},
		{"second tries go in halves, from the middle", [4]int{2, 2, 2, 2}, 4, []int{2, 3}, nil},
		{"and a half that kills takes the other with it", [4]int{2, 2, 2, 2}, 2, nil, []int{1, 4}},
		{"third tries go one by one from the end", [4]int{3, 3, 3, 3}, 2, []int{4, 3}, []int{1}},
		{"the most tries of all count", [4]int{3, 2, 2, 2}, 2, []int{4, 3}, []int{1}},
		{"fourth tries begin at the front", [4]int{4, 4, 4, 4}, 3, []int{1, 2}, []int{4}},
		{"fifth tries in the middle", [4]int{5, 5, 5, 5}, 4, []int{3, 2}, []int{1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var w world
			deliveries := w.accept(t, body, body, body, body)
			for i := range deliveries {
				deliveries[i].Attempt = test.attempts[i]
			}
			ctx, end := context.WithCancel(t.Context())
			worker := w.worker()
			worker.MaxReceiveCount = 9
			worker.Bronze = endingBronze{&w.bronze, []string{idOf(test.killer)}, end}
			worker.Process(ctx, deliveries)
			for _, n := range test.before {
				w.wantStatus(t, idOf(n), pipeline.Processed)
			}
			for _, n := range test.never {
				w.wantStatus(t, idOf(n), pipeline.Enqueued)
			}
		})
	}
}

// What is between two that kill their worker is at its end, too, before its deliveries are used up,
// wherever they are.
func TestWorker_TwoThatKillTakeNothingWithThem(t *testing.T) {
	for first := range 9 {
		for second := first + 1; second < 9; second++ {
			var w world
			bodies := make([]string, 9)
			for i := range bodies {
				bodies[i] = body
			}
			deliveries := w.accept(t, bodies...)
			killers := []string{idOf(first + 1), idOf(second + 1)}
			for attempt := 3; attempt <= 5; attempt++ { // one by one: before that, mates are killed with them
				ctx, end := context.WithCancel(t.Context())
				worker := w.worker()
				worker.MaxReceiveCount = 9 // what the world's worker is killed by ends its context alone
				worker.Bronze = endingBronze{&w.bronze, killers, end}
				for i := range deliveries {
					deliveries[i].Attempt = attempt
				}
				worker.Process(ctx, deliveries)
				end()
			}
			for i := range deliveries {
				if i != first && i != second {
					w.wantStatus(t, idOf(i+1), pipeline.Processed)
				}
			}
		}
	}
}

// bronzeOrder notes the order in which payloads are read.
type bronzeOrder struct {
	pipeline.BronzeReader
	mu   sync.Mutex
	read []string
}

func (b *bronzeOrder) Get(ctx context.Context, key string) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.read = append(b.read, key)
	return b.BronzeReader.Get(ctx, key)
}

func TestWorker_WhatTheReconcilerEnqueuedAgainWasTriedBefore(t *testing.T) {
	var w world
	deliveries := w.accept(t, body, body)
	w.reconciler(now.Add(2 * grace)).Run(t.Context())
	bronze := &bronzeOrder{BronzeReader: &w.bronze}
	worker := w.worker()
	worker.Bronze = bronze
	slices.Reverse(deliveries) // both in their first delivery: were they together, their order would be chance
	worker.Process(t.Context(), deliveries)
	if len(bronze.read) != 2 || !strings.Contains(bronze.read[0], idOf(2)) {
		t.Errorf("read %v", bronze.read)
	}
}

func TestWorker_WhatWasNotTriedHasNotHadItsLastTime(t *testing.T) {
	var w world
	deliveries := w.accept(t, body, body)
	for i := range deliveries {
		deliveries[i].Attempt = 2
	}
	ctx, end := context.WithCancel(t.Context())
	worker := w.worker()
	worker.MaxReceiveCount = 2
	worker.Bronze = endingBronze{&w.bronze, []string{idOf(2)}, end}
	worker.DeadLetters, worker.Queue = &w.deadLetters, &w.queue
	results := worker.Process(ctx, deliveries)
	if results[1].Retry || !results[0].Retry {
		t.Errorf("kept %v and %v; the first was never begun with", results[0].Retry, results[1].Retry)
	}
	w.wantStatus(t, idOf(2), pipeline.Failed)
	w.wantStatus(t, idOf(1), pipeline.Enqueued)
}

func TestWorker_AFailedLookUpTriesNothing(t *testing.T) {
	var w world
	deliveries := w.accept(t, body)
	deliveries[0].Attempt = 3
	worker := w.worker()
	worker.Items = failingLookUp{failing: failing{&w, map[string]bool{"look up": true}}}
	if results := worker.Process(t.Context(), deliveries); !results[0].Retry || results[0].Err == nil {
		t.Errorf("got %+v", results[0])
	}
	w.wantStatus(t, id, pipeline.Enqueued)
}

// contextFunc is a processor of a test's that heeds, or does not heed, its context.
type contextFunc func(ctx context.Context, event pipeline.Event) error

func (fn contextFunc) Process(ctx context.Context, event pipeline.Event, _ int, payload []byte) (pipeline.Output, error) {
	return pipeline.Output{Payloads: []json.RawMessage{payload}}, fn(ctx, event)
}

func TestWorker_AProcessorThatTakesItsTimeHoldsUpNoOtherEvent(t *testing.T) {
	never := make(chan struct{})
	for name, test := range map[string]struct {
		slow func(ctx context.Context) error
		took time.Duration
		want string
	}{
		"until its context ends": {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, 26 * time.Second,
			"the processor ran out of time: context deadline exceeded"},
		"for ever": {func(context.Context) error { <-never; return nil }, 27 * time.Second,
			"the processor did not return when its context ended: context deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				never = make(chan struct{})
				defer close(never) // or its goroutine would outlive the test
				var w world
				deliveries := w.accept(t, body, body, body)
				start := time.Now()
				var ends sync.Map
				worker := w.workerWith(contextFunc(func(ctx context.Context, event pipeline.Event) error {
					switch event.ID {
					case idOf(2):
						return test.slow(ctx)
					case idOf(3):
						return pipeline.NewRejection("unwanted", "nobody wants it")
					}
					return nil
				}))
				worker.Items = timedItems{worker.Items, func(id string) { ends.Store(id, time.Since(start)) }}
				worker.StopBefore = 2 * time.Second
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				result := worker.Process(ctx, deliveries)[1]
				if took := time.Since(start); took != test.took || pipeline.ErrorCode(result.Err) != pipeline.ProcessorError || result.Err.Error() != test.want || !result.Retry {
					t.Errorf("after %s it is %+v, want %q after %s", took, result, test.want, test.took)
				}
				for n, want := range map[int]pipeline.Status{1: pipeline.Processed, 3: pipeline.Failed} {
					w.wantStatus(t, idOf(n), want)
					if took, _ := ends.Load(idOf(n)); took != pipeline.SubBatchWait {
						t.Errorf("event %d was %s after %s, want %s", n, want, took, pipeline.SubBatchWait)
					}
				}
			})
		})
	}
}

func TestWorker_WavesBehindASlowOneDoNotWaitForItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w world
		deliveries := w.accept(t, body, body, body)
		for i := range deliveries {
			deliveries[i].Attempt = 3 // each is a wave of its own, the last one first
		}
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
		if result := worker.Process(ctx, deliveries)[2]; pipeline.ErrorCode(result.Err) != pipeline.ProcessorError {
			t.Errorf("the slow one is %+v", result)
		}
		for _, n := range []int{1, 2} {
			w.wantStatus(t, idOf(n), pipeline.Processed)
		}
	})
}

// timedItems tells when an event is at its end.
type timedItems struct {
	pipeline.ItemFinisher
	ended func(id string)
}

func (i timedItems) Finish(ctx context.Context, item pipeline.Item) error {
	i.ended(item.ID)
	return i.ItemFinisher.Finish(ctx, item)
}

func TestWorker_DoesNotAskAProcessorThatHasNoTimeLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w world
		deliveries := w.accept(t, body)
		deliveries[0].Attempt = 3 // its last, were it tried
		worker := w.workerWith(contextFunc(func(context.Context, pipeline.Event) error { t.Error("it was asked"); return nil }))
		worker.StopBefore = 2 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		if result := worker.Process(ctx, deliveries)[0]; !result.Retry || pipeline.ErrorCode(result.Err) != pipeline.Unavailable {
			t.Errorf("result = %+v, want it to come again", result)
		}
	})
}
