// Package processor lets a pipeline run your own code for each event. You write a function that
// gets the payload of one event and returns the event's records.
//
// The platform does the rest: it reads the payload, stores the records in Silver, updates the
// event's status, publishes a notification, and retries failed events. If one event fails, other
// events are not affected.
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
// The construct EventPipeline builds the main package and runs it as the pipeline's worker:
//
//	eventpipeline.EventPipelineProps{WorkerEntry: jsii.String("./functions/orders")}
//
// To run the worker on your machine, run `eventpipeline local` in the app's folder. To test the
// processor in a plain Go test, use package processortest.
//
// # Results
//
// For each event, a processor returns one of these:
//
//	Record{Payload: v}     one record in Silver, whose payload is v as JSON
//	FanOut(payloads...)    several records in one Silver object, stored together or not at all
//	Filter(code, reason)   no payload in Silver; the event is PROCESSED, and its status contains
//	                       the reason
//	Reject(code, reason)   a permanent error; the event is FAILED, and its message moves to the
//	                       DLQ
//	any other error        a temporary error; SQS delivers the message again. After
//	                       MaxReceiveCount failures, the event is FAILED
//
// A panic counts as a temporary error. The text of a temporary error appears only in the log.
//
// The reason of Filter and Reject appears in the event's status. The sender of the event can read
// the status, so the reason must not contain secrets.
//
// # Payloads
//
// [JSON] decodes payloads into a Go type and rejects payloads that do not match the type. A [Func]
// without JSON receives the body of the request unchanged, in [Event].Payload. To process several
// event types, use [Types].
//
// The payload of a CloudEvent is the whole CloudEvent in the JSON format. Its member "data"
// contains the data.
//
// # Requirements
//
// A processor must be safe for concurrent use: up to 32 calls run at the same time.
//
// A processor must be idempotent. It can run more than once for an event: after a crash, after a
// duplicate delivery by SQS, or in a replay. The result should depend only on the event. The
// platform keeps the first result that was stored. Only a replay replaces that result.
//
// If the processor changes another system, a repeated change must have no additional effect. Use
// [Event].ID as the key of the change.
//
// A processor must return when its context ends, four seconds before the timeout of the invocation.
// The prop WorkerFunction.Timeout sets the timeout (default 30 seconds). In the last four seconds,
// the worker stores the results of the invocation's other events.
//
// If a call does not return in time:
//   - The worker waits one more second for the call. Then the event is retried.
//   - The call's goroutine continues in the background and keeps its memory.
//   - The other events of the invocation are delayed by at most a second. But an event that is
//     processed alone after a crash waits longer: its processing begins after all other calls of
//     the invocation.
//
// A processor must not end the process with os.Exit, with log.Fatal, or with a panic in a goroutine
// that it started. These crash the worker. SQS delivers all messages of the invocation again after
// the visibility timeout (default three minutes).
//
// The worker then processes the messages in smaller groups. The message that causes the crash is
// soon processed alone, and moves to the DLQ with the code worker-crashed.
package processor
