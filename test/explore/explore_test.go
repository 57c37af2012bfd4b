package explore

import (
	"flag"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

var (
	faults      = flag.Int("explore.faults", 1, "maximum number of faults per schedule")
	preemptions = flag.Int("explore.preemptions", 2, "maximum number of preemptions per schedule")
	only        = flag.String("explore.scenario", "", "explore this scenario only")
	naive       = flag.Bool("explore.naive", false,
		"explore the naive pipeline instead of the real one")
	first = flag.Bool("explore.first", false,
		"explore with increasing budgets until the first violation")
)

// TestMain makes garbage collection rare, to save CPU time.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	if err := flag.Set("rapid.checks", "5000"); err != nil { // the command line overrides it
		panic(err)
	}
	m.Run()
}

func TestExhaustive_AllInvariantsHoldInAllSchedules(t *testing.T) {
	system := Ours
	if *naive {
		system = Naive
	}
	outcomes := exploreAll(t, system, Budget{*faults, *preemptions},
		func(t *testing.T, scenario Scenario, out Outcome) {
			if out.First != nil {
				t.Error(describe(t, system, scenario, *out.First))
			}
		})
	everything := *only == "" && !*naive && !*first && *faults == 2 && *preemptions == 2
	if everything {
		checkFigures(t, "schedules", scheduleTable(outcomes))
		checkFigures(t, "faults", faultTable(outcomes))
	}
}

// The naive pipeline is a control. It shows that the explorer finds violations.
func TestControl_NaivePipelineViolatesInvariants(t *testing.T) {
	if *only != "" || *naive || *first || *preemptions != 2 {
		return // these flags are for TestExhaustive
	}
	outcomes := exploreAll(t, Naive, Budget{2, 1}, func(t *testing.T, _ Scenario, out Outcome) {
		if out.First == nil {
			t.Error("the naive pipeline has no violation")
		}
	})
	checkFigures(t, "control", controlTable(outcomes))
}

// exploreAll explores the selected scenarios that the system supports. The outcome i belongs to
// Scenarios[i]. It is empty if exploreAll skips the scenario.
func exploreAll(t *testing.T, system System, budget Budget,
	check func(*testing.T, Scenario, Outcome)) []Outcome {
	outcomes := make([]Outcome, len(Scenarios))
	t.Run("scenarios", func(t *testing.T) { // returns when all parallel subtests have ended
		for i, scenario := range Scenarios {
			if *only != "" && *only != scenario.Name || !scenario.NaiveToo && !system.Reconciles {
				continue
			}
			t.Run(scenario.Name, func(t *testing.T) {
				t.Parallel()
				outcomes[i] = exploreScenario(t, system, scenario, budget)
				t.Logf("%d schedules, %d states, violations: %s", outcomes[i].Schedules,
					outcomes[i].States, formatCounts(outcomes[i].Violations))
				check(t, scenario, outcomes[i])
			})
		}
	})
	if !slices.ContainsFunc(outcomes, func(out Outcome) bool { return out.Schedules > 0 }) {
		t.Errorf("unknown scenario %q", *only)
	}
	return outcomes
}

func exploreScenario(t *testing.T, system System, scenario Scenario, budget Budget) Outcome {
	if !*first {
		return Explore(t, system, scenario, budget, false)
	}
	var out Outcome
	for n := 0; n <= max(budget.Faults, budget.Preemptions) && out.First == nil; n++ {
		out = Explore(t, system, scenario,
			Budget{min(n, budget.Faults), min(n, budget.Preemptions)}, true)
	}
	return out
}

func formatCounts(violations map[string]int) string {
	var parts []string
	for _, invariant := range slices.Sorted(maps.Keys(violations)) {
		parts = append(parts, fmt.Sprintf("%s %d", invariant, violations[invariant]))
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// describe returns a violation and its trace.
func describe(t *testing.T, system System, scenario Scenario, v Violation) string {
	return fmt.Sprintf("%s violated with %d faults and %d preemptions: %s\n%s", v.Invariant,
		v.Used.Faults, v.Used.Preemptions, v.What,
		strings.Join(Trace(t, system, scenario, v.Schedule), "\n"))
}
