package pipeline_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/violation"
)

// amounts implements pipeline.PayloadSchemas with one schema, for the type "order". The schema
// requires the member "amount". Without this member, Check returns a violation at the JSON pointer
// amounts.pointer.
type amounts struct{ pointer string }

func (a amounts) Check(
	eventType string, payload []byte,
) (violations []violation.Violation, known bool, err error) {
	if strings.Contains(string(payload), `"deep"`) {
		return nil, true, errors.New("too many steps")
	}
	if eventType != "order" || strings.Contains(string(payload), `"amount"`) {
		return nil, eventType == "order", nil
	}
	found := violation.Violation{Pointer: a.pointer, Keyword: "required", Detail: "no amount"}
	return []violation.Violation{found}, true,
		nil
}

func TestIngest_RejectsSchemaViolations(t *testing.T) {
	long := "/" + strings.Repeat("k", 1000)
	for _, c := range []struct {
		schemas       pipeline.PayloadSchemas
		rejectUnknown bool
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
		in.Schemas, in.RejectUnknownTypes = c.schemas, c.rejectUnknown
		_, err := in.Accept(t.Context(), request(c.body))
		var rejection *pipeline.Error
		if errors.As(err, &rejection) != (c.code != "") ||
			rejection != nil && (rejection.Code != c.code || rejection.Pointer != c.pointer) {
			t.Errorf("%s, RejectUnknownTypes %t: got %#v, want %s at %q", c.body, c.rejectUnknown,
				err, c.code, c.pointer)
		}
		if stored := len(w.bronze.Keys()); (stored > 0) != (c.code == "") {
			t.Errorf("%s: Bronze has %d payloads", c.body, stored)
		}
	}
}
