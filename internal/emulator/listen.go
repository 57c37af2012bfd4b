package emulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// PortError says that a port can't be listened on.
type PortError struct {
	Port int
	AWS  bool // it was to be the port of AWS's APIs, not that of an HTTP API
	Err  error
}

func (e *PortError) Error() string {
	return fmt.Sprintf("port %d is in use (%v)", e.Port, e.Err)
}

func (e *PortError) Unwrap() error { return e.Err }

// ports are the listeners of the platform.
type ports struct {
	aws     net.Listener
	api     net.Listener   // of the first HTTP API
	more    []net.Listener // of the others
	taken   bool           // the first HTTP API has been made
	apiPort int            // what was asked for
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

// close closes all listeners; those that are served are closed by their servers already.
func (p *ports) close() {
	for _, l := range append([]net.Listener{p.aws, p.api}, p.more...) {
		_ = l.Close()
	}
}

// portsTried bounds the search for a further HTTP API's port.
const portsTried = 20

// next is the listener of the next HTTP API: on the port that was asked for, and then on those behind it.
func (p *ports) next() (net.Listener, error) {
	if !p.taken {
		p.taken = true
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
	return nil, fmt.Errorf("no port from %d to %d is free for a further HTTP API: %w", first, last, err)
}

// closeDelay is how long a request under way may take once the platform stops.
const closeDelay = 3 * time.Second

// server is an HTTP server that has been started.
type server struct{ http *http.Server }

// serve serves until the platform is closed; a server that ends before fails the platform.
func (p *Platform) serve(l net.Listener, handler http.Handler) {
	s := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	p.servers = append(p.servers, &server{s})
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			p.fail(fmt.Errorf("serve %s: %w", l.Addr(), err))
		}
	}()
}

func (s *server) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeDelay)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		return s.http.Close() // what is still under way is cut off
	}
	return nil
}
