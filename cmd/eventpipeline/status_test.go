package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/handler"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func TestStatus_SuggestsHowToSeeTheRecord(t *testing.T) {
	t.Parallel()
	const processed = "0199aaaa-0000-7000-8000-000000000001"
	d := deploy(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		response := handler.EventStatus{
			EventID: strings.TrimPrefix(r.URL.Path, "/events/"),
			Status:  pipeline.Enqueued,
		}
		if response.EventID == processed {
			response.Status = pipeline.Processed
			response.Silver = &pipeline.Location{Bucket: "silver", Key: "k"}
		}
		json.NewEncoder(w).Encode(response)
	}))
	t.Cleanup(server.Close)
	d.api = server.URL
	const enqueued = "0199aaaa-0000-7000-8000-000000000002"
	suggestion := "eventpipeline record --aws " + d.url + " " + processed + "\n"
	for id, want := range map[string]bool{processed: true, enqueued: false} {
		code, out, errOut := d.run(t, "status", id)
		if code != exitOK || strings.HasSuffix(errOut, suggestion) != want {
			t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
		}
	}
}

func TestPrintStatus_PrintsTheTimeOfEachStep(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var out strings.Builder
	err := printStatus(&out, client.EventStatus{
		EventID:     "0199aaaa-0000-7000-8000-000000000001",
		Status:      client.Processed,
		Attempts:    2,
		ReplayID:    "0199bbbb",
		Reenqueues:  3,
		ReceivedAt:  noon,
		EnqueuedAt:  noon.Add(time.Hour),
		ProcessedAt: noon.Add(time.Hour + time.Second),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"received    2026-11-23T12:00:00.000Z\n", "enqueued    2026-11-23T13:00:00.000Z\n",
		"processed   2026-11-23T13:00:01.000Z (1s after it was enqueued)\n",
		"attempts    2\n", "replay      0199bbbb\n", "reenqueued  3 (by the reconciler)\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("printed\n%s\nwhich lacks %q", &out, want)
		}
	}
	if strings.Contains(out.String(), "failed") {
		t.Errorf("printed\n%s", &out)
	}
}

func TestPrintStatus_PrintsEachFieldOfABatchOnce(t *testing.T) {
	var out strings.Builder
	err := printStatus(&out, client.EventStatus{
		EventID: "b.0-9", BatchID: "b", Count: 10, SplitOff: []string{"b.3", "b.7"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"batch ", "events ", "split off ", "bytes, the whole batch"} {
		if strings.Count(out.String(), want) != 1 {
			t.Errorf("printed\n%s\nwant %q once", &out, want)
		}
	}
}

// If the API hides an event of another caller, the command must read the event from the table.
func TestStatus_FindsEventsOfOtherCallers(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"type":"urn:problem-type:eventpipeline:event-not-found","detail":"None."}`)
	}))
	t.Cleanup(server.Close)
	d.api = server.URL
	id := d.accept(t, `{"eventType":"demo"}`)[0]
	code, out, errOut := d.run(t, "status", "--json", id)
	if code != exitOK || !strings.Contains(out, `"status":"ENQUEUED"`) ||
		!strings.Contains(errOut, "Another caller sent this event") {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	code, _, errOut = d.run(t, "status", "019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001")
	if code != exitFailure || !strings.Contains(errOut, "HTTP 404: None.") {
		t.Errorf("exit code %d, printed %q", code, errOut)
	}
}
