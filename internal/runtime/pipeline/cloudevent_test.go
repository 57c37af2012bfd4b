package pipeline_test

import (
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// cloudEventWith returns a CloudEvent with additional members.
func cloudEventWith(members string) string {
	return `{"specversion":"1.0","id":"1","source":"/s","type":"demo"` + members + `}`
}

// cloudEventReplacing returns a CloudEvent in which one text replaces another.
func cloudEventReplacing(text, by string) string {
	return strings.Replace(cloudEventWith(""), text, by, 1)
}

func TestDecodeCloudEvent_AcceptsEventsOfTheSpecification(t *testing.T) {
	for _, body := range []string{
		cloudEventWith(``),
		cloudEventWith(`,"data":null`),
		cloudEventWith(`,"data":{"Any-Name":1.5,"type":[]}`),
		cloudEventWith(`,"data":"text","datacontenttype":"text/xml; charset=\"utf-8\""`),
		cloudEventWith(`,"data_base64":"AQI="`),
		cloudEventWith(`,"subject":null,"time":null,"dataschema":null,"ext":null`),
		cloudEventWith(`,"time":"2018-04-05T17:31:00Z"`),
		cloudEventWith(`,"time":"2018-04-05t17:31:00.123456789-23:59"`),
		cloudEventWith(`,"dataschema":"urn:schema:1","subject":"a b"`),
		cloudEventWith(`,"ext1":"","ext2":true,"ext3":-2147483648,"ext4":2147483647`),
		cloudEventWith(`,"averyveryverylongattributenameofmorethantwentycharacters":1`),
		`{"type":"demo","source":"/s","id":"1","specversion":"1.0"}`,
	} {
		got, err := pipeline.DecodeCloudEvent([]byte(body))
		if err != nil || got != (pipeline.CloudEvent{ID: "1", Source: "/s", Type: "demo"}) {
			t.Errorf("%s: got %+v, %v", body, got, err)
		}
	}
	for _, source := range []string{
		"https://github.com/cloudevents", "mailto:cncf-wg-serverless@lists.cncf.io",
		"urn:uuid:6e8b", "cloudevents/spec/pull/123", "/sensors/tn-1234567/alerts",
		"1-555-123-4567", "ä",
	} {
		body := cloudEventReplacing("/s", source)
		if got, err := pipeline.DecodeCloudEvent([]byte(body)); err != nil || got.Source != source {
			t.Errorf("%s: got %+v, %v", body, got, err)
		}
	}
}

func TestDecodeCloudEvent_RejectsWithCodeAndPointer(t *testing.T) {
	without := func(member string) string {
		return cloudEventReplacing(member, `"x":1`)
	}
	for _, c := range []struct {
		body, pointer string
		code          pipeline.Code
	}{
		{``, "", pipeline.EmptyBody},
		{`[]`, "", pipeline.NotAnObject},
		{`{`, "", pipeline.InvalidJSON},
		{`{}`, "", pipeline.InvalidCloudEvent},
		{without(`"specversion":"1.0"`), "", pipeline.InvalidCloudEvent},
		{without(`"id":"1"`), "", pipeline.InvalidCloudEvent},
		{without(`"source":"/s"`), "", pipeline.InvalidCloudEvent},
		{without(`"type":"demo"`), "", pipeline.InvalidCloudEvent},
		{cloudEventReplacing(`"1"`, "null"), "", pipeline.InvalidCloudEvent},
		{cloudEventReplacing(`"1"`, "7"), "/id", pipeline.InvalidCloudEvent},
		{cloudEventReplacing(`"1"`, `""`), "/id", pipeline.InvalidCloudEvent},
		{cloudEventReplacing(`"1"`, `"\u0000"`), "/id", pipeline.InvalidCloudEvent},
		{cloudEventReplacing(`"1.0"`, `"0.3"`), "/specversion", pipeline.InvalidCloudEvent},
		{cloudEventReplacing(`"1.0"`, `1.0`), "/specversion", pipeline.InvalidCloudEvent},
		{cloudEventReplacing(`/s`, ``), "/source", pipeline.InvalidCloudEvent},
		{cloudEventReplacing(`/s`, `%zz`), "/source", pipeline.InvalidCloudEvent},
		{cloudEventReplacing(`/s`, `a b`), "/source", pipeline.InvalidCloudEvent},
		{cloudEventReplacing(`/s`, `a<b`), "/source", pipeline.InvalidCloudEvent},
		{cloudEventReplacing(`"1"`, `" "`), "/id", pipeline.InvalidCloudEvent},
		{cloudEventReplacing(`demo`, ``), "/type", pipeline.InvalidCloudEvent},
		{cloudEventReplacing(`demo`, `a/b`), "/type", pipeline.InvalidEventType},
		{
			cloudEventReplacing(`demo`, strings.Repeat("a", 65)),
			"/type", pipeline.InvalidEventType,
		},
		{cloudEventWith(`,"id":"1"`), "/id", pipeline.InvalidJSON},
		{cloudEventWith(`,"data":{"a":1,"a":1}`), "/data/a", pipeline.InvalidJSON},
		{cloudEventWith(`,"data":1e999`), "/data", pipeline.NumberOutOfRange},
		{cloudEventWith(`,"data":"\ud800"`), "/data", pipeline.InvalidJSON},
		{cloudEventWith(`,"data":1,"data_base64":"AQI="`), "", pipeline.InvalidCloudEvent},
		{cloudEventWith(`,"data":null,"data_base64":"AQI="`), "", pipeline.InvalidCloudEvent},
		{cloudEventWith(`,"data_base64":"%"`), "/data_base64", pipeline.InvalidCloudEvent},
		{cloudEventWith(`,"data_base64":null`), "/data_base64", pipeline.InvalidCloudEvent},
		{cloudEventWith(`,"data_base64":7`), "/data_base64", pipeline.InvalidCloudEvent},
		{cloudEventWith(`,"subject":""`), "/subject", pipeline.InvalidCloudEvent},
		{cloudEventWith(`,"time":"yesterday"`), "/time", pipeline.InvalidCloudEvent},
		{cloudEventWith(`,"time":"2018-04-05"`), "/time", pipeline.InvalidCloudEvent},
		{cloudEventWith(`,"time":1522949460`), "/time", pipeline.InvalidCloudEvent},
		{cloudEventWith(`,"dataschema":"/relative"`), "/dataschema", pipeline.InvalidCloudEvent},
		{cloudEventWith(`,"datacontenttype":"json"`), "/datacontenttype",
			pipeline.InvalidCloudEvent},
		{cloudEventWith(`,"datacontenttype":""`), "/datacontenttype", pipeline.InvalidCloudEvent},
		{cloudEventWith(`,"Upper":1`), "/Upper", pipeline.InvalidCloudEvent},
		{cloudEventWith(`,"under_score":1`), "/under_score", pipeline.InvalidCloudEvent},
		{cloudEventWith(`,"":1`), "/", pipeline.InvalidCloudEvent},
		{cloudEventWith(`,"é":null`), "/é", pipeline.InvalidCloudEvent},
		{cloudEventWith(`,"ext":1.5`), "/ext", pipeline.InvalidCloudEvent},
		{cloudEventWith(`,"ext":2147483648`), "/ext", pipeline.InvalidCloudEvent},
		{cloudEventWith(`,"ext":{}`), "/ext", pipeline.InvalidCloudEvent},
		{cloudEventWith(`,"ext":[]`), "/ext", pipeline.InvalidCloudEvent},
		{cloudEventWith(`,"ext":"\u0085"`), "/ext", pipeline.InvalidCloudEvent},
		{cloudEventWith(`,"ext":"\uffff"`), "/ext", pipeline.InvalidCloudEvent},
	} {
		_, err := pipeline.DecodeCloudEvent([]byte(c.body))
		wantError(t, c.body, err, c.code, c.pointer)
	}
}

func wantError(t *testing.T, name string, err error, code pipeline.Code, pointer string) {
	t.Helper()
	e, ok := err.(*pipeline.Error)
	if !ok || e.Code != code || e.Pointer != pointer {
		t.Errorf("%s: got %#v, want %s at %q", name, err, code, pointer)
	}
}

func TestIngest_UsesSourceAndIDOfCloudEventAsKey(t *testing.T) {
	var w world
	accept := func(body string, key ...string) pipeline.Accepted {
		t.Helper()
		req := pipeline.Request{Body: []byte(body), CloudEvent: true, Caller: "a"}
		if len(key) > 0 {
			req.Keyed, req.Key = true, key[0]
		}
		accepted, err := w.ingest().Accept(t.Context(), req)
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		return accepted
	}
	first := accept(cloudEventWith(""))
	if again := accept(cloudEventWith("")); !again.Duplicate || again.Event.ID != first.Event.ID {
		t.Errorf("the same event again: %+v", again)
	}
	if first.Event.Type != "demo" {
		t.Errorf("got %+v", first)
	}
	ids := map[string]bool{first.Event.ID: true}
	for _, body := range []string{
		`{"specversion":"1.0","id":"s1","source":"/","type":"demo"}`,
		`{"specversion":"1.0","id":"2","source":"/s","type":"demo"}`,
		`{"specversion":"1.0","id":"1","source":"/t","type":"demo"}`,
	} {
		accepted := accept(body)
		if accepted.Duplicate || ids[accepted.Event.ID] {
			t.Errorf("%s: got %+v, want another event", body, accepted)
		}
		ids[accepted.Event.ID] = true
	}
	if own := accept(cloudEventWith(""), "key"); own.Duplicate || ids[own.Event.ID] {
		t.Errorf("with a key of its own: %+v", own)
	}
	body := []byte(cloudEventWith(`,"data":1`))
	req := pipeline.Request{Body: body, CloudEvent: true, Caller: "a"}
	_, err := w.ingest().Accept(t.Context(), req)
	if pipeline.ErrorCode(err) != pipeline.KeyReused {
		t.Errorf("another payload: %v", err)
	}
}
