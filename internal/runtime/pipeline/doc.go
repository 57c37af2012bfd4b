// Package pipeline is the domain: what happens to an event between a client's request and its Silver record. It knows
// no AWS service; what it needs of the world it asks for by the small interfaces beside the code that uses them.
//
// Read it in the order in which an event flows:
//
//	event.go      an event and where its payload and record are kept
//	decode.go     what a request's body must be
//	ingest.go     Bronze, then table and queue side by side
//	lifecycle.go  the states of an event and the moves between them
//	process.go    Bronze → record → Silver → bus → PROCESSED, a batch at a time
//	retry.go      what becomes of a delivery that failed
//	processor.go  what a user's code may make of a payload
//	record.go     what Silver holds of an event
//	notice.go     what the bus is told
//	errors.go     what can go wrong, classified once
package pipeline
