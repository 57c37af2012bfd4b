package format

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// binaryHeaders returns the headers of a CloudEvent in binary mode. Additional headers
// come from the parameter more: each name is followed by its value.
func binaryHeaders(contentType string, more ...string) map[string]string {
	headers := map[string]string{
		"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "demo",
		"host": "example.org",
	}
	if contentType != "" {
		headers["content-type"] = contentType
	}
	for i := 0; i < len(more); i += 2 {
		headers[more[i]] = more[i+1]
	}
	return headers
}

func TestDecode_ConvertsBinaryModeToJSON(t *testing.T) {
	const start = `{"id":"1","source":"/s","specversion":"1.0","type":"demo"`
	for name, c := range map[string]struct {
		headers    map[string]string
		body, want string
	}{
		"no data":          {binaryHeaders(""), "", start + `}`},
		"no data but type": {binaryHeaders("text/a"), "", start + `,"datacontenttype":"text/a"}`},
		"JSON, unchanged": {binaryHeaders("application/json"), ` {"a" : 1e5} `,
			start + `,"datacontenttype":"application/json","data": {"a" : 1e5} }`},
		"JSON without a type": {binaryHeaders(""), "null", start + `,"data":null}`},
		"JSON by suffix": {binaryHeaders("application/vnd.x+json; v=1"), "7",
			start + `,"datacontenttype":"application/vnd.x+json; v=1","data":7}`},
		"text": {binaryHeaders("text/plain"), "a\"\n\u00e9",
			start + `,"datacontenttype":"text/plain","data":"a\"\né"}`},
		"XML": {binaryHeaders("application/xml;charset=UTF-8"), "<a/>",
			start + `,"datacontenttype":"application/xml;charset=UTF-8","data":"<a/>"}`},
		"text in another charset": {binaryHeaders("text/plain; charset=latin1"), "abc",
			start + `,"datacontenttype":"text/plain; charset=latin1","data_base64":"YWJj"}`},
		"text that is not UTF-8": {binaryHeaders("text/plain"), "\xff",
			start + `,"datacontenttype":"text/plain","data_base64":"/w=="}`},
		"bytes": {binaryHeaders("application/octet-stream"), "{}",
			start + `,"datacontenttype":"application/octet-stream","data_base64":"e30="}`},
		"extensions": {binaryHeaders("", "ce-zone", "5", "ce-b2", `"a \"b\" \\"`, "cex", "x"), "",
			`{"b2":"a \"b\" \\","id":"1","source":"/s","specversion":"1.0","type":"demo",` +
				`"zone":"5"}`},
		"percent-encoding": {binaryHeaders("", "ce-subject", "Euro%20%E2%82%AC%20%F0%9F%98%80"), "",
			`{"id":"1","source":"/s","specversion":"1.0","subject":"Euro € 😀","type":"demo"}`},
		"encoded U+FFFD": {binaryHeaders("", "ce-subject", "%EF%BF%BD"), "",
			`{"id":"1","source":"/s","specversion":"1.0",` +
				`"subject":"` + "\ufffd" + `","type":"demo"}`},
		"no percent-encoding": {binaryHeaders("", "ce-subject", "100%"), "",
			`{"id":"1","source":"/s","specversion":"1.0","subject":"100%","type":"demo"}`},
		"decoded only once": {binaryHeaders("", "ce-subject", "%2520"), "",
			`{"id":"1","source":"/s","specversion":"1.0","subject":"%20","type":"demo"}`},
	} {
		got, err := Decoder{MaxBytes: maxBytes}.Decode(c.headers, []byte(c.body))
		if err != nil || string(got.Data) != c.want || !got.CloudEvents || got.Batch ||
			len(got.Events) != 1 || string(got.Events[0]) != c.want {
			t.Errorf("%s:\ngot  %s, %v\nwant %s", name, got.Data, err, c.want)
			continue
		}
		event, err := pipeline.DecodeCloudEvent(got.Data)
		if err != nil || event != (pipeline.CloudEvent{ID: "1", Source: "/s", Type: "demo"}) {
			t.Errorf("%s: got %+v, %v", name, event, err)
		}
	}
}

func TestDecode_DecodesGzipOfBinaryMode(t *testing.T) {
	headers := binaryHeaders("application/json", "content-encoding", "gzip")
	got, err := Decoder{MaxBytes: maxBytes}.Decode(headers, []byte(compress(t, `{"a":1}`)))
	if err != nil || !strings.HasSuffix(string(got.Data), `"data":{"a":1}}`) {
		t.Errorf("got %s, %v", got.Data, err)
	}
}

func TestDecode_RejectsInvalidBinaryMode(t *testing.T) {
	wantCode(t, binaryHeaders("application/json"), "{", pipeline.InvalidJSON)
	wantCode(t, binaryHeaders("application/json"), "{},{}", pipeline.InvalidJSON)
	wantCode(t, binaryHeaders("application/json"), `1,"id":"2"`, pipeline.InvalidJSON)
	wantCode(t, binaryHeaders("application/json"), " ", pipeline.EmptyBody)
	wantCode(t, binaryHeaders("application/json"), "\ufeff{}", pipeline.InvalidJSON)
	wantCode(t, binaryHeaders(""), "hello", pipeline.InvalidJSON)
	wantCode(t, binaryHeaders("text/plain; ="), "x", pipeline.UnsupportedType)
	for _, name := range []string{"ce-data", "ce-data_base64", "ce-datacontenttype"} {
		wantCode(t, binaryHeaders("", name, "x"), "", pipeline.InvalidCloudEvent)
	}
	for _, value := range []string{"%ff", "\xff", "\"\xff\"", "\ufffd", "\"%20\ufffd\""} {
		wantCode(t, binaryHeaders("", "ce-subject", value), "", pipeline.InvalidCloudEvent)
	}
	// Base64 makes the data larger by one third.
	large := strings.Repeat("x", maxBytes-1000)
	wantCode(t, binaryHeaders("application/octet-stream"), large, pipeline.PayloadTooLarge)
}

// Decode converts invalid attributes to JSON without an error. pipeline.DecodeCloudEvent then finds
// the errors.
func TestDecode_LeavesAttributesToTheCaller(t *testing.T) {
	for _, headers := range []map[string]string{
		{"ce-id": "1"},
		{"ce-type": "demo", "content-type": "application/json"},
		binaryHeaders("", "ce-specversion", "0.3"),
		binaryHeaders("", "ce-my-extension", "x"),
		binaryHeaders("", "ce-", "x"),
		binaryHeaders("", "ce-subject", ""),
		binaryHeaders("", "ce-subject", "%00"),
		binaryHeaders("", "ce-time", "yesterday"),
		binaryHeaders("json"),
	} {
		got, err := Decoder{MaxBytes: maxBytes}.Decode(headers, []byte("{}"))
		if err != nil || !got.CloudEvents {
			t.Errorf("%v: got %+v, %v", headers, got, err)
			continue
		}
		if _, err := pipeline.DecodeCloudEvent(got.Data); err == nil {
			t.Errorf("%s must be rejected", got.Data)
		}
	}
}

func TestDecode_PrefersContentTypeToBinaryMode(t *testing.T) {
	structured := `{"specversion":"1.0","id":"2","source":"/t","type":"other"}`
	got, err := Decoder{MaxBytes: maxBytes}.Decode(
		binaryHeaders("application/cloudevents+json"), []byte(structured))
	if err != nil || string(got.Data) != structured {
		t.Errorf("got %s, %v", got.Data, err)
	}
	wantCode(t, binaryHeaders("application/cloudevents+xml"), "<a/>", pipeline.UnsupportedType)
}

func TestDecode_IgnoresHeadersThatOnlyBeginWithCe(t *testing.T) {
	headers := map[string]string{"content-type": "application/json", "ce-region": "x", "ce": "y"}
	got, err := Decoder{MaxBytes: maxBytes}.Decode(headers, []byte(`{"eventType":"demo"}`))
	if err != nil || got.CloudEvents {
		t.Errorf("got %+v, %v", got, err)
	}
}

// FuzzBinary checks that the result is JSON that contains the data of the request.
func FuzzBinary(f *testing.F) {
	f.Add("application/json", "ext", "a%20b", []byte(`{"a":1}`))
	f.Add("text/plain", "id", `"x"`, []byte("\"\x00"))
	f.Add("", "time", "\xff", []byte("1,2"))
	f.Fuzz(func(t *testing.T, contentType, name, value string, data []byte) {
		headers := binaryHeaders(contentType, "ce-"+strings.ToLower(name), value)
		got, err := Decoder{MaxBytes: maxBytes}.Decode(headers, data)
		if err != nil {
			return
		}
		var event struct {
			Base64 []byte          `json:"data_base64"`
			Data   json.RawMessage `json:"data"`
		}
		if !json.Valid(got.Data) && utf8.Valid(got.Data) {
			t.Fatalf("%s is not JSON", got.Data)
		}
		if _, err := pipeline.DecodeCloudEvent(got.Data); err != nil {
			return
		}
		if err := json.Unmarshal(got.Data, &event); err != nil {
			t.Fatal(err)
		}
		var text string
		isText := json.Unmarshal(event.Data, &text) == nil && text == string(data)
		if !isText && string(event.Data) != strings.Trim(string(data), whiteSpace) &&
			!bytes.Equal(event.Base64, data) {
			t.Fatalf("%s has other data than %q", got.Data, data)
		}
	})
}
