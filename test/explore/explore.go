// Package explore runs the pipeline's real code in many orders of its steps, with faults at each
// step, and checks that its [Invariants] hold.
//
// An actor is a client, a worker, the reconciler, or an operator's replay or redrive. It runs in a
// goroutine and blocks at each call to a service. The services are simulated in memory. The
// scheduler lets one actor continue at a time, and chooses the outcome of its call.
//
// A fault is an outcome other than success. A preemption is a step out of the normal order, for
// example a step of another actor although the current actor could continue.
//
// A schedule is one sequence of the scheduler's choices. It ends when the system is at rest: no
// call and no message is waiting, and the reconciler's last pass has left no event unfinished.
//
// docs/reliability.md describes the method and contains the figures.
package explore

import (
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Violation describes how a schedule violates an invariant.
type Violation struct {
	Invariant string
	What      string
	Used      Budget
	Schedule  []Deviation
}

// Outcome reports the result of an exploration.
type Outcome struct {
	Schedules  int // schedules that ended at rest or at a state that was visited before
	States     int // distinct states
	Coverage   Coverage
	Violating  int            // schedules that violate an invariant
	Violations map[string]int // number of these schedules, by invariant
	First      *Violation     // violation with the fewest faults and preemptions
}

// Explore runs all schedules of a scenario within a budget. If untilFirst is true, it stops at the
// first violation.
func Explore(t *testing.T, system System, scenario Scenario, budget Budget,
	untilFirst bool) Outcome {
	if scenario.Preemptions > 0 {
		budget.Preemptions = min(budget.Preemptions, scenario.Preemptions)
	}
	s := newSearch(budget, runSetup(t, system, scenario))
	out := Outcome{Coverage: make(Coverage), Violations: make(map[string]int)}
	for more := true; more; more = s.next() {
		r := runSchedule(t, system, scenario, s, out.Coverage, s.lastStart())
		out.Schedules++
		if len(r.violations) == 0 {
			continue
		}
		out.Violating++
		for invariant := range Invariants {
			broken := func(v Violation) bool { return v.Invariant == invariant }
			if slices.ContainsFunc(r.violations, broken) {
				out.Violations[invariant]++
			}
		}
		if out.First == nil || cheaper(r.used, out.First.Used) {
			first := r.violations[0]
			first.Used, first.Schedule = r.used, s.deviations()
			out.First = &first
		}
		if untilFirst {
			break
		}
	}
	out.States = len(s.visited)
	return out
}

func cheaper(a, b Budget) bool { return a.Faults+a.Preemptions < b.Faults+b.Preemptions }

// start holds the state of a run while no actor runs. Schedules that have the same steps up to this
// state begin with a copy of it.
type start struct {
	snapshot
	begun      bool // the scenario's first actors have started
	depth      int  // number of decisions before this state
	used       Budget
	after      time.Duration
	nextTick   time.Time
	ticks      []*actor
	workers    int
	byMark     map[pipeline.Begun]*actor
	outageEnds time.Time
	reactions  map[uint64]reaction // see run
}

func (r *run) saveStart() start {
	return start{
		snapshot: r.save(), used: r.used, after: time.Since(r.began), nextTick: r.nextTick,
		ticks: slices.Clone(r.ticks), workers: r.workers, byMark: maps.Clone(r.byMark),
		outageEnds: r.outageEnds, reactions: r.reactions,
	}
}

// resume restores the state of a saved start. First it sleeps until the time of the start, because
// the clock of a new bubble always begins at the same time.
func (r *run) resume(s start) {
	time.Sleep(s.after)
	r.world, r.used, r.nextTick = s.copy(), s.used, s.nextTick
	r.ticks, r.workers, r.outageEnds = slices.Clone(s.ticks), s.workers, s.outageEnds
	r.byMark, r.reactions = maps.Clone(s.byMark), s.reactions
	r.table.onWrite = r.checkWrite
}

// initialize creates the simulated services and runs the scenario's setup. It must run in a
// synctest bubble.
func initialize(r *run) {
	r.chooser, r.coverage = new(script), make(Coverage)
	r.began = time.Now()
	r.queue.maxReceives = r.system.MaxReceives
	if r.scenario.Broken {
		r.queue.maxReceives = maxReceiveCount
	}
	r.poison = map[string]bool{sha([]byte(poison)): true}
	r.crashing = make(map[string]bool)
	r.generations = make(map[string][]pipeline.Replay)
	r.failures = make(map[string]int)
	r.reactions = make(map[uint64]reaction)
	r.table.onWrite = r.checkWrite
	r.nextTick = r.began.Add(tick)
	if r.scenario.Setup != nil {
		r.scenario.Setup(r)
	}
	r.table.endStaleReads()
}

func runSetup(t *testing.T, system System, scenario Scenario) start {
	r := &run{system: system, scenario: scenario, byReceiptHandle: make(map[string]*message),
		byMark: make(map[pipeline.Begun]*actor)}
	var s start
	synctest.Test(t, func(*testing.T) {
		initialize(r)
		s = r.saveStart()
		r.end()
	})
	return s
}

// runSchedule runs one schedule in a new synctest bubble. If from is nil, runSchedule runs the
// setup too and records a trace.
func runSchedule(t *testing.T, system System, scenario Scenario, chooser chooser, coverage Coverage,
	from *start) *run {
	r := &run{system: system, scenario: scenario, tracing: from == nil,
		byReceiptHandle: make(map[string]*message),
		byMark:          make(map[pipeline.Begun]*actor)}
	synctest.Test(t, func(*testing.T) {
		if from == nil {
			initialize(r)
		} else {
			r.began = time.Now()
			r.resume(*from)
		}
		if scenario.SharedProcess { // no start is saved, because it would need a copy of the cache
			r.keyCache = new(pipeline.KeyCache)
		}
		r.chooser, r.coverage, r.current = chooser, coverage, nil
		if scenario.Begin != nil && (from == nil || !from.begun) {
			scenario.Begin(r)
		}
		r.runToRest()
		r.end()
	})
	return r
}

// Trace runs a schedule again and returns its steps.
func Trace(t *testing.T, system System, scenario Scenario, schedule []Deviation) []string {
	return runSchedule(t, system, scenario, newScript(Budget{100, 100}, schedule), make(Coverage),
		nil).trace
}

// Coverage counts how often each kind of outcome occurred, for each actor and call.
type Coverage map[string]*[kinds]int

func (c Coverage) add(site string, k Kind) {
	if c[site] == nil {
		c[site] = new([kinds]int)
	}
	c[site][k]++
}
