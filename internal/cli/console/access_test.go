package console

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAccess_ServesOnlyTheBrowserWithTheToken(t *testing.T) {
	a := newAccess()
	handler := a.check("127.0.0.1:8090", http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	cookie := "console-8090=" + a.session
	tests := map[string]struct {
		method, target, host string
		header               map[string]string
		want                 int
	}{
		"page": {header: map[string]string{"Cookie": cookie}, want: 418},
		"by localhost": {
			host: "localhost:8090", header: map[string]string{"Cookie": cookie}, want: 418,
		},
		"without cookie":       {want: 401},
		"asset without cookie": {target: "/-/style.css", want: 418},
		"wrong cookie":         {header: map[string]string{"Cookie": "console-8090=x"}, want: 401},
		"other port's cookie": {
			header: map[string]string{"Cookie": "console-8091=" + a.session}, want: 401,
		},
		"token": {target: "/p/events?token=" + a.token, want: 200},
		"wrong token": {
			target: "/?token=x", header: map[string]string{"Cookie": cookie}, want: 401,
		},
		"rebound name": {
			host: "evil.example:8090", header: map[string]string{"Cookie": cookie}, want: 403,
		},
		"other port": {
			host: "127.0.0.1:80", header: map[string]string{"Cookie": cookie}, want: 403,
		},
		"other origin": {
			header: map[string]string{"Cookie": cookie, "Origin": "http://127.0.0.1:9999"},
			want:   403,
		},
		"null origin": {
			header: map[string]string{"Cookie": cookie, "Origin": "null"}, want: 403,
		},
		"subresource of another site": {
			header: map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "cross-site"}, want: 403,
		},
		"link on another site": {
			header: map[string]string{
				"Cookie": cookie, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate",
			}, want: 418,
		},
		"form of another site": {
			method: "POST", header: map[string]string{
				"Cookie": cookie, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate",
				changeHeader: a.change,
			}, want: 403,
		},
		"change": {
			method: "POST", header: map[string]string{"Cookie": cookie, changeHeader: a.change},
			want: 418,
		},
		"change without header": {
			method: "POST", header: map[string]string{"Cookie": cookie}, want: 403,
		},
		"change without cookie": {
			method: "POST", header: map[string]string{changeHeader: a.change}, want: 401,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target, method := test.target, test.method
			if target == "" {
				target = "/p/"
			}
			r := httptest.NewRequest(method, target, nil)
			if r.Host = "127.0.0.1:8090"; test.host != "" {
				r.Host = test.host
			}
			for name, value := range test.header {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != test.want {
				t.Errorf("got %d, want %d", w.Code, test.want)
			}
			if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "'self'") ||
				strings.Contains(csp, "unsafe") {
				t.Errorf("Content-Security-Policy %q", csp)
			}
		})
	}
}

func TestAccess_ExchangesTheTokenForAStrictCookie(t *testing.T) {
	a := newAccess()
	r := httptest.NewRequest("GET", "/p/events?token="+a.token, nil)
	r.Host = "127.0.0.1:8090"
	w := httptest.NewRecorder()
	a.check("127.0.0.1:8090", http.NotFoundHandler()).ServeHTTP(w, r)
	cookies := w.Result().Cookies()
	if len(cookies) != 1 || cookies[0].Value != a.session || !cookies[0].HttpOnly ||
		cookies[0].SameSite != http.SameSiteStrictMode {
		t.Errorf("cookies %v", cookies)
	}
	if refresh := w.Header().Get("Refresh"); refresh != "0; url=/p/events" {
		t.Errorf("Refresh %q", refresh)
	}
	if a.session == a.token || a.change == a.session {
		t.Error("the three secrets must differ")
	}
}
