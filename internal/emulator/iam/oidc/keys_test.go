package oidc

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// publisher serves an issuer's configuration and keys on a local port.
type publisher struct {
	url           string
	configuration string // if empty, a valid configuration
	keys          atomic.Pointer[jose.JSONWebKeySet]
	fetches       atomic.Int32 // number of fetches of the keys
}

func startIssuer(t *testing.T) (*publisher, *Discovery, *time.Time) {
	t.Helper()
	p := &publisher{}
	first := publishedKeys()
	p.keys.Store(&first)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/pool/.well-known/openid-configuration":
			if p.configuration == "" {
				p.configuration = `{"issuer":"` + p.url + `","jwks_uri":"` + p.url + `/keys"}`
			}
			_, _ = w.Write([]byte(p.configuration))
		case "/pool/keys":
			p.fetches.Add(1)
			_ = json.NewEncoder(w).Encode(p.keys.Load())
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	p.url = server.URL + "/pool"
	clock := now
	return p, &Discovery{Client: server.Client(), Now: func() time.Time { return clock }}, &clock
}

func TestDiscovery_FetchesTheKeysOnce(t *testing.T) {
	p, discovery, _ := startIssuer(t)
	v := Verifier{
		Issuer: p.url, Audience: []string{"events"}, Keys: discovery,
		Now: func() time.Time { return now },
	}
	claims := validClaims(func(c Claims) { c["iss"] = p.url })
	for range 3 {
		_, err := v.Verify(t.Context(), sign(t, jose.RS256, "rsa", keys().rsa, claims))
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := p.fetches.Load(); n != 1 {
		t.Errorf("the keys were fetched %d times, want once", n)
	}
}

// A client can invent key ids. Discovery must not fetch the keys for each of them.
func TestDiscovery_FetchesAgainForAnUnknownKeyOnceAMinute(t *testing.T) {
	p, discovery, clock := startIssuer(t)
	expect := func(id string, known bool, fetches int32) {
		t.Helper()
		_, err := discovery.Key(t.Context(), p.url, id)
		if known != (err == nil) || !known && !errors.Is(err, ErrUnknownKey) {
			t.Errorf("%s: %v", id, err)
		}
		if got := p.fetches.Load(); got != fetches {
			t.Errorf("%s: the keys were fetched %d times, want %d", id, got, fetches)
		}
	}
	expect("rsa", true, 1)
	expect("new", false, 1)
	p.keys.Store(&jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: keys().other.Public(),
		KeyID: "new"}}})
	*clock = clock.Add(refetchInterval)
	expect("rsa", true, 1)
	expect("new", true, 2)
	expect("rsa", false, 2)
	*clock = clock.Add(cacheTTL)
	expect("new", true, 3)
}

func TestDiscovery_ReportsAMisconfiguredIssuer(t *testing.T) {
	for name, c := range map[string]struct{ configuration, issuer, want string }{
		"no such issuer": {issuer: "/nobody", want: "HTTP 404"},
		"another issuer": {configuration: `{"issuer":"https://evil.example",` +
			`"jwks_uri":"https://evil.example/keys"}`, want: "must be"},
		"keys by HTTP": {configuration: `{"issuer":"%","jwks_uri":"http://evil.example/keys"}`,
			want: "https URL"},
		"keys in a file": {configuration: `{"issuer":"%","jwks_uri":"file:///etc/passwd"}`,
			want: "https URL"},
		"no key document": {configuration: `{"issuer":"%","jwks_uri":"%/none"}`, want: "HTTP 404"},
		"no JSON":         {configuration: `<html>`, want: "invalid character"},
		"no key set": {configuration: `{"issuer":"%",` +
			`"jwks_uri":"%/.well-known/openid-configuration"}`,
			want: "no supported keys"},
	} {
		t.Run(name, func(t *testing.T) {
			p, discovery, _ := startIssuer(t)
			p.configuration = strings.ReplaceAll(c.configuration, "%", p.url)
			issuer := strings.TrimSuffix(p.url, "/pool") + cmp.Or(c.issuer, "/pool")
			_, err := discovery.Key(t.Context(), issuer, "rsa")
			if err == nil || errors.Is(err, ErrUnknownKey) ||
				!strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
