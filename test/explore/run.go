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

// run is one schedule: the world, the actors in it, and the scheduler that lets one of them go on at a time.
type run struct {
	world
	scenario Scenario
	system   System
	chooser  chooser
	coverage Coverage
	tell     bool // keep the story
	story    []string
	began    time.Time

	mu       sync.Mutex // actors submit calls side by side
	pending  []*call
	finished []*actor

	actors   []*actor
	current  *actor
	late     []*call // whose effect is on its way
	stalled  []*call // that hang
	receipts map[string]*message
	workers  int
	nextTick time.Time // of the reconciler
	ticks    []*actor  // the reconciler's runs
	used     Budget
	pruned   bool
}

// spawn starts an actor. With a lifetime its process is killed at the end of it, as Lambda does. What body returns is
// whether it did what it was to do.
func (r *run) spawn(role, name string, start uint64, lifetime time.Duration, body func(ctx context.Context, a *actor) error) *actor {
	a := &actor{run: r, role: role, name: name, start: start, asked: make(map[string]int)}
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

// submit hands a call to the scheduler; false when the actor is dead.
func (r *run) submit(c *call) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.actor.crashed {
		return false
	}
	r.pending = append(r.pending, c)
	return true
}

// toRest lets the world go on until nothing is left to happen.
func (r *run) toRest() {
	for {
		r.observe()
		if r.broken != "" {
			return
		}
		if r.chooser.known(r.state) {
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
		steps[r.pick(costs)].do()
	}
}

func (r *run) pick(costs []Budget) int {
	if len(costs) == 1 {
		return 0
	}
	i := r.chooser.pick(costs)
	r.used = r.used.plus(costs[i])
	return i
}

// observe waits until every actor is at a port call, or at its end.
func (r *run) observe() {
	synctest.Wait()
	for _, a := range r.finished {
		a.ended = true
	}
	r.finished = nil
	for _, a := range r.actors {
		if a.alive() && !a.deadline.IsZero() && !time.Now().Before(a.deadline) {
			r.violate("I9", "%s did not stop before its deadline and was killed", a.name)
			r.crash(a)
		}
	}
	slices.SortFunc(r.pending, func(a, b *call) int { return strings.Compare(a.site+a.what, b.site+b.what) })
}

// step is something that may happen next.
type step struct {
	cost Budget
	do   func()
}

// steps are what may happen next. The first needs no preemption: the current actor goes on, or, when it is at its end,
// another does.
func (r *run) steps() []step {
	var steps []step
	var turn Budget // what it costs that it is another's turn
	if r.current != nil {
		steps = r.appendCalls(nil, r.current, turn)
	}
	if len(steps) > 0 {
		turn.Preemptions = 1
		if r.commutes() {
			return steps
		}
	}
	for _, a := range r.actors {
		if a != r.current {
			steps = r.appendCalls(steps, a, turn)
		}
	}
	for _, c := range r.late {
		steps = append(steps, step{turn, func() { r.land(c) }})
	}
	steps = r.appendDeliveries(steps, turn)
	if len(steps) > 0 && r.mayPassTime() {
		steps = append(steps, step{Budget{Preemptions: 1}, r.passTime})
	}
	return steps
}

// commutes tells whether the current actor's calls commute with all that others may do: then it is soon enough to let
// others go on behind them.
func (r *run) commutes() bool {
	for _, c := range r.pending {
		if c.actor == r.current && !alone[c.site] {
			return false
		}
	}
	return true
}

// appendCalls appends an actor's calls. That a later one of those side by side goes first is a preemption.
func (r *run) appendCalls(steps []step, a *actor, cost Budget) []step {
	for _, c := range r.pending {
		if c.actor != a {
			continue
		}
		steps = append(steps, step{cost, func() { r.take(c) }})
		cost.Preemptions = 1
	}
	return steps
}

// take decides how a call goes.
func (r *run) take(c *call) {
	r.current = c.actor
	r.pending = slices.DeleteFunc(r.pending, func(other *call) bool { return other == c })
	c.origin = hash(c.actor.start, c.actor.history, c.site, c.what)
	if c.site == "Bronze.Get" && r.kills(c.what) {
		r.note("%s reads the payload that kills it", c.actor.name)
		r.crash(c.actor, c)
		return
	}
	h := r.pickHow(c.actor.role+" "+c.site, c.outcomes())
	r.note("%s: %s %s %s", c.actor.name, c.site, c.what, h)
	if h.Kind == CrashBefore && c.actor.last != "" {
		r.coverage.add(c.actor.last, CrashAfter)
	}
	c.actor.last = c.actor.role + " " + c.site
	switch h.Kind {
	case FailBefore:
		c.answer(nil, errService)
	case FailAfter:
		_, _ = c.effect(h)
		c.answer(nil, errService)
	case Late:
		r.late = append(r.late, c)
		c.answer(nil, errService)
	case CrashBefore:
		r.crash(c.actor, c)
	case TriedTwice:
		_, _ = c.effect(h)
		c.answer(c.effect(h))
	case Echo:
		r.late = append(r.late, c)
		c.answer(c.effect(h))
	case Hang:
		r.stalled = append(r.stalled, c)
		c.hang()
	default:
		c.answer(c.effect(h))
	}
}

// pickHow picks one of the outcomes, the first of which is that it succeeds.
func (r *run) pickHow(site string, outcomes []how) how {
	costs := make([]Budget, len(outcomes))
	for i := range outcomes[1:] {
		costs[i+1].Faults = 1
	}
	h := outcomes[r.pick(costs)]
	r.coverage.add(site, h.Kind)
	return h
}

// land lets a late effect happen. Nobody sees its answer.
func (r *run) land(c *call) {
	r.note("the late effect of %s: %s %s", c.actor.name, c.site, c.what)
	r.late = slices.DeleteFunc(r.late, func(other *call) bool { return other == c })
	_, _ = c.effect(how{})
}

// crash ends an actor's process. Its goroutines go on, but nothing that they do has an effect.
func (r *run) crash(a *actor, calls ...*call) {
	r.mu.Lock()
	a.crashed = true
	for _, c := range slices.Concat(r.pending, r.stalled) {
		if c.actor == a {
			calls = append(calls, c)
		}
	}
	ofOthers := func(c *call) bool { return c.actor == a }
	r.pending, r.stalled = slices.DeleteFunc(r.pending, ofOthers), slices.DeleteFunc(r.stalled, ofOthers)
	r.mu.Unlock()
	for _, c := range calls {
		c.answer(nil, errDead)
	}
}

// end leaves no goroutine behind.
func (r *run) end() {
	for _, a := range r.actors {
		r.crash(a)
	}
	synctest.Wait()
}

func (r *run) note(format string, args ...any) {
	if r.tell {
		r.story = append(r.story, fmt.Sprintf("%9s  ", time.Since(r.began))+fmt.Sprintf(format, args...))
	}
}

func (r *run) kills(bronzeKey string) bool {
	for id := range r.killers {
		if strings.Contains(bronzeKey, id) {
			return true
		}
	}
	return false
}

// state tells apart from where the world may go on differently. While nobody knows anything of it, some times don't
// matter any more.
func (r *run) state() uint64 {
	settled := len(r.late) == 0
	for _, a := range r.actors {
		settled = settled && (!a.alive() || a.history == 0)
	}
	h := hash(r.world.state(settled), len(r.ticks), r.nextTick.UnixMilli())
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
