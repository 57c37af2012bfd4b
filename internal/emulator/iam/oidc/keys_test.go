package oidc

import (
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

// publisher is an issuer on this machine; each of its fields may be wrong.
type publisher struct {
	url, configuration string // configuration is made of url when empty
	keys               atomic.Pointer[jose.JSONWebKeySet]
	asked              atomic.Int32 // for the keys
}

func publish(t *testing.T) (*publisher, *Discovery, *time.Time) {
	t.Helper()
	p := &publisher{}
	first := set()
	p.keys.Store(&first)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/pool/.well-known/openid-configuration":
			if p.configuration == "" {
				p.configuration = `{"issuer":"` + p.url + `","jwks_uri":"` + p.url + `/keys"}`
			}
			_, _ = w.Write([]byte(p.configuration))
		case "/pool/keys":
			p.asked.Add(1)
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

func TestPublished_FindsTheKeysThatTheConfigurationNames(t *testing.T) {
	p, published, _ := publish(t)
	i := Verifier{Issuer: p.url, Audience: []string{"events"}, Keys: published, Now: func() time.Time { return now }}
	claims := good(func(c Claims) { c["iss"] = p.url })
	for range 3 {
		if _, err := i.Verify(t.Context(), sign(t, jose.RS256, "rsa", keys().rsa, claims)); err != nil {
			t.Fatal(err)
		}
	}
	if n := p.asked.Load(); n != 1 {
		t.Errorf("the issuer was asked %d times", n)
	}
}

// An issuer changes its keys now and then; one that made up key ids must not be able to have the issuer asked each time.
func TestPublished_AsksAgainForANewKeyButNotAllTheTime(t *testing.T) {
	p, published, clock := publish(t)
	want := func(id string, known bool, asked int32) {
		t.Helper()
		_, err := published.Key(t.Context(), p.url, id)
		if known != (err == nil) || !known && !errors.Is(err, ErrUnknownKey) || p.asked.Load() != asked {
			t.Errorf("%s: %v after the issuer was asked %d times, want %d", id, err, p.asked.Load(), asked)
		}
	}
	want("rsa", true, 1)
	want("new", false, 1)
	p.keys.Store(&jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: keys().other.Public(), KeyID: "new"}}})
	*clock = clock.Add(refetchedIn)
	want("rsa", true, 1)
	want("new", true, 2)
	want("rsa", false, 2)
	*clock = clock.Add(keptFor)
	want("new", true, 3)
}

func TestPublished_SaysWhatIsWrongWithTheIssuer(t *testing.T) {
	for name, c := range map[string]struct{ configuration, issuer, want string }{
		"no such issuer":    {issuer: "/nobody", want: "HTTP 404"},
		"another's":         {configuration: `{"issuer":"https://evil.example","jwks_uri":"https://evil.example/keys"}`, want: "is another's"},
		"keys by HTTP":      {configuration: `{"issuer":"%","jwks_uri":"http://evil.example/keys"}`, want: "no https URL"},
		"keys in a file":    {configuration: `{"issuer":"%","jwks_uri":"file:///etc/passwd"}`, want: "no https URL"},
		"no keys there":     {configuration: `{"issuer":"%","jwks_uri":"%/none"}`, want: "HTTP 404"},
		"no JSON":           {configuration: `<html>`, want: "invalid character"},
		"keys of no issuer": {configuration: `{"issuer":"%","jwks_uri":"%/.well-known/openid-configuration"}`, want: "no keys"},
	} {
		t.Run(name, func(t *testing.T) {
			p, published, _ := publish(t)
			p.configuration = strings.ReplaceAll(c.configuration, "%", p.url)
			_, err := published.Key(t.Context(), strings.TrimSuffix(p.url, "/pool")+defaulted(c.issuer, "/pool"), "rsa")
			if err == nil || errors.Is(err, ErrUnknownKey) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func defaulted(text, standard string) string {
	if text == "" {
		return standard
	}
	return text
}
