package emulator

import (
	"net/http"
	"net/http/httptest"
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
		handler := checkHost(ok)
		if c.checkOrigin {
			handler = checkOrigin(ok)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%+v: got %d", c, w.Code)
		}
	}
}
