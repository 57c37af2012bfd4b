package explore

import (
	"context"
	"slices"
	"time"
)

// step represents a possible next step.
type step struct {
	cost    Budget
	do      func()
	predict func() prediction
}

// steps returns all possible next steps. The steps of the current actor come first and need no
// preemption. A step of another actor needs a preemption only if the current actor has a pending
// call.
func (r *run) steps() []step {
	own := r.callsOf(r.current)
	if len(own) > 0 && allCommute(own) {
		return r.appendOutcomes(nil, own[0], Budget{})
	}
	steps := r.appendCalls(nil, own, Budget{})
	var turn Budget // cost of a step by another actor
	if len(own) > 0 {
		turn.Preemptions = 1
	}
	for _, a := range r.actors {
		if a != r.current {
			steps = r.appendCalls(steps, r.callsOf(a), turn)
		}
	}
	for _, c := range r.late {
		steps = append(steps, step{turn, func() { r.applyLate(c) },
			func() prediction { return r.predictLate(c) }})
	}
	steps = r.appendDeliveries(steps, turn)
	steps = r.appendOutage(steps)
	if len(steps) > 0 && r.mayPassTime() {
		steps = append(steps, step{Budget{Preemptions: 1}, r.passTime,
			func() prediction { return r.distinguish("time") }})
	}
	return steps
}

// callsOf returns the pending calls of an actor.
func (r *run) callsOf(a *actor) []*call {
	var calls []*call
	for _, c := range r.pending {
		if c.actor == a {
			calls = append(calls, c)
		}
	}
	return calls
}

// allCommute reports whether the pending calls of an actor commute with all steps of other actors.
// If they do, their order with steps of other actors makes no difference.
func allCommute(calls []*call) bool {
	return !slices.ContainsFunc(calls, func(c *call) bool { return !commuting[c.site] })
}

// appendCalls appends a step for each outcome of an actor's pending calls. An actor may have made
// several calls in parallel. A step that resolves a later call before an earlier one costs a
// preemption.
func (r *run) appendCalls(steps []step, calls []*call, cost Budget) []step {
	for _, c := range calls {
		steps = r.appendOutcomes(steps, c, cost)
		cost.Preemptions = 1
	}
	return steps
}

// appendOutcomes appends a step for each outcome of a call.
func (r *run) appendOutcomes(steps []step, c *call, cost Budget) []step {
	if c.site == crashSite || r.isDown(c.site) {
		return append(steps, step{cost, func() { r.failCall(c) },
			func() prediction { return r.distinguish(c.identity()) }})
	}
	for _, h := range c.outcomes() {
		steps = append(steps, step{cost.plus(h.cost()), func() { r.resolve(c, h) },
			func() prediction { return r.predict(c, h) }})
	}
	return steps
}

// succeed applies the first outcome of a call. The first outcome is never a fault.
func (r *run) succeed(c *call) { r.appendOutcomes(nil, c, Budget{})[0].do() }

// take makes the call's actor the current one.
func (r *run) take(c *call) {
	r.current = c.actor
	r.pending = slices.DeleteFunc(r.pending, func(other *call) bool { return other == c })
	c.origin = c.identity()
}

// failCall lets a call fail. The call has no other outcome, because its payload crashes the worker
// or the called service is down.
func (r *run) failCall(c *call) {
	r.take(c)
	if c.site == crashSite {
		r.tracef("the payload crashes %s", c.actor.name)
		c.actor.crashedBy = c.subject
		r.crash(c.actor, c)
		return
	}
	r.tracef("%s: %s %s fails in the outage", c.actor.name, c.site, c.subject)
	c.actor.remember(c, nil, errService)
	c.answer(nil, errService)
}

// resolve applies an outcome of a call.
func (r *run) resolve(c *call, h outcome) {
	r.take(c)
	r.tracef("%s: %s %s %s", c.actor.name, c.site, c.subject, h)
	site := c.actor.role + " " + c.site
	r.coverage.add(site, h.Kind)
	if h.Kind == CrashBefore && c.actor.lastSite != "" {
		r.coverage.add(c.actor.lastSite, CrashAfter)
	}
	c.actor.lastSite = site
	switch h.Kind {
	case CrashBefore:
		r.crash(c.actor, c)
	case Hang:
		r.hanging, c.hung = append(r.hanging, c), time.Now()
		c.actor.remember(c, nil, context.DeadlineExceeded)
		c.hang()
	default:
		value, err := r.apply(c, h)
		c.actor.remember(c, value, err)
		c.answer(value, err)
		r.answered = c
	}
}

// distinguish returns a prediction for a step whose result is not known in advance.
func (r *run) distinguish(step any) prediction {
	return prediction{hash: hash(r.state(), "before", step)}
}

// reaction describes what an actor did after it received an answer.
type reaction struct {
	ended        bool     // the actor has ended
	failed       bool     // a client's attempt has failed
	failedEvents []string // ids, one for each failure of the processor
}

// situation returns a hash of everything that determines the actor's reaction to the call's answer.
func (c *call) situation() uint64 {
	return hash(c.actor.state(), c.site, c.subject, time.Now().UnixNano())
}

// apply applies an outcome to the simulated services and returns the result of the call.
func (r *run) apply(c *call, h outcome) (any, error) {
	switch h.Kind {
	case FailBefore:
		return nil, errService
	case FailAfter:
		_, _ = c.effect(h)
		return nil, errService
	case Late:
		r.late = append(r.late, c)
		return nil, errService
	case Retried:
		_, _ = c.effect(h)
	case LateFirstTry:
		r.late = append(r.late, c)
	}
	return c.effect(h)
}

// predict predicts the state to which an outcome leads.
func (r *run) predict(c *call, h outcome) prediction {
	return r.tentatively(func() bool {
		r.current, c.origin = c.actor, c.identity()
		switch h.Kind {
		case CrashBefore:
			c.actor.crashed = true
			r.unanswered = r.unanswered || c.actor.role == "client"
			return true
		case Hang:
			c.actor.remember(c, nil, context.DeadlineExceeded)
			return true
		}
		value, err := r.apply(c, h)
		c.actor.remember(c, value, err)
		reaction, known := r.reactions[c.situation()]
		c.actor.ended, r.unanswered = reaction.ended, r.unanswered || reaction.failed
		for _, id := range reaction.failedEvents {
			r.failures[id]++
		}
		return known && r.keyCache == nil // reactions also depend on the key cache
	}, c)
}

// predictLate predicts the state to which a late effect leads.
func (r *run) predictLate(c *call) prediction {
	return r.tentatively(func() bool {
		r.applyLate(c)
		return true
	}, c)
}

// tentatively calls change, predicts the state to which the change leads, and then restores the
// current state. The change may affect only one actor, the actor of c. It reports whether the
// prediction is exact. If the change violates an invariant, the prediction differs from all
// predictions without this violation.
func (r *run) tentatively(change func() bool, c *call) prediction {
	a, label, late, trace := c.actor, c.site+c.subject, r.late, r.trace
	history, calls, crashed, ended := a.history, a.calls[label], a.crashed, a.ended
	current, origin := r.current, c.origin
	world := r.world.save()
	defer func() {
		r.current, c.origin = current, origin
		a.history, a.calls[label], a.crashed, a.ended = history, calls, crashed, ended
		r.late, r.trace = late, trace
		world.restore(&r.world)
	}()
	r.late = slices.Clone(late)
	exact := change()
	if violations := r.violations[len(world.world.violations):]; len(violations) > 0 {
		return r.distinguish(violations[0].Invariant + violations[0].What)
	}
	if !exact {
		return r.distinguish("reaction")
	}
	return prediction{r.state(), true}
}

// applyLate lets a late call take effect. Nobody receives the result of the call.
func (r *run) applyLate(c *call) {
	r.tracef("late effect of %s: %s %s", c.actor.name, c.site, c.subject)
	r.late = slices.DeleteFunc(r.late, func(other *call) bool { return other == c })
	_, _ = c.effect(outcome{})
}
