package explore

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/pipeline"
)

// Violation is a schedule in which an invariant does not hold.
type Violation struct {
	Scenario  string
	Invariant string
	What      string
	Used      Budget
	Schedule  []Deviation
}

// Outcome is what an exploration found.
type Outcome struct {
	Schedules  int // that were run, to their end or to a state that another came to before
	Merged     int // of them, those that ended so
	Coverage   Coverage
	Violations int
	First      *Violation // with the fewest faults and preemptions, and the fewest of them first
}

// Explore runs all schedules of a scenario within a budget, or until a number of violations, if that is not 0.
func Explore(t *testing.T, system System, scenario Scenario, budget Budget, enough int) Outcome {
	s := newSearch(budget)
	out := Outcome{Coverage: make(Coverage)}
	for more := true; more; more = s.next() {
		r := once(t, system, scenario, s, out.Coverage, false)
		out.Schedules++
		if r.broken != "" {
			out.Violations++
			v := &Violation{scenario.Name, r.broken, r.violation, r.used, s.deviations()}
			if out.First == nil || cheaper(v.Used, out.First.Used) {
				out.First = v
			}
			if out.Violations == enough {
				break
			}
		}
	}
	out.Merged = s.merged
	return out
}

func cheaper(a, b Budget) bool { return a.Faults+a.Preemptions < b.Faults+b.Preemptions }

// once runs one schedule in a bubble of its own, with a clock that begins at the same time each time.
func once(t *testing.T, system System, scenario Scenario, chooser chooser, coverage Coverage, tell bool) *run {
	r := &run{system: system, scenario: scenario, chooser: &script{}, coverage: make(Coverage), tell: tell}
	synctest.Test(t, func(*testing.T) {
		r.began = time.Now()
		r.poison = map[string]bool{sha([]byte(poisonous)): true}
		r.killers = make(map[string]bool)
		r.receipts = make(map[string]*message)
		r.generations = make(map[string][]pipeline.Replay)
		r.table.written = r.checkWrite
		r.nextTick = r.began.Add(tick)
		if scenario.SharedProcess {
			r.recent = new(pipeline.Recent)
		}
		if scenario.Setup != nil {
			scenario.Setup(r)
		}
		r.chooser, r.coverage, r.current = chooser, coverage, nil
		r.table.settle()
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
	return once(t, system, scenario, newScript(Budget{100, 100}, schedule), make(Coverage), true).story
}

// Coverage counts how often each kind of outcome was met at each place.
type Coverage map[string]*[kinds]int

func (c Coverage) add(site string, k Kind) {
	if c[site] == nil {
		c[site] = new([kinds]int)
	}
	c[site][k]++
}
