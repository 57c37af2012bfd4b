package explore

import (
	"context"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/pipeline"
)

// Scenario is what happens in a run, besides faults.
type Scenario struct {
	Name           string
	Setup          func(*run) // without faults
	Begin          func(*run)
	Batch          int  // messages that a worker gets at once
	MiscountsQueue bool // the queue's approximate count is always 0
	SharedProcess  bool // all requests come to one process
}

const (
	good      = `{"eventType":"demo","n":1}`
	other     = `{"eventType":"demo","n":2}`
	third     = `{"eventType":"demo","n":3}`
	poisonous = `{"eventType":"demo","n":1e999}`
)

// Scenarios are explored exhaustively.
var Scenarios = []Scenario{
	{Name: "one event", Batch: 1, Begin: func(r *run) { r.client(1, good, "") }},
	{Name: "one event with a key", Batch: 1, Begin: func(r *run) { r.client(1, good, "key") }},
	{Name: "a poison event", Batch: 1, Begin: func(r *run) { r.client(1, poisonous, "") }},
	{Name: "two events", Batch: 2, Begin: func(r *run) {
		r.client(1, good, "")
		r.client(2, other, "")
	}},
	{Name: "two clients, one key, same payload", Batch: 1, Begin: func(r *run) {
		r.client(1, good, "key")
		r.client(2, good, "key")
	}},
	{Name: "two clients, one key, other payload", Batch: 1, Begin: func(r *run) {
		r.client(1, good, "key")
		r.client(2, other, "key")
	}},
	{Name: "a batch of three with one poison", Batch: 3, Setup: func(r *run) {
		r.accepted3(good, poisonous, third)
	}},
	{Name: "the reconciler races the worker", Batch: 1, MiscountsQueue: true, Setup: func(r *run) {
		r.accepted3(good)
		time.Sleep(tick)
	}, Begin: func(r *run) { r.nextTick = time.Now(); r.passTime() }},
	{Name: "two reconcilers at once", Batch: 1, Setup: func(r *run) {
		r.accepted3(good)
		r.queue.messages = nil
		time.Sleep(tick)
	}, Begin: func(r *run) { r.reconcile(); r.reconcile() }},
	{Name: "a replay races a late delivery", Batch: 1, Setup: func(r *run) {
		r.accepted3(good)
		r.send(r.queue.messages[0].event)
		r.processOne()
	}, Begin: func(r *run) { r.replay(pipeline.Replay{ID: "replay-1"}) }},
	{Name: "two replays", Batch: 1, Setup: func(r *run) {
		r.accepted3(good)
		r.processOne()
	}, Begin: func(r *run) {
		r.replay(pipeline.Replay{ID: "replay-1"})
		r.replay(pipeline.Replay{ID: "replay-2", Quiet: true})
	}},
	{Name: "a redrive races a late delivery", Batch: 1, Setup: func(r *run) {
		r.accepted3(poisonous)
		r.send(r.queue.messages[0].event)
		r.processOne()
	}, Begin: func(r *run) { r.redrive() }},
	{Name: "a message that kills its worker", Batch: 1, Setup: func(r *run) {
		r.accepted3(good)
		for id := range r.table.items {
			r.killers[id] = true
		}
	}},
}

// accepted3 has requests accepted.
func (r *run) accepted3(bodies ...string) {
	for i, body := range bodies {
		r.client(i+1, body, "")
	}
	r.quietly()
}

// processOne has the queue's first message processed.
func (r *run) processOne() {
	r.deliver(r.queue.visible()[:1])
	r.quietly()
}

// quietly lets all actors go on to their end without any fault.
func (r *run) quietly() {
	for r.observe(); len(r.pending) > 0; r.observe() {
		r.take(r.pending[0])
	}
}

var _ = context.Background
