package explore

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// mutant removes one safeguard from the code by replacing text.
type mutant struct {
	Name      string
	File      string // path from the repository's root
	Old, New  string // Old occurs exactly once, in a function
	Scenario  string
	Invariant string // must be violated
}

const (
	domain = "internal/runtime/pipeline/"
	stores = "test/explore/"
)

// mutants lists the safeguards to remove, one by one. Most mutants change the pipeline. The mutants
// in test/explore remove write conditions from the simulated services.
var mutants = []mutant{
	{"ingest: the message is sent before the payload is stored", domain + "ingest.go",
		`	if err := in.store(ctx, event, req.Body); err != nil {
		return Accepted{Event: event}, err
	}
	return Accepted{Event: event}, in.enqueue(ctx, event)`,
		`	if err := in.enqueue(ctx, event); err != nil {
		return Accepted{Event: event}, err
	}
	return Accepted{Event: event}, in.store(ctx, event, req.Body)`,
		"one event", "I9"},
	{"ingest: 202 without a stored item", domain + "ingest.go",
		`err != nil && !errors.Is(err, ErrExists) {
		return unavailable("store the event's item", err)`,
		`err == nil && false {
		return nil`,
		"one event", "I1"},
	{"ingest: 202 without a stored payload", domain + "ingest.go",
		`err != nil && !errors.Is(err, ErrExists) {
		return unavailable("store the payload", err)`,
		`err == nil && false {
		return nil`,
		"one event", "I1"},
	{"keys: a reused key is not detected", domain + "ingest_keyed.go",
		"if first.SHA256 != event.SHA256 {", "if false {",
		"two clients, one key, other payload", "I6"},
	{"keys: two requests share one Bronze key", domain + "ingest_keyed.go",
		"event.Bronze.Key = event.KeyedBronzeKey()", "event.Bronze.Key = event.BronzeKey()",
		"two clients, one key, other payload", "I1"},
	{"keys: the time tells which request created the item", domain + "ingest_keyed.go",
		"own := first.RequestID == item.RequestID",
		"own := first.Bronze == event.Bronze && first.ReceivedAt.Equal(event.ReceivedAt)",
		"two clients, one key, same payload", "I6"},
	{"keys: an SDK's retry counts as another request", domain + "ingest_keyed.go",
		"own := first.RequestID == item.RequestID", "own := false",
		"one event with a key", "I6"},
	{"keys: the later of two requests treats its own event as first", domain + "ingest_keyed.go",
		"	if errors.Is(err, ErrExists) {\n",
		"	if errors.Is(err, ErrExists) {\n		first = item\n",
		"two clients, one key, other payload", "I6"},
	{"keys: a webhook's repeat with another payload is rejected", domain + "ingest_keyed.go",
		"if event.Webhook != nil {", "if false {",
		"a webhook and its repeat with another payload", "I6"},
	{"worker: PROCESSED before the notification", domain + "subbatches.go",
		"	w.publish(d.finish, group)\n	forEachTask(group, (*task).unresolved, " +
			"func(t *task) { t.Err = w.complete(d.finish, t) })",
		"	forEachTask(group, (*task).unresolved, " +
			"func(t *task) { t.Err = w.complete(d.finish, t) })\n	w.publish(d.finish, group)",
		"one event", "I2"},
	{"worker: entries that the bus rejected are ignored", domain + "process.go",
		"published[i].Err = unavailable(", "_, _ = i, unavailable(",
		"one event", "I2"},
	{"worker: finished events are processed again", domain + "tries.go",
		"return i.Status != Enqueued || !i", "return !i",
		"two clients, one key, same payload", "I7"},
	{"worker: does not stop before its deadline", domain + "deadlines.go",
		"context.WithDeadline(ctx, deadline.Add(-d))",
		"context.WithDeadline(ctx, deadline.Add(0*d))",
		"one event", "I9"},
	{"worker: the last try after a crash does not run alone", domain + "tries.go",
		"return t.Crashes > 0 && t.count() >= maxReceiveCount-1", "return false",
		"a message that crashes its worker, next to another message", "I9"},
	{"worker: a service's fault counts as a failed processor", domain + "retry.go",
		"counted := code == ProcessorError || code == Internal", "counted := !Permanent(code)",
		"an outage of S3", "I11"},
	{"worker: a service's fault is permanent", domain + "errors.go",
		"case InvalidMessage, ", "case Unavailable, InvalidMessage, ",
		"an outage of S3", "I10"},
	{"worker: a failed processor does not count", domain + "retry.go",
		"t.tries.Failures++", "_ = t",
		"a processor that fails", "I10"},
	{"worker: a crash does not count", domain + "tries.go",
		"t.Crashes, t.Begun = t.Crashes+1, Begun{}", "t.Begun = Begun{}",
		"a message that crashes its worker", "I5"},
	{"worker: a redelivery is not marked", domain + "tries.go",
		"if !t.redelivery || ", "if true || ",
		"a message that crashes its worker", "I5"},
	{"worker: two messages replace each other's marks", domain + "tries.go",
		"return b.MessageID != messageID && ", "return false && ",
		"a message that crashes its worker", "I10"},
	{"worker: the mark stays after the worker has returned the message", domain + "tries.go",
		"t.itemTries, t.tries.Begun = marked, marked.Begun.afterReturn()",
		"t.itemTries, t.tries.Begun = marked, marked.Begun",
		"an outage of the bus", "I11"},
	{"worker: a worker that may still run counts as crashed", domain + "tries.go",
		" && !now.Before(b.Until)", "",
		"an event at its last try", "I11"},
	{"worker: the mark of an older delivery proves a crash", domain + "tries.go",
		" && b.Attempt == d.Attempt-1", "",
		"an outage of the table", "I11"},
	{"worker: a mark that can't be replaced has no effect on the delay", domain + "retry.go",
		"t.RetryIn = min(t.RetryIn, w.markedFor(t))", "_ = w.markedFor(t)",
		"an outage of the bus", "I11"},
	{"worker: a mark without an answer is not replaced", domain + "tries.go",
		"	t.itemTries, t.tries.Begun = marked,",
		"	if err != nil {\n		return err\n	}\n	t.itemTries, t.tries.Begun = marked,",
		"an outage of the bus", "I11"},
	{"worker: FAILED without a message in the DLQ", domain + "deadletter.go",
		"if err := queue.Send(ctx, deadLetter); err != nil {",
		"if err := queue.Send(ctx, deadLetter); err != nil && false {",
		"a poison event", "I2"},
	{"worker: EventFailed is published by the first delivery only", domain + "retry.go",
		"if t.item.Status == Failed && ", "if t.Err != nil && t.item.Status == Failed && ",
		"a poison event", "I2"},
	{"worker: a message is deleted although EventFailed was not published", domain + "retry.go",
		"			t.Retry = true\n", "",
		"a poison event", "I2"},
	{"batch: EventFailed of a part is published by the first delivery only",
		domain + "batch_split.go",
		"case item.Status == Failed && ", "case false && ",
		"a batch with a rejected event and one that fails once", "I2"},
	{"reconciler: EventFailed is not published", domain + "heal.go",
		"if err := publish(ctx, s.Bus, failed); err != nil {", "if false {",
		"a worker that crashes at its start", "I2"},
	{"worker: a replay replaces a record without reading the item again", domain + "silver.go",
		"if err := w.checkGeneration(ctx, first.item().Event); err != nil {",
		"if err := w.checkGeneration(ctx, first.item().Event); err != nil && false {",
		"two replays", "I8"},
	{"worker: the processor's new output is used, not the stored one", domain + "silver.go",
		"first, _, err = firstRecord(ctx, w.Silver, key)", "err = nil",
		"a processor that changes its output", "I8"},
	{"worker: the processor's new output is used, not a replay's stored one", domain + "silver.go",
		"return existing, nil // stored", "return first, nil // stored",
		"a replay by a processor that changes its output", "I8"},
	{"replay and redrive: the reconciler is not rewound", domain + "checkpoint.go",
		`		err = checkpoints.Save(ctx, old, next)
		if err == nil {`,
		"		if _ = next; true {",
		"a replay races a late delivery", "I5"},
	{"replay and redrive: a later rewind replaces an earlier one", domain + "checkpoint.go",
		"old.RewindTo.IsZero() || hour.Before(old.RewindTo)", "true || hour.IsZero()",
		"a replay follows a crashed replay of another hour", "I5"},
	{"reconciler: nothing is enqueued again", domain + "heal.go",
		"s.Queue.SendMany(ctx, counted)", "[]error(nil)",
		"one event", "I9"},
	{"reconciler: re-enqueues are unlimited", domain + "heal.go",
		"if s.mayGiveUp(item) {", "if false {",
		"a worker that crashes at its start", "I5"},
	{"reconciler: forgets unfinished events", domain + "checkpoint.go",
		"if !c.Pass.Unfinished.IsZero() &&", "if false &&",
		"one event", "I5"},
	{"reconciler: FAILED events are not repaired", domain + "heal.go",
		"s.forEachItem(ctx, failed, &s.report.Repaired, &s.report.Failed, s.repair)", "_ = failed",
		"a processor that rejects an event after it was processed", "I2"},
	{"replay: orphans are enqueued although their events have a record", domain + "replay.go",
		`if req.Orphans && c.item.ID == "" {`, "if req.Orphans && !c.hasItem {",
		"orphans of a renamed pipeline", "I6"},
	{"replay: orphans are enqueued while their requests are in progress", domain + "orphans.go",
		"case o.LastModified.After(r.Now().Add(-MinOrphanAge)):", "case false:",
		"orphans race ingest", "I6"},
	{"batch: a reused key is not detected", domain + "ingest_batch.go",
		"if first.BodySHA256 != hashOf(req.Body) {", "if false {",
		"two clients, one key, other batch", "I6"},
	{"batch: the worker's own output is used, not the stored one", domain + "batch_process.go",
		"		s, err = w.getBatchObject(ctx, t.Event)\n", "		err = nil\n",
		"a batch that arrives twice", "I12"},
	{"batch: PROCESSED before its parts exist", domain + "subbatches.go",
		"forEachTask(group, (*task).hasParts, func(t *task) { t.Err = w.splitOff(d.finish, t) })",
		"defer forEachTask(group, (*task).hasParts, " +
			"func(t *task) { t.Err = w.splitOff(d.finish, t) })",
		"a batch with a rejected event and one that fails once", "I2"},
	{"batch: events with a record are split off, too", domain + "batch.go",
		"last <= batch.Last && !succeeded[last] {", "last <= batch.Last {",
		"a batch with a rejected event and one that fails once", "I12"},
	{"batch: the mark of a crash does not divide it", domain + "batch_process.go",
		"case existing.records == nil && t.tries.Crashes > 0:", "case false:",
		"a batch with an event that crashes its worker", "I9"},
	{"batch: a replay drops events that its processor rejects", domain + "batch_process.go",
		"if err := output.firstError(inTime); err != nil {",
		"if err := output.firstError(inTime); err != nil && false {",
		"a replay of a batch whose processor now rejects events", "I12"},
	{"batch: a replay does not read the stored object", domain + "batch_process.go",
		`if !t.redelivery && t.Event.Replay.ID == "" {`, "if !t.redelivery {",
		"a replay of a batch", "I8"},
	{"batch: a replay replaces an object without reading the item", domain + "batch_process.go",
		"if err := w.checkGeneration(d.finish, t.Event); err != nil {",
		"if err := w.checkGeneration(d.finish, t.Event); err != nil && false {",
		"two replays of a batch", "I8"},
	{"reconciler: what was split off is not checked", domain + "heal.go",
		"all, err := withParts(ctx, s.Items, found)", "all, err := withParts(ctx, s.Items, nil)\n" +
			"	all = append(all, found...)",
		"the message of an event of a batch is lost", "I5"},
	{"reconciler: a FAILED batch with records becomes PROCESSED", domain + "heal.go",
		"		return false, s.redriveBatch(ctx, item)\n", "",
		"a FAILED batch that has records", "I2"},
	{"no condition: an item is created twice", stores + "table.go",
		"if exists && !old.Expired(item.EnqueuedAt) {", "if exists && false {",
		"one event", "I4"},
	{"no condition: a count of tries replaces a count that was not read", stores + "table.go",
		"if stored.Tries != item.Tries {", "if false {",
		"an outage of the bus", "I11"},
	{"no condition: an event is finished that is not ENQUEUED", stores + "table.go",
		"if exists && old.Status != pipeline.Enqueued {", "if false {",
		"two clients, one key, same payload", "I4"},
	{"no condition: an earlier generation is finished", stores + "table.go",
		"if exists && !old.Replay.SameGeneration(item.Replay) {", "if false {",
		"a replay follows the first delivery", "I4"},
	{"no condition: an item moves from a state that was not read", stores + "table.go",
		"if !old.SameState(from) {", "if false {",
		"two replays", "I4"},
	{"no condition: a first record overwrites another", stores + "bucket.go",
		"if _, exists := b.objects[key]; exists {", "if false {",
		"a replay follows the first delivery", "I8"},
	{"no condition: a replay replaces a version that it did not read", stores + "bucket.go",
		"if b.objects[key].version != version {", "if false {",
		"two replays", "I8"},
	{"no condition: a checkpoint replaces one that was not read", stores + "table.go",
		"if t.checkpoint != old {", "if false {",
		"a replay races a late delivery", "I5"},
}

func TestMutants_EachViolatesItsInvariant(t *testing.T) {
	binary := buildMutants(t, mutants)
	for _, m := range mutants {
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			t.Log(m.mustViolate(t, binary))
		})
	}
}

// mustViolate explores the mutant, and returns the violation that the explorer finds.
func (m mutant) mustViolate(t *testing.T, binary string) string {
	t.Helper()
	explorer := exec.Command(binary, "-test.run=^TestExhaustive", "-explore.first",
		"-explore.faults=2", "-explore.scenario="+m.Scenario)
	explorer.Env = append(os.Environ(), mutantVariable+"="+m.Name)
	out, err := explorer.CombinedOutput()
	found := string(regexp.MustCompile(`I\d+ violated with .*`).Find(out))
	if err == nil || !strings.HasPrefix(found, m.Invariant+" violated") {
		t.Fatalf("%s is not violated, the explorer printed: %s", m.Invariant,
			out[:min(len(out), 3000)])
	}
	return found
}
