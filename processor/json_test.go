package processor_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
	"github.com/event-driven-cloud-platform/eventpipeline/processor/processortest"
)

func TestJSON_RejectsMismatchWithoutTheValue(t *testing.T) {
	process := processor.JSON(func(context.Context, processor.Event, struct {
		N  int       `json:"n"`
		At time.Time `json:"at"`
		In struct {
			Flag bool   `json:"flag"`
			Data []byte `json:"data"`
		} `json:"in"`
	}) (processor.Record, error) {
		return processor.Filter("match", "the payload matches"), nil
	})
	got := processortest.Process(t.Context(), process, `{"eventType":"x","n":1,"other":true}`)
	if got.Outcome != processortest.Filtered {
		t.Errorf("matching payload: got %s", got)
	}
	for payload, want := range map[string]string{
		`{"eventType":"x","n":424242.5}`:            " n must be an integer",
		`{"eventType":"x","in":{"flag":"hunter2"}}`: " in.flag must be a boolean",
		`{"eventType":"x","in":{"data":"hunter2"}}`: "base64",
		`{"eventType":"x","at":"hunter2"}`:          "RFC 3339",
	} {
		got := processortest.Process(t.Context(), process, payload)
		if got.Code != "rejected.invalid-payload" || !strings.Contains(got.Reason, want) {
			t.Errorf("%s: got %s, want %q", payload, got, want)
		}
		text := got.Reason + got.Err.Error()
		if strings.Contains(text, "hunter2") || strings.Contains(text, "4242") {
			t.Errorf("%s: the error contains the value: %s", payload, text)
		}
	}
}
