package explore

import (
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Scenario is what happens in a run, besides faults.
type Scenario struct {
	Name           string
	Setup          func(*run) // without faults
	Begin          func(*run)
	AtTick         func(r *run, tick int) // what begins beside the reconciler's runs, 1 the first
	Ticks          int                    // how many runs of the reconciler there are at least
	Batch          int                    // messages that a worker gets at once
	Deliveries     int                    // that messages had before
	Preemptions    int                    // fewer than what is asked for, where actors don't race or that would take hours; 0 is no less
	MiscountsQueue bool                   // the queue's approximate count is always 0
	SharedProcess  bool                   // all requests come to one process
	Processor      processor              // nil is the platform's own
	OursOnly       bool                   // it needs a reconciler, a replay, a redrive or a processor
}

const (
	good      = `{"eventType":"demo","n":1}`
	other     = `{"eventType":"demo","n":2}`
	third     = `{"eventType":"demo","n":3}`
	poisonous = `{"eventType":"demo","n":1e999}`
)

// Scenarios are explored exhaustively.
var Scenarios = []Scenario{
	{Name: "two events", Batch: 2, Preemptions: 1, Begin: func(r *run) {
		r.client(1, good, "")
		r.client(2, other, "")
	}},
	{Name: "two clients, one key, same payload", Batch: 1, Begin: func(r *run) {
		r.client(1, good, "key")
		r.client(2, good, "key")
	}},
	{Name: "a batch of three with one poison", Batch: 3, Preemptions: 1, Setup: func(r *run) { r.enqueued(good, poisonous, third) }},
	{Name: "a replay races a late delivery", Batch: 1, OursOnly: true, Setup: func(r *run) {
		r.enqueued(good)
		r.send(r.queue.messages[0].event)
		r.processOne()
		r.reconciled()
	}, Begin: func(r *run) { r.replay(pipeline.Replay{ID: "replay-1"}) }},
	{Name: "the reconciler races the worker", Batch: 1, OursOnly: true, MiscountsQueue: true, Setup: func(r *run) {
		r.enqueued(good)
		time.Sleep(tick)
	}, Begin: func(r *run) { r.passTime() }},
	{Name: "the reconciler races the last delivery", Batch: 1, OursOnly: true, Deliveries: maxReceiveCount - 1, Setup: func(r *run) {
		r.enqueued(good)
		r.queue.messages[0].receives = maxReceiveCount - 1
		time.Sleep(tick)
	}, Begin: func(r *run) { r.passTime() }},
	{Name: "a replay behind the first delivery", Batch: 1, OursOnly: true, Preemptions: 1, Setup: func(r *run) { r.enqueued(good) },
		Begin: func(r *run) { r.replay(pipeline.Replay{ID: "replay-1"}) }},
	{Name: "two clients, one key, other payload", Batch: 1, Begin: func(r *run) {
		r.client(1, good, "key")
		r.client(2, other, "key")
	}},
	{Name: "two replays", Batch: 1, OursOnly: true, Preemptions: 1, Setup: func(r *run) {
		r.enqueued(good)
		r.processOne()
		r.reconciled()
	}, Begin: func(r *run) {
		r.replay(pipeline.Replay{ID: "replay-1"})
		r.replay(pipeline.Replay{ID: "replay-2", Quiet: true})
	}},
	{Name: "two reconcilers at once", Batch: 1, OursOnly: true, Preemptions: 1, Setup: func(r *run) {
		r.enqueued(good)
		r.queue.messages = nil
		time.Sleep(tick)
	}, Begin: func(r *run) {
		r.nextTick = r.nextTick.Add(tick)
		r.reconcile()
		r.reconcile()
	}},
	{Name: "a redrive races a late delivery", Batch: 1, OursOnly: true, Setup: func(r *run) {
		r.enqueued(poisonous)
		r.send(r.queue.messages[0].event)
		r.processOne()
		r.reconciled()
	}, Begin: func(r *run) { r.redrive() }},
	{Name: "a redrive races a replay of what failed", Batch: 1, OursOnly: true, Preemptions: 1, Setup: func(r *run) {
		r.enqueued(poisonous)
		r.processOne()
		r.reconciled()
	}, Begin: func(r *run) {
		r.redrive()
		r.replayOf(pipeline.ReplayRequest{Replay: pipeline.Replay{ID: "replay-1"}, Failed: true, From: r.began, To: time.Now()})
	}},
	{Name: "a replay behind a crashed one of another hour", Batch: 1, OursOnly: true, Preemptions: 1, Setup: func(r *run) {
		r.enqueued(good)
		r.processOne()
		time.Sleep(time.Hour)
		r.client(2, other, "")
		r.quietly()
		r.processOne()
		r.reconciled()
		r.reconciled()
		r.replayOf(pipeline.ReplayRequest{Replay: pipeline.Replay{ID: "replay-1"}, From: r.began, To: r.began.Add(time.Hour)})
		r.crashAt("Queue.SendMany")
	}, Begin: func(r *run) {
		r.replayOf(pipeline.ReplayRequest{Replay: pipeline.Replay{ID: "replay-2"}, From: r.began.Add(time.Hour), To: time.Now()})
	}},
	{Name: "the reconciler races ingest", Batch: 1, OursOnly: true, Preemptions: 1, Ticks: 2, Begin: func(r *run) {
		// The event is received at the end of an hour, of which a pass takes all when the next has begun.
		time.Sleep(time.Until(time.Now().Truncate(time.Hour).Add(time.Hour - time.Second)))
		r.client(1, good, "key")
		r.observe()
		time.Sleep(2 * time.Second)
		r.nextTick = time.Now().Add(tick)
		r.reconcile()
	}},
	{Name: "a message that kills its worker", Batch: 1, OursOnly: true, Setup: func(r *run) {
		r.enqueued(good)
		for id := range r.table.items {
			r.killers[id] = true
		}
	}},
	{Name: "a message that kills its worker, in a batch", Batch: 2, OursOnly: true, Preemptions: 1, Setup: func(r *run) {
		r.enqueued(good, other)
		r.killers[idOf(1)] = true
		r.deliver(r.queue.visible())
		r.quietly()
	}},
	{Name: "a processor that fans out and drops", Batch: 2, OursOnly: true, Preemptions: 1, Processor: splitting, Setup: func(r *run) { r.enqueued(good, other) }},
	{Name: "a processor that changes its mind", Batch: 1, OursOnly: true, Processor: wavering, Setup: func(r *run) { r.enqueued(good) }},
	{Name: "a processor that rejects what it took before", Batch: 1, OursOnly: true, Processor: regretting, Setup: func(r *run) { r.enqueued(good) }},
	{Name: "a replay by a processor that changes its mind", Batch: 1, OursOnly: true, Preemptions: 1, Processor: wavering, Setup: func(r *run) {
		r.enqueued(good)
		r.processOne()
		r.reconciled()
	}, Begin: func(r *run) { r.replay(pipeline.Replay{ID: "replay-1"}) }},
	{Name: "a poison event", Batch: 1, Begin: func(r *run) { r.client(1, poisonous, "") }},
	{Name: "one event", Batch: 1, Begin: func(r *run) { r.client(1, good, "") }},
	{Name: "one event with a key", Batch: 1, Begin: func(r *run) { r.client(1, good, "key") }},
}

// enqueued has requests accepted.
func (r *run) enqueued(bodies ...string) {
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

// crashAt lets an actor go on without any fault, until its process dies before that call.
func (r *run) crashAt(site string) {
	for r.observe(); len(r.pending) > 0; r.observe() {
		if c := r.pending[0]; c.site == site {
			r.crash(c.actor)
		} else {
			r.take(c)
		}
	}
}

// reconciled has the reconciler look at everything, so that it has no reason to look again.
func (r *run) reconciled() {
	time.Sleep(time.Until(r.nextTick))
	r.nextTick = r.nextTick.Add(tick)
	r.reconcile()
	r.quietly()
	r.ticks = nil
}

// quietly lets all actors go on to their end without any fault.
func (r *run) quietly() {
	for r.observe(); len(r.pending) > 0; r.observe() {
		r.take(r.pending[0])
	}
}
