package faults

import (
	"io"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Injector injects faults into the AWS calls of functions.
type Injector struct {
	config   Config
	services protocol.Services
	caller   func(accessKey string) (Caller, bool)
	report   func(Injection)
	start    time.Time
	calls    atomic.Uint64
}

// Caller identifies the sandbox that makes a call.
type Caller struct {
	Function string
	Kill     func()
}

// Injection describes an injected fault.
type Injection struct {
	Function, Service, Operation string
	Fault                        string // a Fault, "kill" or "duplicate-delivery"
}

// New returns an injector. Only calls from sandboxes get faults: caller returns the sandbox to
// which an access key belongs. The injector calls report for each injected fault. report must be
// safe for concurrent use.
func New(
	config Config,
	services protocol.Services,
	caller func(accessKey string) (Caller, bool),
	report func(Injection),
) *Injector {
	return &Injector{
		config: config, services: services, caller: caller, report: report, start: time.Now(),
	}
}

// call represents an AWS call of a function.
type call struct {
	Caller
	protocol.Call
}

// Wrap returns a handler that injects faults into the calls to the handler next.
func (i *Injector) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		read := i.services.ReadCall(r)
		caller, ok := i.caller(read.AccessKey)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		i.serve(w, r, next, call{caller, read})
	})
}

func (i *Injector) serve(w http.ResponseWriter, r *http.Request, next http.Handler, c call) {
	random := i.random()
	if random.Float64() < i.config.KillRate {
		i.reportInjection(c, "kill")
		if random.IntN(2) == 0 { // half of the kills happen after the effect of the call
			next.ServeHTTP(discardResponse{http.Header{}}, r)
		}
		c.Kill()
		closeConnection(w)
		return
	}
	for _, rule := range i.config.Rules {
		if !rule.matches(c, time.Since(i.start)) || random.Float64() >= rule.Rate {
			continue
		}
		i.reportInjection(c, string(rule.Fault))
		inject(rule, w, r, next, i.services.Find(c.Service))
		return
	}
	next.ServeHTTP(w, r)
}

// random returns the random source for the next AWS call or message. The source depends on the seed
// and on the number of calls and messages so far.
func (i *Injector) random() *rand.Rand {
	return rand.New(rand.NewPCG(i.config.Seed, i.calls.Add(1)))
}

func (i *Injector) reportInjection(c call, fault string) {
	i.report(Injection{c.Function, c.Service, c.Operation, fault})
}

func inject(
	rule Rule, w http.ResponseWriter, r *http.Request, next http.Handler, service protocol.Info,
) {
	switch rule.Fault {
	case Error:
		internal := protocol.ErrorCode{
			Status: http.StatusInternalServerError, Code: "InternalError",
		}
		respondError(w, service, internal)
	case Throttle:
		respondError(w, service, service.Throttled)
	case Denied:
		respondError(w, service, service.KeyDenied)
	case Timeout:
		// The server detects a disconnected client only after the server has read the body.
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
		closeConnection(w)
	case LostResponse:
		next.ServeHTTP(discardResponse{http.Header{}}, r)
		closeConnection(w)
	case Slow:
		select {
		case <-time.After(time.Duration(rule.DelayMS) * time.Millisecond):
			next.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}
}

// discardResponse discards a response.
type discardResponse struct{ header http.Header }

func (d discardResponse) Header() http.Header         { return d.header }
func (d discardResponse) Write(p []byte) (int, error) { return len(p), nil }
func (d discardResponse) WriteHeader(int)             {}

// closeConnection closes the connection without a response.
func closeConnection(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // closes the connection too
	}
	_ = connection.Close()
}

func respondError(w http.ResponseWriter, service protocol.Info, e protocol.ErrorCode) {
	protocol.WriteError(w, service.Name, e.Status, e.Code, "injected fault")
}
