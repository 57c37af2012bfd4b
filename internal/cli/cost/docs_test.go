package cost

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const docs = "../../../docs/cost.md"

// TestDocs_HaveTheFiguresOfTheModel compares the tables of docs/cost.md with the model. To update a
// table, copy the rows that the test prints.
func TestDocs_HaveTheFiguresOfTheModel(t *testing.T) {
	text, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	for what, table := range map[string]string{
		"costs": costTable(t), "services": serviceTable(t), "limits": limitTable(t),
		"compared services": comparison(t),
	} {
		if !strings.Contains(string(text), table) {
			t.Errorf("docs/cost.md must have this table of the %s:\n%s", what, table)
		}
	}
}

var batches = []int{1, 10, 100, 1000}

// costTable returns the rows of the table of costs. Each row shows the costs for one batch size.
func costTable(t *testing.T) string {
	var b strings.Builder
	for _, n := range batches {
		perEvent, perBatch := estimates(t, n)
		fmt.Fprintf(&b, "| %s | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f |\n", formatInt(n),
			perBatch.RequestsPerMillion, perEvent.RequestsPerMillion, perBatch.TotalPerMillion,
			perEvent.TotalPerMillion, perBatch.BillPerMillion, perEvent.BillPerMillion)
	}
	return b.String()
}

func formatInt(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}

func estimates(t *testing.T, perRequest int) (perEvent, perBatch Estimate) {
	t.Helper()
	p, prices := goldenPipeline(t, "prod"), DefaultPrices()
	perEvent = p.withNotifications(PerEvent).Estimate(workload(perRequest), prices, Durations{})
	perBatch = p.withNotifications(PerBatch).Estimate(workload(perRequest), prices, Durations{})
	return perEvent, perBatch
}

// comparison returns the pipeline's rows in the comparison with other services.
func comparison(t *testing.T) string {
	_, one := estimates(t, 1)
	_, hundred := estimates(t, 100)
	const row = "| this pipeline, %s per request | %.2f | table above, notification per batch |\n"
	return fmt.Sprintf(row, "1 event", one.RequestsPerMillion) +
		fmt.Sprintf(row, "100 events", hundred.RequestsPerMillion)
}

// serviceTable returns a row for each service. The pipeline publishes one notification per batch.
func serviceTable(t *testing.T) string {
	var b strings.Builder
	_, first := estimates(t, 1)
	names := []string{}
	for _, line := range append(first.Requests, first.Operation...) {
		names = append(names, line.Name)
	}
	for _, name := range append(names, "S3 lifecycle") {
		fmt.Fprintf(&b, "| %s |", name)
		for _, n := range batches {
			_, e := estimates(t, n)
			fmt.Fprintf(&b, " %.4f |", lineUSD(t, append(e.Requests, e.Operation...), name))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// limitTable returns the events per second at which each limit is reached.
func limitTable(t *testing.T) string {
	p := goldenPipeline(t, "prod").withNotifications(PerEvent)
	var b strings.Builder
	for _, q := range p.Quotas(workload(1), Durations{}) {
		batch := 0.0
		for _, other := range p.Quotas(workload(100), Durations{}) {
			if other.Name == q.Name {
				batch = other.Events
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", q.Name, formatRounded(q.Limit),
			formatRounded(q.Events),
			formatRounded(batch))
	}
	return b.String()
}

// formatRounded formats a number with two significant digits.
func formatRounded(n float64) string {
	step := 1.0
	for n/step >= 100 {
		step *= 10
	}
	text := fmt.Sprintf("%.0f", float64(int(n/step+0.5))*step)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
