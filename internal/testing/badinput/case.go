// Package badinput lists unusual requests, valid and invalid ones, with the responses that the API
// must return. The tests of all layers send these requests. The fuzz tests start from them.
package badinput

import "strings"

// MaxPayloadBytes is the payload limit that the cases assume.
const MaxPayloadBytes = 1 << 20

// Case represents a request and its expected response.
type Case struct {
	Name    string
	Method  string
	Path    string
	Headers map[string]string
	Body    string

	Status  int
	Stored  string // payload in Bronze, if it differs from Body
	Code    string // problem code; "" for success
	Pointer string // problem pointer, if any
}

// Payload returns the payload that Bronze must hold if the request is accepted.
func (c Case) Payload() string {
	if c.Stored != "" {
		return c.Stored
	}
	return c.Body
}

// Cases returns all cases.
func Cases() []Case { return append(Bodies(), Requests()...) }

// postCase returns a case that posts a body with the right headers.
func postCase(name, body string, status int, code, pointer string) Case {
	return Case{
		Name: name, Method: "POST", Path: "/events",
		Headers: map[string]string{"content-type": "application/json"}, Body: body,
		Status: status, Code: code, Pointer: pointer,
	}
}

// inputs holds named texts. The cases make their request bodies from these texts.
type inputs []struct{ name, text string }

// cases returns a case for each input. toBody converts an input's text to a request body.
func (group inputs) cases(
	prefix string, toBody func(text string) string, status int, code, pointer string,
) []Case {
	cases := make([]Case, len(group))
	for i, g := range group {
		cases[i] = postCase(prefix+": "+g.name, toBody(g.text), status, code, pointer)
	}
	return cases
}

// bodyIs returns the text as the whole body.
func bodyIs(text string) string { return text }

// withValue returns an event with the member "a", whose value is the given JSON.
func withValue(value string) string { return `{"eventType":"demo","a":` + value + `}` }

// withString returns an event whose member "a" is the text in quotes.
func withString(text string) string { return withValue(`"` + text + `"`) }

// withMembers returns an event with additional members.
func withMembers(members string) string { return `{"eventType":"demo",` + members + `}` }

// withType returns an event whose eventType is the given JSON value.
func withType(value string) string { return `{"eventType":` + value + `}` }

// nestedArrays returns an event that contains nested arrays. The parameter depth is the number of
// nesting levels. The event itself is the first level.
func nestedArrays(depth int) string {
	return withValue(strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1))
}

// nestedObjects returns an event that contains nested objects. The parameter depth is the number of
// nesting levels. The event itself is the first level.
func nestedObjects(depth int) string {
	return withValue(strings.Repeat(`{"a":`, depth-2) + "{}" + strings.Repeat("}", depth-2))
}

// withSize returns an event of the given size.
func withSize(bytes int) string {
	const frame = len(`{"eventType":"demo","a":""}`)
	return withString(strings.Repeat("x", bytes-frame))
}
