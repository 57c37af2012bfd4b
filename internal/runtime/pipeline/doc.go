// Package pipeline contains the domain: everything that happens to an event between a client's
// request and its record in Silver. It uses no AWS SDK. Small interfaces beside their consumer
// describe the services that it needs; packages s3, sqs, dynamodb and eventbridge implement them.
//
// An event is either ENQUEUED, PROCESSED or FAILED. The events table stores its state as an [Item],
// Bronze its payload, and Silver its [Records].
//
// Read the files in the order in which an event flows.
//
// A request becomes an event:
//
//	event.go, keys.go      an event, and the keys of its payload and record
//	decode.go, scanner.go  checks a request's body
//	ingest.go              stores the payload, then the item and the message in parallel
//	ingest_keyed.go        does the same for requests with an idempotency key
//	message.go             reads and writes messages
//
// A worker processes its message:
//
//	worker.go              runs a batch of deliveries
//	subbatches.go          splits the batch so that messages that crash the worker are isolated
//	process.go             Bronze → processor → Silver → bus → PROCESSED
//	processor.go           the processor's contract and limits
//	transform.go           calls the processor
//	record.go, silver.go   builds the records, and stores them once
//	notification.go        describes the outcome on the bus
//	retry.go               decides whether a failed delivery is retried
//	deadletter.go          moves failed messages to the DLQ
//	deadlines.go           when each stage must end before Lambda's timeout
//
// An event's state changes by conditional writes only:
//
//	item.go, lifecycle.go  the state of an event, and its transitions
//
// The reconciler finishes what crashes left behind:
//
//	reconcile.go           walks through Bronze
//	heal.go, recreate.go   enqueues, fails or repairs unfinished events
//	checkpoint.go          continues where the last run stopped
//
// An operator handles finished events again:
//
//	redrive.go             moves events from the DLQ back to the queue
//	discard.go             deletes messages from the DLQ
//	replay.go              processes archived events again
//	compare.go             compares today's processor with Silver
//
// All errors are an [Error] with a [Code], in errors.go.
package pipeline
