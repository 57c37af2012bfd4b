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

// mayPassTime reports whether time may pass although other steps are possible. There are two cases:
//
//   - The caller of a call has received an error, but the call will still take effect.
//   - Only an operator's commands run. The operator's laptop may sleep during a command. After the
//     sleep, AWS rejects the requests that the command signed earlier.
func (r *run) mayPassTime() bool {
	next := r.nextEvent()
	if next.IsZero() || len(r.ticks) >= maxTicks {
		return false
	}
	// A late effect occurs within the grace period.
	if len(r.late) > 0 && time.Until(next) >= grace {
		return false
	}
	waiting := len(r.late) > 0
	for _, a := range r.actors {
		if a.alive() && !a.maySleep {
			return false
		}
		waiting = waiting || a.alive()
	}
	return waiting
}

// nextEvent returns the time at which the next timer expires, or zero if there is no timer.
func (r *run) nextEvent() time.Time {
	next := r.queue.next()
	earlier := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	if r.system.Reconciles {
		earlier(r.nextTick)
	}
	for _, c := range r.hanging {
		deadline, _ := c.ctx.Deadline()
		earlier(deadline)
	}
	return next
}

// passSubBatchWait lets SubBatchWait pass if a call hangs, so that the worker no longer waits for
// the call. It reports whether a call hung.
func (r *run) passSubBatchWait() bool {
	r.mu.Lock() // makes the scheduler's writes visible to the actors that the timer wakes
	waiting := slices.ContainsFunc(r.hanging,
		func(c *call) bool { return time.Since(c.hung) <= pipeline.SubBatchWait })
	r.mu.Unlock()
	if waiting {
		time.Sleep(pipeline.SubBatchWait + 1)
	}
	return waiting
}

// passTime advances the clock to the time at which the next timer expires.
func (r *run) passTime() {
	if r.passSubBatchWait() {
		return
	}
	until := r.nextEvent()
	r.mu.Lock()
	expired := r.pending
	r.pending = nil // these requests are already signed; their signatures expire
	r.mu.Unlock()
	// One nanosecond later, all timers set to that time have expired.
	time.Sleep(time.Until(until) + 1)
	r.tracef("time passes")
	r.table.endStaleReads()
	for _, c := range expired {
		c.actor.remember(c, nil, errExpired)
		c.answer(nil, errExpired)
	}
	r.hanging = slices.DeleteFunc(r.hanging, func(c *call) bool { // their contexts have ended
		deadline, _ := c.ctx.Deadline()
		return !deadline.After(until)
	})
	if r.system.Reconciles && !until.Before(r.nextTick) {
		if len(r.ticks) == maxTicks {
			r.violate("I5", "the system is not at rest after %d runs of the reconciler", maxTicks)
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

// atRest reports whether nothing more can happen.
func (r *run) atRest() bool {
	if len(r.hanging) > 0 || !r.queue.next().IsZero() {
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
	return last.ended && !last.crashed && last.err == nil && c.Pass.Done &&
		c.Pass.Unfinished.IsZero() && c.RewindTo.IsZero()
}
