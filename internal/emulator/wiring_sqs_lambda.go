package emulator

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventsource"
)

// startMappings delivers messages from SQS queues to Lambda functions until the platform is closed.
func (p *Platform) startMappings(mappings []eventsource.Mapping) {
	ctx, cancel := context.WithCancel(context.Background())
	p.stop = cancel
	for _, m := range mappings {
		m = p.services.connect(m)
		p.stopped.Go(func() {
			if err := m.Run(ctx); err != nil {
				p.fail(fmt.Errorf("deliver messages to %s: %w", m.Function, err))
			}
		})
	}
}

// connect connects an event source mapping with the services.
func (s *services) connect(m eventsource.Mapping) eventsource.Mapping {
	m.Queue = s.faults.Queue(m.Queue, m.Function)
	m.Invoke = s.invokeForMapping
	// More invocations than sandboxes would only take small batches early, to wait for a sandbox.
	m.MaxConcurrency = min(cmp.Or(m.MaxConcurrency, maxSandboxes), maxSandboxes)
	m.Linger = linger
	m.DrainTimeout = closeDelay
	m.OnDeliver, m.OnBatch = s.recordRedelivery, s.recordFailedBatch
	return m
}

func (s *services) invokeForMapping(
	ctx context.Context, function string, payload []byte,
) (eventsource.Result, error) {
	result, err := s.Lambda.Invoke(ctx, function, payload)
	return eventsource.Result(result), err
}

// linger lets a batch grow for about as long as a round trip to SQS takes on AWS.
const linger = 20 * time.Millisecond

// maxSandboxes bounds the sandboxes of a function. It lets them overlap while they wait for AWS's
// APIs, which run on the same processors.
var maxSandboxes = max(4, 2*runtime.NumCPU())
