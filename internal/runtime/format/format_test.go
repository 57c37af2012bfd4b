package format

import (
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

const maxBytes = 1 << 20

// wantEvents decodes a body and checks the result's events.
func wantEvents(t *testing.T, contentType, body string, batch, cloudEvents bool, want ...string) {
	t.Helper()
	headers := map[string]string{"content-type": contentType}
	got, err := Decoder{MaxBytes: maxBytes}.Decode(headers, []byte(body))
	if err != nil {
		t.Errorf("%s %.80q: %v", contentType, body, err)
		return
	}
	if got.Batch != batch || got.CloudEvents != cloudEvents || string(got.Data) != body {
		t.Errorf("%s %.80q: got %+v", contentType, body, got)
	}
	var events []string
	for _, event := range got.Events {
		events = append(events, string(event))
	}
	if strings.Join(events, "|") != strings.Join(want, "|") {
		t.Errorf("%s %.80q: got %q, want %q", contentType, body, events, want)
	}
}

// wantCode decodes a body and checks the code of the error.
func wantCode(t *testing.T, headers map[string]string, body string, want pipeline.Code) {
	t.Helper()
	got, err := Decoder{MaxBytes: maxBytes}.Decode(headers, []byte(body))
	if err == nil || pipeline.ErrorCode(err) != want {
		t.Errorf("%v %.80q: got %.80q, %v; want %s", headers, body, got.Events, err, want)
	}
}

func TestDecode_ReturnsSingleEventsUnchanged(t *testing.T) {
	for _, body := range []string{
		`{"eventType":"demo"}`, " {} \n", "7", "{}{}", "", " ", "\ufeff{}", "\xff", `{"a":[1]}`,
	} {
		wantEvents(t, "application/json", body, false, false, body)
		wantEvents(t, "application/cloudevents+json; charset=utf-8", body, false, true, body)
	}
	wantEvents(t, "application/cloudevents+json", "[]", false, true, "[]")
}

func TestDecode_SplitsArrays(t *testing.T) {
	for body, want := range map[string][]string{
		`[{}]`:                        {`{}`},
		"\r\n[ {\"a\" : 1} ,\t{} ]\n": {`{"a" : 1}`, `{}`},
		`[[1,2],7,"a,]\"\\",null,[]]`: {`[1,2]`, `7`, `"a,]\"\\"`, `null`, `[]`},
		`[{"a":{"b":[{},[]]}},{}]`:    {`{"a":{"b":[{},[]]}}`, `{}`},
		`[{"a":1,"a":2}]`:             {`{"a":1,"a":2}`}, // the caller checks each event
		"[\"\xff\"]":                  {"\"\xff\""},
	} {
		wantEvents(t, "application/json", body, true, false, want...)
		wantEvents(t, "application/cloudevents-batch+json", body, true, true, want...)
	}
}

func TestDecode_SplitsLines(t *testing.T) {
	for body, want := range map[string][]string{
		"{}":                        {"{}"},
		"{}\n":                      {"{}"},
		"{\"a\":1}\r\n{}\r\n":       {`{"a":1}`, "{}"},
		"\n\r\n \t\n{} \n\n\n {}\n": {"{}", "{}"},
		"{}\r{}":                    {"{}\r{}"}, // CR alone ends no line
		"{\n}":                      {"{", "}"},
		"[]\n{},{}\nx":              {"[]", "{},{}", "x"},
		"{}\n\ufeff{}":              {"{}", "\ufeff{}"},
	} {
		wantEvents(t, "application/x-ndjson", body, true, false, want...)
		wantEvents(t, "Application/JSONL", body, true, false, want...)
	}
}

func TestDecode_RejectsBatchesThatCannotBeSplit(t *testing.T) {
	many := func(n int, separator string) string {
		return strings.TrimSuffix(strings.Repeat("{}"+separator, n), separator)
	}
	lists := []string{"application/json", "application/cloudevents-batch+json"}
	for _, contentType := range lists {
		headers := map[string]string{"content-type": contentType}
		for body, want := range map[string]pipeline.Code{
			"[]": pipeline.EmptyBatch, " [ \n ] ": pipeline.EmptyBatch,
			"[{},]": pipeline.InvalidJSON, "[,{}]": pipeline.InvalidJSON,
			"[{},,{}]": pipeline.InvalidJSON, "[{} {}]": pipeline.InvalidJSON,
			"[{}": pipeline.InvalidJSON, "[": pipeline.InvalidJSON, "[}": pipeline.InvalidJSON,
			"[{}][{}]": pipeline.InvalidJSON, "[{}]x": pipeline.InvalidJSON,
			"[{]}": pipeline.InvalidJSON, `["]`: pipeline.InvalidJSON, `["\`: pipeline.InvalidJSON,
			strings.Repeat("[", 1<<20):             pipeline.InvalidJSON,
			"[" + many(1001, ",") + "]":            pipeline.BatchTooLarge,
			"[" + many(250000, ", ") + "]":         pipeline.BatchTooLarge,
			"[" + strings.Repeat(" ", 1<<20) + "]": pipeline.PayloadTooLarge,
		} {
			wantCode(t, headers, body, want)
		}
		got, err := Decoder{MaxBytes: maxBytes}.Decode(headers, []byte("["+many(1000, ",")+"]"))
		if err != nil || len(got.Events) != 1000 {
			t.Errorf("got %d events, %v", len(got.Events), err)
		}
	}
	batch := map[string]string{"content-type": "application/cloudevents-batch+json"}
	wantCode(t, batch, "{}", pipeline.NotAnArray)
	wantCode(t, batch, "", pipeline.EmptyBody)
	wantCode(t, batch, "\ufeff[{}]", pipeline.InvalidJSON)

	lines := map[string]string{"content-type": "application/x-ndjson"}
	wantCode(t, lines, "", pipeline.EmptyBody)
	wantCode(t, lines, " \r\n\n", pipeline.EmptyBody)
	wantCode(t, lines, "\ufeff{}", pipeline.InvalidJSON)
	wantCode(t, lines, many(1001, "\n"), pipeline.BatchTooLarge)
	wantCode(t, lines, strings.Repeat("\n", maxBytes+1), pipeline.PayloadTooLarge)
	got, err := Decoder{MaxBytes: maxBytes}.Decode(lines, []byte(many(1000, "\n")+"\n\n"))
	if err != nil || len(got.Events) != 1000 {
		t.Errorf("got %d events, %v", len(got.Events), err)
	}
}

// A caller can append bytes to the slice of an event. This must not change the next event's bytes.
func TestDecode_ReturnsEventsThatDoNotOverlap(t *testing.T) {
	for contentType, body := range map[string]string{
		"application/json": "[1,2]", "application/jsonl": "1\n2",
	} {
		headers := map[string]string{"content-type": contentType}
		got, err := Decoder{MaxBytes: maxBytes}.Decode(headers, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = append(got.Events[0], "xxxx"...)
		if string(got.Data) != body {
			t.Errorf("the body became %q", got.Data)
		}
	}
}

func TestDecode_RejectsUnsupportedMediaTypes(t *testing.T) {
	for _, contentType := range []string{
		"", "text/plain", "application/xml", "application/json; charset=utf-16",
		"application/x-ndjson; charset=latin1", "application/cloudevents",
		"application/cloudevents+xml", "application/cloudevents+json,application/json",
		"application/cloudevents-batch+json; charset", "application/ndjson+json",
	} {
		headers := map[string]string{"content-type": contentType}
		wantCode(t, headers, "{}", pipeline.UnsupportedType)
	}
	wantCode(t, nil, "{}", pipeline.UnsupportedType)
}

func TestDecode_AcceptsTextPlainIfEnabled(t *testing.T) {
	decoder := Decoder{MaxBytes: maxBytes, TextPlain: true}
	headers := map[string]string{"content-type": "text/plain;charset=UTF-8"}
	if got, err := decoder.Decode(headers, []byte("{}")); err != nil || got.Batch {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err := decoder.Decode(headers, []byte("[{},{}]"))
	if err != nil || !got.Batch || len(got.Events) != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
	headers["content-type"] = "text/plain;charset=utf-16"
	if _, err := decoder.Decode(headers, []byte("{}")); err == nil {
		t.Error("UTF-16 must be rejected")
	}
}
