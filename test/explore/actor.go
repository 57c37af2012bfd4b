package explore

import (
	"context"
	"time"
)

// actor represents a process that runs the domain's code: a client's request, a worker's batch, the
// reconciler or an operator's command.
type actor struct {
	name      string
	past      *history
	crashed   bool
	crashedBy string // event whose payload crashed the worker
	lastSite  string // role and site of the actor's last call
}

const none = -1

func (a *actor) alive() bool { return !a.crashed && !a.past.ended }

func (a *actor) role() string { return a.past.start.role }

// maySleep reports whether hours can pass while the actor runs.
func (a *actor) maySleep() bool { return a.role() == "replay" || a.role() == "redrive" }

// calls returns the actor's unanswered calls.
func (a *actor) calls() []*call {
	if !a.alive() {
		return nil
	}
	return a.past.calls
}

// stateHash returns a hash of everything that determines the actor's next steps.
func (a *actor) stateHash() uint64 {
	if !a.alive() {
		return 0
	}
	s := a.past.start
	return mix(mix(s.input, a.past.responses), uint64(s.deadline.UnixMilli()))
}

// identity returns a hash that distinguishes a call of the actor from all other calls.
func (a *actor) identity(c *call) uint64 {
	return mix(mix(a.past.start.input, a.past.responses), c.id)
}

// spawn starts an actor that runs body, and returns the actor's index. If body returns an error,
// the actor fails. Actors with the same role, input and start time must have the same body.
//
// After `lifetime`, the actor crashes, like a function at Lambda's timeout. 0 means no limit.
func (r *run) spawn(role, name string, input uint64, lifetime time.Duration,
	body func(ctx context.Context, p *process) error) int {
	s := start{role: role, input: input, began: r.now, body: body}
	if lifetime > 0 {
		s.deadline = r.now.Add(lifetime)
	}
	r.actors = append(r.actors, actor{name: name, past: r.firstHistory(s)})
	r.recordReaction(len(r.actors) - 1)
	return len(r.actors) - 1
}

// pass passes an input to an actor.
func (r *run) pass(i int, in input) {
	a := &r.actors[i]
	a.past = r.historyAfter(a.past, in)
	r.recordReaction(i)
}

// recordReaction adds an actor's last reaction to the data that the invariants check.
func (r *run) recordReaction(i int) {
	past := r.actors[i].past
	r.unanswered = r.unanswered || past.unanswered
	for _, id := range past.failedEvents {
		r.failures = copyWith(r.failures, id, r.failures[id]+1)
	}
}

// crash ends an actor's process.
func (r *run) crash(i int) {
	r.actors[i].crashed = true
	r.unanswered = r.unanswered || r.actors[i].role() == "client"
}
