// Package eventpipeline provides an event-ingestion pipeline as a construct for AWS CDK apps in Go.
//
// NewEventPipeline creates these parts, in the order in which an event flows:
//
//	HTTP API             POST /events, GET /events/{eventId} and GET /health, with authorization,
//	                     throttling and an access log
//	API function         accepts an event: it stores the payload in Bronze, then writes to the
//	                     table and the queue in parallel
//	Bronze bucket        stores the raw payload, byte for byte, under bronze/
//	events table         stores each event's status: ENQUEUED, PROCESSED or FAILED
//	queue                delivers event references to the worker function
//	DLQ                  keeps references to failed events
//	worker function      writes records to Silver, publishes a notification, sets the status
//	Silver bucket        stores the records of each event under silver/
//	event bus            receives EventProcessed and EventFailed
//	notification DLQ     keeps notifications that EventBridge could not deliver
//	reconciler function  repairs, on a schedule, events that a crash left unfinished
//	alarms, dashboard    show the pipeline's health
//
// Nil props create a pipeline for production:
//   - Data is encrypted at rest and in transit.
//   - Roles have the least privilege.
//   - API requests need IAM authorization.
//   - The data outlives the stack.
//
// Each default can be changed with a prop, and each resource has a getter. docs/construct.md lists
// the props and getters.
//
// Buckets, table, queues, bus, API and VPC can be existing resources, including those of other
// stacks. An app can contain several pipelines. Invalid props and props without effect are errors.
// Synth reports all of them together.
//
// The functions are written in Go. Synth compiles them from this module's sources, so it needs the
// Go toolchain.
package eventpipeline
