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

// closeDelay limits how long a stopping platform waits for running requests and batches.
const closeDelay = 3 * time.Second

// startServer starts a server, which runs until the platform is closed. If the server ends earlier,
// the platform fails.
func (p *Platform) startServer(l net.Listener, handler http.Handler) {
	handler = answerExpect(limitBodyPauses(handler, bodyTimeout))
	s := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	p.servers = append(p.servers, s)
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			p.fail(fmt.Errorf("serve %s: %w", l.Addr(), err))
		}
	}()
}

// answerExpect sends the response 100 Continue also if the body of the request is empty, as AWS
// does. net/http sends the response only for other bodies. botocore would take the final response
// for the interim one, and would then misread the next response of the connection.
func answerExpect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength == 0 && strings.EqualFold(r.Header.Get("Expect"), "100-continue") {
			w.WriteHeader(http.StatusContinue)
		}
		next.ServeHTTP(w, r)
	})
}

func closeServer(s *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), closeDelay)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		return s.Close() // aborts the running requests
	}
	return nil
}

// PortError reports that the platform can't listen on a port.
type PortError struct {
	Port int
	AWS  bool // whether the port is for AWS's APIs, not for an HTTP API
	Err  error
}

func (e *PortError) Error() string {
	return fmt.Sprintf("port %d is in use (%v)", e.Port, e.Err)
}

func (e *PortError) Unwrap() error { return e.Err }

// ports holds the listeners of a platform.
type ports struct {
	aws       net.Listener
	api       net.Listener   // listener of the first HTTP API
	more      []net.Listener // listeners of the other HTTP APIs
	firstUsed bool           // whether listenAPI has returned api
	apiPort   int            // Options.APIPort
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

// portsTried limits how many ports listenAPI tries for each HTTP API except the first.
const portsTried = 20

// listenAPI returns the listener for one HTTP API. The first API listens on Options.APIPort. Each
// later API listens on the next free port.
func (p *ports) listenAPI() (net.Listener, error) {
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
	return nil, fmt.Errorf("no port from %d to %d is free for another HTTP API: %w",
		first, last, err)
}

// close closes all listeners, including listeners that a server has already closed.
func (p *ports) close() {
	for _, l := range append([]net.Listener{p.aws, p.api}, p.more...) {
		_ = l.Close()
	}
}

// checkHost rejects requests whose Host header names another host than this machine. It prevents
// DNS rebinding, in which a web page makes its own domain name resolve to this machine.
func checkHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.Host) {
			const message = "the Host header must be 127.0.0.1 or localhost"
			http.Error(w, message, http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// checkOrigin rejects requests that scripts of other web sites send, and the requests that
// checkHost rejects. AWS's APIs need this check, because they accept calls from every program on
// this machine.
func checkOrigin(next http.Handler) http.Handler {
	return checkHost(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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

// isLoopback reports whether a host always refers to this machine. The host may contain a port.
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
