package emulator

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// guard refuses what a web page could make a browser send: requests to a name that was made to lead here (DNS
// rebinding), and ones that another site's script sends to AWS's APIs, which have no other defence on this machine.
func guard(next http.Handler, checkOrigin bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.Host) {
			http.Error(w, "the local platform answers to 127.0.0.1 and localhost only", http.StatusForbidden)
			return
		}
		if origin := r.Header.Get("Origin"); checkOrigin && origin != "" {
			if from, err := url.Parse(origin); err != nil || !isLoopback(from.Host) {
				http.Error(w, "the local platform takes no requests of other sites", http.StatusForbidden)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// isLoopback tells whether a host, with or without a port, can only be this machine.
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
