package explore

import (
	"slices"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

const (
	grace         = time.Hour
	tick          = 2*time.Hour + time.Minute // longer than the grace and the hour that a pass is cut to
	maxTicks      = 12
	maxReenqueues = 2
)

// mayPassTime tells whether time may pass although something could be done now: while an effect is late, or an operator's
// command is under way, whose laptop may sleep. AWS then refuses what it had signed before.
func (r *run) mayPassTime() bool {
	soonest := r.soonest()
	if soonest.IsZero() || len(r.ticks) >= maxTicks {
		return false
	}
	// The grace is chosen so that no effect is as late.
	if len(r.late) > 0 && time.Until(soonest) >= grace {
		return false
	}
	stalls := len(r.late) > 0
	for _, a := range r.actors {
		if a.alive() && !a.mayStall {
			return false
		}
		stalls = stalls || a.alive()
	}
	return stalls
}

// soonest is when something happens by itself, the zero time if nothing does.
func (r *run) soonest() time.Time {
	soonest := r.queue.next()
	earlier := func(t time.Time) {
		if soonest.IsZero() || t.Before(soonest) {
			soonest = t
		}
	}
	if r.system.Reconciles {
		earlier(r.nextTick)
	}
	for _, c := range r.stalled {
		deadline, _ := c.ctx.Deadline()
		earlier(deadline)
	}
	return soonest
}

// passPatience goes on to when events whose records are made wait no more for one whose call hangs, and tells whether that
// was still to come.
func (r *run) passPatience() bool {
	r.mu.Lock() // those that the timer wakes come to know what the scheduler did before
	waits := slices.ContainsFunc(r.stalled, func(c *call) bool { return time.Since(c.hung) <= pipeline.SubBatchWait })
	r.mu.Unlock()
	if waits {
		time.Sleep(pipeline.SubBatchWait + 1)
	}
	return waits
}

// passTime goes on to when something happens by itself.
func (r *run) passTime() {
	if r.passPatience() {
		return
	}
	until := r.soonest()
	r.mu.Lock()
	expired := r.pending
	r.pending = nil // for the calls of actors whose call hangs until then
	r.mu.Unlock()
	time.Sleep(time.Until(until) + 1) // behind the timers of that moment
	r.note("time passes")
	r.table.settle()
	for _, c := range expired {
		c.actor.remember(c, nil, errExpired)
		c.answer(nil, errExpired)
	}
	r.stalled = slices.DeleteFunc(r.stalled, func(c *call) bool { // these get their answer now
		deadline, _ := c.ctx.Deadline()
		return !deadline.After(until)
	})
	if r.system.Reconciles && !until.Before(r.nextTick) {
		if len(r.ticks) == maxTicks {
			r.violate("I5", "after %d runs of the reconciler there is still something to do", maxTicks)
			r.pruned = true
			return
		}
		r.nextTick = r.nextTick.Add(tick)
		r.reconcile()
		if r.scenario.AtTick != nil {
			r.scenario.AtTick(r, len(r.ticks))
		}
	}
}

// atRest tells whether nothing will happen any more.
func (r *run) atRest() bool {
	if len(r.stalled) > 0 || !r.queue.next().IsZero() {
		return false
	}
	if !r.system.Reconciles {
		return true
	}
	if len(r.ticks) < max(1, r.scenario.Ticks) {
		return false
	}
	last := r.ticks[len(r.ticks)-1]
	c := r.table.checkpoint
	return last.ended && !last.crashed && last.err == nil && c.Pass.Done && c.Pass.Unfinished.IsZero() && c.RewindTo.IsZero()
}
