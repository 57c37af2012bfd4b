package console

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// newWorld's AWS services return an error for every call.
func TestProblems_HaveTheLayoutAndALinkHome(t *testing.T) {
	w := newWorld(t, Options{Local: true})
	for path, want := range map[string]int{
		"/favicon.ico": 404, "/Orders/x": 404, "/Other/": 404, "/Orders/deadletters/x": 404,
		"/Orders/refused/7": 404, "/Orders/events/x": 400, "/Orders/events/x/payload.json": 400,
		"/Orders/events/" + eventID(1): 502, "/Orders/events/" + eventID(1) + "/x": 502,
		"/Orders/deadletters/redrive?typo=1": 400, "/Orders/deadletters/redrive?type=demo": 502,
	} {
		status, html := w.get(t, path)
		if status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
		for _, part := range []string{
			"<nav aria-label=\"Pages\">", `href="/Orders/">Overview</a>`, `<section id="error"`,
		} {
			if !strings.Contains(html, part) {
				t.Errorf("%s lacks %s: %s", path, part, html)
			}
		}
	}
	recorder := httptest.NewRecorder()
	w.handler.ServeHTTP(recorder, httptest.NewRequest("POST", "/Orders/x", nil))
	if recorder.Code != http.StatusNotFound ||
		!strings.Contains(recorder.Body.String(), `{"error":`) {
		t.Errorf("an unknown action: %d %s", recorder.Code, recorder.Body)
	}
}

func TestNotices_HaveALink(t *testing.T) {
	a := newAccess()
	handler := a.check("127.0.0.1:8090", New(Options{}).handler())
	for name, test := range map[string]struct {
		method, host, target string
		cookie               bool
		want                 int
		text                 string
	}{
		"starting": {cookie: true, want: 503, text: `href="/p/">Try again</a>`},
		"rebound name": {
			host: "evil.example:8090", want: 403, text: `href="http://127.0.0.1:8090/"`,
		},
		"no session": {want: 401, text: `href="/">Try again</a>`},
		"old URL":    {target: "/?token=x", want: 401, text: `href="/">Open the console</a>`},
		"change": {
			method: "POST", want: 401, text: `{"error":"Open the console with its URL.`,
		},
		"change, no key": {
			method: "POST", cookie: true, want: 403, text: `Load the page again."}`,
		},
	} {
		target, method := test.target, test.method
		if target == "" {
			target = "/p/"
		}
		r := httptest.NewRequest(method, target, nil)
		if r.Host = test.host; r.Host == "" {
			r.Host = "127.0.0.1:8090"
		}
		if test.cookie {
			r.AddCookie(&http.Cookie{Name: "console-8090", Value: a.session})
		}
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, r)
		if body := recorder.Body.String(); recorder.Code != test.want ||
			!strings.Contains(body, test.text) {
			t.Errorf("%s: %d %s", name, recorder.Code, body)
		}
	}
}
