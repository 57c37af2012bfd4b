package sigv4

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

var now = time.Date(2026, 11, 23, 7, 30, 0, 0, time.UTC)

func verifier() Verifier {
	return Verifier{
		Service: "execute-api", Region: "us-east-1",
		Secrets: map[string]string{"local": "local", "anna": "annas"},
		Now:     func() time.Time { return now },
	}
}

// signing holds the parameters of a signature. The zero value makes a valid signature.
type signing struct {
	key, secret, service, region string
	time                         time.Time
	query                        bool
}

func (s signing) sign(t *testing.T, r *http.Request, body string) {
	t.Helper()
	s.key, s.secret = cmp.Or(s.key, "local"), cmp.Or(s.secret, "local")
	s.service, s.region = cmp.Or(s.service, "execute-api"), cmp.Or(s.region, "us-east-1")
	s.time = cmp.Or(s.time, now)
	credentials := aws.Credentials{AccessKeyID: s.key, SecretAccessKey: s.secret}
	sum := sha256.Sum256([]byte(body))
	hash, signer, ctx := hex.EncodeToString(sum[:]), v4.NewSigner(), t.Context()
	if !s.query {
		err := signer.SignHTTP(ctx, credentials, r, hash, s.service, s.region, s.time)
		if err != nil {
			t.Fatal(err)
		}
		r.RequestURI = r.URL.RequestURI()
		return
	}
	query := r.URL.Query()
	query.Set("X-Amz-Expires", "3600")
	r.URL.RawQuery = query.Encode()
	signed, _, err := signer.PresignHTTP(ctx, credentials, r, hash, s.service, s.region, s.time)
	if err != nil {
		t.Fatal(err)
	}
	if r.URL, err = url.Parse(signed); err != nil {
		t.Fatal(err)
	}
	r.RequestURI = r.URL.RequestURI()
}

const body = `{"eventType":"demo"}`

func newRequest(target, body string) *http.Request {
	r := httptest.NewRequest("POST", target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func TestVerifier_AcceptsValidSignatures(t *testing.T) {
	for _, inQuery := range []bool{false, true} {
		for _, target := range []string{
			"/", "/events", "/v1/events", "/events/a%20b", "/events/a%2Fb",
			"/events?b=2&a=1&a=0&c=%2B+%20",
		} {
			for _, body := range []string{body, ""} {
				r := newRequest(target, body)
				signing{key: "anna", secret: "annas", query: inQuery}.sign(t, r, body)
				if key, err := verifier().Verify(r, []byte(body)); key != "anna" || err != nil {
					t.Errorf("%s, in the query %t: got %q, %v", target, inQuery, key, err)
				}
			}
		}
	}
}

func TestVerifier_AcceptsTheExampleOfTheAWSDocumentation(t *testing.T) {
	r := httptest.NewRequest("GET", "/?Action=ListUsers&Version=2010-05-08", nil)
	r.Host = "iam.amazonaws.com"
	r.Header = http.Header{
		"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"},
		"X-Amz-Date":   {"20150830T123600Z"},
		"Authorization": {"AWS4-HMAC-SHA256 " +
			"Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, " +
			"SignedHeaders=content-type;host;x-amz-date, " +
			"Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"},
	}
	v := Verifier{
		Service: "iam", Region: "us-east-1",
		Secrets: map[string]string{"AKIDEXAMPLE": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"},
		Now:     func() time.Time { return time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC) },
	}
	if key, err := v.Verify(r, nil); key != "AKIDEXAMPLE" || err != nil {
		t.Errorf("got %q, %v", key, err)
	}
}

// A proxy can add headers after the client has signed the request.
func TestVerifier_AcceptsUnsignedHeaders(t *testing.T) {
	r := newRequest("/events", body)
	signing{}.sign(t, r, body)
	r.Header.Set("X-Forwarded-For", "192.0.2.1")
	r.Header.Set("User-Agent", "test/1")
	if _, err := verifier().Verify(r, []byte(body)); err != nil {
		t.Error(err)
	}
}

func TestVerifier_RejectsAttacks(t *testing.T) {
	type attack struct {
		signing signing
		change  func(r *http.Request) // applied after signing
		body    string                // received body; if empty, the signed body
		want    string
	}
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	edit := func(old, new string) func(*http.Request) {
		return func(r *http.Request) {
			for i, value := range r.Header["Authorization"] {
				r.Header["Authorization"][i] = strings.Replace(value, old, new, 1)
			}
			r.RequestURI = strings.Replace(r.RequestURI, old, new, 1)
		}
	}
	const mismatch = "the signature does not match"
	for name, a := range map[string]attack{
		"no signature": {change: func(r *http.Request) {
			r.Header.Del("Authorization")
		}, want: "not signed"},
		"a bearer token": {change: set("Authorization", "Bearer x"),
			want: "must begin with AWS4-HMAC-SHA256"},
		"another secret": {signing: signing{secret: "guess"}, want: mismatch},
		"an unknown key": {signing: signing{key: "mallory"}, want: "unknown access key"},
		"key of another user": {change: edit("Credential=local/", "Credential=anna/"),
			want: mismatch},
		"another service": {signing: signing{service: "s3"}, want: "must be for region"},
		"another region": {signing: signing{region: "eu-west-1"},
			want: "must be for region"},
		"altered body": {body: `{"eventType":"evil"}`, want: mismatch},
		"altered path": {change: func(r *http.Request) {
			r.RequestURI = "/events/1"
		}, want: mismatch},
		"altered encoding": {change: func(r *http.Request) {
			r.RequestURI = "/%65vents?q=1"
		}, want: mismatch},
		"altered query": {change: func(r *http.Request) {
			r.RequestURI = "/events?q=2"
		}, want: mismatch},
		"more query": {change: func(r *http.Request) {
			r.RequestURI += "&admin=1"
		}, want: mismatch},
		"malformed query": {change: func(r *http.Request) {
			r.RequestURI += "&admin;=1"
		}, want: "malformed query"},
		"altered method": {change: func(r *http.Request) {
			r.Method = "PUT"
		}, want: mismatch},
		"altered host": {change: func(r *http.Request) {
			r.Host = "evil.example"
		}, want: mismatch},
		"altered header": {change: set("Content-Type", "text/plain"), want: mismatch},
		"header removed": {change: func(r *http.Request) {
			r.Header.Del("Content-Type")
		}, want: "a header that the request does not have"},
		"header added twice": {change: func(r *http.Request) {
			r.Header.Add("Content-Type", "text/plain")
		}, want: mismatch},
		"unsigned amz header": {change: set("X-Amz-Target", "evil"),
			want: "must cover every x-amz- header"},
		"sent again later": {signing: signing{time: now.Add(-maxSkew - time.Second)},
			want: "expired"},
		"future time": {signing: signing{time: now.Add(maxSkew + time.Second)},
			want: "in the future"},
		"new date": {signing: signing{time: now.Add(-time.Hour)},
			change: set("X-Amz-Date", now.Format(timeFormat)), want: mismatch},
		"date of another day": {change: edit("20261123", "20261122"), want: "the same date"},
		"two dates": {change: func(r *http.Request) {
			r.Header.Add("X-Amz-Date", now.Format(timeFormat))
		}, want: "one header x-amz-date"},
		"no date": {change: func(r *http.Request) {
			r.Header.Del("X-Amz-Date")
		}, want: "one header x-amz-date"},
		"malformed date":    {change: set("X-Amz-Date", "today"), want: "must have the form"},
		"host not signed":   {change: edit("host;", ""), want: "must cover the header host"},
		"header not signed": {change: edit("content-type;", ""), want: mismatch},
		"unsignable header": {change: edit("content-type;", "content-type;user-agent;"),
			want: "must not cover the header user-agent"},
		"two signatures": {change: func(r *http.Request) {
			r.Header.Add("Authorization", r.Header.Get("Authorization"))
		}, want: "got several"},
		"header and query": {change: func(r *http.Request) {
			r.RequestURI += "&X-Amz-Signature=00"
		}, want: "got several"},
		"malformed scope": {change: edit("/aws4_request", ""), want: "malformed"},
		"empty signature": {change: set("Authorization",
			algorithm+" Credential=local/20261123/us-east-1/execute-api/aws4_request, "+
				"SignedHeaders=host, Signature="), want: "malformed"},
		"session token":         {change: set("X-Amz-Security-Token", "x"), want: "session token"},
		"query: another secret": {signing: signing{query: true, secret: "guess"}, want: mismatch},
		"query: altered body":   {signing: signing{query: true}, body: "{}", want: mismatch},
		"query: altered path": {signing: signing{query: true}, change: edit("/events", "/health"),
			want: mismatch},
		"query: expired": {signing: signing{query: true, time: now.Add(-3601 * time.Second)},
			want: "expired"},
		"query: extended": {signing: signing{query: true,
			time: now.Add(-3601 * time.Second)}, change: edit("Expires=3600", "Expires=7200"),
			want: mismatch},
		"query: too long": {signing: signing{query: true},
			change: edit("Expires=3600", "Expires=604801"), want: "X-Amz-Expires"},
		"query: expires twice": {signing: signing{query: true}, change: func(r *http.Request) {
			r.RequestURI += "&X-Amz-Expires=7200"
		}, want: "one parameter X-Amz-Expires"},
		"query: algorithm": {signing: signing{query: true}, change: edit(algorithm, "NONE"),
			want: "X-Amz-Algorithm"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRequest("/events?q=1", body)
			a.signing.sign(t, r, body)
			if a.change != nil {
				a.change(r)
			}
			if a.body == "" {
				a.body = body
			}
			key, err := verifier().Verify(r, []byte(a.body))
			if err == nil || key != "" || !strings.Contains(err.Error(), a.want) {
				t.Errorf("got %q, %v; want %q", key, err, a.want)
			}
		})
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=local/20261123/us-east-1/execute-api/aws4_request, "+
		"SignedHeaders=host, Signature=00", "/?a=b", "20261123T073000Z")
	f.Add("",
		"/?X-Amz-Signature=0&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=local"+
			"&X-Amz-Date=&X-Amz-Expires=1&X-Amz-SignedHeaders=host", "")
	f.Fuzz(func(t *testing.T, authorization, target, date string) {
		r := &http.Request{
			Method: "GET", Host: "localhost", RequestURI: target, URL: &url.URL{},
			Header: http.Header{}, Body: http.NoBody,
		}
		if authorization != "" {
			r.Header["Authorization"] = []string{authorization}
		}
		r.Header["X-Amz-Date"] = []string{date}
		if key, err := verifier().Verify(r, bytes.Clone(nil)); err == nil {
			t.Errorf("%q signed %q %q at %q", key, authorization, target, date)
		}
	})
}
