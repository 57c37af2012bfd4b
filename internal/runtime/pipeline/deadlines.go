package pipeline

import (
	"context"
	"time"
)

// The worker must answer before Lambda's timeout ends the function: otherwise SQS retries the whole
// batch. So each stage ends early enough for the stages after it:
//
//	stage    ends before the timeout by       with 2 s  what ends
//	begin    1.5 × StopBefore + 1 s (grace)   4 s       the processor's context; no event begins
//	output   1.5 × StopBefore                 3 s       the wait for a processor; it is abandoned
//	finish   StopBefore                       2 s       writes to Silver, the bus and the table
//	resolve  0.5 × StopBefore                 1 s       moves to the DLQ, and delays of messages
//
// The reconciler has one stage, which ends StopBefore (10 s) early, to save its checkpoint. The API
// ends its calls to services 1 s early, to answer its client.
//
// A context without a deadline, as in the CLI, has no stages.

// processorGrace limits the time that a processor takes to return after its context has ended.
const processorGrace = time.Second

// SubBatchWait limits how long a sub-batch waits for its slow deliveries. Then the other ones
// finish without them, and the next sub-batch begins.
const SubBatchWait = time.Second

// deadlines holds a context for each stage of a batch.
type deadlines struct{ begin, output, finish, resolve context.Context }

// newDeadlines derives the stages from an invocation's context.
func newDeadlines(ctx context.Context, stopBefore time.Duration) (deadlines, context.CancelFunc) {
	resolve, cancel := WithReserve(ctx, stopBefore/2) // cancels the other ones too
	finish, _ := WithReserve(resolve, stopBefore/2)
	output, _ := WithReserve(finish, stopBefore/2)
	begin, _ := WithReserve(output, processorGrace)
	return deadlines{begin, output, finish, resolve}, cancel
}

// WithReserve returns a context that ends d before the deadline of ctx, if it has one. The rest of
// the time is reserved for what follows.
func WithReserve(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-d))
}
