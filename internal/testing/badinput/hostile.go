// Package badinput is what clients should not send, and what they may though it looks strange: requests, each with the
// answer that the API owes it. The fuzz targets begin with them, and every layer's tests send them.
package badinput

import "strings"

// MaxPayloadBytes is the limit that the cases are made for.
const MaxPayloadBytes = 1 << 20

// Case is a request and its answer.
type Case struct {
	Name    string
	Method  string
	Path    string
	Headers map[string]string
	Body    string

	Status  int
	Code    string // of the problem; none for success
	Pointer string // of the problem, where there is one
}

// Cases are all of them.
func Cases() []Case { return append(Bodies(), Requests()...) }

// post is a case of a body that is posted as it should be.
func post(name, body string, status int, code, pointer string) Case {
	return Case{
		Name: name, Method: "POST", Path: "/events", Headers: map[string]string{"content-type": "application/json"}, Body: body,
		Status: status, Code: code, Pointer: pointer,
	}
}

// named is what a group of cases sends, by name and in order.
type named []struct{ name, text string }

// each makes a case of every text of the group; body makes the request's body of it.
func (group named) each(prefix string, body func(text string) string, status int, code, pointer string) []Case {
	cases := make([]Case, len(group))
	for i, g := range group {
		cases[i] = post(prefix+": "+g.name, body(g.text), status, code, pointer)
	}
	return cases
}

func whole(text string) string { return text }

// valued is an event with a value of any kind.
func valued(value string) string { return `{"eventType":"demo","a":` + value + `}` }

// quoted is an event with a string, written as it stands between its quotes.
func quoted(text string) string { return valued(`"` + text + `"`) }

// membered is an event with more members.
func membered(members string) string { return `{"eventType":"demo",` + members + `}` }

// typed is an event whose type is any value.
func typed(value string) string { return `{"eventType":` + value + `}` }

// arrays is an event that nests to depth, the object itself included.
func arrays(depth int) string {
	return valued(strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1))
}

// objects is an event that nests to depth, the object itself included.
func objects(depth int) string {
	return valued(strings.Repeat(`{"a":`, depth-2) + "{}" + strings.Repeat("}", depth-2))
}

// sized is an event of so many bytes.
func sized(bytes int) string {
	const frame = len(`{"eventType":"demo","a":""}`)
	return quoted(strings.Repeat("x", bytes-frame))
}
