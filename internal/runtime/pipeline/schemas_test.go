package pipeline_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// amounts has a schema for the type "order": "amount" is required at the pointer.
type amounts struct{ pointer string }

func (a amounts) Check(eventType string, payload []byte) (pointer, keyword string, known bool,
	err error) {
	if strings.Contains(string(payload), `"deep"`) {
		return "", "", true, errors.New("too many steps")
	}
	if eventType != "order" || strings.Contains(string(payload), `"amount"`) {
		return "", "", eventType == "order", nil
	}
	return a.pointer, "required", true, nil
}

func TestIngest_RejectsSchemaViolations(t *testing.T) {
	long := "/" + strings.Repeat("k", 1000)
	for _, c := range []struct {
		schemas       pipeline.PayloadSchemas
		refuseUnknown bool
		body          string
		code          pipeline.Code
		pointer       string
	}{
		{amounts{"/lines"}, false, `{"eventType":"order","amount":1}`, "", ""},
		{amounts{"/lines"}, true, `{"eventType":"order","amount":1}`, "", ""},
		{amounts{"/lines"}, false, `{"eventType":"order"}`, pipeline.SchemaViolation, "/lines"},
		{amounts{long}, false, `{"eventType":"order"}`, pipeline.SchemaViolation, ""},
		{amounts{"/lines"}, false, `{"eventType":"order","deep":1}`, pipeline.PayloadTooComplex,
			""},
		{amounts{"/lines"}, false, `{"eventType":"other"}`, "", ""},
		{amounts{"/lines"}, true, `{"eventType":"other"}`, pipeline.UnknownEventType, "/eventType"},
		{nil, true, `{"eventType":"order"}`, pipeline.UnknownEventType, "/eventType"},
		{amounts{"/lines"}, true, `{"eventType":"order","eventType":"order"}`, pipeline.InvalidJSON,
			"/eventType"},
	} {
		var w world
		in := w.ingest()
		in.Schemas, in.RejectUnknownTypes = c.schemas, c.refuseUnknown
		_, err := in.Accept(t.Context(), request(c.body))
		var refusal *pipeline.Error
		if errors.As(err, &refusal) != (c.code != "") ||
			refusal != nil && (refusal.Code != c.code || refusal.Pointer != c.pointer) {
			t.Errorf("%s, unknown refused: %t: got %#v, want %s at %q", c.body, c.refuseUnknown,
				err, c.code, c.pointer)
		}
		if stored := len(w.bronze.Keys()); (stored > 0) != (c.code == "") {
			t.Errorf("%s: Bronze has %d payloads", c.body, stored)
		}
	}
}
