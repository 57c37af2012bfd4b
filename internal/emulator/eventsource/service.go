package eventsource

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Service runs event source mappings. It serves the Lambda API's operations that list, enable and
// disable them.
type Service struct {
	http.Handler // serves the operations on event source mappings
	onFailure    func(error)

	mu       sync.Mutex
	ctx      context.Context // set only while Run waits
	running  sync.WaitGroup
	mappings []*managed
}

// managed represents a mapping of a service and its state.
type managed struct {
	Mapping
	modified time.Time
	runs     int    // number of calls of Mapping.Run that have not returned
	stop     func() // stops the last run; nil before the first run
}

// NewService returns a service with mappings that do not run yet. If a mapping can't receive from
// its queue, the service calls onFailure with the error.
func NewService(mappings []Mapping, onFailure func(error)) *Service {
	s := &Service{onFailure: onFailure}
	for _, m := range mappings {
		m = m.withDefaults()
		s.mappings = append(s.mappings, &managed{Mapping: m, modified: m.Now()})
	}
	slices.SortFunc(s.mappings, func(a, b *managed) int { return cmp.Compare(a.ID, b.ID) })
	s.Handler = s.newHandler()
	return s
}

// Run starts the mappings that are not Disabled. It waits until ctx is done and all mappings have
// stopped.
func (s *Service) Run(ctx context.Context) {
	s.mu.Lock()
	s.ctx = ctx
	for _, m := range s.mappings {
		if !m.Disabled {
			s.start(m)
		}
	}
	s.mu.Unlock()
	<-ctx.Done()
	s.mu.Lock()
	s.ctx = nil // from now on, start starts no mapping
	s.mu.Unlock()
	s.running.Wait()
}

// start starts a goroutine that runs a mapping until the mapping is disabled or the service stops.
// The caller holds s.mu.
func (s *Service) start(m *managed) {
	if s.ctx == nil {
		return
	}
	ctx, stop := context.WithCancel(s.ctx)
	m.stop = stop
	m.runs++
	s.running.Go(func() {
		defer stop()
		err := m.Run(ctx)
		s.mu.Lock()
		m.runs--
		s.mu.Unlock()
		if err != nil {
			s.onFailure(fmt.Errorf("deliver messages to function %s: %w", m.Function, err))
		}
	})
}

// setEnabled enables or disables a mapping. Running invocations finish. The caller holds s.mu.
func (s *Service) setEnabled(m *managed, enabled bool) {
	if enabled == !m.Disabled {
		return
	}
	m.Disabled, m.modified = !enabled, m.Now()
	if enabled {
		s.start(m)
		return
	}
	if m.stop != nil {
		m.stop()
	}
}

// state returns the Lambda API's name for the state of a mapping.
func (m *managed) state() string {
	switch {
	case !m.Disabled:
		return "Enabled"
	case m.runs > 0:
		return "Disabling"
	}
	return "Disabled"
}
