package pipeline_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/inmem"
)

func TestReconciler_GivesUpEventsThatCrashTheirWorker(t *testing.T) {
	var w world
	w.accept(t, body)
	at := now
	for range 2 {
		at = at.Add(grace + time.Minute)
		w.wantReport(t, w.reconciler(at), pipeline.Report{Scanned: 1, Reenqueued: 1})
	}
	at = at.Add(grace + time.Minute)
	w.wantReport(t, w.reconciler(at), pipeline.Report{Scanned: 1, GivenUp: 1})
	item := w.wantStatus(t, id, pipeline.Failed)
	if item.Failure.Code != pipeline.NotFinished {
		t.Errorf("item = %+v", item)
	}
	deadLetters := w.deadLetters.Sent()
	if len(deadLetters) != 1 || deadLetters[0].Failure.Code != pipeline.NotFinished ||
		deadLetters[0].EventID != id {
		t.Fatalf("DLQ = %+v", deadLetters)
	}
	diff := cmp.Diff([]pipeline.Notification{pipeline.NewNotification(item)}, w.bus.Published())
	if diff != "" {
		t.Errorf("notifications differ (-want +got):\n%s", diff)
	}
	result := w.redriver().Redrive(t.Context(), [][]byte{deadLetters[0].Body})[0]
	if result.Err != nil {
		t.Errorf("the dead letter can't be redriven: %v", result.Err)
	}
}

func TestReconciler_RepairsFailedEventsWithARecord(t *testing.T) {
	var w world
	w.failAfterTheRecord(t, w.accept(t, body, poison), nil)
	w.wantStatus(t, id, pipeline.Failed)
	w.wantReport(t, w.reconciler(now.Add(grace+time.Minute)),
		pipeline.Report{Scanned: 2, Failed: 1, Repaired: 1})
	item := w.wantStatus(t, id, pipeline.Processed)
	if item.Failure != (pipeline.Failure{}) || item.Silver.Key != item.SilverKey() {
		t.Errorf("item = %+v", item)
	}
	diff := cmp.Diff([]pipeline.Notification{pipeline.NewNotification(item)}, w.bus.Published())
	if diff != "" {
		t.Errorf("notifications differ (-want +got):\n%s", diff)
	}
}

// failAfterTheRecord makes the first event FAILED although Silver holds its record.
func (w *world) failAfterTheRecord(t *testing.T, deliveries []pipeline.Delivery,
	p pipeline.Processor) {
	t.Helper()
	worker := w.workerWith(p)
	worker.Bus = downBus{}
	worker.Process(t.Context(), deliveries)
	w.redeliver(t, deliveries, worker.MaxReceiveCount)
	worker.Process(t.Context(), deliveries[:1])
}

type downBus struct{}

func TestReconciler_IgnoresRecordsOfEarlierGenerations(t *testing.T) {
	var w world
	w.worker().Process(t.Context(), w.accept(t, body))
	w.replay(t, w.replayer(), replayRequest("r1"))
	worker := w.workerWith(processorFunc(func(pipeline.Event, int, []byte) (pipeline.Output,
		error) {
		return pipeline.Output{}, errService
	}))
	worker.MaxReceiveCount = 1
	worker.Process(t.Context(), []pipeline.Delivery{deliver(t, w.queue.Sent()[1], "m")})
	w.wantReport(t, w.reconciler(now.Add(grace+time.Minute)),
		pipeline.Report{Scanned: 1, Failed: 1})
	w.wantStatus(t, id, pipeline.Failed)
}

func TestReconciler_ConcurrentRunsEnqueueOnce(t *testing.T) {
	var w world
	w.accept(t, body)
	first := w.reconciler(now.Add(grace + time.Minute))
	second := w.reconciler(now.Add(grace + 2*time.Minute))
	first.Items = meanwhile{&w.items, func() {
		if _, err := second.Run(t.Context()); err != nil {
			t.Error(err)
		}
	}}
	w.wantReport(t, first, pipeline.Report{Scanned: 1, Overtaken: 1})
	if sent := w.queue.Sent(); len(sent) != 2 {
		t.Errorf("sent %d messages, want 2", len(sent))
	}
}

func TestReconciler_CountsOvertakenEventsOnce(t *testing.T) {
	var w world
	w.failAfterTheRecord(t, w.accept(t, body), nil)
	first := w.reconciler(now.Add(grace + time.Minute))
	second := w.reconciler(now.Add(grace + 2*time.Minute))
	first.Items = meanwhile{&w.items, func() {
		w.wantReport(t, second,
			pipeline.Report{Scanned: 1, Repaired: 1})
	}}
	w.wantReport(t, first, pipeline.Report{Scanned: 1, Overtaken: 1})
}

func TestReconciler_CountsALostNotificationAsAnError(t *testing.T) {
	var w world
	w.accept(t, body)
	r := w.reconciler(now.Add(2*time.Hour + time.Minute))
	r.Grace, r.MaxReenqueues, r.Bus = 2*time.Hour, 0, downBus{}
	w.wantReport(t, r, pipeline.Report{Scanned: 1, Errors: 1})
}

// meanwhile runs a function after each look-up of items. In this way, an item can change before the
// caller changes it.
type meanwhile struct {
	*inmem.Items
	run func()
}

func TestReconciler_CountsErrorsAndRetries(t *testing.T) {
	var w world
	w.accept(t, body, body)
	r := w.reconciler(now.Add(grace + time.Minute))
	r.Queue = halfBacklog{&w}
	w.wantReport(t, r, pipeline.Report{Scanned: 2, Reenqueued: 1, Errors: 1})
	w.wantReport(t, w.reconciler(now.Add(2*grace+2*time.Minute)),
		pipeline.Report{Scanned: 2, Reenqueued: 2})
}

type halfBacklog struct{ *world }

// An outage of an hour can use up an event's re-enqueues if the grace period is short. The
// reconciler must still not give up on the event.
func TestReconciler_DoesNotGiveUpWithinTwoHours(t *testing.T) {
	var w world
	w.accept(t, body)
	at := now
	for at.Sub(now) < 110*time.Minute {
		at = at.Add(6 * time.Minute)
		r := w.reconciler(at)
		r.Grace = 5 * time.Minute
		w.wantReport(t, r, pipeline.Report{Scanned: 1, Reenqueued: 1})
	}
	w.wantStatus(t, id, pipeline.Enqueued)
}

// A slow worker can store a record after the event has failed. The reconciler therefore checks a
// FAILED event again until the grace period is over.
func TestReconciler_ChecksARecentlyFailedEventAgain(t *testing.T) {
	var w world
	deliveries := w.accept(t, body)
	worker := w.workerWith(failingProcessor)
	worker.MaxReceiveCount = 1
	failedAt := now.Add(5 * time.Hour) // so that the next pass begins after the event
	worker.Now = func() time.Time { return failedAt }
	event := worker.Process(t.Context(), deliveries)[0].Event
	w.wantReport(t, w.reconciler(failedAt.Add(time.Minute)), pipeline.Report{Scanned: 1, Failed: 1})

	output := pipeline.Output{Payloads: []json.RawMessage{[]byte(body)}}
	lines, err := pipeline.NewRecords(event, output, failedAt).Lines()
	if err == nil {
		err = w.silver.Put(t.Context(), event.SilverKey(), lines)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.wantReport(t, w.reconciler(failedAt.Add(grace)), pipeline.Report{Scanned: 1, Repaired: 1})
	w.wantStatus(t, id, pipeline.Processed)
}
