package events

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/terminal"
)

func TestPrint_FitsIn80Columns(t *testing.T) {
	var out strings.Builder
	row := Row{
		Time: time.Now(), ID: "019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001", Took: time.Hour,
		Type: strings.Repeat("é", 64), Status: string(pipeline.Failed),
		Notes: []string{"redriven", "processor-error: " + strings.Repeat("no\n ", 99)},
	}
	if err := row.Print(&out, false); err != nil {
		t.Fatal(err)
	}
	row.ID, row.Notes = row.ID+".100-999", nil // a range of a batch
	if err := row.Print(&out, false); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 3 {
		t.Errorf("printed %d lines:\n%s", len(lines), &out)
	}
	for _, line := range lines {
		if utf8.RuneCountInString(line) > 79 {
			t.Errorf("a line has more than 79 columns: %s", line)
		}
	}
}

func TestFormat_FitsInEachTerminal(t *testing.T) {
	row := Row{
		Time: time.Now(), ID: "019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001.7", Took: time.Second,
		Type: "order.placed", Status: string(pipeline.Failed),
		Notes: []string{"rejected: must be one of [EUR USD]" + strings.Repeat(" x", 99)},
	}
	for _, l := range []layout{{width: 59}, {width: 79, typeText: 15}, {width: 119, typeText: 30}} {
		lines := strings.Split(strings.TrimSuffix(row.format(l, false), "\n"), "\n")
		if len(lines) != 2 || utf8.RuneCountInString(lines[0]) > l.width ||
			utf8.RuneCountInString(lines[1]) != l.width {
			t.Errorf("%+v: printed %q", l, lines)
		}
		for _, want := range []string{row.ID, "order.placed", "FAILED", "1000", "rejected: "} {
			if !strings.Contains(lines[0]+lines[1], want) {
				t.Errorf("%+v: printed %q, without %q", l, lines, want)
			}
		}
	}
}

func TestPrint_EscapesControlCharactersAndColoursFailures(t *testing.T) {
	var plain, coloured strings.Builder
	row := Row{
		Type: "a\x1b[2Jb", Status: string(pipeline.Failed), Took: -1, Notes: []string{"\x1b"},
	}
	if row.Print(&plain, false) != nil || row.Print(&coloured, true) != nil {
		t.Fatal("not printed")
	}
	if strings.Contains(plain.String(), "\x1b") {
		t.Errorf("printed %q", &plain)
	}
	if !strings.Contains(coloured.String(), terminal.Red+"FAILED   "+terminal.ResetColour) {
		t.Errorf("printed %q", &coloured)
	}
}

// The row of a batch must show that events were split off. The batch can be PROCESSED although one
// of these events is FAILED.
func TestNewRow_SaysThatEventsWereSplitOff(t *testing.T) {
	batch := pipeline.Item{Status: pipeline.Processed, SplitOff: "3,10-19"}
	batch.ID, batch.Count = "019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001", 100
	if got := strings.Join(NewRow(batch).Notes, ", "); got != "batch of 100, 11 split off" {
		t.Errorf("the notes are %q", got)
	}
}

func TestTook_BeginsAtTheLastRedriveOrReplay(t *testing.T) {
	received := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	enqueued := received.Add(time.Hour)
	item := pipeline.Item{EnqueuedAt: enqueued, Status: pipeline.Enqueued}
	item.ReceivedAt = received
	if got := Took(item); got >= 0 {
		t.Errorf("an ENQUEUED event took %s", got)
	}
	item.Status, item.ProcessedAt = pipeline.Processed, enqueued.Add(time.Second)
	for want, replay := range map[time.Duration]pipeline.Replay{
		time.Hour + time.Second: {}, // the reconciler has enqueued the event again
		time.Second:             {Redrives: 1},
	} {
		if item.Replay = replay; Took(item) != want {
			t.Errorf("%+v: took %s, want %s", replay, Took(item), want)
		}
	}
	item.Replay = pipeline.Replay{Redrives: 1}
	item.Status, item.FailedAt = pipeline.Failed, enqueued.Add(-time.Second)
	if got := Took(item); got != 0 {
		t.Errorf("took %s", got)
	}
}
