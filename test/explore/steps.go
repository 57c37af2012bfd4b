package explore

import (
	"context"
	"slices"
	"time"
)

// step represents a possible next step.
type step struct {
	cost Budget
	do   func()
	name func() uint64 // hash that distinguishes the step from others
}

// steps returns all possible next steps. In the first step, the current actor continues; this step
// needs no preemption. If the current actor has no pending call, a step of another actor needs none
// either.
func (r *run) steps() []step {
	var steps []step
	var turn Budget // cost of a step by another actor
	if r.current != nil {
		steps = r.appendCalls(nil, r.current, turn)
	}
	if len(steps) > 0 {
		turn.Preemptions = 1
		if r.currentCommutes() {
			return steps[:1]
		}
	}
	for _, a := range r.actors {
		if a != r.current {
			steps = r.appendCalls(steps, a, turn)
		}
	}
	for _, c := range r.late {
		steps = append(steps, step{turn, func() { r.applyLate(c) },
			func() uint64 { return hash("late effect", c.origin) }})
	}
	steps = r.appendDeliveries(steps, turn)
	steps = r.appendOutage(steps)
	if len(steps) > 0 && r.mayPassTime() {
		steps = append(steps, step{Budget{Preemptions: 1}, r.passTime,
			func() uint64 { return hash("time") }})
	}
	return steps
}

// currentCommutes reports whether all pending calls of the current actor commute with all other
// steps. If so, it makes no difference whether other actors run before these calls.
func (r *run) currentCommutes() bool {
	for _, c := range r.pending {
		if c.actor == r.current && !commuting[c.site] {
			return false
		}
	}
	return true
}

// appendCalls appends an actor's pending calls. If the actor has made several calls in parallel, it
// is a preemption to resolve a later call first.
func (r *run) appendCalls(steps []step, a *actor, cost Budget) []step {
	for _, c := range r.pending {
		if c.actor != a {
			continue
		}
		steps = append(steps, step{cost, func() { r.resolve(c) }, c.identity})
		cost.Preemptions = 1
	}
	return steps
}

// resolve picks a call's outcome and applies it.
func (r *run) resolve(c *call) {
	r.current = c.actor
	r.pending = slices.DeleteFunc(r.pending, func(other *call) bool { return other == c })
	c.origin = c.identity()
	if c.site == crashSite {
		r.tracef("the payload crashes %s", c.actor.name)
		c.actor.crashedBy = c.subject
		r.crash(c.actor, c)
		return
	}
	if r.isDown(c.site) {
		r.tracef("%s: %s %s fails in the outage", c.actor.name, c.site, c.subject)
		c.actor.remember(c, nil, errService)
		c.answer(nil, errService)
		return
	}
	h, ok := r.pickOutcome(c.actor.role+" "+c.site, c.outcomes(),
		func(h outcome) uint64 { return r.predict(c, h) })
	if !ok {
		r.pending = append(r.pending, c)
		return
	}
	r.tracef("%s: %s %s %s", c.actor.name, c.site, c.subject, h)
	if h.Kind == CrashBefore && c.actor.lastSite != "" {
		r.coverage.add(c.actor.lastSite, CrashAfter)
	}
	c.actor.lastSite = c.actor.role + " " + c.site
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
	}
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

// predict returns a hash of the state to which an outcome leads. It then restores the current
// state.
func (r *run) predict(c *call, h outcome) uint64 {
	history, calls, late := c.actor.history, c.actor.calls[c.site+c.subject], r.late
	world := r.world.save()
	defer func() {
		c.actor.history, c.actor.calls[c.site+c.subject] = history, calls
		r.late, c.actor.crashed = late, false
		world.restore(&r.world)
	}()
	switch h.Kind {
	case CrashBefore:
		c.actor.crashed = true
	case Hang:
		c.actor.remember(c, nil, context.DeadlineExceeded)
	default:
		value, err := r.apply(c, h)
		c.actor.remember(c, value, err)
	}
	return hash(r.state(), "predicted")
}

// pickOutcome picks one of the outcomes. The first must be success, which is not a fault.
func (r *run) pickOutcome(site string, outcomes []outcome, state func(outcome) uint64) (outcome,
	bool) {
	costs := make([]Budget, len(outcomes))
	for i := range outcomes[1:] {
		costs[i+1].Faults = 1
	}
	i := r.pick(costs, func(i int) uint64 { return state(outcomes[i]) })
	if i == none {
		return outcome{}, false
	}
	r.coverage.add(site, outcomes[i].Kind)
	return outcomes[i], true
}

// applyLate lets a late call take effect. Nobody receives the result of the call.
func (r *run) applyLate(c *call) {
	r.tracef("late effect of %s: %s %s", c.actor.name, c.site, c.subject)
	r.late = slices.DeleteFunc(r.late, func(other *call) bool { return other == c })
	_, _ = c.effect(outcome{})
}
