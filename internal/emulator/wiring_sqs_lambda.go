package emulator

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventsource"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/lambda"
)

// newMappings returns a service that runs the event source mappings, from SQS queues to Lambda
// functions.
func (p *Platform) newMappings(mappings []eventsource.Mapping) *eventsource.Service {
	var connected []eventsource.Mapping
	for _, m := range mappings {
		connected = append(connected, p.services.connect(m))
	}
	return eventsource.NewService(connected, p.fail)
}

// startMappings starts the event source mappings. They run until the platform is closed.
func (p *Platform) startMappings() {
	ctx, cancel := context.WithCancel(context.Background())
	p.stop = cancel
	p.stopped.Go(func() { p.services.mappings.Run(ctx) })
}

// lambdaAPI serves the whole Lambda API: the functions and the event source mappings.
type lambdaAPI struct {
	*lambda.Service
	mappings *eventsource.Service
}

func (a lambdaAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == eventsource.Path || strings.HasPrefix(r.URL.Path, eventsource.Path+"/") {
		a.mappings.ServeHTTP(w, r)
		return
	}
	a.Service.ServeHTTP(w, r)
}

// connect returns a copy of the event source mapping that polls the emulated SQS and invokes
// emulated functions.
func (s *services) connect(m eventsource.Mapping) eventsource.Mapping {
	m.Queue = s.faults.Queue(m.Queue, m.Function)
	m.Invoke = s.invokeForMapping
	// Do not start more invocations than there are sandboxes. The additional invocations would take
	// small batches of messages from the queue, and then wait for a sandbox.
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
	return eventsource.Result{
		Payload: result.Payload, FunctionError: result.FunctionError,
		RequestID: result.RequestID, Duration: result.Duration,
	}, err
}

// linger is the time for which a batch waits for more messages. It is about as long as a request to
// SQS takes on AWS.
const linger = 20 * time.Millisecond
