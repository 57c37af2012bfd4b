package processor_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
	"github.com/event-driven-cloud-platform/eventpipeline/processor/processortest"
)

// alwaysReturn returns a processor whose result for every event is record.
func alwaysReturn(record processor.Record) processor.Func {
	return func(context.Context, processor.Event) (processor.Record, error) { return record, nil }
}

func TestRecord_IsEncodedAsJSON(t *testing.T) {
	for _, c := range []struct {
		name   string
		record processor.Record
		want   string
	}{
		{
			"unescaped HTML", processor.Record{Payload: map[string]string{"html": "<b>&"}},
			"PROCESSED\n" + `{"html":"<b>&"}`,
		},
		{
			"one part", processor.FanOut(map[string]int{"n": 1}),
			"PROCESSED\n" + `{"n":1}`,
		},
		{
			"formatted reason", processor.Filter("old", "from %d", 1999),
			"FILTERED old: from 1999",
		},
	} {
		got := processortest.Process(t.Context(), alwaysReturn(c.record), payload).String()
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestRecord_InvalidOutputIsPermanent(t *testing.T) {
	filteredWithPayload := processor.Filter("old", "old")
	filteredWithPayload.Payload = 1
	tooLarge := map[string]string{"x": strings.Repeat("x", processor.MaxOutputBytes)}
	for name, record := range map[string]processor.Record{
		"null payload":         {Payload: []byte(nil)},
		"zero value":           {},
		"no parts":             processor.FanOut([]Order{}...),
		"NaN":                  {Payload: map[string]float64{"n": math.NaN()}},
		"number as a part":     processor.FanOut[any](struct{}{}, 7),
		"too many records":     processor.FanOut(make([]any, processor.MaxRecords+1)...),
		"too large":            {Payload: tooLarge},
		"invalid code":         processor.Filter("Too Old", "from %d", 1999),
		"record as a part":     processor.FanOut(processor.Filter("old", "old")),
		"filtered and payload": filteredWithPayload,
	} {
		got := processortest.Process(t.Context(), alwaysReturn(record), payload)
		if got.Outcome != processortest.Failed || got.Code != "invalid-output" {
			t.Errorf("%s: got %s", name, got)
		}
	}
}
