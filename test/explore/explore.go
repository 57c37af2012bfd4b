package explore

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Violation is a schedule in which an invariant does not hold.
type Violation struct {
	Invariant string
	What      string
	Used      Budget
	Schedule  []Deviation
}

// Outcome is what an exploration found.
type Outcome struct {
	Schedules  int // that were run, to their end or to where another had come before
	States     int // that were told apart
	Coverage   Coverage
	Violating  int            // schedules in which an invariant breaks
	Violations map[string]int // by invariant
	First      *Violation     // one with the fewest faults and preemptions
}

// Explore runs all schedules of a scenario within a budget, or until the first violation.
func Explore(t *testing.T, system System, scenario Scenario, budget Budget, untilFirst bool) Outcome {
	if scenario.Preemptions > 0 {
		budget.Preemptions = min(budget.Preemptions, scenario.Preemptions)
	}
	s, from := newSearch(budget), setUp(t, system, scenario)
	out := Outcome{Coverage: make(Coverage), Violations: make(map[string]int)}
	for more := true; more; more = s.next() {
		r := once(t, system, scenario, s, out.Coverage, &from)
		out.Schedules++
		if len(r.breaches) == 0 {
			continue
		}
		out.Violating++
		for invariant := range Invariants {
			if slices.ContainsFunc(r.breaches, func(b breach) bool { return b.invariant == invariant }) {
				out.Violations[invariant]++
			}
		}
		if v := (&Violation{r.breaches[0].invariant, r.breaches[0].what, r.used, s.deviations()}); out.First == nil || cheaper(v.Used, out.First.Used) {
			out.First = v
		}
		if untilFirst {
			break
		}
	}
	out.States = len(s.visited)
	return out
}

func cheaper(a, b Budget) bool { return a.Faults+a.Preemptions < b.Faults+b.Preemptions }

// beginning is the world as a scenario's setup leaves it: the same for all of its schedules.
type beginning struct {
	saved
	after    time.Duration
	nextTick time.Time
	workers  int
}

// begin sets a scenario up in the present bubble.
func begin(r *run) {
	r.chooser, r.coverage = new(script), make(Coverage)
	r.began = time.Now()
	r.poison = map[string]bool{sha([]byte(poisonous)): true}
	r.killers = make(map[string]bool)
	r.generations = make(map[string][]pipeline.Replay)
	r.table.written = r.checkWrite
	r.nextTick = r.began.Add(tick)
	if r.scenario.Setup != nil {
		r.scenario.Setup(r)
	}
	r.table.settle()
}

func setUp(t *testing.T, system System, scenario Scenario) beginning {
	r := &run{system: system, scenario: scenario, receipts: make(map[string]*message)}
	var after time.Duration
	synctest.Test(t, func(*testing.T) {
		begin(r)
		after = time.Since(r.began)
		r.end()
	})
	return beginning{r.save(), after, r.nextTick, r.workers}
}

// once runs one schedule in a bubble of its own, with a clock that begins at the same time each time. Without a beginning
// it tells the story from the setup on.
func once(t *testing.T, system System, scenario Scenario, chooser chooser, coverage Coverage, from *beginning) *run {
	r := &run{system: system, scenario: scenario, tell: from == nil, receipts: make(map[string]*message)}
	synctest.Test(t, func(*testing.T) {
		if from == nil {
			begin(r)
		} else {
			r.began = time.Now()
			time.Sleep(from.after)
			r.world, r.nextTick, r.workers = from.copy(), from.nextTick, from.workers
			r.table.written = r.checkWrite
		}
		if scenario.SharedProcess {
			r.recent = new(pipeline.KeyCache)
		}
		r.chooser, r.coverage, r.current = chooser, coverage, nil
		if scenario.Begin != nil {
			scenario.Begin(r)
		}
		r.toRest()
		r.end()
	})
	return r
}

// Story tells a schedule step by step.
func Story(t *testing.T, system System, scenario Scenario, schedule []Deviation) []string {
	return once(t, system, scenario, newScript(Budget{100, 100}, schedule), make(Coverage), nil).story
}

// Coverage counts how often each kind of outcome was met at each place.
type Coverage map[string]*[kinds]int

func (c Coverage) add(site string, k Kind) {
	if c[site] == nil {
		c[site] = new([kinds]int)
	}
	c[site][k]++
}
