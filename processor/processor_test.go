package processor_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
	"github.com/event-driven-cloud-platform/eventpipeline/processor/processortest"
)

const payload = `{"eventType":"order.created", "html":"<b>"}`

func TestFunc_ReceivesTheWholeEvent(t *testing.T) {
	want := processor.Event{
		ID:         "0199aaaa-0000-7000-8000-000000000001",
		Type:       "order.created",
		ReceivedAt: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC),
		Caller:     "anna",
		Attempt:    3,
		ReplayID:   "0199aaaa-0000-7000-8000-000000000002",
		Payload:    []byte(payload),
		Webhook: &processor.Webhook{
			Source: "github", ContentType: "application/json",
			Headers: map[string]string{"x-github-hook-id": "7"},
		},
	}
	called := false
	process := func(_ context.Context, got processor.Event) (processor.Record, error) {
		called = true
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("event (-want +got):\n%s", diff)
		}
		return processor.Filter("seen", "seen"), nil
	}
	processortest.ProcessEvent(t.Context(), process, want)
	if !called {
		t.Error("the processor was not called")
	}
}

func TestFunc_ReceivesTheFieldsOfAForm(t *testing.T) {
	got := processortest.ProcessEvent(t.Context(), echo, processor.Event{
		Type: "slack.slash_command", Payload: []byte("command=%2Fweather&text=94070&x=1&x=2"),
		Webhook: &processor.Webhook{
			Source: "slack", ContentType: "application/x-www-form-urlencoded",
		},
	})
	want := "PROCESSED\n" + `{"command":"/weather","text":"94070","x":["1","2"]}`
	if got.String() != want {
		t.Errorf("got %s", got)
	}
}

// echo returns the event's payload.
func echo(_ context.Context, event processor.Event) (processor.Record, error) {
	return processor.Record{Payload: event.Payload}, nil
}

func TestFunc_KnowsTheBatchOfAnEvent(t *testing.T) {
	called := false
	process := func(_ context.Context, got processor.Event) (processor.Record, error) {
		called = true
		if got.BatchID != processortest.EventID || got.Index != 7 || got.ID != got.BatchID+".7" {
			t.Errorf("got %+v", got)
		}
		return processor.Filter("seen", "seen"), nil
	}
	processortest.ProcessEvent(t.Context(), process, processor.Event{
		BatchID: processortest.EventID, Index: 7, Payload: []byte(payload),
	})
	if !called {
		t.Error("the processor was not called")
	}
}

func TestFunc_OtherErrorsAreRetriedAndHiddenFromTheStatus(t *testing.T) {
	down := errors.New("db.internal is down")
	process := func(context.Context, processor.Event) (processor.Record, error) {
		return processor.Record{}, down
	}
	got := processortest.Process(t.Context(), process, payload)
	if got.Outcome != processortest.Retried || got.Code != "processor-error" {
		t.Errorf("got %+v", got)
	}
	if !errors.Is(got.Err, down) || strings.Contains(got.Reason, "db.internal") {
		t.Errorf("got the error %v and the reason %q; want the cause only in the error",
			got.Err, got.Reason)
	}
}

func TestFunc_PanicsAreRetriedWithTheirStack(t *testing.T) {
	process := func(context.Context, processor.Event) (processor.Record, error) {
		panic("at the disco")
	}
	got := processortest.Process(t.Context(), process, payload)
	if got.Outcome != processortest.Retried {
		t.Errorf("got %+v", got)
	}
	for _, want := range []string{"at the disco", "processor_test.go"} {
		if !strings.Contains(got.Err.Error(), want) {
			t.Errorf("got the error %v, want %s", got.Err, want)
		}
	}
}
