package badinput

import (
	"bytes"
	"compress/gzip"
	"maps"
	"slices"
	"strings"
)

// compress returns text as one gzip member.
func compress(text string) string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write([]byte(text)) // a buffer returns no error
	_ = w.Close()
	return out.String()
}

// gzipCases returns cases about Content-Encoding: gzip.
func gzipCases() []Case {
	var cases []Case
	add := func(name, body string, status int, code, stored string) {
		c := postCase("gzip: "+name, body, status, code, "")
		c.Headers["content-encoding"], c.Stored = "gzip", stored
		cases = append(cases, c)
	}
	whole, large := compress(event), withSize(MaxPayloadBytes)
	add("an event", whole, 202, "", event)
	add("the largest event", compress(large), 202, "", large)
	add("a larger event", compress(large+" "), 413, "payload-too-large", "")
	add("a bomb", compress(strings.Repeat(" ", 4<<20)), 413, "payload-too-large", "")
	add("no JSON", compress("hello"), 400, "invalid-json", "")
	add("gzip in gzip", compress(whole), 400, "invalid-json", "")
	add("nothing", compress(""), 400, "empty-body", "")
	add("no body", "", 400, "empty-body", "")
	for _, c := range (inputs{
		{"plain JSON", event}, {"header alone", whole[:10]}, {"cut off", whole[:len(whole)-9]},
		{"no checksum", whole[:len(whole)-8]}, {"no length", whole[:len(whole)-4]},
		{"wrong checksum", whole[:len(whole)-8] + "xxxx" + whole[len(whole)-4:]},
		{"garbage at the end", whole + "x"}, {"a second member", whole + compress(" ")},
	}) {
		add(c.name, c.text, 400, "invalid-gzip", "")
	}
	return cases
}

// cloudEvent holds the smallest valid CloudEvent.
const cloudEvent = `{"id":"1","source":"/s","specversion":"1.0","type":"demo"}`

// withAttributes returns a CloudEvent with additional members.
func withAttributes(members string) string {
	return strings.TrimSuffix(cloudEvent, "}") + "," + members + "}"
}

// structuredModeCases returns cases about CloudEvents in structured mode.
func structuredModeCases() []Case {
	const invalid = "invalid-cloudevent"
	group := slices.Concat(
		inputs{
			{"smallest", cloudEvent}, {"null", withAttributes(`"subject":null`)},
			{"data", withAttributes(`"data":{"eventType":7},"datacontenttype":"text/json"`)},
			{"base64", withAttributes(`"data_base64":"AAE="`)},
			{"extensions", withAttributes(`"a1":"x","b":true,"c":-7`)},
			{"time", withAttributes(`"time":"2026-11-23T07:30:00.5+01:00"`)},
		}.cases("structured", bodyIs, 202, "", ""),
		inputs{
			{"no attributes", "{}"}, {"an event in JSON", event},
			{"two kinds of data", withAttributes(`"data":1,"data_base64":"AAE="`)},
		}.cases("structured", bodyIs, 422, invalid, ""),
		inputs{{"array", "[" + cloudEvent + "]"}, {"string", `"x"`}}.
			cases("structured", bodyIs, 400, "not-an-object", ""),
		inputs{
			{"type with a slash", strings.Replace(cloudEvent, "demo", "a/b", 1)},
			{"long type", strings.Replace(cloudEvent, "demo", strings.Repeat("a", 65), 1)},
		}.cases("structured", bodyIs, 422, "invalid-event-type", "/type"),
		inputs{{"older version", strings.Replace(cloudEvent, "1.0", "0.3", 1)}}.
			cases("structured", bodyIs, 422, invalid, "/specversion"),
		inputs{{"capitals in a name", withAttributes(`"eventType":"demo"`)}}.
			cases("structured", bodyIs, 422, invalid, "/eventType"),
		inputs{{"object in an extension", withAttributes(`"ext":{}`)}}.
			cases("structured", bodyIs, 422, invalid, "/ext"),
		inputs{{"duplicate attribute", withAttributes(`"id":"2"`)}}.
			cases("structured", bodyIs, 400, "invalid-json", "/id"),
	)
	for _, c := range group {
		c.Headers["content-type"] = "application/cloudevents+json; charset=UTF-8"
	}
	return group
}

// binaryModeCases returns cases about CloudEvents in binary mode.
func binaryModeCases() []Case {
	var cases []Case
	add := func(name, body string, headers map[string]string, status int, code, pointer string) {
		c := postCase("binary: "+name, body, status, code, pointer)
		for name, value := range map[string]string{
			"ce-id": "1", "ce-source": "/s", "ce-specversion": "1.0", "ce-type": "demo",
		} {
			c.Headers[name] = value
		}
		maps.Copy(c.Headers, headers)
		cases = append(cases, c)
	}
	accept := func(name, body string, headers map[string]string, stored string) {
		add(name, body, headers, 202, "", "")
		cases[len(cases)-1].Stored = stored
	}
	accept("JSON", ` {"a":1} `, nil,
		withAttributes(`"datacontenttype":"application/json","data": {"a":1} `))
	accept("no data", "", nil, withAttributes(`"datacontenttype":"application/json"`))
	accept("text", "hello", map[string]string{"content-type": "text/plain"},
		withAttributes(`"datacontenttype":"text/plain","data":"hello"`))
	accept("bytes", "\x00\xff", map[string]string{"content-type": "image/png"},
		withAttributes(`"datacontenttype":"image/png","data_base64":"AP8="`))
	accept("names in capitals", "1", map[string]string{"CE-Zone": "a%20b"},
		withAttributes(`"zone":"a b","datacontenttype":"application/json","data":1`))

	const invalid = "invalid-cloudevent"
	add("no JSON", "hello", nil, 400, "invalid-json", "")
	add("older version", "", map[string]string{"ce-specversion": "0.3"},
		422, invalid, "/specversion")
	add("no id", "", map[string]string{"ce-id": ""}, 422, invalid, "/id")
	add("invalid name", "", map[string]string{"ce-a-b": "1"}, 422, invalid, "/a-b")
	add("data in a header", "", map[string]string{"ce-data": "1"}, 422, invalid, "")
	add("type with a slash", "", map[string]string{"ce-type": "a/b"},
		422, "invalid-event-type", "/type")
	alone := postCase("binary: an attribute alone", event, 422, invalid, "")
	alone.Headers["ce-type"] = "demo"
	return append(cases, alone)
}

// eventListCases returns cases about bodies that can't be split into events.
func eventListCases() []Case {
	const json, lines = "application/json", "application/x-ndjson"
	const cloudEvents = "application/cloudevents-batch+json"
	array := func(n int) string { return "[" + strings.Repeat(event+",", n-1) + event + "]" }
	var cases []Case
	for _, c := range []struct {
		name, contentType, body string
		status                  int
		code                    string
	}{
		{"no lines", lines, "", 400, "empty-body"},
		{"blank lines", lines, "\r\n \n", 400, "empty-body"},
		{"byte-order mark", lines, "\ufeff" + event, 400, "invalid-json"},
		{"too many lines", "application/jsonl", strings.Repeat(event+"\n", 1001), 413,
			"batch-too-large"},
		{"too large", lines, strings.Repeat(event+"\n", 100000), 413, "payload-too-large"},
		{"object", cloudEvents, cloudEvent, 400, "not-an-array"},
		{"empty", json, "[]", 400, "empty-batch"},
		{"white space", json, " [ ] ", 400, "empty-batch"},
		{"no CloudEvents", cloudEvents, "[]", 400, "empty-batch"},
		{"comma at the end", json, "[" + event + ",]", 400, "invalid-json"},
		{"cut off", json, "[" + event, 400, "invalid-json"},
		{"too many", json, array(1001), 413, "batch-too-large"},
		{"one invalid event", json, "[" + event + `,{"n":1}]`, 422, "invalid-batch"},
		{"an array in an array", json, "[[" + event + "]]", 422, "invalid-batch"},
		{"an invalid line", lines, event + "\n{", 422, "invalid-batch"},
		{"an event for CloudEvents", cloudEvents, "[" + event + "]", 422, "invalid-batch"},
	} {
		next := postCase("list: "+c.name, c.body, c.status, c.code, "")
		next.Headers["content-type"] = c.contentType
		cases = append(cases, next)
	}
	return cases
}
