package client

import (
	"cmp"
	"context"
	"errors"
	"net/http"
)

// sendSealed sends the batches in b.sealed until none is left.
func (b *Batcher) sendSealed() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.sealed) > 0 {
		next := b.sealed[0]
		b.sealed = b.sealed[1:]
		b.mu.Unlock()
		b.send(next.entries)
		b.mu.Lock()
		delete(b.unfinished, next)
		close(next.finished)
		b.wakeWaiting() // a waiting Add may have to send the pending batch now
	}
	b.senders--
}

// send sends entries in one request. If the API rejects the request because of its size or an
// invalid event, send sends each half of the entries in its own request.
func (b *Batcher) send(entries []entry) {
	events := make([][]byte, len(entries))
	for i, e := range entries {
		events[i] = e.event
	}
	results, err := b.client.sendEvents(b.ctx, events)
	switch {
	case err == nil:
		b.resolve(entries, results)
	case len(entries) > 1 && mayHaveValidParts(err):
		b.send(entries[:len(entries)/2])
		b.send(entries[len(entries)/2:])
	default:
		b.fail(entries, err)
	}
}

// sendEvents sends events in one request, and returns a result for each event. It sends a single
// event without an array, because the brackets of an array count toward the API's size limit.
func (c *Client) sendEvents(ctx context.Context, events [][]byte) ([]EventResult, error) {
	if len(events) == 1 {
		accepted, err := c.Send(ctx, events[0])
		return []EventResult{{EventID: accepted.EventID}}, err
	}
	accepted, err := c.sendBatch(ctx, events, WithLenient())
	var problem *Problem
	if errors.As(err, &problem) && len(problem.Errors) == len(events) {
		return eventResults(problem), nil
	}
	return accepted.Events, err
}

// eventResults returns the results of a batch whose events are all invalid. p.Errors must have an
// element for each event.
func eventResults(p *Problem) []EventResult {
	results := make([]EventResult, len(p.Errors))
	for i, e := range p.Errors {
		results[i].Problem = &Problem{
			Status: e.Status, Type: e.Type, Title: e.Title, Detail: e.Detail, Pointer: e.Pointer,
			Violations: e.Violations, RequestID: p.RequestID,
		}
	}
	return results
}

// mayHaveValidParts reports whether the API rejected a request because of its size or some of its
// events. In both cases, the API stored nothing.
func mayHaveValidParts(err error) bool {
	var failure *SendError
	var problem *Problem
	if !errors.As(err, &problem) || errors.As(err, &failure) && failure.MayBeAccepted {
		return false
	}
	switch problem.Status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

func (b *Batcher) resolve(entries []entry, results []EventResult) {
	resolved := make([]Result, len(entries))
	for i, e := range entries {
		resolved[i] = Result{Event: e.event, EventID: results[i].EventID}
		if problem := results[i].Problem; problem != nil {
			resolved[i].Err = problem
		}
	}
	b.finish(entries, resolved)
}

func (b *Batcher) fail(entries []entry, err error) {
	failed := make([]Result, len(entries))
	for i, e := range entries {
		failed[i] = Result{Event: e.event, Err: err}
	}
	b.finish(entries, failed)
}

// finish reports the results of entries, and removes the entries from the buffer.
func (b *Batcher) finish(entries []entry, results []Result) {
	for i, e := range entries {
		if e.done != nil {
			e.done(results[i])
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buffered -= len(entries)
	for i, e := range entries {
		b.bytes -= len(e.event)
		if err := results[i].Err; err != nil {
			b.failed++
			b.firstErr = cmp.Or(b.firstErr, err)
		}
	}
	b.wakeWaiting()
}
