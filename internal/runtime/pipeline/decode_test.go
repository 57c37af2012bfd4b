package pipeline

import (
	"errors"
	"strings"
	"testing"
)

func nestedJSON(depth int) string {
	return `{"eventType":"demo","a":` + strings.Repeat("[", depth-1) +
		strings.Repeat("]", depth-1) + "}"
}

func TestDecodeType_AcceptsAnyJSONObjectWithAnEventType(t *testing.T) {
	for _, body := range []string{
		`{"eventType":"demo"}`,
		" \t\r\n{ \"eventType\" : \"demo\" } \n",
		`{"a":{"eventType":"other"},"eventType":"demo"}`,
		`{"\u0065ventType":"\u0064emo"}`,
		`{"eventType":"demo","text":"\\ud83d \uFFFD \uD834\udd1e \u0000"}`,
		`{"eventType":"demo","text":"\"}],{[\\","é":"\ud83d\ude00 ` + "\u2028" + `"}`,
		`{"eventType":"demo","n":[0,-1.5e-7,1.7976931348623157e308,1e-999,` +
			`true,false,null,[],{},""]}`,
		`{"eventType":"demo","a":{"k":1},"b":{"k":1},"c":[{"k":1},{"k":1}]}`,
		nestedJSON(maxDepth),
	} {
		if got, err := DecodeType([]byte(body)); got != "demo" || err != nil {
			t.Errorf("%s: got %q, %v", body, got, err)
		}
	}
}

func TestDecodeType_RejectsWithCodeAndPointer(t *testing.T) {
	for _, c := range []struct {
		name, body, pointer string
		code                Code
	}{
		{"empty", "", "", EmptyBody},
		{"white space", " \n", "", EmptyBody},
		{"not JSON", "hello", "", InvalidJSON},
		{"white space of other formats", "\u00a0\f\u2003", "", InvalidJSON},
		{"truncated", `{"eventType":"demo"`, "", InvalidJSON},
		{"trailing data", `{"eventType":"demo"} {}`, "", InvalidJSON},
		{"byte-order mark", "\ufeff" + `{"eventType":"demo"}`, "", InvalidJSON},
		{"invalid UTF-8", "{\"eventType\":\"demo\",\"a\":\"\xff\"}", "", InvalidJSON},
		{"duplicate key", `{"eventType":"demo","eventType":"demo"}`, "/eventType", InvalidJSON},
		{"duplicate key, one escaped", `{"eventType":"demo","a":[{},{"b/~":{"x":1,"\u0078":2}}]}`,
			"/a/1/b~1~0/x", InvalidJSON},
		{"too deep", nestedJSON(maxDepth + 1), "/a" + strings.Repeat("/0", maxDepth-1),
			InvalidJSON},
		{"unpaired high surrogate", `{"eventType":"demo","a":["\ud83d"]}`, "/a/0", InvalidJSON},
		{"unpaired low surrogate", `{"eventType":"demo","a":"\ude00\ud83d"}`, "/a", InvalidJSON},
		{"high surrogate twice", `{"eventType":"demo","a":"\ud83d\ud83d\ude00"}`, "/a",
			InvalidJSON},
		{"high surrogate before another escape", `{"eventType":"demo","a":"\ud83d\n"}`, "/a",
			InvalidJSON},
		{"high surrogate before text", `{"eventType":"demo","a":"\ud83dude00"}`, "/a", InvalidJSON},
		{"unpaired surrogate in a key", `{"eventType":"demo","a":{"\uDFFF":1}}`, "/a", InvalidJSON},
		{"number too large", `{"eventType":"demo","a":{"b":[0,1e309]}}`, "/a/b/1",
			NumberOutOfRange},
		{"number too small", `{"eventType":"demo","a":-1e400}`, "/a", NumberOutOfRange},
		{"array", `[{"eventType":"demo"}]`, "", NotAnObject},
		{"null", `null`, "", NotAnObject},
		{"string", `"eventType"`, "", NotAnObject},
		{"no eventType", `{"type":"demo"}`, "", MissingEventType},
		{"other case", `{"EventType":"demo"}`, "", MissingEventType},
		{"nested eventType", `{"a":{"eventType":"demo"}}`, "", MissingEventType},
		{"empty eventType", `{"eventType":""}`, "/eventType", InvalidEventType},
		{"null eventType", `{"eventType":null}`, "/eventType", InvalidEventType},
		{"numeric eventType", `{"eventType":7}`, "/eventType", InvalidEventType},
		{"path in eventType", `{"eventType":"../../etc"}`, "/eventType", InvalidEventType},
		{"newline in eventType", `{"eventType":"demo\n"}`, "/eventType", InvalidEventType},
		{"digit first", `{"eventType":"1demo"}`, "/eventType", InvalidEventType},
		{"65 characters", `{"eventType":"` + strings.Repeat("a", 65) + `"}`, "/eventType",
			InvalidEventType},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := DecodeType([]byte(c.body))
			var e *Error
			if !errors.As(err, &e) || e.Code != c.code || e.Pointer != c.pointer {
				t.Errorf("got %#v, want code %s at %q", err, c.code, c.pointer)
			}
		})
	}
}

func TestDecodeType_OmitsLongPointers(t *testing.T) {
	key := strings.Repeat("k", maxPointerBytes)
	_, err := DecodeType([]byte(`{"eventType":"demo","` + key + `":{"a":1,"a":2}}`))
	var e *Error
	if !errors.As(err, &e) || e.Pointer != "" {
		t.Errorf("got %#v, want no pointer", err)
	}
}
