package explore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"
)

// run executes one schedule: it holds the world and its actors, and lets one actor continue at a
// time.
type run struct {
	world
	scenario Scenario
	system   System
	chooser  chooser
	coverage Coverage
	tracing  bool // records the trace
	trace    []string
	began    time.Time

	mu       sync.Mutex // actors submit calls concurrently
	pending  []*call
	finished []*actor

	actors          []*actor
	current         *actor
	late            []*call // calls with a late effect
	hanging         []*call // calls in a Hang
	byReceiptHandle map[string]*message
	workers         int
	nextTick        time.Time // next run of the reconciler
	ticks           []*actor  // runs of the reconciler
	used            Budget
	pruned          bool
}

// spawn starts an actor. Like Lambda, it ends the process after the lifetime. body returns an error
// if the actor failed.
func (r *run) spawn(role, name string, start uint64, lifetime time.Duration,
	body func(ctx context.Context, a *actor) error) *actor {
	a := &actor{run: r, role: role, name: name, start: start, calls: make(map[string]int)}
	ctx, cancel := context.WithCancel(context.Background())
	if lifetime > 0 {
		a.deadline = time.Now().Add(lifetime)
		ctx, cancel = context.WithDeadline(ctx, a.deadline)
	}
	r.actors = append(r.actors, a)
	go func() {
		defer cancel()
		err := body(ctx, a)
		r.mu.Lock()
		defer r.mu.Unlock()
		a.err = err
		r.finished = append(r.finished, a)
	}()
	return a
}

// submit passes a call to the scheduler. It returns false if the actor has crashed.
func (r *run) submit(c *call) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.actor.crashed {
		return false
	}
	r.pending = append(r.pending, c)
	return true
}

// runToRest runs steps until nothing more can happen.
func (r *run) runToRest() {
	for {
		r.observe()
		if len(r.violations) > 0 && !r.system.ContinuesAfterViolation {
			return // later violations are consequences
		}
		if r.pruned || r.chooser.visitedState(r.state) {
			r.pruned = true
			return
		}
		steps := r.steps()
		if len(steps) == 0 {
			if r.atRest() {
				r.checkRest()
				return
			}
			r.passTime()
			continue
		}
		costs := make([]Budget, len(steps))
		for i, s := range steps {
			costs[i] = s.cost
		}
		i := r.pick(costs, func(i int) uint64 { return hash(r.state(), steps[i].name()) })
		if i == none {
			return
		}
		steps[i].do()
	}
}

func (r *run) pick(costs []Budget, state func(int) uint64) int {
	if len(costs) == 1 {
		return 0
	}
	i := r.chooser.pick(costs, state)
	if i == none {
		r.pruned = true
		return none
	}
	r.used = r.used.plus(costs[i])
	return i
}

// observe waits until every actor is blocked in a call or has ended.
func (r *run) observe() {
	synctest.Wait()
	for _, a := range r.actors {
		if a.alive() && !a.deadline.IsZero() && !time.Now().Before(a.deadline) {
			r.violate("I9", "%s exceeded its deadline", a.name)
			r.crash(a)
		}
	}
	for _, a := range r.finished {
		a.ended = true
	}
	r.finished = nil
	slices.SortFunc(r.pending, func(a,
		b *call) int {
		return strings.Compare(a.site+a.subject, b.site+b.subject)
	})
}

// step represents a possible next step.
type step struct {
	cost Budget
	do   func()
	name func() uint64 // hash of its identity
}

// steps returns all possible next steps. The first one needs no preemption: the current actor
// continues, or, if it has ended, another one.
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
	if len(steps) > 0 && r.mayPassTime() {
		steps = append(steps, step{Budget{Preemptions: 1}, r.passTime,
			func() uint64 { return hash("time") }})
	}
	return steps
}

// currentCommutes reports whether all pending calls of the current actor commute with all other
// steps. Then other actors need not run before them.
func (r *run) currentCommutes() bool {
	for _, c := range r.pending {
		if c.actor == r.current && !commuting[c.site] {
			return false
		}
	}
	return true
}

// appendCalls appends an actor's calls. To run a later one of parallel calls first is a preemption.
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
	if c.site == "Bronze.Get" && r.crashesWorker(c.subject) {
		r.tracef("%s crashes over the payload", c.actor.name)
		r.crash(c.actor, c)
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

// apply applies an outcome to the world and returns the call's answer.
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

// predict returns the hash of the state to which an outcome leads.
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

// pickOutcome picks an outcome; the first one is success.
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

// applyLate applies a late effect. Its answer is lost.
func (r *run) applyLate(c *call) {
	r.tracef("late effect of %s: %s %s", c.actor.name, c.site, c.subject)
	r.late = slices.DeleteFunc(r.late, func(other *call) bool { return other == c })
	_, _ = c.effect(outcome{})
}

// crash ends an actor's process. Its goroutines continue, but their calls have no effect.
func (r *run) crash(a *actor, calls ...*call) {
	r.mu.Lock()
	a.crashed = true
	for _, c := range slices.Concat(r.pending, r.hanging) {
		if c.actor == a {
			calls = append(calls, c)
		}
	}
	own := func(c *call) bool { return c.actor == a }
	r.pending, r.hanging = slices.DeleteFunc(r.pending, own), slices.DeleteFunc(r.hanging, own)
	r.mu.Unlock()
	for _, c := range calls {
		c.answer(nil, errDead)
	}
}

// end stops all goroutines.
func (r *run) end() {
	for _, a := range r.actors {
		r.crash(a)
	}
	synctest.Wait()
}

func (r *run) tracef(format string, args ...any) {
	if r.tracing {
		r.trace = append(r.trace, fmt.Sprintf("%9s  ", time.Since(r.began))+fmt.Sprintf(format,
			args...))
	}
}

func (r *run) crashesWorker(bronzeKey string) bool {
	for id := range r.crashing {
		if strings.Contains(bronzeKey, id) {
			return true
		}
	}
	return false
}

// state hashes all that determines the next steps. It leaves out times that no longer matter: those
// that no actor knows, and the current time if no timer precedes the reconciler's next run.
func (r *run) state() uint64 {
	forgetful := len(r.late) == 0 // no actor knows anything
	idle := forgetful && len(r.hanging) == 0 && r.queue.next().IsZero()
	for _, a := range r.actors {
		forgetful = forgetful && (!a.alive() || a.history == 0)
		idle = idle && !a.alive()
	}
	h := hash(r.world.state(forgetful), len(r.ticks), r.nextTick.UnixMilli())
	if !idle {
		h += hash(time.Now().UnixMilli())
	}
	for _, a := range r.actors {
		h += a.state()
	}
	if r.current != nil {
		h += 3 * r.current.state()
	}
	for _, c := range r.late {
		h += hash("late", c.origin)
	}
	return h
}
