package explore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// run executes one schedule. It holds the simulated services and the actors, and lets one actor
// continue at a time.
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
	// failed is true if an attempt of a client has failed since the last observation.
	failed       bool
	failedEvents []string // ids, one for each failure of the processor since the last observation

	answered  *call               // call that was answered since the last observation
	reactions map[uint64]reaction // reactions in all schedules of the scenario so far

	actors          []*actor
	current         *actor
	late            []*call // calls with a late effect
	hanging         []*call // calls that wait for the end of their context
	byReceiptHandle map[string]*message
	byMark          map[pipeline.Begun]*actor // workers, by the mark that they set, without Until
	outageEnds      time.Time                 // zero before the outage
	workers         int                       // number of workers started so far
	nextTick        time.Time                 // next run of the reconciler
	ticks           []*actor                  // runs of the reconciler so far
	used            Budget
	pruned          bool // the schedule stopped early, for example at a visited state
}

// spawn starts an actor that runs body. The actor fails if body returns an error. If lifetime is
// not 0, the actor's context ends after that time. If the actor still runs then, it crashes, like a
// function at Lambda's timeout.
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
			return // later violations may be consequences of this one
		}
		if r.pruned || r.chooser.visitedState(r.state) {
			r.pruned = true
			return
		}
		if r.quiet() {
			r.chooser.saveStart(r.saveStart)
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
		i := r.pick(costs, func(i int) prediction { return steps[i].predict() })
		if i == none {
			return
		}
		steps[i].do()
	}
}

// quiet reports whether no actor runs, and no call is in progress.
func (r *run) quiet() bool {
	running := slices.ContainsFunc(r.actors, (*actor).alive)
	calls := len(r.pending) + len(r.late) + len(r.hanging)
	return !running && calls == 0 && r.keyCache == nil
}

func (r *run) pick(costs []Budget, next func(int) prediction) int {
	if len(costs) == 1 {
		return 0
	}
	i := r.chooser.pick(costs, next)
	if i == none {
		r.pruned = true
		return none
	}
	r.used = r.used.plus(costs[i])
	return i
}

// observe waits until every actor is blocked in a call or has ended. It crashes actors that exceed
// their deadline.
func (r *run) observe() {
	synctest.Wait()
	for _, a := range r.actors {
		if a.alive() && !a.deadline.IsZero() && !time.Now().Before(a.deadline) {
			r.violate("I9", "%s exceeded its deadline", a.name)
			r.crash(a)
		}
	}
	if r.answered != nil && r.answered.actor.alive() {
		ended := slices.Contains(r.finished, r.answered.actor)
		r.reactions[r.answered.situation()] = reaction{ended, r.failed, r.failedEvents}
	}
	for _, a := range r.finished {
		a.ended = true
	}
	r.unanswered = r.unanswered || r.failed
	r.finished, r.answered, r.failed, r.failedEvents = nil, nil, false, nil
	slices.SortFunc(r.pending, func(a,
		b *call) int {
		return strings.Compare(a.site+a.subject, b.site+b.subject)
	})
}

// leaveUnanswered records that an attempt of a client got no response.
func (r *run) leaveUnanswered() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = true
}

// crash ends an actor's process. The actor's goroutines continue, but their calls have no effect.
func (r *run) crash(a *actor, calls ...*call) {
	r.mu.Lock()
	a.crashed = true
	r.unanswered = r.unanswered || a.role == "client"
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

// end stops all goroutines. It does not change actors that have ended, because a saved start may
// contain them.
func (r *run) end() {
	for _, a := range r.actors {
		if a.alive() {
			r.crash(a)
		}
	}
	synctest.Wait()
}

func (r *run) tracef(format string, args ...any) {
	if r.tracing {
		r.trace = append(r.trace, fmt.Sprintf("%9s  ", time.Since(r.began))+fmt.Sprintf(format,
			args...))
	}
}

// markedBy returns the worker that set the item's mark, or nil.
func (r *run) markedBy(item pipeline.Item) *actor {
	mark := item.Tries.Begun
	if mark.Until.IsZero() {
		return nil
	}
	mark.Until = time.Time{}
	return r.byMark[mark]
}

// state returns a hash of everything that determines the next steps. It omits times that no longer
// matter: times that no actor knows, and the current time if no timer expires before the
// reconciler's next run.
func (r *run) state() uint64 {
	unread := len(r.late) == 0 // becomes false if an actor has received an answer
	idle := unread && len(r.hanging) == 0 && r.queue.next().IsZero()
	for _, a := range r.actors {
		unread = unread && (!a.alive() || a.history == 0)
		idle = idle && !a.alive()
	}
	h := hash(r.world.state(unread), len(r.ticks), r.nextTick.UnixMilli())
	if !idle {
		h += hash(time.Now().UnixMilli())
	}
	for _, a := range r.actors {
		h += a.state()
	}
	for _, item := range r.table.items {
		if a := r.markedBy(item); a != nil && a.crashed {
			h += hash("crashed", item.ID)
		}
	}
	if !r.outageEnds.IsZero() {
		h += hash("outage", max(0, time.Until(r.outageEnds)))
	}
	if r.current != nil {
		h += 3 * r.current.state()
	}
	for _, c := range r.late {
		h += hash("late", c.origin)
	}
	return h
}
