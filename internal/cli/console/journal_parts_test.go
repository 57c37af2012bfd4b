package console

import (
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// partStep returns a step of a part of batch 1. suffix is the end of the part's id.
func partStep(name, suffix string) activity.Step {
	s := step(name, 1)
	s.EventID += suffix
	return s
}

func addBatch(j *journal) {
	events := activity.Detail{Name: "events", Value: []byte("30")}
	j.add(step("accepted", 1, events), "p")
	j.add(step("processed", 1, events), "p")
	for _, suffix := range []string{".0-9", ".20"} {
		j.add(partStep("split off", suffix), "p")
	}
	j.add(partStep("processed", ".0-9"), "p")
}

func TestJournal_ABatchShowsThatItsEventsFailed(t *testing.T) {
	j := newJournal(time.Now)
	addBatch(j)
	want := func(texts string) {
		t.Helper()
		rows, _ := j.list(query{Pipeline: "p"}, 0, 10)
		var got []string
		for _, r := range rows {
			got = append(got, r.StatusText()+" "+r.Tone())
		}
		if strings.Join(got, ", ") != texts {
			t.Errorf("the rows are %q, want %q", got, texts)
		}
	}
	want("ENQUEUED ENQUEUED, PROCESSED PROCESSED, PROCESSED PROCESSED") // .20, .0-9, the batch
	seq := j.lastChange("")
	j.add(partStep("failed", ".3"), "p") // split off the range
	j.add(partStep("dead-lettered", ".20"), "p")
	want("FAILED FAILED, FAILED FAILED, 1 failed FAILED, 2 failed FAILED")
	// An open page gets the rows of the batch and the range, too.
	if rows, _, _ := j.changedRows(query{Pipeline: "p"}, seq, 10); len(rows) != 4 {
		t.Errorf("the page gets %+v", rows)
	}
	seq = j.lastChange("")
	j.add(partStep("redriven", ".3"), "p")
	want("ENQUEUED ENQUEUED, FAILED FAILED, PROCESSED PROCESSED, 1 failed FAILED")
	if rows, _, _ := j.changedRows(query{Pipeline: "p"}, seq, 10); len(rows) != 3 {
		t.Errorf("the page gets %+v", rows)
	}
	j.add(partStep("failed", ".0-9"), "p")
	if rows, _ := j.list(query{Pipeline: "p", Text: ".0-9"}, 0, 1); rows[0].Count != 10 {
		t.Errorf("the range has %d events", rows[0].Count)
	}
	want("ENQUEUED ENQUEUED, FAILED FAILED, FAILED FAILED, 11 failed FAILED")
}

func TestJournal_ForgetsPartsOfBatches(t *testing.T) {
	j := newJournal(time.Now)
	addBatch(j)
	j.limits.events = 1
	for n := range 2 {
		j.add(step("accepted", 2+n), "p")
	}
	if len(j.splitOff) != 0 {
		t.Errorf("the journal keeps %v", j.splitOff)
	}
}

func TestCountFailed_CountsForEachBatchAndRange(t *testing.T) {
	item := func(suffix string, status pipeline.Status, bronze string) pipeline.Item {
		i := pipeline.Item{Status: status}
		i.ID, i.Count, i.Bronze = eventID(1)+suffix, 30, pipeline.Location{Key: bronze}
		return i
	}
	got := countFailed([]pipeline.Item{
		item("", pipeline.Processed, "a"), item(".0-9", pipeline.Processed, "a"),
		item(".3", pipeline.Failed, "a"), item(".4", pipeline.Processed, "a"),
		item(".10-14", pipeline.Failed, "a"), item(".20", pipeline.Failed, "another batch"),
	})
	if got[eventID(1)] != 6 || got[eventID(1)+".0-9"] != 1 || len(got) != 2 {
		t.Errorf("counted %v", got)
	}
}

// All pages must show the same duration for a batch. They must also show this duration for each
// event that is still part of the batch.
func TestRowOf_HasTheDurationOfTheList(t *testing.T) {
	w := newWorld(t, Options{Local: true})
	v := w.find("Orders")
	addBatch(w.journal)
	w.journal.events[eventID(1)].Took = 90
	w.journal.events[eventID(1)+".0-9"].Took = 95
	for id, want := range map[string]int64{
		eventID(1): 90, eventID(1) + ".25": 90, eventID(1) + ".5": 95, eventID(2): 85,
	} {
		item := pipeline.Item{Status: pipeline.Processed}
		item.ID, item.ProcessedAt = id, item.ReceivedAt.Add(85*time.Millisecond)
		if got := v.rowOf(item); got.Took != want {
			t.Errorf("%s took %d ms, want %d", id, got.Took, want)
		}
	}
}
