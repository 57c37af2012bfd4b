package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/replay"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// replayed represents the line that replay --json prints.
type replayed struct {
	ReplayID string
	DryRun   bool
	Counts   pipeline.ReplayCounts
}

func (d *deployed) record(t *testing.T, item pipeline.Item) pipeline.Record {
	t.Helper()
	line, err := d.SilverBucket().Get(t.Context(), item.SilverKey())
	if err != nil {
		t.Fatal(err)
	}
	var record pipeline.Record
	if err := json.Unmarshal(line, &record); err != nil {
		t.Fatal(err)
	}
	return record
}

func TestReplay_ProcessesEventsOfATypeAgain(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	ids := d.accept(
		t, `{"eventType":"demo"}`, `{"eventType":"demo"}`, `{"eventType":"order"}`, poison,
	)
	d.process(t)
	file := filepath.Join(t.TempDir(), "replay.json")
	code, out, errOut := d.run(
		t, "replay", "--type", "demo", "--from", "1h", "--checkpoint", file, "--yes", "--json",
	)
	got := parseLines[replayed](t, out)[0]
	want := (pipeline.ReplayCounts{Scanned: 3, Matched: 3, Sent: 2, Failed: 1})
	if code != exitOK || got.Counts != want || got.ReplayID == "" {
		t.Fatalf("exit code %d, printed %s, %s", code, out, errOut)
	}
	d.wantVisible(t, d.QueueURL, 2)
	d.process(t)
	for _, id := range ids[:2] {
		item := d.wantStatus(t, id, pipeline.Processed)
		record := d.record(t, item)
		if item.Replay.ID != got.ReplayID || record.ReplayID != got.ReplayID {
			t.Errorf(
				"item = %+v, record of replay %q; want replay %s", item, record.ReplayID,
				got.ReplayID,
			)
		}
	}
	if item := d.wantStatus(t, ids[2], pipeline.Processed); item.Replay.ID != "" {
		t.Errorf("the event of another type was replayed: %+v", item)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the file of the finished replay still exists: %v", err)
	}
	if n := len(d.bus.Published()); n != 6 { // three processed, one failed, two replayed
		t.Errorf("%d notifications", n)
	}
}

func TestReplay_PublishesNothingWithNoPublish(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.accept(t, `{"eventType":"demo"}`)
	d.process(t)
	file := filepath.Join(t.TempDir(), "replay.json")
	code, _, errOut := d.run(
		t, "replay", "--type", "demo", "--from", "1h", "--checkpoint", file, "--yes",
		"--no-publish",
	)
	if code != exitOK {
		t.Fatalf("exit code %d, %s", code, errOut)
	}
	d.process(t)
	if n := len(d.bus.Published()); n != 1 {
		t.Errorf("%d notifications, want only the one before the replay", n)
	}
}

func TestReplay_ReplaysFailedEventsWithoutMessagesInTheDLQ(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	ids := d.accept(t, poison, `{"eventType":"demo"}`)
	d.process(t)
	if code, _, errOut := d.run(t, "dlq", "drop", "--all", "--yes"); code != exitOK {
		t.Fatalf("exit code %d, %s", code, errOut)
	}
	file := filepath.Join(t.TempDir(), "replay.json")
	code, out, errOut := d.run(
		t, "replay", "--type", "demo", "--from", "1h", "--failed", "--checkpoint", file, "--yes",
	)
	if code != exitOK || !strings.Contains(out, "replayed   1 ") ||
		strings.Contains(errOut, "DLQ") {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	d.wantStatus(t, ids[0], pipeline.Enqueued)
	d.wantStatus(t, ids[1], pipeline.Processed)
	d.process(t)
	if got := d.list(t); len(got) != 1 || got[0] != ids[0] {
		t.Errorf("the DLQ has %v, want the failed event again", got)
	}
}

func TestReplay_SuggestsDroppingTheMessagesOfFailedEvents(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	const payload = `{"eventType":"demo"}`
	fixed := d.accept(t, payload)[0]
	bronze := d.wantStatus(t, fixed, pipeline.Enqueued).Bronze
	d.deleteObject(t, bronze)
	stays := d.accept(t, poison)[0]
	d.process(t)
	d.wantStatus(t, fixed, pipeline.Failed)
	if err := d.BronzeBucket().Put(t.Context(), bronze.Key, []byte(payload)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "replay.json")
	code, _, errOut := d.run(
		t, "replay", "--type", "demo", "--from", "1h", "--failed", "--checkpoint", file, "--yes",
	)
	if code != exitOK || !strings.Contains(errOut, "up to 2 events") {
		t.Errorf("exit code %d, printed %q", code, errOut)
	}
	d.process(t)
	command := suggestedArgs(t, errOut)
	code, out, errOut := runMain(t, append(command, "--yes")...)
	if code != exitOK || out != "1 message dropped, 0 failed.\n" {
		t.Errorf("%s: exit code %d, printed %q, %q", command, code, out, errOut)
	}
	if got := d.list(t); !slices.Equal(got, []string{stays, stays}) {
		t.Errorf("the DLQ has %v, want the failed event twice", got)
	}
}

func TestReplay_DryRunCountsAndChangesNothing(t *testing.T) {
	d := deploy(t)
	id := d.accept(t, `{"eventType":"demo"}`)[0]
	d.process(t)
	t.Chdir(t.TempDir())
	code, out, errOut := d.run(t, "replay", "--type", "demo", "--from", "1h", "--dry-run")
	if code != exitOK || !strings.Contains(out, "to replay  1 ") {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	d.wantStatus(t, id, pipeline.Processed)
	d.wantVisible(t, d.QueueURL, 0)
	if files, _ := os.ReadDir("."); len(files) > 0 {
		t.Errorf("left %v", files)
	}
}

func TestReplay_RequiresConfirmation(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	code, out, errOut := d.run(t, "replay", "--type", "demo", "--from", "1h")
	if code != exitUsage || out != "" || !strings.Contains(errOut, "--yes") {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
}

func TestReplay_ResumesWhereItStopped(t *testing.T) {
	d := deploy(t)
	d.accept(t, slices.Repeat([]string{`{"eventType":"demo"}`}, 12)...)
	d.process(t)
	t.Chdir(t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() { // stops after two of twelve events; sending the others takes over two seconds
		for d.countVisible(t, d.QueueURL) < 2 && ctx.Err() == nil {
		}
		stop()
	}()
	var out, errOut strings.Builder
	args := []string{
		"replay", "--aws", d.url, "--type", "demo", "--from", "1h", "--rate", "4", "--yes",
		"--json",
	}
	if code := run(ctx, args, strings.NewReader(""), &out, &errOut); code != exitInterrupted {
		t.Fatalf("exit code %d, %s", code, &errOut)
	}
	first := parseLines[replayed](t, out.String())[0]
	if first.Counts.Sent < 1 || first.Counts.Sent > 11 {
		t.Fatalf("sent %d before it was stopped", first.Counts.Sent)
	}
	command := suggestedArgs(t, errOut.String())
	code, again, hint := runMain(t, append(command, "--json")...)
	second := parseLines[replayed](t, again)[0]
	if !slices.Equal(command[len(command)-2:], []string{"--rate", "4"}) {
		t.Errorf("the suggested command lacks the rate: %s", command)
	}
	if code != exitOK || second.ReplayID != first.ReplayID || second.Counts.Sent != 12 {
		t.Errorf("exit code %d, printed %s, %s", code, again, hint)
	}
	d.process(t)
	if n := len(d.bus.Published()); n != 24 {
		t.Errorf("%d notifications, want two of each event", n)
	}
}

func TestReplay_ResumesAtItsRateUnlessRateIsSet(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "replay.json")
	state := replay.State{Type: "demo", Replay: pipeline.Replay{ID: "r"}, Rate: 100, File: file}
	if err := state.Save(); err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[float64]float64{0: 100, 7: 7} {
		f := replayFlags{resume: file, rate: flag}
		if got, err := f.state(time.Now(), flag > 0); err != nil || got.Rate != want {
			t.Errorf("--rate %g: got %+v, %v", flag, got, err)
		}
	}
}

func TestReplay_ReadsOnlyTheExactNamesOfItsStateFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "replay.json")
	content := `{"type":"demo","TYPE":"other","replay":{"id":"r","ID":"s"},"Failed":true}`
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := replay.ReadState(file)
	if err != nil || got.Type != "demo" || got.Replay.ID != "r" || got.Failed {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestReplay_RunsInOneProcessAtATime(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	file := filepath.Join(t.TempDir(), "replay.json")
	state := replay.State{
		Stack: d.Stack, Queue: d.QueueURL, Type: "demo", Replay: pipeline.Replay{ID: "r"},
		From: time.Now().Add(-time.Hour), To: time.Now(), File: file,
	}
	if err := state.Save(); err != nil {
		t.Fatal(err)
	}
	lock, err := replay.Lock(file) // simulates another process that runs the replay
	if err != nil {
		t.Fatal(err)
	}
	code, out, errOut := d.run(t, "replay", "--resume", file)
	if code != exitFailure || out != "" || !strings.Contains(errOut, "another process") {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	code, _, errOut = d.run(t, "replay", "--resume", file)
	if code != exitOK || strings.Count(errOut, "\n") != 1 { // the line that names the pipeline
		t.Errorf("exit code %d, printed %q", code, errOut)
	}
	if left, _ := os.ReadDir(filepath.Dir(file)); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

func TestReplay_ResumesOnlyOnItsStackAndQueue(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	file := filepath.Join(t.TempDir(), "replay.json")
	const otherQueue = "https://sqs.eu-west-1.amazonaws.com/111122223333/events"
	for _, saved := range [][2]string{{"other", d.QueueURL}, {d.Stack, otherQueue}} {
		state := replay.State{
			Stack:  saved[0],
			Queue:  saved[1],
			Type:   "demo",
			Replay: pipeline.Replay{ID: "r"},
			File:   file,
		}
		if err := state.Save(); err != nil {
			t.Fatal(err)
		}
		code, _, errOut := d.run(t, "replay", "--resume", file)
		if code != exitUsage ||
			!strings.Contains(errOut, "a replay of stack "+saved[0]+" with the queue "+saved[1]) {
			t.Errorf("%v: exit code %d, printed %q", saved, code, errOut)
		}
	}
	code, _, errOut := d.run(
		t, "replay", "--type", "demo", "--from", "1h", "--yes", "--checkpoint", file,
	)
	if code != exitUsage || !strings.Contains(errOut, "--resume") {
		t.Errorf("exit code %d, printed %q", code, errOut)
	}
}

func TestReplay_ComparesAndWritesNothing(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	ids := d.accept(t, `{"eventType":"demo","n":1}`, `{"eventType":"demo","n":2}`)
	d.process(t)
	item := d.wantStatus(t, ids[1], pipeline.Processed)
	line, version, err := d.SilverBucket().GetVersion(t.Context(), item.SilverKey())
	if err != nil {
		t.Fatal(err)
	}
	line = bytes.Replace(line, []byte(`"n":2`), []byte(`"n":3`), 1)
	err = d.SilverBucket().Replace(t.Context(), item.SilverKey(), line, version)
	if err != nil {
		t.Fatal(err)
	}
	code, out, errOut := d.run(t, "replay", "--type", "demo", "--from", "1h", "--compare")
	want := ids[1] + "  changed  /payload/n\n" +
		"1 same, 1 changed, 0 missing in Silver, 0 refused today, 0 skipped, of 2 events\n"
	if code != exitOK || out != want {
		t.Errorf("exit code %d, printed %q, %q; want %q", code, out, errOut, want)
	}
	_, out, _ = d.run(t, "replay", "--type", "demo", "--from", "1h", "--compare", "--json")
	if parseLines[pipeline.Comparison](t, out)[1].Changed != 1 {
		t.Errorf("printed %s", out)
	}
	if n := d.countVisible(t, d.QueueURL); n != 0 {
		t.Errorf("%d messages on the queue", n)
	}
}

// An event that is still part of its batch can be compared alone, but not replayed alone.
func TestReplay_ComparesAnEventOfABatch(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	id := d.acceptBatch(t, `{"eventType":"demo","n":1}`, `{"eventType":"demo","n":2}`)
	d.process(t)
	code, out, errOut := d.run(t, "replay", "--event", id+".1", "--compare")
	want := "1 same, 0 changed, 0 missing in Silver, 0 refused today, 0 skipped, of 1 event\n"
	if code != exitOK || out != want {
		t.Errorf("exit code %d, printed %q, %q; want %q", code, out, errOut, want)
	}
	for _, mode := range []string{"--yes", "--dry-run"} {
		code, _, errOut = d.run(t, "replay", "--event", id+".1", mode)
		if code != exitFailure || !strings.Contains(errOut, "--event "+id+"\n") {
			t.Errorf("%s: exit code %d, printed %q", mode, code, errOut)
		}
	}
	code, _, errOut = d.run(t, "replay", "--event", id+".2", "--compare")
	if code != exitFailure || !strings.Contains(errOut, "no event "+id+".2") {
		t.Errorf("exit code %d, printed %q", code, errOut)
	}
}

// With --worker, `replay --compare` must process the events with the user's worker.
func TestReplay_ComparesWithTheUsersWorker(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	ids := d.accept(
		t, `{"eventType":"order.placed","currency":"EUR","lines":[{"sku":"tea"}]}`,
		`{"eventType":"order.placed","test":true}`, `{"eventType":"order.placed","currency":"XXX"}`,
	)
	d.process(t)
	const worker = "../../examples/own-processor/functions/orders"
	code, out, errOut := d.run(
		t, "replay", "--type", "order.placed", "--from", "1h", "--compare", "--worker", worker,
	)
	want := ids[0] + "  changed  /payload/cents /payload/eventType /payload/lines " +
		"/payload/orderId /payload/quantity\n" +
		ids[1] + "  changed  /dropped /payload\n" +
		ids[2] + "  refused  currency must be one of [EUR USD]\n" +
		"0 same, 2 changed, 0 missing in Silver, 1 refused today, 0 skipped, of 3 events\n"
	if code != exitOK || out != want {
		t.Errorf("exit code %d, printed %q, %q; want %q", code, out, errOut, want)
	}
	for dir, want := range map[string]string{
		"../../functions/worker": "must call processor.Start",
		"../../internal":         "build the worker in ../../internal",
	} {
		code, _, errOut := d.run(
			t, "replay", "--type", "order.placed", "--from", "1h", "--compare", "--worker", dir,
		)
		if code != exitFailure || !strings.Contains(errOut, want) {
			t.Errorf("--worker %s: exit code %d, printed %q", dir, code, errOut)
		}
	}
	code, _, errOut = d.run(
		t, "replay", "--type", "order.placed", "--from", "1h", "--yes", "--worker", worker,
	)
	if code != exitUsage || !strings.Contains(errOut, "--compare") {
		t.Errorf("exit code %d, printed %q", code, errOut)
	}
}

// After a change of PhysicalNamePrefix, the table and the queues are new and empty. A replay of
// orphans must enqueue only events that have no record in Silver.
func TestReplay_EnqueuesTheOrphansOfARenamedPipeline(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.objectAge = 2 * pipeline.MinOrphanAge
	processed := d.accept(t, `{"eventType":"demo","n":1}`)[0]
	d.process(t)
	stranded := d.accept(t, `{"eventType":"demo","n":2}`)[0]
	d.createNamed(t, "renamed-")
	file := filepath.Join(t.TempDir(), "replay.json")
	replay := func(flags ...string) (int, string, string) {
		return d.run(t, append([]string{"replay", "--type", "demo", "--from", "3h", "--orphans",
			"--json", "--checkpoint", file}, flags...)...)
	}
	want := pipeline.ReplayCounts{Scanned: 2, Matched: 2, Sent: 1, Done: 1}
	code, out, errOut := replay("--dry-run")
	if got := parseLines[replayed](t, out)[0]; code != exitOK || got.Counts != want {
		t.Errorf("dry run: exit code %d, printed %s, %s", code, out, errOut)
	}
	d.wantVisible(t, d.QueueURL, 0)
	code, out, errOut = replay("--yes")
	if got := parseLines[replayed](t, out)[0]; code != exitOK || got.Counts != want {
		t.Errorf("exit code %d, printed %s, %s", code, out, errOut)
	}
	d.process(t)
	d.wantStatus(t, stranded, pipeline.Processed)
	if _, err := d.Items().Get(t.Context(), processed); !errors.Is(err, pipeline.ErrNotFound) {
		t.Errorf("the event with a record was enqueued: %v", err)
	}
}

func TestReplay_PrintsTheCountsOfOrphans(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.accept(t, `{"eventType":"demo"}`)
	d.createNamed(t, "renamed-")
	code, out, errOut := d.run(
		t, "replay", "--type", "demo", "--from", "1h", "--orphans", "--dry-run",
	)
	if code != exitOK || !strings.Contains(out, "young       1  objects skipped") {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
}

func TestReplay_RejectsInvalidFlags(t *testing.T) {
	for _, flags := range [][]string{
		{}, {"--type", "demo"}, {"--from", "1h"}, {"--type", "no type", "--from", "1h"},
		{"--type", "demo", "--from", "yesterday"}, {"--type", "demo", "--from", "1h", "--to", "2h"},
		{"--type", "demo", "--from", "1h", "--to", ""},
		{"--type", "demo", "--from", "1h", "--rate", "-1"},
		{"--type", "demo", "--from", "1h", "--rate", "0"},
		{"--type", "demo", "--from", "1h", "--rate", "NaN"},
		{"--type", "demo", "--from", "1h", "--rate", "Inf"},
		{"--type", "demo", "--from", "1h", "--compare", "--dry-run"},
		{"--type", "demo", "--from", "1h", "--orphans", "--failed"},
		{"--type", "demo", "--from", "1h", "--orphans", "--compare"},
		{"--resume", "x", "--type", "demo"}, {"--resume", filepath.Join(t.TempDir(), "none")},
	} {
		code, _, errOut := runMain(t, append([]string{"replay", "--yes"}, flags...)...)
		if code != exitUsage {
			t.Errorf("%v: exit code %d, printed %q", flags, code, errOut)
		}
	}
}
