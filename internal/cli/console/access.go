package console

import (
	"crypto/subtle"
	"net"
	"net/http"
	"slices"
	"strings"
)

// access decides which requests the console serves. The console's URL contains a secret token. Only
// a browser that opened this URL has access.
type access struct {
	token   string // part of the URL that the command prints
	session string // the value of the cookie that a browser gets for the token
	change  string // the value of changeHeader
}

func newAccess() access {
	return access{token: newToken(), session: newToken(), change: newToken()}
}

// changeHeader names a request header. A request that changes data must send access.change in it.
const changeHeader = "X-Console-Token"

// policy is the content security policy. The page may run only scripts that the console serves.
const policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
	"object-src 'none'"

// check returns a handler that calls next only for permitted requests. address is the loopback
// address of the listener.
func (a access) check(address string, next http.Handler) http.Handler {
	_, port, _ := net.SplitHostPort(address)
	hosts := []string{"127.0.0.1:" + port, "localhost:" + port, "[::1]:" + port}
	cookieName := "console-" + port // browsers send a cookie to all ports of a host
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setSecurityHeaders(w.Header())
		if !slices.Contains(hosts, strings.ToLower(r.Host)) {
			reject(w, r, http.StatusForbidden, plainPage{
				"This is not the console's address",
				"The console answers only at " + hosts[0] + " and " + hosts[1] + ".",
				"http://" + hosts[0] + "/", "Open the console",
			})
			return
		}
		if !sameOrigin(r) {
			reject(w, r, http.StatusForbidden, plainPage{
				"The console rejects requests of other web sites",
				"If you wanted to open the console, open it yourself.", "/", "Open the console",
			})
			return
		}
		if token := r.URL.Query().Get("token"); r.Method == http.MethodGet && token != "" {
			a.exchangeToken(w, r, cookieName, token)
			return
		}
		isAsset := strings.HasPrefix(r.URL.Path, "/-/") // the page uses the style sheet
		cookie, err := r.Cookie(cookieName)
		if !isAsset && (err != nil || !equal(cookie.Value, a.session)) {
			reject(w, r, http.StatusUnauthorized, plainPage{
				"Open the console with its URL",
				"This browser has no session. Open the URL that the command printed. " +
					"It contains a token, which changes at each start.",
				"/", "Try again",
			})
			return
		}
		if !isRead(r) && !equal(r.Header.Get(changeHeader), a.change) {
			reject(w, r, http.StatusForbidden, plainPage{
				Title: "The page is from an earlier start of the console",
				Text:  "Load the page again.",
			})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// exchangeToken sets the session cookie if the token is right. Then the browser loads the page
// again without the token. exchangeToken uses the header Refresh, because browsers can omit a
// SameSite=Strict cookie after a redirect.
func (a access) exchangeToken(w http.ResponseWriter, r *http.Request, cookieName, token string) {
	if !equal(token, a.token) {
		writePlainPage(w, http.StatusUnauthorized, plainPage{
			"This URL is from an earlier start",
			"The token in the URL is not valid. Open the URL that the command printed last.",
			"/", "Open the console",
		})
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: a.session, Path: "/",
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	path := "/" + strings.TrimLeft(r.URL.EscapedPath(), "/")
	w.Header().Set("Refresh", "0; url="+path)
	writePlainPage(w, http.StatusOK, plainPage{"Opening the console …", "", path, "Open now"})
}

// sameOrigin reports whether a page of the console sent the request, or the user opened the URL of
// a page. It also returns true for a request without Origin and Sec-Fetch-Site, for example from
// curl.
func sameOrigin(r *http.Request) bool {
	origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
	if origin != "" && !strings.EqualFold(origin, "http://"+r.Host) {
		return false
	}
	isNavigation := r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate"
	return site == "" || site == "same-origin" || site == "none" || isNavigation
}

func setSecurityHeaders(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
