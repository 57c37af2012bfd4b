package emulator

import (
	"fmt"
	"net"
	"strconv"
)

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
