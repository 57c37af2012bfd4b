// Package processor is how a pipeline gets a worker of your own: you write what becomes of one event's payload, and the
// platform does the rest. It reads the payload, stores the records in Silver, tells EventBridge, moves the status, tries
// again what failed, and takes care that one event's failure is its own.
//
// A worker is a main package in your own module:
//
//	package main
//
//	import "github.com/event-driven-cloud-platform/eventpipeline/processor"
//
//	func main() { processor.Start(processor.JSON(process)) }
//
//	func process(ctx context.Context, event processor.Event, order Order) (processor.Record, error) {
//		if order.Total < 0 {
//			return processor.Record{}, processor.Reject("negative-total", "the total must not be below 0")
//		}
//		return processor.Record{Payload: order}, nil
//	}
//
// The construct builds it and makes it the pipeline's worker:
//
//	eventpipeline.EventPipelineProps{WorkerEntry: jsii.String("./functions/orders")}
//
// `eventpipeline local`, run in the app's folder, runs it on your machine, and package processortest tests it without.
//
// # What a processor decides
//
// For each event it returns one of
//
//	Record{Payload: v}    v, as JSON, is the payload of the event's record in Silver
//	FanOut(lines...)      several records, in one Silver object: all of them are there, once, or none
//	Drop(code, reason)    no record: the event is PROCESSED, and its status says why there is no payload
//	Reject(code, reason)  an error that no retry helps: the event is FAILED at once, its message in the DLQ
//	any other error       the event comes again after a while, and is FAILED when its deliveries are used up
//
// A panic is such another error. The text of such an error goes to the log and nowhere else; a reason goes wherever the
// event's status does, so that it must hold nothing that the event's sender may not read.
//
// # What a processor must bear
//
// It is called for up to 32 events side by side, and maybe more than once for the same event: when a worker is killed, when
// SQS delivers a message twice, or when an operator replays the event. What it returned first is what counts, until a
// replay. So what it does to other systems must bear to be done twice ([Event].ID tells that), and what it returns should
// depend on the event alone.
//
// It must heed its context in whatever it waits for. That ends four seconds before the function's timeout (WorkerTimeout, 30
// seconds by default, is for a whole batch), so that there is time to store what other events of the batch became. A
// processor that does not return within a second of that is left to itself: its event comes again, and its goroutine goes
// on in the background, with the memory that it holds. Other events of the same batch wait for a slow one for a second at
// the most; those on the queue behind it wait while MaxConcurrency batches are under way.
//
// It must not end the process: os.Exit, log.Fatal, or a panic in a goroutine of its own, which nobody can recover. That takes
// the whole batch with it, which comes again when the queue's visibility timeout is over (three minutes by default), in ever
// smaller parts, so that what ends the process is soon alone; its message ends in the DLQ, without a code.
package processor
