package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// The example's processor must reject three of 100 orders, because of their currency.
func TestBatch_RejectedEventsFailAlone(t *testing.T) {
	p := startIn(t, ownProcessor)
	p.addOutputs(t, "orders", "WorkerFunction")
	var orders []string
	for i := range 100 {
		currency := "EUR"
		if i%40 == 7 {
			currency = "XXX"
		}
		orders = append(orders, fmt.Sprintf(`{"eventType":"order.placed","orderId":"%d",`+
			`"currency":%q,"lines":[{"sku":"tea","quantity":1,"cents":350}]}`, i, currency))
	}
	response, err := p.trySend(t.Context(), "orders", "["+strings.Join(orders, ",")+"]")
	ids := strings.Fields(response.ids)
	if err != nil || response.status != http.StatusAccepted || len(ids) != 100 {
		t.Fatalf("got %+v, %v", response, err)
	}
	batchID, _, _ := strings.Cut(ids[0], ".")
	batch := p.waitForStatus(t, batchID, "PROCESSED")
	if fmt.Sprint(batch["splitOff"]) != fmt.Sprint([]string{ids[7], ids[47], ids[87]}) ||
		batch["count"] != 100.0 {
		t.Errorf("got the batch %v", batch)
	}
	if records := p.readRecords(t, batch); len(records) != 97 {
		t.Errorf("Silver has %d records", len(records))
	}
	if status := p.status(t, ids[99]); status["status"] != "PROCESSED" ||
		status["batchId"] != batchID || status["eventId"] != ids[99] {
		t.Errorf("got the status %v", status)
	}
	failed := p.waitForStatus(t, ids[47], "FAILED")
	failure, _ := failed["failure"].(map[string]any)
	if failure["code"] != "rejected.unknown-currency" {
		t.Errorf("got the status %v", failed)
	}
	if deadLetters := p.deadLetters(t); len(deadLetters) != 3 || !deadLetters[ids[87]] {
		t.Errorf("the DLQ has %v", deadLetters)
	}

	out, err := command(t.Context(), "record", "--aws", p.AWS, ids[98]).Output()
	var record pipeline.Record
	if err != nil || json.Unmarshal(out, &record) != nil || record.ID != ids[98] {
		t.Errorf("record: %v\n%s", err, out)
	}
	out, err = command(t.Context(), "record", "--aws", p.AWS, "--bronze", ids[47]).Output()
	if err != nil || string(out) != orders[47] {
		t.Errorf("record --bronze: %v\n%s", err, out)
	}
	out, err = command(t.Context(), "replay", "--aws", p.AWS, "--event", batchID, "--dry-run",
		"--json").Output()
	var replay struct{ Counts pipeline.ReplayCounts }
	if err != nil || json.Unmarshal(out, &replay) != nil || replay.Counts.Sent != 97 ||
		replay.Counts.Failed != 3 {
		t.Errorf("replay: %v\n%s", err, out)
	}
	checkpoint := filepath.Join(t.TempDir(), "replay.json")
	out, err = command(t.Context(), "replay", "--aws", p.AWS, "--event", ids[47], "--failed",
		"--yes", "--checkpoint", checkpoint).CombinedOutput()
	if err != nil {
		t.Errorf("replay: %v\n%s", err, out)
	}
	waitUntil(t, func() string { // the processor rejects the event again
		status := p.status(t, ids[47])
		if status["status"] != "FAILED" || len(p.deadLetters(t)) != 1 {
			return fmt.Sprint(status)
		}
		return ""
	})
	again, err := p.trySend(t.Context(), "orders", "["+strings.Join(orders, ",")+"]")
	if err != nil || again.ids != response.ids || again.replayed != "true" {
		t.Errorf("got %+v, %v", again, err)
	}
}
