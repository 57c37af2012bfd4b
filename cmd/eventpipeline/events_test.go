package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/events"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func TestEvents_ListsWhatTheFlagsSelect(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	processed, failed := d.accept(t, `{"eventType":"demo"}`)[0], d.accept(t, poison)[0]
	d.process(t)
	batch := d.acceptBatch(t, `{"eventType":"order"}`, `{"eventType":"order"}`)
	for _, test := range []struct {
		args []string
		want []string
	}{
		{nil, []string{batch, failed, processed}},
		{[]string{"--status", "failed"}, []string{failed}},
		{[]string{"--type", "order"}, []string{batch}},
		{[]string{"--caller", "nobody"}, nil},
		{[]string{"--limit", "1"}, []string{batch}},
		{[]string{"--since", "2d", "--until", "1d"}, nil},
	} {
		code, out, errOut := d.run(t, append([]string{"events", "--json"}, test.args...)...)
		var got []string
		for _, e := range parseLines[listedEvent](t, out) {
			got = append(got, e.EventID)
		}
		if code != exitOK || strings.Join(got, " ") != strings.Join(test.want, " ") {
			t.Errorf("%v: exit code %d, %v, want %v; %s", test.args, code, got, test.want, errOut)
		}
	}
	code, out, _ := d.run(t, "events")
	for _, want := range []string{failed, "FAILED", "unprocessable-number: ", "batch of 2"} {
		if code != exitOK || !strings.Contains(out, want) {
			t.Errorf("exit code %d, printed\n%s\nwant %q", code, out, want)
		}
	}
}

func TestEvents_FollowPrintsNewStatuses(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	id := d.accept(t, `{"eventType":"demo"}`)[0]
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reader, writer := io.Pipe()
	done := make(chan int)
	go func() {
		args := []string{"events", "--follow", "--json", "--aws", d.url}
		done <- run(ctx, args, strings.NewReader(""), writer, io.Discard)
	}()
	lines := json.NewDecoder(reader)
	for _, want := range []pipeline.Status{pipeline.Enqueued, pipeline.Processed} {
		var got listedEvent
		if err := lines.Decode(&got); err != nil || got.EventID != id || got.Status != want {
			t.Fatalf("printed %+v, %v; want %s", got, err, want)
		}
		if want == pipeline.Enqueued {
			d.process(t)
		}
	}
	stop()
	if code := <-done; code != exitInterrupted {
		t.Errorf("exit code %d", code)
	}
}

func TestEvents_RejectsInvalidFlags(t *testing.T) {
	for _, args := range [][]string{
		{"--status", "DONE"}, {"--since", "x"}, {"--type", "1"}, {"--follow", "--until", "1h"},
		{"--since", "1h", "--until", "2h"}, {"--limit", "-1"},
	} {
		code, _, errOut := runMain(t, append([]string{"events"}, args...)...)
		if code != exitUsage {
			t.Errorf("%v: exit code %d, printed %q", args, code, errOut)
		}
	}
}

// An event that was split off from its batch has no object of its own in Bronze. Its payload is in
// the batch's object.
func TestFollower_FollowsEventsThatWereSplitOff(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	follower := events.NewFollower(d.Pipeline, events.Query{Since: time.Now().Add(-time.Hour)})
	want := func(hours time.Duration, want ...string) {
		t.Helper()
		items, err := follower.Next(t.Context(), time.Now().Add(hours*time.Hour))
		var got []string
		for _, item := range items {
			got = append(got, item.ID+" "+string(item.Status))
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("got %v, %v; want %v", got, err, want)
		}
	}
	batch := d.acceptBatch(t, `{"eventType":"demo"}`, `{"eventType":"demo","slow":1}`)
	want(0, batch+" ENQUEUED")
	want(0)
	d.processor = func(payload []byte) error {
		if bytes.Contains(payload, []byte("slow")) {
			return errors.New("try again")
		}
		return nil
	}
	d.processOnce(t)
	want(0, batch+" PROCESSED", batch+".1 ENQUEUED")
	d.processor = nil
	d.process(t)
	want(3, batch+".1 PROCESSED") // some hours later
	want(3)
}

func TestInHour_ReportsThatItReachedTheLimit(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.accept(t, `{"eventType":"demo"}`, `{"eventType":"demo"}`)
	hour := time.Now().UTC().Truncate(time.Hour)
	for limit, want := range map[int]bool{1: false, 3: true} {
		_, complete, err := events.InHour(t.Context(), d.Pipeline, []string{"demo"}, hour, limit)
		if err != nil || complete != want {
			t.Errorf("limit %d: complete is %t, %v", limit, complete, err)
		}
	}
}
