package pipeline_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/inmem"
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

func TestWorker_DoublesTheBackoffWithEachDeliveryDuringAnOutage(t *testing.T) {
	var w world
	deliveries := w.accept(t, body)
	worker := w.worker()
	worker.Bronze = failingStore{failing{&w, map[string]bool{"get": true}}}
	var got []time.Duration
	for _, attempt := range []int{1, 2, 3, 10, 11, 999} {
		deliveries[0].Attempt = attempt
		result := worker.Process(t.Context(), deliveries)[0]
		got = append(got, result.RetryIn)
		if !result.Retry || w.queue.Delays()["receipt of message-1"] != result.RetryIn {
			t.Errorf("result = %+v, delays = %v", result, w.queue.Delays())
		}
	}
	want := []time.Duration{time.Second / 2, time.Second, 2 * time.Second, 256 * time.Second,
		450 * time.Second, 450 * time.Second}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("backoff differs (-want +got):\n%s", diff)
	}
	if item := w.wantStatus(t, id, pipeline.Enqueued); item.Tries != (pipeline.Tries{}) {
		t.Errorf("tries = %+v, want none", item.Tries)
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

func TestWorker_RetriesAnyNumberOfTimesIfAServiceFails(t *testing.T) {
	for _, call := range []string{"look up", "get", "put", "publish", "finish"} {
		t.Run(call, func(t *testing.T) {
			var w world
			deliveries := w.accept(t, body)
			f := failing{&w, map[string]bool{call: true}}
			broken := w.worker()
			broken.Items, broken.Bus = failingFinisher{failing: f}, failingBus{f}
			broken.Bronze, broken.Silver = failingStore{f}, failingStore{f}

			for attempt := 1; attempt <= 20; attempt++ {
				deliveries[0].Attempt = attempt
				result := broken.Process(t.Context(), deliveries)[0]
				if pipeline.ErrorCode(result.Err) != pipeline.Unavailable || result.RetryIn == 0 {
					t.Fatalf("result = %+v, want a retry", result)
				}
			}
			w.wantTries(t, pipeline.Tries{})
			deliveries[0].Attempt++

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
	worker := w.workerWith(processorFunc(func(pipeline.Event, int, []byte) (pipeline.Output,
		error) {
		w.worker().Process(t.Context(), deliveries) // by another worker
		return pipeline.Output{}, errService
	}))
	worker.Silver, worker.MaxReceiveCount = new(inmem.Bucket), 1
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
