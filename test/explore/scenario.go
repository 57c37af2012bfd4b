package explore

import (
	"slices"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Scenario describes the actors of a run, and the state of the simulated services at its start.
type Scenario struct {
	Name   string
	Setup  func(*run)             // creates the initial state of the services, without faults
	Begin  func(*run)             // starts the first actors
	AtTick func(r *run, tick int) // starts more actors at the reconciler's run number tick, from 1
	Ticks  int                    // minimum number of runs of the reconciler
	Batch  int                    // maximum number of messages per worker; 0 means 1
	Outage outage                 // services that fail for an hour, from any step on
	Broken bool                   // workers crash at their start, and SQS soon moves their messages
	// Preemptions limits the number of preemptions; 0 means no limit. A scenario has a limit if it
	// takes hours without a limit, or if its actors do not compete for an event.
	Preemptions    int
	Attempts       int       // maximum attempts of a client with a key; 0 means 3
	MiscountsQueue bool      // the queue's approximate count is always 0
	SharedProcess  bool      // one process serves all requests, with one key cache
	Processor      processor // nil keeps payloads unchanged
	NaiveToo       bool      // the naive pipeline supports the scenario
}

const (
	good      = `{"eventType":"demo","n":1}`
	other     = `{"eventType":"demo","n":2}`
	third     = `{"eventType":"demo","n":3}`
	otherType = `{"eventType":"other","n":4}`
	poison    = `{"eventType":"demo","n":1e999}`
)

// Scenarios lists the scenarios that are explored exhaustively.
var Scenarios = slices.Concat(singleScenarios, batchScenarios)

// singleScenarios lists the scenarios of single events.
var singleScenarios = []Scenario{
	{Name: "two events", NaiveToo: true, Batch: 2, Preemptions: 1, Begin: func(r *run) {
		r.client(1, good, "")
		r.client(2, other, "")
	}},
	{Name: "two clients, one key, same payload", NaiveToo: true, Begin: func(r *run) {
		r.client(1, good, "key")
		r.client(2, good, "key")
	}},
	{Name: "three messages, one of them poison", NaiveToo: true, Batch: 3, Preemptions: 1,
		Setup: func(r *run) { r.acceptAll(good, poison, third) }},
	{Name: "a replay races a late delivery", Setup: func(r *run) {
		r.acceptAll(good)
		r.send(r.queue.messages[0].event)
		r.processOne()
		r.reconcileAll()
	}, Begin: func(r *run) { r.replay(pipeline.Replay{ID: "replay-1"}) }},
	{Name: "the reconciler races the worker", MiscountsQueue: true,
		Setup: func(r *run) {
			r.acceptAll(good)
			r.sleep(tick)
		}, Begin: func(r *run) { r.passTime() }},
	{Name: "the reconciler races a rejection", Processor: rejectsLater, Setup: func(r *run) {
		r.acceptAll(good)
		r.sleep(tick)
	}, Begin: func(r *run) { r.passTime() }},
	{Name: "an event at its last try", Setup: func(r *run) {
		r.acceptAll(good)
		r.redeliver(1, pipeline.Tries{Crashes: maxReceiveCount - 1})
	}},
	{Name: "an outage of S3", Preemptions: 1, Outage: s3Outage,
		Setup: func(r *run) { r.acceptAll(good) }},
	{Name: "an outage of the bus", Preemptions: 1, Outage: busOutage, Setup: func(r *run) {
		r.acceptAll(good)
		r.redeliver(7, pipeline.Tries{})
	}},
	{Name: "an outage of the table", Preemptions: 1, Outage: tableOutage, Setup: func(r *run) {
		r.acceptAll(good)
		r.redeliver(7, pipeline.Tries{})
	}},
	{Name: "an outage of all services during a run of the reconciler", Preemptions: 1,
		Outage: fullOutage, MiscountsQueue: true, Setup: func(r *run) {
			r.acceptAll(good)
			r.redeliver(7, pipeline.Tries{})
			r.sleep(tick - outageDuration/2)
		}},
	{Name: "a processor that fails", Processor: alwaysFails,
		Setup: func(r *run) { r.acceptAll(good) }},
	{Name: "a replay follows the first delivery", Preemptions: 1,
		Setup: func(r *run) { r.acceptAll(good) },
		Begin: func(r *run) { r.replay(pipeline.Replay{ID: "replay-1"}) }},
	{Name: "two clients, one key, other payload", NaiveToo: true, Begin: func(r *run) {
		r.client(1, good, "key")
		r.client(2, other, "key")
	}},
	{Name: "a webhook and its repeat with another payload", Preemptions: 1, Begin: func(r *run) {
		r.webhook(1, good, "delivery")
		r.webhook(2, other, "delivery")
	}},
	{Name: "two replays", Preemptions: 1, Setup: func(r *run) {
		r.acceptAll(good)
		r.processOne()
		r.reconcileAll()
	}, Begin: func(r *run) {
		r.replay(pipeline.Replay{ID: "replay-1"})
		r.replay(pipeline.Replay{ID: "replay-2", Quiet: true})
	}},
	{Name: "two reconcilers at once", Preemptions: 1,
		Setup: func(r *run) {
			r.acceptAll(good)
			r.queue.messages = nil
			r.sleep(tick)
		}, Begin: func(r *run) {
			r.nextTick = r.nextTick.Add(tick)
			r.reconcile()
			r.reconcile()
		}},
	{Name: "a redrive races a late delivery", Setup: func(r *run) {
		r.acceptAll(poison)
		r.send(r.queue.messages[0].event)
		r.processOne()
		r.reconcileAll()
	}, Begin: func(r *run) { r.redrive() }},
	{Name: "a redrive races a replay of failed events", Preemptions: 1,
		Setup: func(r *run) {
			r.acceptAll(poison)
			r.processOne()
			r.reconcileAll()
		}, Begin: func(r *run) {
			r.redrive()
			r.startReplay(pipeline.ReplayRequest{Replay: pipeline.Replay{ID: "replay-1"},
				Failed: true, From: r.began, To: r.now})
		}},
	{Name: "a replay follows a crashed replay of another hour",
		Preemptions: 1, Setup: func(r *run) {
			r.acceptAll(good)
			r.processOne()
			r.sleep(time.Hour)
			r.client(2, other, "")
			r.runWithoutFaults()
			r.processOne()
			r.reconcileAll()
			r.reconcileAll()
			r.startReplay(pipeline.ReplayRequest{Replay: pipeline.Replay{ID: "replay-1"},
				From: r.began, To: r.began.Add(time.Hour)})
			r.crashAt("Queue.SendMany")
		}, Begin: func(r *run) {
			r.startReplay(pipeline.ReplayRequest{Replay: pipeline.Replay{ID: "replay-2"},
				From: r.began.Add(time.Hour), To: r.now})
		}},
	{Name: "orphans of a renamed pipeline", Preemptions: 1, Ticks: 3, Setup: func(r *run) {
		r.client(1, good, "key")
		r.runWithoutFaults()
		r.storeRejected(third)
		r.processOne()
		r.client(2, other, "")
		r.runWithoutFaults()
		r.rename()
	}, Begin: func(r *run) { r.replayOrphans() },
		// Only the operator can recover these events, so the operator repeats a failed replay.
		AtTick: func(r *run, _ int) { r.replayOrphans() }},
	{Name: "orphans race a retry of their request", Preemptions: 1, Setup: func(r *run) {
		r.client(1, good, "key")
		r.crashAt("Items.Create")
		r.sleep(pipeline.MinOrphanAge + time.Minute)
	}, Begin: func(r *run) {
		r.client(2, good, "key")
		r.replayOrphans()
	}},
	{Name: "orphans race ingest", Preemptions: 1, Begin: func(r *run) {
		r.client(1, good, "key")
		r.replayOrphans()
	}},
	{Name: "the reconciler races ingest", Preemptions: 1, Ticks: 2,
		Begin: func(r *run) {
			// The event is received at the end of an hour. A pass checks this hour only after the
			// next hour has begun.
			r.sleep(time.Hour - time.Second - r.now.Sub(r.now.Truncate(time.Hour)))
			r.client(1, good, "key")
			r.sleep(2 * time.Second)
			r.nextTick = r.now.Add(tick)
			r.reconcile()
		}},
	{Name: "a worker that crashes at its start", Broken: true,
		Setup: func(r *run) { r.acceptAll(good) }},
	{Name: "a message that crashes its worker", Setup: func(r *run) {
		r.acceptAll(good)
		for id := range r.table.items {
			r.crashing[id] = true
		}
	}},
	{Name: "a message that crashes its worker, next to another message", Batch: 2,
		Preemptions: 1, Setup: func(r *run) {
			r.acceptAll(good, other)
			r.crashing[idOf(1)] = true
			r.deliver(r.queue.visible(r.now), outcome{})
			r.runWithoutFaults()
		}},
	{Name: "a processor that fans out and filters", Batch: 2, Preemptions: 1,
		Processor: fanOut, Setup: func(r *run) { r.acceptAll(good, other) }},
	{Name: "a processor that changes its output", Processor: alternateOutput,
		Setup: func(r *run) { r.acceptAll(good) }},
	{Name: "a processor that rejects an event after it was processed",
		Processor: rejectsLater, Setup: func(r *run) { r.acceptAll(good) }},
	{Name: "a replay by a processor that changes its output",
		Preemptions: 1, Processor: alternateOutput, Setup: func(r *run) {
			r.acceptAll(good)
			r.processOne()
			r.reconcileAll()
		}, Begin: func(r *run) { r.replay(pipeline.Replay{ID: "replay-1"}) }},
	{Name: "a poison event", NaiveToo: true, Begin: func(r *run) { r.client(1, poison, "") }},
	{Name: "one event", NaiveToo: true, Begin: func(r *run) { r.client(1, good, "") }},
	{Name: "one event with a key", NaiveToo: true,
		Begin: func(r *run) { r.client(1, good, "key") }},
}

// acceptAll sends a request for each body, without faults. All requests are accepted.
func (r *run) acceptAll(bodies ...string) {
	for i, body := range bodies {
		r.client(i+1, body, "")
	}
	r.runWithoutFaults()
}

// redeliver sets the number of deliveries of each message and the tries of each event.
func (r *run) redeliver(deliveries int, tries pipeline.Tries) {
	for _, m := range r.queue.messages {
		r.queue.receive(m, deliveries, m.visibleAt)
	}
	r.table.onWrite = func(_, _ pipeline.Item) {}
	for _, item := range r.table.items {
		item.Tries = tries
		r.table.write(item)
	}
	r.table.onWrite = r.checkWrite
}

// processOne processes the queue's first message without faults.
func (r *run) processOne() {
	r.deliver(r.queue.visible(r.now)[:1], outcome{})
	r.runWithoutFaults()
}

// crashAt runs all actors without faults until one makes the given call. That actor crashes before
// the call.
func (r *run) crashAt(site string) {
	for calls := r.pending(); len(calls) > 0; calls = r.pending() {
		if r.callOf(calls[0]).site == site {
			r.crash(calls[0].actor)
		} else {
			r.succeed(calls[0])
		}
	}
}

// storeRejected stores the payload of a rejected request in Bronze. The object's key contains the
// event id and the hour of the first request.
func (r *run) storeRejected(body string) {
	event := r.queue.messages[0].event
	event.SHA256 = sha256Hex([]byte(body))
	r.bronze.write(event.KeyedBronzeKey(), []byte(body), r.now)
	r.rejected = append(r.rejected, event.SHA256)
}

// rename replaces the table and the queue by empty ones, as CloudFormation does after a change of
// PhysicalNamePrefix.
func (r *run) rename() {
	r.notifications = nil // the reconciler publishes them again
	r.table = table{onWrite: r.table.onWrite}
	r.queue.messages, r.generations = nil, nil
	r.sleep(pipeline.MinOrphanAge + time.Minute) // a replay ignores younger orphans
}

// reconcileAll runs the reconciler once without faults. The schedule therefore begins after a
// complete pass.
func (r *run) reconcileAll() {
	r.sleep(r.nextTick.Sub(r.now))
	r.nextTick = r.nextTick.Add(tick)
	r.reconcile()
	r.runWithoutFaults()
	r.ticks = nil
}

// runWithoutFaults runs all actors without faults until they have ended.
func (r *run) runWithoutFaults() {
	for calls := r.pending(); len(calls) > 0; calls = r.pending() {
		r.succeed(calls[0])
	}
}
