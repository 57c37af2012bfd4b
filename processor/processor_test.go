package processor_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
	"github.com/event-driven-cloud-platform/eventpipeline/processor/processortest"
)

const payload = `{"eventType":"order.created", "html":"<b>"}`

// returns is a processor that returns a record.
func returns(record processor.Record) processor.Func {
	return func(context.Context, processor.Event) (processor.Record, error) { return record, nil }
}

func TestFunc_SeesTheWholeEvent(t *testing.T) {
	want := processor.Event{
		ID: "0199aaaa-0000-7000-8000-000000000001", Type: "order.created", ReceivedAt: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC),
		Caller: "anna", Attempt: 3, ReplayID: "0199aaaa-0000-7000-8000-000000000002", Payload: []byte(payload),
	}
	processortest.ProcessEvent(t.Context(), func(_ context.Context, got processor.Event) (processor.Record, error) {
		if string(got.Payload) != payload {
			t.Errorf("payload = %s", got.Payload)
		}
		if got.Payload = want.Payload; got.ID != want.ID || got.Type != want.Type || !got.ReceivedAt.Equal(want.ReceivedAt) ||
			got.Caller != want.Caller || got.Attempt != want.Attempt || got.ReplayID != want.ReplayID {
			t.Errorf("event = %+v", got)
		}
		return processor.Filter("seen", "seen"), nil
	}, want)
}

func TestRecord_BecomesJSON(t *testing.T) {
	for _, c := range []struct {
		name   string
		record processor.Record
		want   string
	}{
		{"raw", processor.Record{Payload: []byte(nil)}, "FAILED invalid-output: The payload of record 1 of 1 must be a JSON object that the API would accept."},
		{"kept", processor.Record{Payload: map[string]string{"html": "<b>&"}}, "PROCESSED\n" + `{"html":"<b>&"}`},
		{"one of one", processor.FanOut(map[string]int{"n": 1}), "PROCESSED\n" + `{"n":1}`},
		{"zero", processor.Record{}, "FAILED invalid-output: The processor returned a record without a payload; Drop is for events that are to have none."},
		{"nobody", processor.FanOut([]Order{}...), "FAILED invalid-output: The processor must return 1 to 1000 records, or filter the event, got 0."},
		{"NaN", processor.Record{Payload: map[string]float64{"n": math.NaN()}}, "FAILED invalid-output: The payload of record 1 of 1 can't be made JSON."},
		{"number", processor.FanOut[any](struct{}{}, 7), "FAILED invalid-output: The payload of record 2 of 2 must be a JSON object that the API would accept."},
		{"too many", processor.FanOut(make([]any, processor.MaxRecords+1)...), "FAILED invalid-output: The processor must return 1 to 1000 records, or filter the event, got 1001."},
		{"too large", processor.Record{Payload: map[string]string{"x": strings.Repeat("x", processor.MaxOutputBytes)}},
			"FAILED invalid-output: The records' payloads must have at most 6291456 bytes together, got 6291464."},
		{"drop", processor.Filter("old", "from %d", 1999), "FILTERED old: from 1999"},
		{"bad code", processor.Filter("Too Old", "from %d", 1999), "FAILED invalid-output: The processor's code must match ^[a-z][a-z0-9-]{0,63}$."},
		{"records", processor.FanOut(processor.Filter("old", "old")), "FAILED invalid-output: The processor gave a Record for the payload of one."},
		{"both", func() processor.Record { r := processor.Filter("old", "old"); r.Payload = 1; return r }(),
			"FAILED invalid-output: The processor gave a payload to what FanOut or Drop made."},
	} {
		if got := processortest.Process(t.Context(), returns(c.record), payload).String(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestFunc_ItsOwnErrorsAndPanicsAreTriedAgain(t *testing.T) {
	down := errors.New("db.internal is down")
	result := processortest.Process(t.Context(), func(context.Context, processor.Event) (processor.Record, error) {
		return processor.Record{}, down
	}, payload)
	if result.Outcome != processortest.Retried || result.Code != "processor-error" || !errors.Is(result.Err, down) || strings.Contains(result.Reason, "db.internal") {
		t.Errorf("result = %+v", result)
	}
	result = processortest.Process(t.Context(), func(context.Context, processor.Event) (processor.Record, error) { panic("at the disco") }, payload)
	if result.Outcome != processortest.Retried || !strings.Contains(result.Err.Error(), "at the disco") || !strings.Contains(result.Err.Error(), "processor_test.go") {
		t.Errorf("result = %+v, want what panicked and where", result)
	}
}

func TestJSON_TellsNoValueOfAPayloadThatDoesNotFit(t *testing.T) {
	fn := processor.JSON(func(context.Context, processor.Event, struct {
		N  int       `json:"n"`
		At time.Time `json:"at"`
		In struct {
			Flag bool `json:"flag"`
		} `json:"in"`
	}) (processor.Record, error) {
		return processor.Filter("fits", "it fits"), nil
	})
	for body, want := range map[string]string{
		`{"eventType":"x","n":1,"other":true}`:      "FILTERED fits: it fits",
		`{"eventType":"x","n":424242.5}`:            "FAILED rejected.invalid-payload: The payload is not what the processor expects: a JSON number at n where a whole number of its range is to be.",
		`{"eventType":"x","in":{"flag":"hunter2"}}`: "FAILED rejected.invalid-payload: The payload is not what the processor expects: a JSON string at in.flag where a boolean is to be.",
		`{"eventType":"x","at":"hunter2"}`:          "FAILED rejected.invalid-payload: The payload is not what the processor expects: a time is not one of RFC 3339, such as 2026-11-23T07:30:00Z.",
	} {
		result := processortest.Process(t.Context(), fn, body)
		if got := result.String(); got != want {
			t.Errorf("%s: got %s, want %s", body, got, want)
		}
		if result.Err != nil && (strings.Contains(result.Err.Error(), "hunter2") || strings.Contains(result.Err.Error(), "4242")) {
			t.Errorf("the log would hold the payload: %v", result.Err)
		}
	}
}
