package emulator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// closeDelay limits how long a stopping platform waits for running requests and batches.
const closeDelay = 3 * time.Second

// startServer starts a server that runs until the platform is closed. The platform fails if the
// server ends earlier.
func (p *Platform) startServer(l net.Listener, handler http.Handler) {
	handler = handleExpect(limitBodyPauses(handler, bodyTimeout))
	s := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	p.servers = append(p.servers, s)
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			p.fail(fmt.Errorf("serve %s: %w", l.Addr(), err))
		}
	}()
}

// handleExpect sends the response 100 Continue if a request expects it but has an empty body. AWS
// sends this response, but net/http does not. Without it, botocore misreads the next response on
// the connection.
func handleExpect(next http.Handler) http.Handler {
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
	if errors.Is(e.Err, fs.ErrPermission) {
		return fmt.Sprintf("this user may not listen on port %d (%v)", e.Port, e.Err)
	}
	return fmt.Sprintf("port %d is in use (%v)", e.Port, e.Err)
}

func (e *PortError) Unwrap() error { return e.Err }

// ports holds the listeners of a platform.
type ports struct {
	aws       net.Listener
	api       net.Listener   // listener of the first HTTP API
	more      []net.Listener // listeners of the other HTTP APIs
	firstUsed bool           // whether listenAPI has returned api
	address   string         // Options.Listen
	apiPort   int            // Options.APIPort
}

func listen(address string, awsPort, apiPort int) (*ports, error) {
	aws, err := listenOn(address, awsPort)
	if err != nil {
		return nil, portError(awsPort, true, err)
	}
	api, err := listenOn(address, apiPort)
	if err != nil {
		_ = aws.Close()
		return nil, portError(apiPort, false, err)
	}
	return &ports{aws: aws, api: api, address: address, apiPort: apiPort}, nil
}

func portError(port int, aws bool, err error) error {
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		return err // the address is wrong, not the port
	}
	return &PortError{port, aws, err}
}

func listenOn(address string, port int) (net.Listener, error) {
	network := "tcp"
	if ip := net.ParseIP(address); ip != nil && ip.To4() != nil {
		network = "tcp4" // for 0.0.0.0, tcp would also listen on IPv6
	}
	l, err := net.Listen(network, net.JoinHostPort(address, strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	return listener{l}, nil
}

// listener wraps a listener so that Addr returns an address to which functions can connect. If the
// listener accepts connections on all addresses, Addr returns the loopback address.
type listener struct{ net.Listener }

func (l listener) Addr() net.Addr {
	address := *l.Listener.Addr().(*net.TCPAddr)
	switch {
	case address.IP.Equal(net.IPv4zero):
		address.IP = net.IPv4(127, 0, 0, 1)
	case address.IP.Equal(net.IPv6unspecified):
		address.IP = net.IPv6loopback
	}
	return &address
}

// portsTried limits how many ports listenAPI tries for each HTTP API except the first.
const portsTried = 20

// listenAPI returns the listener for one HTTP API. The first API listens on Options.APIPort. Later
// APIs listen on the next free ports.
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
		if l, err = listenOn(p.address, port); err == nil {
			p.more = append(p.more, l)
			return l, nil
		}
	}
	return nil, fmt.Errorf("no port from %d to %d is free for a further HTTP API: "+
		"choose another port for the first API: %w", first, last, err)
}

// close closes all listeners, including those that a server has already closed.
func (p *ports) close() {
	for _, l := range append([]net.Listener{p.aws, p.api}, p.more...) {
		_ = l.Close()
	}
}
