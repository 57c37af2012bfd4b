package explore

import (
	"flag"
	"runtime/debug"
	"strings"
	"testing"
)

var (
	faults      = flag.Int("explore.faults", 2, "how many faults a schedule has at most")
	preemptions = flag.Int("explore.preemptions", 2, "how many preemptions a schedule has at most")
)

// TestMain spares the collector: a schedule leaves little behind, and there are many.
func TestMain(m *testing.M) {
	debug.SetGCPercent(800)
	m.Run()
}

func TestExhaustive(t *testing.T) {
	for _, scenario := range Scenarios {
		t.Run(scenario.Name, func(t *testing.T) {
			t.Parallel()
			out := Explore(t, Ours, scenario, Budget{*faults, *preemptions}, 0)
			t.Logf("%d schedules, %d merged, %d sites, %d violations", out.Schedules, out.Merged, len(out.Coverage), out.Violations)
			if v := out.First; v != nil {
				t.Errorf("%s: %s (%d faults, %d preemptions)\n%s", v.Invariant, v.What, v.Used.Faults, v.Used.Preemptions,
					strings.Join(Story(t, Ours, scenario, v.Schedule), "\n"))
			}
		})
	}
}
