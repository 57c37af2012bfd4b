package emulator

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// checkHost rejects requests to a name that a web page made resolve to this machine (DNS
// rebinding).
func checkHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.Host) {
			const message = "the local platform answers to 127.0.0.1 and localhost only"
			http.Error(w, message, http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// checkOrigin rejects requests of another site's script, in addition to what checkHost rejects.
// AWS's APIs have no other defence on this machine.
func checkOrigin(next http.Handler) http.Handler {
	return checkHost(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" {
			if from, err := url.Parse(origin); err != nil || !isLoopback(from.Host) {
				const message = "the local platform takes no requests of other sites"
				http.Error(w, message, http.StatusForbidden)
				return
			}
		}
		next.ServeHTTP(w, r)
	}))
}

// isLoopback reports whether a host, with or without a port, can only be this machine.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
