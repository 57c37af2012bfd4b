package faults

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Injector lets calls fail.
type Injector struct {
	config  Config
	targets protocol.Targets
	caller  func(accessKey string) (Caller, bool)
	report  func(Injection)
	calls   atomic.Uint64
}

// Caller is the function's process that makes a call.
type Caller struct {
	Function string
	Kill     func()
}

// Injection is a fault that was injected.
type Injection struct {
	Function, Service, Operation string
	Fault                        string // a Fault, "kill" or "duplicate-delivery"
}

// New returns an injector. caller finds who signs with an access key; a call of anybody but a function is left alone. report is
// told of every fault, by many goroutines at once.
func New(
	config Config,
	targets protocol.Targets,
	caller func(accessKey string) (Caller, bool),
	report func(Injection),
) *Injector {
	return &Injector{config: config, targets: targets, caller: caller, report: report}
}

// random is the chance of the next call: the same for the same seed and number.
func (i *Injector) random() *rand.Rand { return rand.New(rand.NewPCG(i.config.Seed, i.calls.Add(1))) }

// call is an AWS call of a function.
type call struct {
	Caller
	function, service, operation string
}

// Wrap stands before AWS's APIs.
func (i *Injector) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		of := i.targets.ReadCall(r)
		caller, ok := i.caller(of.AccessKey)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		i.serve(w, r, next, call{caller, caller.Function, of.Service, of.Operation})
	})
}

func (i *Injector) serve(w http.ResponseWriter, r *http.Request, next http.Handler, c call) {
	random := i.random()
	if random.Float64() < i.config.KillRate {
		i.reportInjection(c, "kill")
		if random.IntN(2) == 0 { // the effect happens, or it does not
			next.ServeHTTP(discardResponse{http.Header{}}, r)
		}
		c.Kill()
		closeConnection(w)
		return
	}
	for _, rule := range i.config.Rules {
		if !rule.matches(c) || random.Float64() >= rule.Rate {
			continue
		}
		i.reportInjection(c, string(rule.Fault))
		inject(rule, w, r, next, c.service)
		return
	}
	next.ServeHTTP(w, r)
}

func (i *Injector) reportInjection(c call, fault string) {
	i.report(Injection{Function: c.function, Service: c.service, Operation: c.operation, Fault: fault})
}

func inject(rule Rule, w http.ResponseWriter, r *http.Request, next http.Handler, service string) {
	switch rule.Fault {
	case Error:
		respondError(w, service, http.StatusInternalServerError, internalError)
	case Throttle:
		respondError(w, service, throttleStatus(service), throttles[service])
	case Timeout:
		<-r.Context().Done()
	case LostResponse:
		next.ServeHTTP(discardResponse{http.Header{}}, r)
		closeConnection(w)
	case Slow:
		if sleep(r.Context(), time.Duration(rule.DelayMS)*time.Millisecond) == nil {
			next.ServeHTTP(w, r)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// discardResponse takes an answer that nobody gets.
type discardResponse struct{ header http.Header }

func (d discardResponse) Header() http.Header         { return d.header }
func (d discardResponse) Write(p []byte) (int, error) { return len(p), nil }
func (d discardResponse) WriteHeader(int)             {}

// closeConnection closes the connection without an answer.
func closeConnection(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // which closes it, too
	}
	_ = connection.Close()
}
