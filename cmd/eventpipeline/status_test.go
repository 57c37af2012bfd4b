package main

import (
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/handler"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/pipeline"
)

func TestPrintStatus_TellsOfEachThingThatHappened(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var out strings.Builder
	err := printStatus(&out, handler.EventStatus{
		EventID: "0199aaaa-0000-7000-8000-000000000001", Status: pipeline.Processed, Attempts: 2, ReplayID: "0199bbbb", Reenqueues: 3,
		ReceivedAt: noon, EnqueuedAt: noon.Add(time.Hour), ProcessedAt: noon.Add(time.Hour + time.Second),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"received    2026-11-23T12:00:00Z\n", "enqueued    2026-11-23T13:00:00Z\n", "processed   2026-11-23T13:00:01Z (1s after it was enqueued)\n",
		"attempts    2\n", "replay      0199bbbb\n", "reenqueued  3 (by the reconciler)\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("printed\n%s\nwithout %q", &out, want)
		}
	}
	if strings.Contains(out.String(), "failed") {
		t.Errorf("printed\n%s", &out)
	}
}
