package webhook

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestVerify_AcceptsTheFixtures(t *testing.T) {
	for _, f := range fixtures {
		if err := f.verify(f.headers, f.body); err != nil {
			t.Errorf("%s: %v", f.name, err)
		}
		if got := f.source.EventType(f.headers, NewPayload([]byte(f.body))); got != f.wantType {
			t.Errorf("%s: got the type %q, want %q", f.name, got, f.wantType)
		}
		got := f.source.DeliveryKey(f.headers, NewPayload([]byte(f.body)))
		if f.wantID != "" && got != f.wantID {
			t.Errorf("%s: got the key %q, want %q", f.name, got, f.wantID)
		}
	}
}

// wantRejected checks that a request is rejected because of its headers or its body.
func (f fixture) wantRejected(t *testing.T, what string, headers map[string]string, body string) {
	t.Helper()
	var rejection *Rejection
	if err := f.verify(headers, body); !errors.As(err, &rejection) {
		t.Errorf("%s, %s: got %v, want a rejection", f.name, what, err)
	}
}

func TestVerify_RejectsEveryChangedByte(t *testing.T) {
	for _, f := range fixtures {
		for i := range f.body {
			for _, flip := range []byte{1, 0x20, 0x80} {
				f.wantRejected(t, "a changed body", f.headers, flipByte(f.body, i, flip))
			}
		}
		f.wantRejected(t, "an empty body", f.headers, "")
		f.wantRejected(t, "a longer body", f.headers, f.body+"\n")
		for _, name := range f.signatures {
			value := f.headers[name]
			for i := range value {
				for _, flip := range []byte{1, 0x20, 0x80} {
					f.wantRejected(t, name, f.withHeader(name, flipByte(value, i, flip)), f.body)
				}
				shorter := f.withHeader(name, value[:i]+value[i+1:])
				f.wantRejected(t, name+" without a byte", shorter, f.body)
			}
		}
	}
}

func flipByte(text string, i int, flip byte) string {
	bytes := []byte(text)
	bytes[i] ^= flip
	return string(bytes)
}

func TestVerify_RejectsMalformedHeaders(t *testing.T) {
	for _, f := range fixtures {
		for _, name := range f.signatures {
			value := f.headers[name]
			without := f.withHeader(name, "")
			delete(without, name)
			f.wantRejected(t, "missing "+name, without, f.body)
			for _, value := range []string{
				"", " ", ",", "=", "v1,", "v1=", "t=", "sha256=", "v0=", "\x00", "é", "v1,v1,v1",
				value + "," + value, value + ", " + value, value + " ", " " + value, value + "\n",
				value + "=", strings.ToUpper(value) + "x", "0" + value, "+" + value,
				strings.Repeat("9", 400), strings.Repeat(value+",", 1000), "-1", "1e9", "NaN",
				"9223372036854775808", "t=1,t=2,v1=00", strings.Repeat("v1,AA== ", 100),
			} {
				f.wantRejected(t, name+" is "+value, f.withHeader(name, value), f.body)
			}
		}
	}
}

func TestVerify_RejectsOldAndFutureTimestamps(t *testing.T) {
	for _, f := range fixtures {
		for _, c := range []struct {
			offset time.Duration
			ok     bool
		}{
			{-5 * time.Minute, true}, {-5*time.Minute - time.Second, !f.oldFails},
			{5 * time.Minute, true}, {5*time.Minute + time.Second, !f.oldFails},
			{24 * 365 * time.Hour, !f.oldFails},
		} {
			err := f.source.Verify(f.headers, []byte(f.body), []string{f.secret},
				f.at.Add(c.offset))
			if (err == nil) != c.ok {
				t.Errorf("%s %s later: got %v", f.name, c.offset, err)
			}
		}
	}
}

func TestVerify_AcceptsEitherSecretAndNoOther(t *testing.T) {
	other := "whsec_b3RoZXIgc2VjcmV0" // usable by every scheme
	for _, f := range fixtures {
		for _, c := range []struct {
			secrets []string
			want    error
		}{
			{[]string{f.secret, other}, nil},
			{[]string{other, f.secret}, nil},
			{[]string{"", f.secret}, nil},
			{[]string{"\n" + f.secret + " \n"}, nil},
			{[]string{other}, ErrMismatch},
			{[]string{other, ""}, ErrMismatch},
			{[]string{f.secret + "x", other}, ErrMismatch},
			{[]string{""}, ErrUnusable},
			{[]string{" \n"}, ErrUnusable},
			{nil, ErrDeleted},
			{[]string{`{"secret":"` + f.secret + `"}`}, ErrUnusable},
			{[]string{`"` + f.secret + `"`, `["` + f.secret + `"]`}, ErrUnusable},
			{[]string{`{"secret":"x"}`, f.secret}, nil},
		} {
			err := f.source.Verify(f.headers, []byte(f.body), c.secrets, f.at)
			if !errors.Is(err, c.want) {
				t.Errorf("%s with %q: got %v, want %v", f.name, c.secrets, err, c.want)
			}
		}
	}
}

// A signature with an empty key must never be valid, although HMAC accepts an empty key.
func TestVerify_RejectsASignatureWithAnEmptyKey(t *testing.T) {
	for _, f := range fixtures {
		d := Delivery{Type: "push", ID: "1", At: f.at, Body: []byte(f.body)}
		headers := f.source.scheme().sign(nil, d)
		for _, secrets := range [][]string{{""}, {f.secret}, {SecretPrefix}, {"", f.secret}} {
			if f.source.Verify(headers, d.Body, secrets, f.at) == nil {
				t.Errorf("%s with %q: the request was accepted", f.name, secrets)
			}
		}
	}
}

func TestSign_ResultsInTheFixtures(t *testing.T) {
	for _, f := range fixtures {
		id := "72d3162e-cc78-11e3-81ab-4c9367dc0958"
		if f.source.Scheme == Standard {
			id = f.headers["webhook-id"]
		}
		got, err := f.source.Sign(f.secret, Delivery{
			Type: "push", ID: id, At: f.at, Body: []byte(f.body),
		})
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
		}
		for _, name := range f.signatures {
			if got[name] != f.headers[name] {
				t.Errorf("%s: got %s: %q, want %q", f.name, name, got[name], f.headers[name])
			}
		}
	}
}

func TestStripe_AcceptsOneOfSeveralSignatures(t *testing.T) {
	f := fixtures[3]
	timestamp, sum, _ := strings.Cut(f.headers[stripeHeader], ",")
	other := "v1=" + strings.Repeat("0", 64)
	for _, value := range []string{
		timestamp + "," + other + "," + sum,
		timestamp + ",v0=abc," + sum + "," + other,
		sum + "," + timestamp,
	} {
		if err := f.verify(f.withHeader(stripeHeader, value), f.body); err != nil {
			t.Errorf("%s: %v", value, err)
		}
	}
}

func TestStandard_AcceptsListsAndTheNamesOfSvix(t *testing.T) {
	f := fixtures[2]
	valid := f.headers["webhook-signature"]
	other := "v1," + strings.Repeat("A", 43) + "="
	for _, value := range []string{
		other + " " + valid, valid + " v1a,ed25519", "v2,x " + valid + " " + other,
	} {
		if err := f.verify(f.withHeader("webhook-signature", value), f.body); err != nil {
			t.Errorf("%s: %v", value, err)
		}
	}
	svix := map[string]string{}
	for name, value := range f.headers {
		svix[strings.Replace(name, "webhook-", "svix-", 1)] = value
	}
	if err := f.verify(svix, f.body); err != nil {
		t.Error(err)
	}
	if got := f.source.DeliveryKey(svix, NewPayload([]byte(f.body))); got != f.wantID {
		t.Errorf("got the key %q", got)
	}
	svix["webhook-signature"] = other // the standard's own headers take precedence
	f.wantRejected(t, "mixed names", svix, f.body)
	delete(svix, "webhook-signature")
	svix["webhook-id"] = "msg_other" // must not replace the signed id
	if got := f.source.DeliveryKey(svix, NewPayload([]byte(f.body))); got != f.wantID {
		t.Errorf("got the key %q of a header that is not signed", got)
	}
}
