package badinput

import (
	"slices"
	"strings"
)

// event holds the smallest valid event.
const event = `{"eventType":"demo"}`

// Requests returns the cases about methods, paths, headers and ids.
func Requests() []Case {
	return slices.Concat(
		methodCases(), pathCases(), mediaTypeCases(), gzipCases(), structuredModeCases(),
		binaryModeCases(), eventListCases(),
		keyCases(), idCases())
}

func methodCases() []Case {
	var cases []Case
	for path, allowed := range map[string]string{
		"/events": "POST", "/events/" + unknownID: "GET", "/health": "GET",
	} {
		for _, method := range []string{
			"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT",
			"PROPFIND", "get", "POST ", "ANY", "X'--",
		} {
			if method != allowed {
				cases = append(cases, Case{
					Name: "method: " + method + " " + path, Method: method, Path: path,
					Body: event, Status: 405, Code: "method-not-allowed",
				})
			}
		}
	}
	slices.SortFunc(cases, func(a, b Case) int { return strings.Compare(a.Name, b.Name) })
	return cases
}

func pathCases() []Case {
	var cases []Case
	for _, path := range []string{
		"/", "//", "//events", "/events/", "/events//", "/EVENTS", "/Events", "/event",
		"/events.json", "/events;a=b", "/events?a=b", "/events#a",
		"/%65vents", "/events%00", "/events\x00", "/./events", "/../events", "/events/../health",
		"/events/" + unknownID + "/", "/events/" + unknownID + "/payload",
		"/health/", "/health/live", "/healthz", "/favicon.ico", "/robots.txt", "/.env",
		"/.git/config", "/wp-login.php", "/actuator/env", "/v1/events",
		"/2015-03-31/functions/function/invocations", "/\\events", "/événements",
		"/" + strings.Repeat("a", 8000), "*",
	} {
		for _, method := range []string{"GET", "POST"} {
			cases = append(cases, Case{
				Name: "path: " + method + " " + path, Method: method, Path: path,
				Body: event, Status: 404, Code: "not-found",
			})
		}
	}
	return cases
}

func mediaTypeCases() []Case {
	const unsupportedType = "unsupported-content-type"
	var cases []Case
	add := func(name string, headers map[string]string, status int, code string) {
		c := postCase("media: "+name, event, status, code, "")
		c.Headers = headers
		cases = append(cases, c)
	}
	for _, value := range []string{
		"application/json", "APPLICATION/JSON", " application/json ",
		"application/json; charset=utf-8", `application/json;charset="UTF-8"`,
		"application/json; profile=x",
	} {
		add(value, map[string]string{"content-type": value}, 202, "")
		add(value+", in capitals", map[string]string{"Content-Type": value}, 202, "")
	}
	add("none", nil, 415, unsupportedType)
	for _, value := range []string{
		"", " ", "json", "text/json", "text/plain", "text/plain; charset=utf-8",
		"application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
		"application/octet-stream", "application/xml", "application/jsonp", "application/json5",
		"application/ndjson", "application/json-seq", "application/cloudevents",
		"application/problem+json", "application/cloudevents+xml", "application/*", "*/*",
		"application/json,application/json", "application/json, text/html",
		"application/json text/html", "application/json; charset=utf-16",
		"application/json; charset=latin1", "application/json; charset=utf-7",
		"application/json; charset=utf-8; charset=utf-16", "application/json; charset",
		"application/json; =", "application//json", "/json", "application/",
		"application/json\x00", "application/json\r\nx: y", "áppplication/json",
		strings.Repeat("a", 10000) + "/json",
	} {
		add("type "+value, map[string]string{"content-type": value}, 415, unsupportedType)
	}
	for _, value := range []string{
		"deflate", "br", "zstd", "compress", "identity", "", "gzip, gzip", "gzip;q=1",
		"aws-chunked", "utf-8", "\x00",
	} {
		headers := map[string]string{"content-type": "application/json", "content-encoding": value}
		add("encoding "+value, headers, 415, "unsupported-content-encoding")
	}
	gzip := map[string]string{"Content-Encoding": "gzip"}
	add("encoding without a type", gzip, 415, unsupportedType)
	return cases
}

func keyCases() []Case {
	var cases []Case
	add := func(name, value string, status int, code string) {
		c := postCase("key: "+name, event, status, code, "")
		c.Headers["idempotency-key"] = value
		cases = append(cases, c)
	}
	add("one character", "k", 202, "")
	add("255 characters", strings.Repeat("k", 255), 202, "")
	add("every visible character", visibleCharacters(), 202, "")
	add("path", "../../x", 202, "")
	add("quoted, as a structured field", `"8e03978e-40d5-43dd-bc93-6894a57f9324"`, 202, "")
	for _, c := range (inputs{
		{"empty", ""}, {"space", " "}, {"space inside", "a b"}, {"space last", "a "},
		{"256 characters", strings.Repeat("k", 256)},
		{"100,000 characters", strings.Repeat("k", 100000)}, {"tab", "a\tb"}, {"newline", "a\nb"},
		{"new header", "a\r\nx: y"}, {"NUL", "a\x00"},
		{"delete", "\x7f"}, {"escape", "\x1b[0m"}, {"accent", "é"}, {"emoji", "\U0001f600"},
		{"no-break space", "\u00a0"}, {"full-width", "ｋ"},
		{"replacement character", "\ufffd"}, {"right to left", "\u202e"},
	}) {
		add(c.name, c.text, 422, "invalid-idempotency-key")
	}
	return cases
}

func visibleCharacters() string {
	var b strings.Builder
	for c := byte('!'); c <= '~'; c++ {
		b.WriteByte(c)
	}
	return b.String()
}

// unknownID has the form of an event id, but no event has it.
const unknownID = "0199ffff-ffff-7fff-bfff-ffffffffffff"

func idCases() []Case {
	var cases []Case
	for _, id := range []string{
		"1", "EVENT#1", strings.ToUpper(unknownID), "{" + unknownID + "}", "urn:uuid:" + unknownID,
		strings.ReplaceAll(unknownID, "-", ""), unknownID[1:], unknownID + "0",
		unknownID + "\n", unknownID + "\x00", " " + unknownID, unknownID + "%00", "..", ".",
		"%2e%2e", "..%2f..%2fetc", "*", "'", "' OR '1'='1", "$ne", "null", "undefined",
		"CHECKPOINT#reconciler", "é", "\U0001f600", "%", "%zz", "<script>", "${jndi:x}",
		"{eventId}", strings.Repeat("0", 8000), "0199ffff_ffff_7fff_bfff_ffffffffffff",
		"gggggggg-ffff-7fff-bfff-ffffffffffff", "０199ffff-ffff-7fff-bfff-ffffffffffff",
		"\x1b[31m",
		"\\",
	} {
		cases = append(cases, getCase("id: "+id, "/events/"+id, 400, "invalid-event-id"))
	}
	withBody := getCase("id: with a body", "/events/"+unknownID, 404, "event-not-found")
	withBody.Body = event
	health := getCase("health: with a body of any type", "/health", 200, "")
	health.Body, health.Headers = "\xff", map[string]string{"content-encoding": "gzip"}
	const zero = "00000000-0000-0000-0000-000000000000"
	return append(cases, withBody, health,
		getCase("id: unknown", "/events/"+unknownID, 404, "event-not-found"),
		getCase("id: zero", "/events/"+zero, 404, "event-not-found"))
}

func getCase(name, path string, status int, code string) Case {
	return Case{Name: name, Method: "GET", Path: path, Status: status, Code: code}
}
