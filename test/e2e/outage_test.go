package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// outage makes S3, then DynamoDB, then EventBridge unavailable to the worker for 10 seconds each.
// After these 30 seconds, the next delivery of an event can take another 32 seconds.
const outage = `{"rules": [
	{"fault": "denied", "rate": 1, "function": "worker", "service": "s3",
		"operation": "PutObject", "forSeconds": 10},
	{"fault": "throttle", "rate": 1, "function": "worker", "service": "dynamodb",
		"fromSeconds": 10, "forSeconds": 10},
	{"fault": "denied", "rate": 1, "function": "worker", "service": "events",
		"fromSeconds": 20, "forSeconds": 10}
]}`

// outageMaxReceiveCount is MaxReceiveCount in the stage "outage" of the test app.
const outageMaxReceiveCount = 3

func TestOutage_FailsNoEvent(t *testing.T) {
	t.Parallel() // the test mostly waits for the end of the outage
	file := filepath.Join(t.TempDir(), "faults.json")
	if err := os.WriteFile(file, []byte(outage), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startTestApp(t, "outage", "--faults", file)
	acknowledged := make(map[string]bool)
	var mu sync.Mutex
	concurrently(8, 100, func(i int) {
		response, err := p.trySend(t.Context(), "", fmt.Sprintf(`{"eventType":"outage","n":%d}`, i))
		if err != nil || response.status != http.StatusAccepted {
			t.Errorf("event %d: got status %d, %v", i, response.status, err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		acknowledged[response.id] = false
	})
	p.waitUntilFinished(t, acknowledged)
	p.expectEachOnce(t, acknowledged)
	for id, status := range p.scanStatuses(t) {
		if status != "PROCESSED" {
			t.Errorf("event %s is %s", id, status)
		}
	}
	retried := map[string]int{} // failed deliveries by event
	for line := range strings.Lines(p.log.String()) {
		var step struct{ Step, EventID, Code string }
		if json.Unmarshal([]byte(line), &step) != nil || step.Step != "retried" {
			continue
		}
		retried[step.EventID]++
		if step.Code != "unavailable" {
			t.Errorf("a delivery failed with the code %s: %s", step.Code, line)
		}
	}
	// On a busy machine, some events are delivered late, and fail less often.
	most := 0
	for _, n := range retried {
		most = max(most, n)
	}
	if most <= outageMaxReceiveCount {
		t.Errorf("an event had at most %d failed deliveries, want more than MaxReceiveCount", most)
	}
}
