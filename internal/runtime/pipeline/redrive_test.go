package pipeline_test

import (
	"errors"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func (w *world) redriver() pipeline.Redriver {
	return pipeline.Redriver{
		Items: &w.items, Queue: &w.queue, Checkpoints: &w.checkpoints, BronzeBucket: "bronze",
		Now: func() time.Time { return now.Add(time.Hour) },
	}
}

func TestRedrive_ReopensAFailedEventAndSendsIt(t *testing.T) {
	var w world
	w.worker().Process(t.Context(), w.accept(t, poison))
	deadLetter := w.deadLetters.Sent()[0]
	result := w.redriver().Redrive(t.Context(), [][]byte{deadLetter.Body})[0]
	if result.Err != nil || result.Status != pipeline.Enqueued || result.Event.ID != id {
		t.Errorf("result = %+v", result)
	}
	item := w.wantStatus(t, id, pipeline.Enqueued)
	if item.Failure != (pipeline.Failure{}) || !item.FailedAt.IsZero() ||
		item.Replay.Redrives != 1 {
		t.Errorf("item = %+v", item)
	}
	if sent := w.queue.Sent(); len(sent) != 2 || sent[1].ID != id {
		t.Errorf("sent %v", sent)
	}
	if c, _ := w.checkpoints.Load(t.Context()); !c.RewindTo.Equal(now.Truncate(time.Hour)) {
		t.Errorf("the reconciler was not rewound: %+v", c)
	}
	if r := w.deliverSent(t, 0)[0]; !r.Skipped { // a late delivery of the first message
		t.Errorf("result = %+v, want it skipped", r)
	}
	w.wantStatus(t, id, pipeline.Failed) // the payload is still unprocessable
	if len(w.deadLetters.Sent()) != 2 {
		t.Error("the DLQ has no second message")
	}
}

func TestRedrive_SendsEventsThatACrashedWorkerLeftEnqueued(t *testing.T) {
	var w world
	deliveries := w.accept(t, body)
	result := w.redriver().Redrive(t.Context(), [][]byte{deliveries[0].Body})[0]
	if result.Err != nil || result.Status != pipeline.Enqueued || len(w.queue.Sent()) != 2 {
		t.Errorf("result = %+v, sent %v", result, w.queue.Sent())
	}
	item := w.wantStatus(t, id, pipeline.Enqueued)
	if item.Replay.Redrives != 1 || w.queue.Sent()[1].Replay != item.Replay {
		t.Errorf("item = %+v, sent %+v; want a new generation", item, w.queue.Sent()[1])
	}
}

func TestRedrive_SkipsProcessedEvents(t *testing.T) {
	var w world
	deliveries := w.accept(t, body)
	w.worker().Process(t.Context(), deliveries)
	result := w.redriver().Redrive(t.Context(), [][]byte{deliveries[0].Body})[0]
	if result.Err != nil || result.Status != pipeline.Processed || len(w.queue.Sent()) != 1 {
		t.Errorf("result = %+v, sent %v", result, w.queue.Sent())
	}
}

func TestRedrive_SendsTheGenerationOfTheItem(t *testing.T) {
	var w world
	first := w.accept(t, body)
	w.worker().Process(t.Context(), first)
	w.replay(t, w.replayer(), replayRequest("r1"))
	w.redriver().Redrive(t.Context(), [][]byte{first[0].Body})
	sent := w.queue.Sent()
	if got := sent[len(sent)-1].Replay.ID; got != "r1" {
		t.Errorf("sent for replay %q, want r1", got)
	}
}

func TestRedrive_ReturnsAnErrorForUnsentMessages(t *testing.T) {
	var w world
	w.worker().Process(t.Context(), w.accept(t, poison, poison))
	deadLetters := w.deadLetters.Sent()
	r := w.redriver()
	r.Queue = halfQueue{&w}
	results := r.Redrive(t.Context(), [][]byte{[]byte("not JSON"), deadLetters[0].Body,
		deadLetters[1].Body})
	if pipeline.ErrorCode(results[0].Err) != pipeline.InvalidMessage {
		t.Errorf("message that is not JSON: got %v", results[0].Err)
	}
	if results[1].Err != nil || !errors.Is(results[2].Err, errService) {
		t.Errorf("results = %+v", results)
	}
	// The operator's next attempt finds the event ENQUEUED.
	again := w.redriver().Redrive(t.Context(), [][]byte{deadLetters[1].Body})[0]
	if again.Err != nil || again.Status != pipeline.Enqueued {
		t.Errorf("second redrive: %+v", again)
	}
}

func TestRedrive_RejectsAMessageIfItsEventsKeyWasReused(t *testing.T) {
	var w world
	accepted, err := w.ingest().Accept(t.Context(), keyedRequest(body, "key"))
	if err != nil {
		t.Fatal(err)
	}
	old := accepted.Event
	in := w.ingest()
	in.Now = func() time.Time { return now.Add(25 * time.Hour) }
	if _, err := in.Accept(t.Context(), keyedRequest(otherBody, "key")); err != nil {
		t.Fatal(err)
	}
	result := w.redriver().Redrive(t.Context(), [][]byte{deliver(t, old, "m").Body})[0]
	if pipeline.ErrorCode(result.Err) != pipeline.InvalidMessage || len(w.queue.Sent()) != 2 {
		t.Errorf("result = %+v", result)
	}
}
