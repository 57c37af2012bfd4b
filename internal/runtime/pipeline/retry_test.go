package pipeline_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func TestWorker_FailsAnEventWithoutRetryAfterAPermanentError(t *testing.T) {
	var w world
	deliveries := w.accept(t, poison)
	result := w.worker().Process(t.Context(), deliveries)[0]
	if result.Retry || result.Status != pipeline.Failed ||
		pipeline.ErrorCode(result.Err) != pipeline.UnprocessableNumber {
		t.Errorf("result = %+v", result)
	}
	item := w.wantStatus(t, id, pipeline.Failed)
	if item.Failure.Code != pipeline.UnprocessableNumber || item.Attempts != 1 {
		t.Errorf("item = %+v", item)
	}
	diff := cmp.Diff([]pipeline.Notification{pipeline.NewNotification(item)}, w.bus.Published())
	if diff != "" {
		t.Errorf("notifications differ (-want +got):\n%s", diff)
	}
	want := []pipeline.DeadLetter{{
		Body: deliveries[0].Body, EventID: id, EventType: "demo", Failure: item.Failure,
		Attempts: 1, FailedAt: item.FailedAt,
	}}
	if diff := cmp.Diff(want, w.deadLetters.Sent()); diff != "" {
		t.Errorf("dead letters differ (-want +got):\n%s", diff)
	}
}

func TestWorker_DoublesTheBackoffWithEachAttempt(t *testing.T) {
	var w world
	deliveries := w.accept(t, body)
	worker := w.worker()
	worker.MaxReceiveCount, worker.Bronze = 100, failingStore{failing{&w,
		map[string]bool{"get": true}}}
	var got []time.Duration
	for _, attempt := range []int{1, 2, 3, 10, 99} {
		deliveries[0].Attempt = attempt
		result := worker.Process(t.Context(), deliveries)[0]
		got = append(got, result.RetryIn)
		if !result.Retry || w.queue.Delays()["receipt of message-1"] != result.RetryIn {
			t.Errorf("result = %+v, delays = %v", result, w.queue.Delays())
		}
	}
	want := []time.Duration{time.Second / 2, time.Second, 2 * time.Second, 150 * time.Second,
		150 * time.Second}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("backoff differs (-want +got):\n%s", diff)
	}
	w.wantStatus(t, id, pipeline.Enqueued)
}

func TestWorker_FailsTheEventAtTheLastAttempt(t *testing.T) {
	var w world
	deliveries := w.accept(t, body)
	worker := w.worker()
	worker.Bronze = failingStore{failing{&w, map[string]bool{"get": true}}}
	deliveries[0].Attempt = 3
	result := worker.Process(t.Context(), deliveries)[0]
	if result.Retry || result.Status != pipeline.Failed || len(w.deadLetters.Sent()) != 1 {
		t.Errorf("result = %+v, DLQ %v", result, w.deadLetters.Sent())
	}
	item := w.wantStatus(t, id, pipeline.Failed)
	if item.Failure.Code != pipeline.Unavailable || item.Attempts != 3 {
		t.Errorf("item = %+v", item)
	}
}

func TestWorker_RetriesUntilTheDLQHasTheMessage(t *testing.T) {
	for name, fail := range map[string]func(*pipeline.Worker, failing){
		"the DLQ is down": func(worker *pipeline.Worker,
			_ failing) {
			worker.DeadLetters = failingDeadLetters{}
		},
		"the table is down": func(worker *pipeline.Worker, f failing) {
			f.calls["finish"] = true
			worker.Items = failingFinisher{failing: f}
		},
	} {
		for _, attempt := range []int{1, 3} {
			var w world
			deliveries := w.accept(t, poison)
			deliveries[0].Attempt = attempt
			worker := w.worker()
			fail(&worker, failing{&w, map[string]bool{}})
			result := worker.Process(t.Context(), deliveries)[0]
			if !result.Retry || !errors.Is(result.Err, errService) ||
				pipeline.ErrorCode(result.Err) != pipeline.UnprocessableNumber {
				t.Errorf("%s: result = %+v", name, result)
			}
			w.wantStatus(t, id, pipeline.Enqueued)
		}
	}
}

type failingDeadLetters struct{}

func TestWorker_RetriesUnavailableService(t *testing.T) {
	for call, code := range map[string]pipeline.Code{
		"look up": pipeline.Unavailable,
		"get":     pipeline.Unavailable,
		"put":     pipeline.Unavailable,
		"publish": pipeline.Unavailable,
		"finish":  pipeline.Unavailable,
		"panic":   pipeline.Internal,
	} {
		t.Run(call, func(t *testing.T) {
			var w world
			deliveries := w.accept(t, body)
			f := failing{&w, map[string]bool{call: true}}
			broken := w.worker()
			broken.Items, broken.Bus = failingFinisher{failing: f}, failingBus{f}
			broken.Bronze, broken.Silver = failingStore{f}, failingStore{f}

			result := broken.Process(t.Context(), deliveries)[0]
			if pipeline.ErrorCode(result.Err) != code || result.RetryIn == 0 {
				t.Fatalf("result = %+v, want a retry because of %s", result, code)
			}
			w.wantStatus(t, id, pipeline.Enqueued)

			if result := w.worker().Process(t.Context(), deliveries)[0]; result.Err != nil {
				t.Fatal(result.Err)
			}
			w.wantStatus(t, id, pipeline.Processed)
			if keys := w.silver.Keys(); len(keys) != 1 {
				t.Errorf("Silver has %v", keys)
			}
		})
	}
}

func TestWorker_HandlesPartialFailuresOfTheBus(t *testing.T) {
	var w world
	deliveries := w.accept(t, body, body)
	worker := w.worker()
	worker.Bus = failingBus{failing{&w, map[string]bool{"publish": true}}}
	results := worker.Process(t.Context(), deliveries)
	if results[0].Err == nil || results[1].Err != nil {
		t.Errorf("results = %v, %v; want only the first to fail", results[0].Err, results[1].Err)
	}
	w.wantStatus(t, results[0].Event.ID, pipeline.Enqueued)
	w.wantStatus(t, results[1].Event.ID, pipeline.Processed)
}

func TestWorker_DoesNotFailAnEventThatAnotherDeliveryProcessed(t *testing.T) {
	var w world
	deliveries := w.accept(t, body)
	worker := w.worker()
	worker.Bronze = processedMeanwhile{&w, deliveries}
	deliveries[0].Attempt = 3
	result := worker.Process(t.Context(), deliveries)[0]
	if result.Err != nil || !result.Skipped {
		t.Errorf("result = %+v, want it skipped", result)
	}
	for _, n := range w.bus.Published() {
		if n.Type == contract.EventFailed {
			t.Error("published EventFailed")
		}
	}
}

// processedMeanwhile lets another worker process the event during Get, and then fails Get.
type processedMeanwhile struct {
	*world
	deliveries []pipeline.Delivery
}
