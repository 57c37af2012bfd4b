package emulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
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
