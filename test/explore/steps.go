package explore

import (
	"context"
	"slices"
)

// step represents a possible next step.
type step struct {
	cost Budget
	do   func()
}

// steps returns all possible next steps. The current actor's steps come first. Other actors' steps
// need a preemption only if the current actor has a pending call.
func (r *run) steps() []step {
	var steps []step
	var turn Budget // cost of a step by another actor
	if r.current != none {
		own := r.actors[r.current].calls()
		if len(own) > 0 && allCommute(own) {
			return r.appendOutcomes(nil, pendingCall{r.current, 0}, Budget{})
		}
		if len(own) > 0 {
			turn.Preemptions = 1
		}
		steps = r.appendCalls(nil, r.current, Budget{})
	}
	for i := range r.actors {
		if i != r.current {
			steps = r.appendCalls(steps, i, turn)
		}
	}
	for _, c := range r.late {
		steps = append(steps, step{turn, func() { r.applyLate(c) }})
	}
	steps = r.appendDeliveries(steps, turn)
	steps = r.appendOutage(steps)
	if len(steps) > 0 && r.mayPassTime() {
		steps = append(steps, step{Budget{Preemptions: 1}, r.passTime})
	}
	return steps
}

// allCommute reports whether the pending calls of an actor commute with all steps of other actors.
// The order of such calls and steps makes no difference.
func allCommute(calls []*call) bool {
	return !slices.ContainsFunc(calls, func(c *call) bool { return !commuting[c.site] })
}

// appendCalls appends a step for each outcome of each pending call of an actor. Only the first
// pending call can get its response without a preemption.
func (r *run) appendCalls(steps []step, actor int, cost Budget) []step {
	for n := range r.actors[actor].calls() {
		steps = r.appendOutcomes(steps, pendingCall{actor, n}, cost)
		cost.Preemptions = 1
	}
	return steps
}

// appendOutcomes appends a step for each outcome of a call.
func (r *run) appendOutcomes(steps []step, p pendingCall, cost Budget) []step {
	c := r.callOf(p)
	if c.site == crashSite || r.isDown(c.site) {
		return append(steps, step{cost, func() { r.failCall(p) }})
	}
	for _, h := range c.outcomes {
		steps = append(steps, step{cost.plus(h.cost()), func() { r.resolve(p, h) }})
	}
	return steps
}

// succeed applies the first outcome of a call. The first outcome is never a fault.
func (r *run) succeed(p pendingCall) { r.appendOutcomes(nil, p, Budget{})[0].do() }

// failCall lets a call fail. The call has no other outcome: either the service is down, or the
// payload crashes the worker.
func (r *run) failCall(p pendingCall) {
	a, c := &r.actors[p.actor], r.callOf(p)
	r.current = p.actor
	if c.site == crashSite {
		r.tracef("the payload crashes %s", a.name)
		a.crashedBy = c.subject
		r.crash(p.actor)
		return
	}
	r.tracef("%s: %s %s fails in the outage", a.name, c.site, c.subject)
	r.pass(p.actor, input{call: p.call, err: errService})
}

// resolve applies an outcome of a call.
func (r *run) resolve(p pendingCall, h outcome) {
	a, c := &r.actors[p.actor], r.callOf(p)
	r.current = p.actor
	r.tracef("%s: %s %s %s", a.name, c.site, c.subject, h)
	site := c.role + " " + c.site
	r.coverage.add(site, h.Kind)
	if h.Kind == CrashBefore && a.lastSite != "" {
		r.coverage.add(a.lastSite, CrashAfter)
	}
	a.lastSite = site
	switch h.Kind {
	case CrashBefore:
		r.crash(p.actor)
	case Hang:
		r.pass(p.actor, input{call: p.call, hangs: true, err: context.DeadlineExceeded})
	default:
		value, err := r.apply(a, c, h)
		r.pass(p.actor, input{call: p.call, value: value, err: err})
	}
}

// apply applies an outcome to the simulated services and returns the result of the call.
func (r *run) apply(a *actor, c *call, h outcome) (any, error) {
	switch h.Kind {
	case FailBefore:
		return nil, errService
	case FailAfter:
		_, _ = c.effect(h)
		return nil, errService
	case Late:
		r.delay(a, c)
		return nil, errService
	case Retried:
		_, _ = c.effect(h)
	case LateFirstTry:
		r.delay(a, c)
	}
	return c.effect(h)
}

// delay lets a call take effect later.
func (r *run) delay(a *actor, c *call) {
	r.late = append(slices.Clip(r.late), &lateCall{c, a.name, a.identity(c)})
}

// applyLate lets a late call take effect. Nobody receives the call's result.
func (r *run) applyLate(c *lateCall) {
	r.tracef("late effect of %s: %s %s", c.caller, c.site, c.subject)
	r.late = slices.DeleteFunc(slices.Clone(r.late),
		func(other *lateCall) bool { return other == c })
	_, _ = c.effect(outcome{})
}
