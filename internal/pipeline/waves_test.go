package pipeline_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/pipeline"
)

// endingBronze ends the batch's time when the payload of the one event is read, as a payload does that keeps its worker
// busy until it is killed.
type endingBronze struct {
	pipeline.BronzeReader
	key string
	end context.CancelFunc
}

func (b endingBronze) Get(ctx context.Context, key string) ([]byte, error) {
	if strings.Contains(key, b.key) {
		b.end()
		return nil, ctx.Err()
	}
	return b.BronzeReader.Get(ctx, key)
}

func idOf(n int) string { return id[:len(id)-1] + string(rune('0'+n)) }

func TestWorker_WhatWasTriedBeforeComesInSmallWavesFromBothEnds(t *testing.T) {
	for _, test := range []struct {
		name     string
		attempts [4]int
		killer   int
		before   []int // PROCESSED before the killer ends it
		never    []int // not begun with
	}{
		{"first tries are together, and come before others", [4]int{1, 1, 2, 1}, 3, []int{1, 2, 4}, nil},
		{"second tries go in halves", [4]int{2, 2, 2, 2}, 3, []int{1, 2}, nil},
		{"and a half that kills takes the other with it", [4]int{2, 2, 2, 2}, 1, nil, []int{3, 4}},
		{"third tries go one by one from the end", [4]int{3, 3, 3, 3}, 2, []int{4, 3}, []int{1}},
		{"the most tries of all count", [4]int{3, 2, 2, 2}, 2, []int{4, 3}, []int{1}},
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
			worker.Bronze = endingBronze{&w.bronze, idOf(test.killer), end}
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
	worker.Bronze = endingBronze{&w.bronze, idOf(1), end}
	worker.DeadLetters, worker.Queue = &w.deadLetters, &w.queue
	results := worker.Process(ctx, deliveries)
	if results[0].Kept || !results[1].Kept {
		t.Errorf("kept %v and %v; the second was never begun with", results[0].Kept, results[1].Kept)
	}
	w.wantStatus(t, idOf(1), pipeline.Failed)
	w.wantStatus(t, idOf(2), pipeline.Enqueued)
}

func TestWorker_AFailedLookUpTriesNothing(t *testing.T) {
	var w world
	deliveries := w.accept(t, body)
	deliveries[0].Attempt = 3
	worker := w.worker()
	worker.Items = failingLookUp{failing: failing{&w, map[string]bool{"look up": true}}}
	if results := worker.Process(t.Context(), deliveries); !results[0].Kept || results[0].Err == nil {
		t.Errorf("got %+v", results[0])
	}
	w.wantStatus(t, id, pipeline.Enqueued)
}
