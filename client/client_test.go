package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
)

func TestNew_RejectsInvalidURLs(t *testing.T) {
	for _, address := range []string{"", "localhost:8080", "ftp://host", "://", "/events"} {
		if _, err := client.New(address, client.Options{}); err == nil {
			t.Errorf("%q was accepted", address)
		}
	}
}

func staticToken(text string) client.TokenSource {
	return func(context.Context) (string, error) { return text, nil }
}

func TestNew_RequiresHTTPSForATokenUnlessLocal(t *testing.T) {
	for address, accepted := range map[string]bool{
		"http://events.example.org": false, "http://192.0.2.1:8080": false,
		"https://events.example.org": true,
		"http://127.0.0.1:8080":      true, "http://localhost:8080": true,
		"http://[::1]:8080": true,
	} {
		_, err := client.New(address, client.Options{Token: staticToken("secret")})
		if (err == nil) != accepted {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestNew_RequiresOneAuthorization(t *testing.T) {
	keys := credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "")
	for _, o := range []client.Options{
		{Credentials: keys}, {Credentials: keys, Region: "eu-west-1", Token: staticToken("secret")},
	} {
		if _, err := client.New("https://events.example.org", o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

func TestClient_SignsRequests(t *testing.T) {
	keys := credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "session")
	for _, test := range []struct{ url, region, want string }{
		{"http://pipeline.test", "eu-west-1", "eu-west-1"},
		{"https://abc123.execute-api.us-west-2.amazonaws.com/", "", "us-west-2"},
		{"https://abc123.execute-api.cn-north-1.amazonaws.com.cn", "eu-west-1", "cn-north-1"},
		{"https://abc123.execute-api.eusc-de-east-1.amazonaws.eu", "", "eusc-de-east-1"},
		{"https://abc123.execute-api.us-iso-east-1.c2s.ic.gov", "", "us-iso-east-1"},
	} {
		var a api
		c, err := client.New(test.url, client.Options{
			Credentials: keys, Region: test.region, Gzip: true,
			HTTPClient: &http.Client{Transport: direct{&a}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Send(t.Context(), event); err != nil {
			t.Fatal(err)
		}
		header := a.requests[0].Header
		signature := header.Get("Authorization")
		if !strings.HasPrefix(signature, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") ||
			!strings.Contains(signature, "/"+test.want+"/execute-api/") ||
			header.Get("X-Amz-Security-Token") != "session" {
			t.Errorf("%s: the headers are %v", test.url, header)
		}
	}
}

func TestClient_GetsATokenForEachAttempt(t *testing.T) {
	tokens := []string{"first", "second"}
	next := func(context.Context) (string, error) {
		defer func() { tokens = tokens[1:] }()
		return tokens[0], nil
	}
	a := &api{fault: func(attempt int, w http.ResponseWriter, _ *http.Request) bool {
		if attempt == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return attempt == 1
	}}
	c := newClient(t, a, client.Options{Token: next})
	if _, err := c.Send(t.Context(), event); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range a.requests {
		got = append(got, r.Header.Get("Authorization"))
	}
	if !slices.Equal(got, []string{"Bearer first", "Bearer second"}) {
		t.Errorf("Authorization was %q", got)
	}
}

func TestClient_SendsNothingWithoutAToken(t *testing.T) {
	var a api
	failure := errors.New("no network")
	c := newClient(t, &a, client.Options{
		Token: func(context.Context) (string, error) { return "", failure },
	})
	_, err := c.Send(t.Context(), event)
	var sendError *client.SendError
	if !errors.Is(err, failure) || !errors.As(err, &sendError) || sendError.Attempts != 1 ||
		sendError.MayBeAccepted || a.attempts > 0 {
		t.Errorf("got %v after %d requests", err, a.attempts)
	}
}

func TestClient_DoesNotFollowRedirects(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the redirect was followed")
	}))
	defer other.Close()
	redirect := http.RedirectHandler(other.URL, http.StatusTemporaryRedirect)
	for _, base := range []*http.Client{nil, new(http.Client)} {
		c := newClient(t, redirect, client.Options{Token: staticToken("secret"), HTTPClient: base})
		if _, err := c.Send(t.Context(), event); err == nil {
			t.Error("no error")
		}
		if base != nil && base.CheckRedirect != nil {
			t.Error("the caller's http.Client was changed")
		}
	}
}

func TestClient_KeepsConnections(t *testing.T) {
	connections := make(map[string]bool)
	var a api
	count := func(w http.ResponseWriter, r *http.Request) {
		connections[r.RemoteAddr] = true
		a.ServeHTTP(w, r)
	}
	c := newClient(t, http.HandlerFunc(count), client.Options{})
	for range 5 {
		if _, err := c.Send(t.Context(), event); err != nil {
			t.Fatal(err)
		}
	}
	if len(connections) != 1 {
		t.Errorf("5 requests used %d connections", len(connections))
	}
}

func TestPing_CallsHealth(t *testing.T) {
	for _, status := range []int{http.StatusOK, http.StatusServiceUnavailable} {
		requests := 0
		health := func(w http.ResponseWriter, r *http.Request) {
			requests++
			if r.Method != http.MethodGet || r.URL.Path != "/v1/health" {
				t.Errorf("got %s %s", r.Method, r.URL)
			}
			w.WriteHeader(status)
		}
		server := httptest.NewServer(http.HandlerFunc(health))
		defer server.Close()
		c, err := client.New(server.URL+"/v1", client.Options{})
		if err != nil {
			t.Fatal(err)
		}
		err = c.Ping(t.Context())
		if (err == nil) != (status == http.StatusOK) || requests != 1 {
			t.Errorf("status %d: got %v after %d requests", status, err, requests)
		}
	}
}
