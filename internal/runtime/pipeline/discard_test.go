package pipeline_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func (w *world) discarder() pipeline.Discarder {
	return pipeline.Discarder{Items: &w.items, BronzeBucket: "bronze",
		Now: func() time.Time { return now.Add(time.Hour) }}
}

func (w *world) discard(t *testing.T, deadLetters ...pipeline.DeadLetter) {
	t.Helper()
	errs := w.discarder().Discard(t.Context(), deadLetters)
	if len(errs) != len(deadLetters) || errors.Join(errs...) != nil {
		t.Errorf("%d results: %v", len(errs), errors.Join(errs...))
	}
}

func TestDiscard_KeepsFailedEvents(t *testing.T) {
	var w world
	w.worker().Process(t.Context(), w.accept(t, poison))
	before := w.wantStatus(t, id, pipeline.Failed)
	w.discard(t, w.deadLetters.Sent()...)
	if after := w.wantStatus(t, id, pipeline.Failed); after != before {
		t.Errorf("item = %+v, was %+v", after, before)
	}
}

func TestDiscard_FailsEventsThatACrashedWorkerLeftEnqueued(t *testing.T) {
	var w world
	deadLetter := pipeline.DeadLetter{Body: w.accept(t, body)[0].Body}
	w.discard(t, deadLetter, deadLetter)
	item := w.wantStatus(t, id, pipeline.Failed)
	if item.Failure.Code != pipeline.NotFinished || item.FailedAt.IsZero() {
		t.Errorf("item = %+v", item)
	}
}

func TestDiscard_KeepsEventsWithANewerMessage(t *testing.T) {
	var w world
	deadLetter := pipeline.DeadLetter{Body: w.accept(t, body)[0].Body}
	w.redriver().Redrive(t.Context(), [][]byte{deadLetter.Body})
	w.discard(t, deadLetter)
	w.wantStatus(t, id, pipeline.Enqueued)
}

func TestDiscard_AcceptsMessagesWithoutAnEvent(t *testing.T) {
	var w world
	w.discard(t, pipeline.DeadLetter{Body: []byte("{}")})
}

// brokenItems fails all look-ups.
type brokenItems struct{ pipeline.ItemUpdater }

func (brokenItems) GetMany(context.Context, []string) (map[string]pipeline.Item, error) {
	return nil, errors.New("no connection")
}

func TestDiscard_ReturnsFailedLookUps(t *testing.T) {
	var w world
	d := w.discarder()
	d.Items = brokenItems{}
	errs := d.Discard(t.Context(), []pipeline.DeadLetter{{Body: w.accept(t, body)[0].Body},
		{Body: []byte("{}")}})
	if errs[0] == nil || errs[1] != nil {
		t.Errorf("errors = %v, want one for the event only", errs)
	}
}
