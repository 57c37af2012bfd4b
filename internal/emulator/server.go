package emulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// closeDelay bounds how long requests and batches under way may take when the platform stops.
const closeDelay = 3 * time.Second

// startServer serves until the platform is closed. A server that ends earlier fails the platform.
func (p *Platform) startServer(l net.Listener, handler http.Handler) {
	s := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	p.servers = append(p.servers, s)
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			p.fail(fmt.Errorf("serve %s: %w", l.Addr(), err))
		}
	}()
}

func closeServer(s *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), closeDelay)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		return s.Close() // cuts off the requests under way
	}
	return nil
}

// PortError reports a port that can't be listened on.
type PortError struct {
	Port int
	AWS  bool // the port is that of AWS's APIs, not of an HTTP API
	Err  error
}

func (e *PortError) Error() string {
	return fmt.Sprintf("port %d is in use (%v)", e.Port, e.Err)
}

func (e *PortError) Unwrap() error { return e.Err }

// ports holds the listeners of a platform.
type ports struct {
	aws       net.Listener
	api       net.Listener   // of the first HTTP API
	more      []net.Listener // of the other HTTP APIs
	firstUsed bool
	apiPort   int // from Options
}

func listen(awsPort, apiPort int) (*ports, error) {
	aws, err := listenOn(awsPort)
	if err != nil {
		return nil, &PortError{awsPort, true, err}
	}
	api, err := listenOn(apiPort)
	if err != nil {
		_ = aws.Close()
		return nil, &PortError{apiPort, false, err}
	}
	return &ports{aws: aws, api: api, apiPort: apiPort}, nil
}

func listenOn(port int) (net.Listener, error) {
	return net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

// portsTried bounds the search for the port of a further HTTP API.
const portsTried = 20

// next returns the listener of the next HTTP API: on the port of Options, then on the ports after
// it.
func (p *ports) next() (net.Listener, error) {
	if !p.firstUsed {
		p.firstUsed = true
		return p.api, nil
	}
	first, last := p.apiPort+1, p.apiPort+portsTried
	if p.apiPort == 0 {
		first, last = 0, 0
	}
	var err error
	for port := first; port <= last; port++ {
		var l net.Listener
		if l, err = listenOn(port); err == nil {
			p.more = append(p.more, l)
			return l, nil
		}
	}
	return nil, fmt.Errorf("no port from %d to %d is free for a further HTTP API: %w",
		first, last, err)
}

// close closes all listeners. Servers have closed theirs already.
func (p *ports) close() {
	for _, l := range append([]net.Listener{p.aws, p.api}, p.more...) {
		_ = l.Close()
	}
}

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
