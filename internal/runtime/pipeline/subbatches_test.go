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

// crashingBronze cancels the worker's context when the worker reads a payload listed in keys. It
// simulates a payload that blocks the worker until Lambda's timeout.
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

// redeliver turns deliveries[i] into a redelivery, for each index i of crashes. crashes[i] is the
// number of crashes that count for deliveries[i].
func (w *world) redeliver(t *testing.T, deliveries []pipeline.Delivery, crashes ...int) {
	t.Helper()
	for i, n := range crashes {
		deliveries[i].Attempt = n + 2
		w.setTries(t, deliveries[i], pipeline.Tries{Crashes: n})
	}
}

func (w *world) setTries(t *testing.T, delivery pipeline.Delivery, tries pipeline.Tries) {
	t.Helper()
	event, err := pipeline.ReadMessage(delivery.Body, "bronze")
	if err != nil {
		t.Fatal(err)
	}
	item, err := w.items.Get(t.Context(), event.ID)
	if err == nil {
		err = w.items.SetTries(t.Context(), item, tries)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestWorker_RunsRetriedDeliveriesInShrinkingSubBatches(t *testing.T) {
	for _, test := range []struct {
		name    string
		crashes []int // counted crashes of the first events; the others are delivered first
		crash   int   // event that crashes its worker
		before  []int // events PROCESSED before the crash
		never   []int // events that the worker never starts
	}{
		{"first deliveries run together, before retries", []int{0}, 1, []int{2, 3, 4}, nil},
		{"a retry runs the middle half first", []int{0, 0, 0, 0}, 4, []int{2, 3}, nil},
		{"after a crash in the first half, the second half is not begun", []int{0, 0, 0, 0}, 2,
			nil, []int{1, 4}},
		{"after a crash, a retry runs one by one from the back", []int{1, 1, 1, 1}, 2,
			[]int{4, 3}, []int{1}},
		{"the highest number of crashes counts", []int{1, 0, 0, 0}, 2, []int{4, 3}, []int{1}},
		{"after two crashes, a retry begins at the front", []int{2, 2, 2, 2}, 3, []int{1, 2},
			[]int{4}},
		{"after three crashes, a retry begins in the middle", []int{3, 3, 3, 3}, 4, []int{3, 2},
			[]int{1}},
		{"the last try runs alone, after all others", []int{8, 0, 0, 0}, 4, []int{2, 3},
			[]int{1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var w world
			deliveries := w.accept(t, body, body, body, body)
			w.redeliver(t, deliveries, test.crashes...)
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

// Even if two messages crash the worker, every other event is processed after at most five
// deliveries.
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
			// From the third delivery on, each sub-batch contains one event.
			for attempt := 3; attempt <= 5; attempt++ {
				ctx, end := context.WithCancel(t.Context())
				worker := w.worker()
				worker.MaxReceiveCount = 9
				worker.Bronze = crashingBronze{&w.bronze, crashing, end}
				for i := range deliveries {
					deliveries[i].Attempt = attempt
				}
				w.setTries(t, deliveries[first], pipeline.Tries{Crashes: attempt - 2})
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
	// Both are first deliveries. Without the re-enqueue, they run in one sub-batch in random
	// order.
	slices.Reverse(deliveries)
	worker.Process(t.Context(), deliveries)
	if len(bronze.read) != 2 || !strings.Contains(bronze.read[0], idOf(2)) {
		t.Errorf("read %v", bronze.read)
	}
}

func (fn contextFunc) Process(ctx context.Context, event pipeline.Event, _ int,
	payload []byte) (pipeline.Output, error) {
	return pipeline.Output{Payloads: []json.RawMessage{payload}}, fn(ctx, event)
}

func (i timedItems) Finish(ctx context.Context, item pipeline.Item) error {
	i.finished(item.ID)
	return i.Items.Finish(ctx, item)
}
