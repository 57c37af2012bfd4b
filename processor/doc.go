// Package processor lets a pipeline run your own code for each event. You write a function from one
// event's payload to its records. The platform does the rest: it reads the payload, stores the
// records in Silver, updates the event's status, publishes a notification, and retries failed
// events. The failure of one event does not affect the others.
//
// # A worker
//
// A worker is a main package in your own module:
//
//	package main
//
//	import "github.com/event-driven-cloud-platform/eventpipeline/processor"
//
//	func main() { processor.Start(processor.JSON(process)) }
//
//	func process(
//		ctx context.Context, event processor.Event, order Order,
//	) (processor.Record, error) {
//		if order.Total < 0 {
//			err := processor.Reject("negative-total", "total must not be negative")
//			return processor.Record{}, err
//		}
//		return processor.Record{Payload: order}, nil
//	}
//
// The construct builds it and makes it the pipeline's worker:
//
//	eventpipeline.EventPipelineProps{WorkerEntry: jsii.String("./functions/orders")}
//
// The command `eventpipeline local`, run in the app's folder, runs it on your machine. Package
// processortest tests it in a plain Go test.
//
// # Results
//
// For each event, a processor returns one of these:
//
//	Record{Payload: v}     one record in Silver, whose payload is v as JSON
//	FanOut(payloads...)    several records in one Silver object, stored together or not at all
//	Filter(code, reason)   no record; the event is PROCESSED, and its status has the reason
//	Reject(code, reason)   a permanent error; the event is FAILED, its message moves to the DLQ
//	any other error        a temporary error; SQS delivers the message again, and the event is
//	                       FAILED after MaxReceiveCount deliveries
//
// A panic counts as a temporary error. The text of a temporary error appears in the log only. The
// reason of Filter and Reject is part of the event's status, so it must not contain anything that
// the event's sender may not read.
//
// # Payloads
//
// [JSON] decodes payloads into a Go type and rejects those that do not match. A [Func] without it
// receives the request's body unchanged, in [Event].Payload. Both can be combined: a Func can look
// at Event.Type and call a JSON function per event type.
//
// # Requirements
//
// A processor must be safe for concurrent use: up to 32 calls run at the same time.
//
// It must be idempotent. It may run more than once for an event: after a crash, after a duplicate
// delivery by SQS, or in a replay. The first result that was stored counts, until a replay. So a
// change to another system must have no further effect the second time; use [Event].ID as its key.
// The result should depend on the event only.
//
// It must return when its context ends: four seconds before the function's timeout. That time is
// needed to store the results of the batch's other events. The timeout, WorkerFunction.Timeout
// (default 30 seconds), is for a whole batch. A processor that does not return within another second is abandoned: its event
// is retried, and its goroutine continues in the background with the memory that it holds. A slow
// processor delays the other events of its batch by at most a second.
//
// It must not end the process, by os.Exit, log.Fatal or a panic in a goroutine that it started.
// This crashes the worker with its whole batch. SQS delivers the batch again after the visibility
// timeout (default three minutes), in shrinking groups, so that the crashing message is soon alone.
// It ends in the DLQ, without a code.
package processor
