package pipeline_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func (w *world) dropper() pipeline.Discarder {
	return pipeline.Discarder{Items: &w.events, BronzeBucket: "bronze", Now: func() time.Time { return now.Add(time.Hour) }}
}

func (w *world) drop(t *testing.T, letters ...pipeline.DeadLetter) {
	t.Helper()
	if errs := w.dropper().Discard(t.Context(), letters); len(errs) != len(letters) || errors.Join(errs...) != nil {
		t.Errorf("%d results: %v", len(errs), errors.Join(errs...))
	}
}

func TestDrop_LeavesAFailedEventAsItIs(t *testing.T) {
	var w world
	w.worker().Process(t.Context(), w.accept(t, poison))
	before := w.wantStatus(t, id, pipeline.Failed)
	w.drop(t, w.deadLetters.Sent()...)
	if after := w.wantStatus(t, id, pipeline.Failed); after != before {
		t.Errorf("item = %+v, was %+v", after, before)
	}
}

func TestDrop_FailsWhatAKilledWorkerLeftEnqueued(t *testing.T) {
	var w world
	letter := pipeline.DeadLetter{Body: w.accept(t, body)[0].Body}
	w.drop(t, letter, letter)
	if item := w.wantStatus(t, id, pipeline.Failed); item.Failure.Code != pipeline.NotFinished || item.FailedAt.IsZero() {
		t.Errorf("item = %+v", item)
	}
}

func TestDrop_LeavesAnEventThatIsOnItsWayByAnotherMessage(t *testing.T) {
	var w world
	letter := pipeline.DeadLetter{Body: w.accept(t, body)[0].Body}
	w.redriver().Redrive(t.Context(), [][]byte{letter.Body})
	w.drop(t, letter)
	w.wantStatus(t, id, pipeline.Enqueued)
}

func TestDrop_HasNothingToSettleForWhatIsNoEvent(t *testing.T) {
	var w world
	w.drop(t, pipeline.DeadLetter{Body: []byte("{}")})
}

// brokenItems can't be read.
type brokenItems struct{ pipeline.ItemFinisher }

func (brokenItems) GetMany(context.Context, []string) (map[string]pipeline.Item, error) {
	return nil, errors.New("no connection")
}

func TestDrop_KeepsTheLettersOfEventsThatItCannotLookUp(t *testing.T) {
	var w world
	d := w.dropper()
	d.Items = brokenItems{}
	errs := d.Discard(t.Context(), []pipeline.DeadLetter{{Body: w.accept(t, body)[0].Body}, {Body: []byte("{}")}})
	if errs[0] == nil || errs[1] != nil {
		t.Errorf("errors = %v, want one for the event only", errs)
	}
}
