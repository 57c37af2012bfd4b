// Package explore runs the pipeline's real code in many orders of its steps, with faults at each
// step. It checks that the [Invariants] hold.
//
// The code uses these terms:
//   - actor: a client, a worker, the reconciler, or an operator's replay or redrive
//   - fault: any outcome of a call except success
//   - preemption: a step out of the normal order, for example a step of another actor although the
//     current actor could continue
//   - schedule: one sequence of the scheduler's choices
//
// An actor's code blocks at each call to a service. The services are simulated in memory. The
// scheduler lets one actor continue at a time, and chooses the outcome of its call.
//
// A schedule ends when the system is idle: no call and no message is waiting, and the reconciler's
// last pass has left no event unfinished. It also ends in a state that another schedule has reached
// before.
//
// The search is depth first. Before each choice, it saves the complete state as a [scheduleState].
// Later, it returns to that state and tries the next choice.
//
// A state refers to a [history] for each actor. A history holds the actor's inputs so far, and the
// calls that the actor makes next. To find these calls, a [process] runs the actor's real code once
// for each history.
//
// docs/reliability.md describes the method and contains the figures.
package explore

import (
	"slices"
	"testing"
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
	Schedules  int // schedules that ended idle or in a state that was visited before
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
	out := Outcome{Coverage: make(Coverage), Violations: make(map[string]int)}
	r := newRun(t, system, scenario, out.Coverage, false)
	defer r.end()
	s := search{run: r, budget: budget, untilFirst: untilFirst, out: out,
		visited: make(map[uint64]uint64)}
	s.explore()
	s.out.States = len(s.visited)
	return s.out
}

// count adds a schedule to the outcome.
func (out *Outcome) count(violations []Violation, used Budget, path []int) {
	out.Schedules++
	if len(violations) == 0 {
		return
	}
	out.Violating++
	for invariant := range Invariants {
		violated := func(v Violation) bool { return v.Invariant == invariant }
		if slices.ContainsFunc(violations, violated) {
			out.Violations[invariant]++
		}
	}
	if out.First == nil || isCheaper(used, out.First.Used) {
		first := violations[0]
		first.Used, first.Schedule = used, deviations(path)
		out.First = &first
	}
}

func isCheaper(a, b Budget) bool { return a.Faults+a.Preemptions < b.Faults+b.Preemptions }

// runSchedule runs one schedule.
func runSchedule(t *testing.T, system System, scenario Scenario, schedule []Deviation,
	budget Budget) *run {
	r := newRun(t, system, scenario, make(Coverage), true)
	defer r.end()
	r.follow(schedule, budget)
	return r
}

// Trace runs a schedule again and returns its steps.
func Trace(t *testing.T, system System, scenario Scenario, schedule []Deviation) []string {
	return runSchedule(t, system, scenario, schedule, Budget{100, 100}).trace
}

// Coverage counts each kind of outcome, for each actor and call.
type Coverage map[string]*[kinds]int

func (c Coverage) add(site string, k Kind) {
	if c[site] == nil {
		c[site] = new([kinds]int)
	}
	c[site][k]++
}
