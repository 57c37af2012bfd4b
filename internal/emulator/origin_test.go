package emulator

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCheckOrigin_RejectsRequestsFromWebPages(t *testing.T) {
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for _, c := range []struct {
		host, origin string
		checkOrigin  bool
		status       int
	}{
		{"127.0.0.1:4566", "", true, 200},
		{"localhost:4566", "", true, 200},
		{"[::1]:4566", "", true, 200},
		{"127.0.0.1", "http://localhost:3000", true, 200},
		{"LocalHost:4566", "", true, 200},
		{"localhost.:4566", "", true, 200},
		{"localhost..", "", true, 403},
		{"evil.example", "", true, 403},
		{"127.0.0.1.evil.example:4566", "", false, 403},
		{"10.0.0.1:4566", "", true, 403},
		{"127.0.0.1:4566", "https://evil.example", true, 403},
		{"127.0.0.1:4566", "null", true, 403},
		{"127.0.0.1:8080", "https://app.example", false, 200}, // the API's CORS settings decide
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = c.host
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		hosts := newHosts(Options{}.withDefaults(), func(string) {})
		handler := hosts.check(ok)
		if c.checkOrigin {
			handler = hosts.checkOrigin(ok)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%+v: got %d", c, w.Code)
		}
	}
}

func TestCheckHost_AcceptsTheHostsOfTheOptions(t *testing.T) {
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for _, c := range []struct {
		options Options
		host    string
		status  int
	}{
		{Options{}, "box.tunnel.example", 403},
		{Options{AllowHosts: []string{"box.tunnel.example"}}, "box.tunnel.example", 200},
		{Options{AllowHosts: []string{"box.tunnel.example"}}, "BOX.Tunnel.example:443", 200},
		{Options{AllowHosts: []string{"box.tunnel.example"}}, "box.tunnel.example.:443", 200},
		{Options{AllowHosts: []string{"box.tunnel.example"}}, "evil.tunnel.example", 403},
		{Options{AllowHosts: []string{"box.tunnel.example"}}, "a.box.tunnel.example", 403},
		{Options{AllowHosts: []string{"box.tunnel.example"}}, "10.0.0.1:8080", 403},
		{Options{Listen: "::1"}, "10.0.0.1:8080", 403},
		{Options{Listen: "0.0.0.0"}, "10.0.0.1:8080", 200},
		{Options{Listen: "0.0.0.0"}, "[fe80::1]:8080", 200},
		{Options{Listen: "0.0.0.0"}, "localhost:8080", 200},
		{Options{Listen: "0.0.0.0"}, "evil.example", 403},
	} {
		var rejected []string
		hosts := newHosts(c.options.withDefaults(),
			func(host string) { rejected = append(rejected, host) })
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = c.host
		w := httptest.NewRecorder()
		hosts.check(ok).ServeHTTP(w, r)
		if w.Code != c.status || (len(rejected) == 1) != (c.status == 403) {
			t.Errorf("%+v: got %d, rejected %q", c, w.Code, rejected)
		}
	}
}

func TestPlatform_ListensOnAllAddresses(t *testing.T) {
	p, steps := start(t, func(o *Options) { o.Listen = "0.0.0.0" })
	if !strings.HasPrefix(p.AWS, "http://127.0.0.1:") ||
		!strings.HasPrefix(p.APIs[0].URL, "http://127.0.0.1:") {
		t.Errorf("URLs %s, %s", p.AWS, p.APIs[0].URL)
	}
	post(t, p, `{"eventId":"e-1","eventType":"demo"}`)
	steps.wait(t, "processed", "e-1") // the functions reach AWS's APIs
	r, err := http.NewRequestWithContext(t.Context(), "GET", p.AWS, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "evil.example"
	response, err := http.DefaultClient.Do(r)
	if err != nil || response.StatusCode != http.StatusForbidden {
		t.Fatalf("got %+v, %v", response, err)
	}
	response.Body.Close()
	steps.wait(t, "not answered", "")
}
