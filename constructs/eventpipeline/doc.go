// Package eventpipeline is the construct: an event-ingestion pipeline for AWS CDK apps in Go.
//
// NewEventPipeline creates, in the order in which an event flows:
//
//	HTTP API          POST /events, GET /events/{eventId}, GET /health; IAM, JWT or Lambda authorization,
//	                  access log, throttling
//	API function      accepts an event: Bronze, then table and queue side by side
//	Bronze bucket     the raw payload, byte for byte, below bronze/
//	events table      the lifecycle of each event: ENQUEUED, PROCESSED, FAILED
//	queue and DLQ     the reference to the event; what can't be processed
//	worker function   makes the record, tells the bus, sets the status
//	Silver bucket     one record an event, below silver/
//	access logs       a bucket with a line for each request to the others
//	event bus         EventProcessed and EventFailed, of source "eventpipeline"
//	alarms, dashboard for whoever runs it
//
// Nil props make a pipeline that may go to production: encrypted, TLS only, least privilege, the API closed, data kept
// when the stack goes. Every default is a prop, every resource has a getter. Buckets, table, queues, bus, API and VPC may be
// the user's (see EventPipelineProps); an app may have several pipelines, and one across stacks.
//
// Mistakes in props are told when the app is synthesized, all at once. docs/construct.md lists what each prop becomes.
//
// The functions are written in Go and come with this module; they are built when the app is synthesized, so the machine
// that synthesizes needs Go, as it does for the app itself.
package eventpipeline
