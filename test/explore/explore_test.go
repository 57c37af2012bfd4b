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
	faults      = flag.Int("explore.faults", 2, "how many faults a schedule has at most")
	preemptions = flag.Int("explore.preemptions", 2, "how many preemptions a schedule has at most")
	only        = flag.String("explore.scenario", "", "explore this scenario alone, until its first violation")
	naive       = flag.Bool("explore.naive", false, "explore the naive pipeline instead of the real one")
)

// TestMain spares the collector: a schedule leaves little behind, and there are many.
func TestMain(m *testing.M) {
	debug.SetGCPercent(800)
	m.Run()
}

func TestExhaustive_EveryInvariantHoldsInEverySchedule(t *testing.T) {
	for _, scenario := range Scenarios {
		t.Run(scenario.Name, func(t *testing.T) {
			t.Parallel()
			out := Explore(t, Ours, scenario, Budget{*faults, *preemptions}, false)
			t.Logf("%d schedules, %d states, %d sites, violations: %s", out.Schedules, out.States, len(out.Coverage), counts(out.Violations))
			if out.First != nil {
				t.Error(story(t, Ours, scenario, *out.First))
			}
		})
	}
}

// TestScenario explores one scenario with more and more faults until an invariant breaks, as the mutants' test asks it to.
func TestScenario(t *testing.T) {
	if *only == "" {
		t.Skip("needs -explore.scenario")
	}
	system := Ours
	if *naive {
		system = Naive
	}
	i := slices.IndexFunc(Scenarios, func(s Scenario) bool { return s.Name == *only })
	if i < 0 {
		t.Fatalf("there is no scenario %q", *only)
	}
	for n := range max(*faults, *preemptions) + 1 {
		out := Explore(t, system, Scenarios[i], Budget{min(n, *faults), min(n, *preemptions)}, true)
		if out.First != nil {
			t.Fatal(story(t, system, Scenarios[i], *out.First))
		}
	}
}

func counts(violations map[string]int) string {
	var parts []string
	for _, invariant := range slices.Sorted(maps.Keys(violations)) {
		parts = append(parts, fmt.Sprintf("%s %d", invariant, violations[invariant]))
	}
	return strings.Join(parts, ", ")
}

// story tells how an invariant breaks.
func story(t *testing.T, system System, scenario Scenario, v Violation) string {
	return fmt.Sprintf("%s broken with %d faults and %d preemptions: %s\n%s", v.Invariant, v.Used.Faults, v.Used.Preemptions, v.What,
		strings.Join(Story(t, system, scenario, v.Schedule), "\n"))
}
