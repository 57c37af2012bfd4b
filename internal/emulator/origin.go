package emulator

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// hosts checks the Host headers of requests.
type hosts struct {
	names     []string          // accepted in addition to the names of this machine
	addresses bool              // whether every IP address is accepted
	onReject  func(host string) // called for each rejected request
}

func newHosts(o Options, onReject func(host string)) hosts {
	return hosts{o.AllowHosts, !isLoopback(o.Listen), onReject}
}

// check rejects a request whose Host header names another machine. This prevents DNS rebinding, in
// which an attacker's domain name resolves to this machine.
func (h hosts) check(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !h.accepts(r.Host) {
			h.onReject(r.Host)
			http.Error(w, hostRejection(r.Host), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (h hosts) accepts(host string) bool {
	name := hostName(host)
	return isLoopback(host) || h.addresses && net.ParseIP(name) != nil ||
		slices.ContainsFunc(h.names, func(allowed string) bool {
			return strings.EqualFold(allowed, name)
		})
}

// hostRejection returns the error message for a request with a rejected host. It says how to accept
// the host.
func hostRejection(host string) string {
	return fmt.Sprintf("the Host header must be 127.0.0.1 or localhost, got %q; to accept the "+
		"host of a tunnel or proxy, use --allow-host", host)
}

// checkOrigin rejects requests from scripts of other web sites, and requests whose Host header
// names another machine. It protects the emulated AWS APIs, which accept calls from every program
// on this machine.
func (h hosts) checkOrigin(next http.Handler) http.Handler {
	return h.check(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" {
			if from, err := url.Parse(origin); err != nil || !isLoopback(from.Host) {
				const message = "the local platform rejects requests from other web sites"
				http.Error(w, message, http.StatusForbidden)
				return
			}
		}
		next.ServeHTTP(w, r)
	}))
}

// isLoopback reports whether a host always refers to this machine. The host can contain a port.
func isLoopback(host string) bool {
	host = hostName(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// hostName returns a host in lower case. It removes the port, the brackets of an IPv6 address, and
// the dot at the end of an absolute name.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}
