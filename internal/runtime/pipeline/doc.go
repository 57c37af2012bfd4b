// Package pipeline contains the domain: everything that happens to an event between a client's
// request and its record in Silver.
//
// The package does not use the AWS SDK. Small interfaces describe the services that it needs, each
// beside the code that calls it. Packages s3, sqs, dynamodb and eventbridge implement them.
//
// An event is either ENQUEUED, PROCESSED or FAILED. The events table stores the event's state as an
// [Item], Bronze stores its payload, and Silver stores its [Records].
//
// The lists below follow an event's path. Read the files in this order.
//
// A request becomes an event:
//
//	event.go, keys.go      an event, and the keys of its payload and record
//	decode.go              checks the JSON of a request's body, and reads the event's type
//	cloudevent.go          does the same for a CloudEvent
//	validate.go            checks the body's size, and the payload against its type's schema
//	ingest.go              stores the payload, then the item and the message in parallel
//	ingest_keyed.go        accepts a request with an idempotency key
//	keycache.go            caches the items of the last idempotency keys
//	ingest_batch.go        accepts a request with a list of events
//	webhook.go             describes the request of a webhook source
//	message.go             reads and writes messages
//
// A worker processes the event's message:
//
//	worker.go              processes the deliveries of an invocation
//	subbatches.go          isolates messages that crash the worker
//	process.go             Bronze → processor → Silver → bus → PROCESSED
//	batch.go               defines batches, and the parts that are split off
//	batch_process.go       runs the processor on the events of a batch
//	batch_split.go         splits off the events that did not succeed
//	processor.go           the processor's contract and limits
//	transform.go           calls the processor
//	record.go, silver.go   build the records, and store them once
//	notification.go        builds the notification for the bus
//	retry.go               decides whether a failed delivery is retried
//	tries.go               counts the tries of a message, and detects crashes of the worker
//	deadletter.go          moves failed messages to the DLQ
//	deadlines.go           ends each stage early enough before Lambda's timeout
//
// An event's state changes by conditional writes only:
//
//	item.go, lifecycle.go  the state of an event, and its transitions
//	lookup.go              finds the state of an event of a batch
//
// The reconciler finishes events that a crash left unfinished:
//
//	bronze.go              lists the payloads in Bronze, in pages
//	reconcile.go           walks through Bronze
//	heal.go, recreate.go   enqueue, fail or repair unfinished events
//	split.go               lists a type with many objects in parallel
//	checkpoint.go          continues where the last run stopped
//
// An operator handles finished events again:
//
//	redrive.go             moves events from the DLQ back to the queue
//	discard.go             finishes events before their messages are deleted from the DLQ
//	replay.go              processes archived events again
//	orphans.go             selects orphans: payloads with neither an item nor a record
//	compare.go             compares today's processor with Silver
//
// All these files use errors.go, which defines [Error] and the [Code] that classifies it.
// foreach.go limits concurrent calls, and panic.go turns a panic into an error.
package pipeline
