package explore

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the figures into docs/reliability.md")

const document = "../../docs/reliability.md"

// checkFigures checks that docs/reliability.md contains `table` between two HTML comments. Both
// comments contain `name`.
func checkFigures(t *testing.T, name, table string) {
	t.Helper()
	content, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- figures: "+name+" -->\n", "<!-- end: "+name+" -->"
	before, rest, ok := strings.Cut(string(content), begin)
	there, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no comments for the figures %q", document, name)
	}
	if there == table {
		return
	}
	if !*update {
		t.Errorf("%s is out of date; update it: "+
			"go test ./test/explore -explore.faults=2 -update\nwant:\n%s",
			document, table)
		return
	}
	if err := os.WriteFile(document, []byte(before+begin+table+end+after), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFigures_InvariantsAndMutants(t *testing.T) {
	var b strings.Builder
	b.WriteString("| | |\n| --- | --- |\n")
	for _, name := range slices.Sorted(maps.Keys(Invariants)) {
		fmt.Fprintf(&b, "| %s | %s |\n", name, Invariants[name])
	}
	checkFigures(t, "invariants", b.String())

	b.Reset()
	b.WriteString("| mutant | scenario | violated invariant |\n| --- | --- | --- |\n")
	for _, m := range mutants {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", m.Name, m.Scenario, m.Invariant)
	}
	checkFigures(t, "mutants", b.String())
}

func scheduleTable(outcomes []Outcome) string {
	var b strings.Builder
	b.WriteString("| scenario | schedules | states | violations |\n| --- | ---: | ---: | --- |\n")
	var sum Outcome
	for i, out := range outcomes {
		fmt.Fprintf(&b, "| %s%s | %s | %s | %s |\n", Scenarios[i].Name, onePreemption(Scenarios[i]),
			formatThousands(out.Schedules), formatThousands(out.States),
			formatCounts(out.Violations))
		sum.Schedules += out.Schedules
		sum.States += out.States
	}
	fmt.Fprintf(&b, "| **all** | **%s** | **%s** | |\n", formatThousands(sum.Schedules),
		formatThousands(sum.States))
	return b.String()
}

func onePreemption(s Scenario) string {
	if s.Preemptions == 1 {
		return " ¹"
	}
	return ""
}

// faultTable returns a table of the outcomes of each actor's calls, summed over all scenarios.
func faultTable(outcomes []Outcome) string {
	all := make(Coverage)
	for _, out := range outcomes {
		for site, met := range out.Coverage {
			for k, n := range met {
				if all[site] == nil {
					all[site] = new([kinds]int)
				}
				all[site][k] += n
			}
		}
	}
	var b strings.Builder
	b.WriteString("| actor and call | outcomes and their number |\n| --- | --- |\n")
	for _, site := range slices.Sorted(maps.Keys(all)) {
		var parts []string
		for k, n := range all[site] {
			if n > 0 {
				parts = append(parts, fmt.Sprintf("%s %s", Kind(k), formatThousands(n)))
			}
		}
		fmt.Fprintf(&b, "| %s | %s |\n", site, strings.Join(parts, "; "))
	}
	return b.String()
}

func controlTable(outcomes []Outcome) string {
	var b strings.Builder
	b.WriteString("| scenario | schedules | violating | by invariant " +
		"| fewest faults, preemptions |\n" +
		"| --- | ---: | ---: | --- | --- |\n")
	for i, out := range outcomes {
		if out.First == nil {
			continue
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %d, %d |\n", Scenarios[i].Name,
			formatThousands(out.Schedules), formatThousands(out.Violating),
			formatCounts(out.Violations),
			out.First.Used.Faults, out.First.Used.Preemptions)
	}
	return b.String()
}

func formatThousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
