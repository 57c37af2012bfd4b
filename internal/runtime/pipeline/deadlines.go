package pipeline

import (
	"context"
	"time"
)

// The worker must return its response before Lambda's timeout. Otherwise SQS delivers all messages
// of the invocation again.
//
// Each stage therefore ends early enough to leave time for the later stages. With WorkerStopBefore,
// the stages end 4, 3, 2 and 1 s before the timeout:
//
//	stage    ends before the timeout by      what ends
//	begin    1.5 × StopBefore + 1 s (grace)  the processor's context; afterwards no event starts
//	output   1.5 × StopBefore                the wait for a processor that has not returned
//	finish   StopBefore                      writes to Silver, the bus and the table
//	resolve  0.5 × StopBefore                moves to the DLQ, and delays of messages
//
// The reconciler and the API have one stage each. The reconciler then saves its checkpoint, and the
// API answers the client.
//
// If a context has no deadline, as in the CLI, its stages have none either.

// Time that each function reserves at the end of an invocation, before Lambda's timeout.
const (
	APIStopBefore        = time.Second
	WorkerStopBefore     = 2 * time.Second
	ReconcilerStopBefore = 10 * time.Second
)

// processorGrace is the time from the end of a processor's context until the worker stops waiting
// for the processor.
const processorGrace = time.Second

// SubBatchWait is the time that a sub-batch waits for its slow deliveries. Then the worker finishes
// the fast deliveries and begins the next sub-batch. The slow ones continue to run.
const SubBatchWait = time.Second

// deadlines holds a context for each stage of an invocation, and limits the number of concurrent
// processors.
type deadlines struct {
	begin, output, finish, resolve context.Context
	half                           time.Time // when half of the time for begin is over
	end                            time.Time // Lambda's timeout
	processors                     chan struct{}
}

// pastHalf reports whether more than half of the time for processors is over. If a processor begins
// later and does not end in time, the delivery does not count as a try.
func (d deadlines) pastHalf(now time.Time) bool { return !d.half.IsZero() && now.After(d.half) }

// beginEnded reports whether the processors' contexts have ended.
func (d deadlines) beginEnded(now time.Time) bool {
	deadline, ok := d.begin.Deadline()
	return ok && !now.Before(deadline)
}

// newDeadlines derives the stages from an invocation's context.
func newDeadlines(ctx context.Context, stopBefore time.Duration) (deadlines, context.CancelFunc) {
	resolve, cancel := WithReserve(ctx, stopBefore/2) // this cancel ends all stages
	finish, _ := WithReserve(resolve, stopBefore/2)
	output, _ := WithReserve(finish, stopBefore/2)
	begin, _ := WithReserve(output, processorGrace)
	d := deadlines{begin: begin, output: output, finish: finish, resolve: resolve}
	d.processors = make(chan struct{}, maxConcurrent)
	if deadline, ok := begin.Deadline(); ok {
		d.half = time.Now().Add(time.Until(deadline) / 2)
		d.end, _ = ctx.Deadline()
	}
	return d, cancel
}

// withHalf returns a context that ends after half of the time that ctx has left.
func withHalf(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, _ := ctx.Deadline()
	return WithReserve(ctx, max(0, time.Until(deadline)/2))
}

// WithReserve returns a context that ends earlier than ctx by the duration d. The time d remains
// for later work. If ctx has no deadline, WithReserve returns ctx.
func WithReserve(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-d))
}
