package explore

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// run runs schedules of one scenario.
type run struct {
	scheduleState
	t        *testing.T
	scenario Scenario
	system   System
	coverage Coverage
	tracing  bool // records the trace
	trace    []string

	// These fields do not change after the scenario's setup.
	began    time.Time
	poison   map[string]bool    // SHA-256 of unprocessable payloads
	crashing map[string]bool    // ids of events whose payload crashes the worker
	keyCache *pipeline.KeyCache // set if one process serves all requests

	objects   map[string]pipeline.Records // known objects of Silver
	starts    map[uint64]*history         // known starts of actors
	processes []*process                  // the least recently used first
}

// scheduleState holds everything that changes during a schedule. Its maps and shared slices are
// never changed in place, so an assignment saves them. Only actors are changed in place (see copy).
type scheduleState struct {
	world
	actors     []actor
	current    int // index of the actor that took the last step, or none
	late       []*lateCall
	byMark     map[pipeline.Begun]int // workers, by the mark that they set, without Until
	outageEnds time.Time              // zero before the outage
	workers    int                    // number of workers started so far
	nextTick   time.Time              // next run of the reconciler
	ticks      []int                  // runs of the reconciler so far
	used       Budget
}

// lateCall describes a call that takes effect later.
type lateCall struct {
	*call
	caller   string
	identity uint64
}

// copy returns a copy of the state.
func (m *scheduleState) copy() scheduleState {
	c := *m
	c.actors = slices.Clone(m.actors)
	return c
}

// newRun creates the simulated services, runs the scenario's setup and starts its first actors.
func newRun(t *testing.T, system System, scenario Scenario, coverage Coverage, tracing bool) *run {
	r := &run{
		t: t, system: system, scenario: scenario, coverage: make(Coverage), tracing: tracing,
		began: epoch, poison: map[string]bool{sha256Hex([]byte(poison)): true},
		crashing: make(map[string]bool), starts: make(map[uint64]*history),
		objects: make(map[string]pipeline.Records),
	}
	r.now, r.nextTick, r.current = epoch, epoch.Add(tick), none
	r.table.onWrite = r.checkWrite
	r.queue.maxReceives = r.system.MaxReceives
	if r.scenario.Broken {
		r.queue.maxReceives = maxReceiveCount
	}
	if scenario.Setup != nil {
		scenario.Setup(r)
	}
	r.table.endStaleReads()
	if scenario.SharedProcess {
		r.keyCache = new(pipeline.KeyCache)
	}
	r.coverage, r.current = coverage, none
	if scenario.Begin != nil {
		scenario.Begin(r)
	}
	return r
}

// end ends all processes.
func (r *run) end() {
	for _, p := range r.processes {
		p.end()
	}
}

// advance runs steps until the scheduler must choose one, and returns the possible steps. At the
// end of the schedule, it returns nil.
func (r *run) advance(visited func() bool) []step {
	for {
		if len(r.violations) > 0 && !r.system.ContinuesAfterViolation {
			return nil // later violations can be consequences of this one
		}
		if visited() {
			return nil
		}
		switch steps := r.steps(); {
		case len(steps) > 1:
			return steps
		case len(steps) == 1:
			steps[0].do()
		case r.atRest():
			r.checkIdleState()
			return nil
		default:
			r.passTime()
		}
	}
}

// pendingCall identifies a call of an actor by two indexes.
type pendingCall struct{ actor, call int }

func (r *run) callOf(p pendingCall) *call { return r.actors[p.actor].past.calls[p.call] }

// pending returns the unanswered calls of all actors, sorted by label.
func (r *run) pending() []pendingCall {
	var all []pendingCall
	for i := range r.actors {
		for n := range r.actors[i].calls() {
			all = append(all, pendingCall{i, n})
		}
	}
	slices.SortStableFunc(all, func(a, b pendingCall) int {
		return strings.Compare(r.callOf(a).label, r.callOf(b).label)
	})
	return all
}

func (r *run) tracef(format string, args ...any) {
	if r.tracing {
		what := fmt.Sprintf(format, args...)
		r.trace = append(r.trace, fmt.Sprintf("%9s  %s", r.now.Sub(r.began), what))
	}
}

// markedBy returns the worker that set the item's mark (Tries.Begun), or nil.
func (r *run) markedBy(item *pipeline.Item) *actor {
	mark := item.Tries.Begun
	if mark.Until.IsZero() {
		return nil
	}
	mark.Until = time.Time{}
	if i, ok := r.byMark[mark]; ok {
		return &r.actors[i]
	}
	return nil
}

// stateHash returns a hash of everything that determines the next steps. It omits times that no
// running actor has read. It omits the current time if no timer expires before the reconciler's
// next run.
func (r *run) stateHash() uint64 {
	unread := len(r.late) == 0 // becomes false if an actor has received a response
	idle := unread && r.queue.next(r.now).IsZero()
	var h uint64
	for i := range r.actors {
		if a := &r.actors[i]; a.alive() {
			unread = unread && a.past.responses == 0
			idle = false
			h += a.stateHash()
		}
	}
	h += hash(r.world.stateHash(unread), len(r.ticks), r.nextTick.UnixMilli())
	if !idle {
		h += hash(r.now.UnixMilli())
	}
	for _, item := range r.table.items {
		if a := r.markedBy(&item); a != nil && a.crashed {
			h += hash("crashed", item.ID)
		}
	}
	if !r.outageEnds.IsZero() {
		h += hash("outage", max(0, r.outageEnds.Sub(r.now)))
	}
	if r.current != none {
		h += 3 * r.actors[r.current].stateHash()
	}
	for _, c := range r.late {
		h += hash("late", c.identity)
	}
	return h
}
