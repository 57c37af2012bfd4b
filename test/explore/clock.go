package explore

import (
	"slices"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

const (
	grace         = time.Hour
	tick          = 2*time.Hour + time.Minute // exceeds grace plus the hour that a pass checks
	maxTicks      = 12
	maxReenqueues = 2
)

// mayPassTime reports whether time can pass although other steps are possible. There are two cases:
//
//   - A call has returned an error, but will still take effect.
//   - Only an operator's commands run, and the operator's laptop sleeps. When the laptop wakes, the
//     signatures of the waiting requests have expired.
func (r *run) mayPassTime() bool {
	next := r.nextEvent()
	if next.IsZero() || len(r.ticks) >= maxTicks {
		return false
	}
	// A late call must take effect within the grace period, so time must not pass the period's end.
	if len(r.late) > 0 && next.Sub(r.now) >= grace {
		return false
	}
	waiting := len(r.late) > 0
	for i := range r.actors {
		if a := &r.actors[i]; a.alive() {
			if !a.maySleep() {
				return false
			}
			waiting = true
		}
	}
	return waiting
}

// nextEvent returns the time at which the next timer expires, or zero if there is no timer.
func (r *run) nextEvent() time.Time {
	next := r.queue.next(r.now)
	earlier := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	if r.system.Reconciles {
		earlier(r.nextTick)
	}
	for _, c := range r.hangingCalls() {
		earlier(c.deadline)
	}
	return next
}

// hangingCalls returns the calls that wait for the end of their context.
func (r *run) hangingCalls() []hanging {
	var all []hanging
	for i := range r.actors {
		if a := &r.actors[i]; a.alive() {
			all = append(all, a.past.hanging...)
		}
	}
	return all
}

// sleep advances the clock, and passes the time to the actors. It crashes the actors that exceed
// their deadline.
func (r *run) sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	r.now = r.now.Add(d)
	for i := range r.actors {
		a := &r.actors[i]
		if !a.alive() {
			continue
		}
		r.pass(i, input{until: r.now})
		if deadline := a.past.start.deadline; !deadline.IsZero() && !r.now.Before(deadline) {
			r.violate("I9", "%s exceeded its deadline", a.name)
			r.crash(i)
		}
	}
}

// passSubBatchWait reports whether a worker waits for a call that hangs. If so, it lets
// SubBatchWait pass, and the worker stops waiting.
func (r *run) passSubBatchWait() bool {
	waiting := slices.ContainsFunc(r.hangingCalls(),
		func(c hanging) bool { return r.now.Sub(c.since) <= pipeline.SubBatchWait })
	if waiting {
		r.sleep(pipeline.SubBatchWait + 1)
	}
	return waiting
}

// passTime advances the clock until the next timer expires. If a worker waits for a call that
// hangs, passTime only lets SubBatchWait pass.
func (r *run) passTime() {
	if r.passSubBatchWait() {
		return
	}
	until, signed := r.nextEvent(), r.pending()
	var labels []string
	for _, p := range signed {
		labels = append(labels, r.callOf(p).label)
	}
	r.sleep(until.Sub(r.now) + 1) // one nanosecond later, all timers set to that time have expired
	r.tracef("time passes")
	r.table.endStaleReads()
	for i, p := range signed { // these requests are already signed; their signatures have expired
		n := slices.IndexFunc(r.actors[p.actor].calls(),
			func(c *call) bool { return c.label == labels[i] })
		if n >= 0 {
			r.pass(p.actor, input{call: n, err: errExpired})
		}
	}
	if r.system.Reconciles && !until.Before(r.nextTick) {
		if len(r.ticks) == maxTicks {
			r.violate("I5", "the system is not idle after %d runs of the reconciler", maxTicks)
			return
		}
		r.nextTick = r.nextTick.Add(tick)
		r.reconcile()
		if r.scenario.AtTick != nil {
			r.scenario.AtTick(r, len(r.ticks))
		}
	}
}

// atRest reports whether nothing more can happen.
func (r *run) atRest() bool {
	if len(r.hangingCalls()) > 0 || !r.queue.next(r.now).IsZero() {
		return false
	}
	if !r.system.Reconciles {
		return true
	}
	if len(r.ticks) < max(1, r.scenario.Ticks) {
		return false
	}
	last := &r.actors[r.ticks[len(r.ticks)-1]]
	c := r.table.checkpoint
	return last.past.ended && !last.past.failed && !last.crashed && c.Pass.Done &&
		c.Pass.Unfinished.IsZero() && c.RewindTo.IsZero()
}
