package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// testFormats runs the curl commands of docs/formats.md. Each posts an event or a list.
func testFormats(t *testing.T, p *platform) {
	text, err := os.ReadFile("../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(text, -1)
	if len(blocks) < 2 {
		t.Fatalf("docs/formats.md has %d blocks of commands", len(blocks))
	}
	var ids []string
	for _, block := range blocks {
		script := strings.ReplaceAll(string(block[1]), "http://127.0.0.1:8080", p.API)
		cmd := exec.CommandContext(t.Context(), "sh", "-e", "-c", script)
		cmd.Dir = t.TempDir()
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", script, err, out)
		}
		responses := json.NewDecoder(strings.NewReader(string(out)))
		for range strings.Count(script, "curl ") {
			var response struct {
				Status, EventID string
				Events          []struct{ EventID string }
			}
			if err := responses.Decode(&response); err != nil || response.Status != "accepted" {
				t.Fatalf("%s: got %s, %v", script, out, err)
			}
			if response.EventID != "" {
				ids = append(ids, response.EventID)
			}
			for _, event := range response.Events {
				ids = append(ids, event.EventID)
			}
		}
	}
	for _, id := range ids {
		status := p.waitForStatus(t, id, "PROCESSED")
		if status["eventType"] != "order.created" {
			t.Errorf("event %s: got %v", id, status)
		}
		bronze := p.readObject(t, status["bronze"])
		record := recordIn(t, p.readObject(t, status["silver"]), id)
		if !json.Valid([]byte(bronze)) || !strings.Contains(record, `"A-`) {
			t.Errorf("event %s: Bronze %s, record %s", id, bronze, record)
		}
	}
}

// recordIn returns the payload of the event's record. A batch's Silver object has one line for each
// event.
func recordIn(t *testing.T, silver, id string) string {
	t.Helper()
	for line := range strings.Lines(silver) {
		var record struct {
			ID      string
			Payload json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		if record.ID == id {
			return string(record.Payload)
		}
	}
	t.Errorf("event %s has no record in %s", id, silver)
	return ""
}
