package webhook

import (
	"testing"
	"time"
)

// FuzzVerify changes the headers and the body of signed requests. Verify must accept only the
// fixture's headers and body.
func FuzzVerify(f *testing.F) {
	for i, fixture := range fixtures {
		values := make([]string, 3)
		for j, name := range fixture.signatures {
			values[j] = fixture.headers[name]
		}
		f.Add(i, values[0], values[1], values[2], []byte(fixture.body), int64(0))
		f.Add(i, values[0]+","+values[0], "9999999999999", "", []byte{0xff}, int64(1))
	}
	f.Fuzz(func(t *testing.T, i int, a, b, c string, body []byte, now int64) {
		x := fixtures[uint(i)%uint(len(fixtures))]
		headers, same := map[string]string{}, string(body) == x.body
		for j, name := range x.signatures {
			headers[name] = []string{a, b, c}[j]
			same = same && headers[name] == x.headers[name]
		}
		at := x.at
		if !at.IsZero() {
			at = time.Unix(now, 0)
		}
		if err := x.source.Verify(headers, body, []string{x.secret}, at); err == nil && !same {
			t.Errorf("%s: %q with the body %q was accepted", x.name, headers, body)
		}
	})
}

// FuzzIdentity checks that every payload has a delivery key, and that no type is too long.
func FuzzIdentity(f *testing.F) {
	for _, fixture := range fixtures {
		f.Add([]byte(fixture.body), "push")
	}
	f.Add([]byte(`{"payload":"{\"type\":7}","event":{"type":[]}}`), "a/b")
	f.Fuzz(func(t *testing.T, body []byte, name string) {
		payload := NewPayload(body)
		for _, x := range fixtures {
			headers := map[string]string{"x-github-event": name, "x-shopify-topic": name}
			if got := x.source.EventType(headers, payload); len(got) > maxTypeLength {
				t.Errorf("got the type %q", got)
			}
			if x.source.DeliveryKey(headers, payload) == "" {
				t.Error("got no key")
			}
			x.source.Challenge(payload)
		}
	})
}
