package pipeline_test

import (
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// eventsFailed returns the number of EventFailed notifications of the event.
func (w *world) eventsFailed(id string) (count int) {
	for _, n := range w.bus.Published() {
		if n.Type == contract.EventFailed && n.Detail.EventID == id {
			count++
		}
	}
	return count
}

// brokenBus returns the worker with a bus that fails to publish the first notification of each
// call.
func (w *world) brokenBus(worker pipeline.Worker) pipeline.Worker {
	worker.Bus = failingBus{failing{&world{}, map[string]bool{"publish": true}}}
	return worker
}

func TestWorker_PublishesEventFailedWhenTheBusWorksAgain(t *testing.T) {
	var w world
	deliveries := w.accept(t, poison)
	for range 2 { // the second delivery finds a FAILED event
		result := w.brokenBus(w.worker()).Process(t.Context(), deliveries)[0]
		if result.Err == nil || !result.Retry || result.RetryIn == 0 ||
			result.Status != pipeline.Failed {
			t.Fatalf("result = %+v, want a retry of the FAILED event", result)
		}
		deliveries[0].Attempt++
	}
	result := w.worker().Process(t.Context(), deliveries)[0]
	if result.Err != nil || result.Retry || !result.Skipped {
		t.Errorf("result = %+v, want it skipped", result)
	}
	if n := w.eventsFailed(id); n != 1 {
		t.Errorf("EventFailed was published %d times", n)
	}
	if sent := w.deadLetters.Sent(); len(sent) != 1 {
		t.Errorf("the DLQ has %d messages", len(sent))
	}
}

// A message of an earlier generation must not publish EventFailed.
func TestWorker_PublishesEventFailedOnlyForItsGeneration(t *testing.T) {
	var w world
	deliveries := w.accept(t, poison)
	w.worker().Process(t.Context(), deliveries)
	redriven := w.redriver().Redrive(t.Context(), [][]byte{w.deadLetters.Sent()[0].Body})[0]
	w.worker().Process(t.Context(), []pipeline.Delivery{deliver(t, redriven.Event, "redriven")})
	w.worker().Process(t.Context(), deliveries)
	if n := w.eventsFailed(id); n != 2 {
		t.Errorf("EventFailed was published %d times, want once for each generation", n)
	}
}

func TestBatch_PublishesEventFailedOfItsPartsWhenTheBusWorksAgain(t *testing.T) {
	var w world
	worker := w.workerWith(byNumber(func(n int) error {
		if n < 0 {
			return errRejected
		}
		return nil
	}))
	deliveries := []pipeline.Delivery{w.acceptBatch(t, 0, -1)}
	if result := w.brokenBus(worker).Process(t.Context(), deliveries)[0]; !result.Retry {
		t.Fatalf("result = %+v, want a retry", result)
	}
	w.wantStatus(t, id+".1", pipeline.Failed)
	deliveries[0].Attempt++
	if result := worker.Process(t.Context(), deliveries)[0]; result.Err != nil {
		t.Fatal(result.Err)
	}
	w.wantStatus(t, id, pipeline.Processed)
	if n := w.eventsFailed(id + ".1"); n != 1 {
		t.Errorf("EventFailed was published %d times", n)
	}
}
