package pipeline_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// crashingBronze cancels the batch's context when one of these payloads is read. This simulates a
// payload that blocks the worker until Lambda's timeout.
type crashingBronze struct {
	pipeline.BronzeReader
	keys []string
	end  context.CancelFunc
}

func (b crashingBronze) Get(ctx context.Context, key string) ([]byte, error) {
	if slices.ContainsFunc(b.keys, func(id string) bool { return strings.Contains(key, id) }) {
		b.end()
		return nil, ctx.Err()
	}
	return b.BronzeReader.Get(ctx, key)
}

func idOf(n int) string { return id[:len(id)-1] + string(rune('0'+n)) }

func TestWorker_RunsRetriedDeliveriesInShrinkingSubBatches(t *testing.T) {
	for _, test := range []struct {
		name     string
		attempts [4]int
		crash    int   // event that crashes its worker
		before   []int // events PROCESSED before the crash
		never    []int // events never begun
	}{
		{"first deliveries run together, before retries", [4]int{1, 1, 2, 1}, 3, []int{1, 2, 4},
			nil},
		{"the first retry runs the middle half first", [4]int{2, 2, 2, 2}, 4, []int{2, 3}, nil},
		{"after a crash in the first half, the second half is not begun", [4]int{2, 2, 2, 2}, 2,
			nil, []int{1, 4}},
		{"the second retry runs one by one from the back", [4]int{3, 3, 3, 3}, 2, []int{4, 3},
			[]int{1}},
		{"the highest number of tries counts", [4]int{3, 2, 2, 2}, 2, []int{4, 3}, []int{1}},
		{"the third retry begins at the front", [4]int{4, 4, 4, 4}, 3, []int{1, 2}, []int{4}},
		{"the fourth retry begins in the middle", [4]int{5, 5, 5, 5}, 4, []int{3, 2}, []int{1}},
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
			worker.Bronze = crashingBronze{&w.bronze, []string{idOf(test.crash)}, end}
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

// Even if two messages crash the worker, all other events are processed before MaxReceiveCount is
// reached.
func TestWorker_IsolatesTwoMessagesThatCrash(t *testing.T) {
	for first := range 9 {
		for second := first + 1; second < 9; second++ {
			var w world
			bodies := make([]string, 9)
			for i := range bodies {
				bodies[i] = body
			}
			deliveries := w.accept(t, bodies...)
			crashing := []string{idOf(first + 1), idOf(second + 1)}
			// From the third attempt on, each sub-batch contains one event.
			for attempt := 3; attempt <= 5; attempt++ {
				ctx, end := context.WithCancel(t.Context())
				worker := w.worker()
				// Unlike a crash, a cancelled context would make the event FAILED at the last try.
				worker.MaxReceiveCount = 9
				worker.Bronze = crashingBronze{&w.bronze, crashing, end}
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

// bronzeOrder records the order in which payloads are read.
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

func TestWorker_TreatsReenqueuedEventsAsRetried(t *testing.T) {
	var w world
	deliveries := w.accept(t, body, body)
	w.reconciler(now.Add(2 * grace)).Run(t.Context())
	bronze := &bronzeOrder{BronzeReader: &w.bronze}
	worker := w.worker()
	worker.Bronze = bronze
	// Both are first deliveries. Without the re-enqueue they would run in one sub-batch, in random
	// order.
	slices.Reverse(deliveries)
	worker.Process(t.Context(), deliveries)
	if len(bronze.read) != 2 || !strings.Contains(bronze.read[0], idOf(2)) {
		t.Errorf("read %v", bronze.read)
	}
}

func TestWorker_RetriesDeliveriesThatWereNotBegun(t *testing.T) {
	var w world
	deliveries := w.accept(t, body, body)
	for i := range deliveries {
		deliveries[i].Attempt = 2
	}
	ctx, end := context.WithCancel(t.Context())
	worker := w.worker()
	worker.MaxReceiveCount = 2
	worker.Bronze = crashingBronze{&w.bronze, []string{idOf(2)}, end}
	worker.DeadLetters, worker.Queue = &w.deadLetters, &w.queue
	results := worker.Process(ctx, deliveries)
	if results[1].Retry || !results[0].Retry {
		t.Errorf("retry %v and %v; want only the first, which was not begun", results[0].Retry,
			results[1].Retry)
	}
	w.wantStatus(t, idOf(2), pipeline.Failed)
	w.wantStatus(t, idOf(1), pipeline.Enqueued)
}

func TestWorker_RetriesAllAfterAFailedLookUp(t *testing.T) {
	var w world
	deliveries := w.accept(t, body)
	deliveries[0].Attempt = 3
	worker := w.worker()
	worker.Items = failingFinisher{failing: failing{&w, map[string]bool{"look up": true}}}
	results := worker.Process(t.Context(), deliveries)
	if !results[0].Retry || results[0].Err == nil {
		t.Errorf("got %+v", results[0])
	}
	w.wantStatus(t, id, pipeline.Enqueued)
}

func (fn contextFunc) Process(ctx context.Context, event pipeline.Event, _ int,
	payload []byte) (pipeline.Output, error) {
	return pipeline.Output{Payloads: []json.RawMessage{payload}}, fn(ctx, event)
}

func (i timedItems) Finish(ctx context.Context, item pipeline.Item) error {
	i.finished(item.ID)
	return i.ItemFinisher.Finish(ctx, item)
}
