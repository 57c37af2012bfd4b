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
		if len(r.breaches) > 0 && !r.system.GoesOn {
			return // what follows says little
		}
		if r.pruned || r.chooser.known(r.state) {
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

// observe waits until every actor is at a port call, or at its end.
func (r *run) observe() {
	synctest.Wait()
	for _, a := range r.actors {
		if a.alive() && !a.deadline.IsZero() && !time.Now().Before(a.deadline) {
			r.violate("I9", "%s did not stop before its deadline and was killed", a.name)
			r.crash(a)
		}
	}
	for _, a := range r.finished {
		a.ended = true
	}
	r.finished = nil
	slices.SortFunc(r.pending, func(a, b *call) int { return strings.Compare(a.site+a.what, b.site+b.what) })
}

// step is something that may happen next.
type step struct {
	cost Budget
	do   func()
	name func() uint64 // tells it from other steps
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
			return steps[:1]
		}
	}
	for _, a := range r.actors {
		if a != r.current {
			steps = r.appendCalls(steps, a, turn)
		}
	}
	for _, c := range r.late {
		steps = append(steps, step{turn, func() { r.land(c) }, func() uint64 { return hash("land", c.origin) }})
	}
	steps = r.appendDeliveries(steps, turn)
	if len(steps) > 0 && r.mayPassTime() {
		steps = append(steps, step{Budget{Preemptions: 1}, r.passTime, func() uint64 { return hash("time") }})
	}
	return steps
}

// commutes tells whether the current actor's calls commute with each other and with all that others may do: then it is
// soon enough to let others go on behind them.
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
		steps = append(steps, step{cost, func() { r.take(c) }, c.identity})
		cost.Preemptions = 1
	}
	return steps
}

// take decides how a call goes.
func (r *run) take(c *call) {
	r.current = c.actor
	r.pending = slices.DeleteFunc(r.pending, func(other *call) bool { return other == c })
	c.origin = c.identity()
	if c.site == "Bronze.Get" && r.kills(c.what) {
		r.note("%s reads the payload that kills it", c.actor.name)
		r.crash(c.actor, c)
		return
	}
	h, ok := r.pickHow(c.actor.role+" "+c.site, c.outcomes(), func(h how) uint64 { return r.foresee(c, h) })
	if !ok {
		r.pending = append(r.pending, c)
		return
	}
	r.note("%s: %s %s %s", c.actor.name, c.site, c.what, h)
	if h.Kind == CrashBefore && c.actor.last != "" {
		r.coverage.add(c.actor.last, CrashAfter)
	}
	c.actor.last = c.actor.role + " " + c.site
	switch h.Kind {
	case CrashBefore:
		r.crash(c.actor, c)
	case Hang:
		r.stalled, c.hung = append(r.stalled, c), time.Now()
		c.actor.remember(c, nil, context.DeadlineExceeded)
		c.hang()
	default:
		value, err := r.happen(c, h)
		c.actor.remember(c, value, err)
		c.answer(value, err)
	}
}

// happen lets a call have its effects and returns its answer.
func (r *run) happen(c *call, h how) (any, error) {
	switch h.Kind {
	case FailBefore:
		return nil, errService
	case FailAfter:
		_, _ = c.effect(h)
		return nil, errService
	case Late:
		r.late = append(r.late, c)
		return nil, errService
	case TriedTwice:
		_, _ = c.effect(h)
	case Echo:
		r.late = append(r.late, c)
	}
	return c.effect(h)
}

// foresee is the state to which an outcome of a call leads.
func (r *run) foresee(c *call, h how) uint64 {
	history, asked, late := c.actor.history, c.actor.asked[c.site+c.what], r.late
	world := r.world.save()
	defer func() {
		c.actor.history, c.actor.asked[c.site+c.what], r.late, c.actor.crashed = history, asked, late, false
		world.restore(&r.world)
	}()
	switch h.Kind {
	case CrashBefore:
		c.actor.crashed = true
	case Hang:
		c.actor.remember(c, nil, context.DeadlineExceeded)
	default:
		value, err := r.happen(c, h)
		c.actor.remember(c, value, err)
	}
	return hash(r.state(), "foreseen")
}

// pickHow picks one of the outcomes, the first of which is that it succeeds.
func (r *run) pickHow(site string, outcomes []how, state func(how) uint64) (how, bool) {
	costs := make([]Budget, len(outcomes))
	for i := range outcomes[1:] {
		costs[i+1].Faults = 1
	}
	i := r.pick(costs, func(i int) uint64 { return state(outcomes[i]) })
	if i == none {
		return how{}, false
	}
	r.coverage.add(site, outcomes[i].Kind)
	return outcomes[i], true
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
// matter any more, and while nothing happens by itself before the reconciler's next run, neither does the time.
func (r *run) state() uint64 {
	settled, idle := len(r.late) == 0, len(r.late) == 0 && len(r.stalled) == 0 && r.queue.next().IsZero()
	for _, a := range r.actors {
		settled = settled && (!a.alive() || a.history == 0)
		idle = idle && !a.alive()
	}
	h := hash(r.world.state(settled), len(r.ticks), r.nextTick.UnixMilli())
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
