// Package eventpipeline provides an event-ingestion pipeline as a construct for AWS CDK apps in Go.
//
// NewEventPipeline creates these parts, in the order in which an event flows:
//
//	HTTP API             POST /events, GET /events/{eventId} and GET /health, with authorization,
//	                     throttling and an access log
//	API function         accepts an event: writes Bronze, then table and queue in parallel
//	Bronze bucket        stores the raw payload, byte for byte, under bronze/
//	events table         tracks each event's status: ENQUEUED, PROCESSED or FAILED
//	queue and DLQ        carry references to events; the DLQ holds those of failed events
//	worker function      writes the record, publishes a notification, sets the status
//	Silver bucket        stores each event's record under silver/
//	event bus            receives EventProcessed and EventFailed
//	reconciler function  repairs, on a schedule, what a crash left unfinished
//	alarms, dashboard    show the pipeline's health
//
// Nil props create a pipeline for production: encrypted, TLS only, least privilege, a closed API,
// and data that outlives the stack. Every default can be changed by a prop, and every resource has
// a getter; docs/construct.md lists both. Buckets, table, queues, bus, API and VPC may be existing
// resources. An app may contain several pipelines, and one may span stacks. Invalid props, and
// props without effect, are errors at synth, reported together.
//
// The functions are written in Go and built from this module's sources at synth, so synthesis needs
// the Go toolchain.
package eventpipeline
