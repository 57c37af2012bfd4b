package explore

// Mutant is the code without one of its safeguards.
type Mutant struct {
	Name      string
	File      string // from the repository's root
	Old, New  string // Old occurs once
	Scenario  string
	Invariant string // that must notice
}

const (
	domain = "internal/runtime/pipeline/"
	stores = "test/explore/"
)

// Mutants take the safeguards away one by one. The conditions in test/explore are those that the adapters send with
// their writes.
var Mutants = []Mutant{
	{"ingest: the payload is stored after it is announced", domain + "ingest.go",
		"	if err := in.store(ctx, event, req.Body); err != nil {\n		return Accepted{Event: event}, err\n	}\n	return Accepted{Event: event}, in.announce(ctx, event)",
		"	if err := in.announce(ctx, event); err != nil {\n		return Accepted{Event: event}, err\n	}\n	return Accepted{Event: event}, in.store(ctx, event, req.Body)",
		"one event", "I9"},
	{"ingest: 202 whether the item was written or not", domain + "ingest.go",
		"err != nil && !errors.Is(err, ErrExists) {\n		return unavailable(\"store the event's item\", err)", "err == nil && false {\n		return nil",
		"one event", "I1"},
	{"ingest: 202 whether the payload was stored or not", domain + "ingest.go",
		"err != nil && !errors.Is(err, ErrExists) {\n		return unavailable(\"store the payload\", err)", "err == nil && false {\n		return nil",
		"one event", "I1"},
	{"keys: another payload is not noticed", domain + "ingest_keyed.go",
		"if first.SHA256 != event.SHA256 {", "if false {", "two clients, one key, other payload", "I6"},
	{"keys: two requests share one place in Bronze", domain + "ingest_keyed.go",
		"event.Bronze.Key = event.KeyedBronzeKey()", "event.Bronze.Key = event.BronzeKey()", "two clients, one key, other payload", "I1"},
	{"keys: the loser of a race takes its own event for the first", domain + "ingest_keyed.go",
		"	if errors.Is(err, ErrExists) {\n", "	if errors.Is(err, ErrExists) {\n		first = item\n", "two clients, one key, other payload", "I6"},
	{"worker: PROCESSED before the bus is told", domain + "waves.go",
		"	w.publish(ctx, group)\n	each(group, (*work).open, func(k *work) { k.err = w.complete(ctx, k) })",
		"	each(group, (*work).open, func(k *work) { k.err = w.complete(ctx, k) })\n	w.publish(ctx, group)", "one event", "I2"},
	{"worker: entries that the bus refused are not looked at", domain + "process.go",
		"told[i].err = unavailable(", "_, _ = i, unavailable(", "one event", "I2"},
	{"worker: events at their end are processed again", domain + "process.go",
		"if item.Status != Enqueued || !item", "if !item", "two clients, one key, same payload", "I7"},
	{"worker: it does not stop before its deadline", domain + "process.go",
		"context.WithDeadline(ctx, deadline.Add(-d))", "context.WithDeadline(ctx, deadline.Add(0*d))", "one event", "I9"},
	{"worker: a batch that killed its worker is taken together again", domain + "waves.go",
		"case k.tries == 0:", "case true:", "a message that kills its worker, in a batch", "I9"},
	{"worker: what was not begun at its last delivery is given up", domain + "retry.go",
		" || k.unbegun)", ")", "the reconciler races the last delivery", "I9"},
	{"worker: FAILED whether the DLQ took the message or not", domain + "deadletter.go",
		"if err := queue.Send(ctx, letter); err != nil {", "if err := queue.Send(ctx, letter); err != nil && false {", "a poison event", "I2"},
	{"worker: a replay's record is not looked at before it is replaced", domain + "silver.go",
		"if err := w.stillWanted(ctx, first); err != nil {", "if err := w.stillWanted(ctx, first); err != nil && false {", "two replays", "I8"},
	{"worker: records that are there already are taken for what its processor says now", domain + "silver.go",
		"return w.storedBefore(ctx, key)", "return first, nil", "a processor that changes its mind", "I8"},
	{"worker: the same of a replay's records", domain + "silver.go",
		"return there, nil // from", "return first, nil // from", "a replay by a processor that changes its mind", "I8"},
	{"replay and redrive: the reconciler is not told", domain + "checkpoint.go",
		"		err = checkpoints.Save(ctx, old, next)\n		if err == nil {", "		if _ = next; true {", "a replay races a late delivery", "I5"},
	{"replay and redrive: the later of two takes the other's place", domain + "checkpoint.go",
		"old.RewindTo.IsZero() || hour.Before(old.RewindTo)", "true || hour.IsZero()", "a replay behind a crashed one of another hour", "I5"},
	{"reconciler: nothing is enqueued again", domain + "heal.go",
		"s.Queue.SendMany(ctx, claimed)", "[]error(nil)", "one event", "I9"},
	{"reconciler: no bound on enqueueing again", domain + "heal.go",
		"if item.Reenqueues < s.MaxReenqueues {", "if true {", "a message that kills its worker", "I5"},
	{"reconciler: it forgets what was not at its end", domain + "checkpoint.go",
		"if !c.Pass.Unfinished.IsZero() &&", "if false &&", "one event", "I5"},
	{"reconciler: FAILED events are not repaired", domain + "heal.go",
		"s.all(ctx, failed, &s.report.Repaired, &s.report.Failed, s.repair)", "_ = failed", "one event", "I2"},
	{"reconciler: it looks once at what FAILED a moment ago", domain + "heal.go",
		"if item.FailedAt.After(s.Now().Add(-s.Grace)) {", "if false {", "the reconciler races the last delivery", "I2"},
	{"condition: an item is created only once", stores + "table.go",
		"if taken && !old.Expired(item.EnqueuedAt) {", "if taken && false {", "one event", "I4"},
	{"condition: only an ENQUEUED event ends", stores + "table.go",
		"if there && old.Status != pipeline.Enqueued {", "if false {", "two clients, one key, same payload", "I4"},
	{"condition: only the wanted generation ends", stores + "table.go",
		"if there && !old.Replay.SameGeneration(item.Replay) {", "if false {", "a replay behind the first delivery", "I4"},
	{"condition: an item moves only from the state that was read", stores + "table.go",
		"if !old.SameState(from) {", "if false {", "two replays", "I4"},
	{"condition: a first record takes no other's place", stores + "bucket.go",
		"if _, taken := b.objects[key]; taken {", "if false {", "a replay behind the first delivery", "I8"},
	{"condition: a replay replaces only what it saw", stores + "bucket.go",
		"if b.objects[key].version != version {", "if false {", "two replays", "I8"},
	{"condition: a checkpoint is saved only in place of the one that was read", stores + "table.go",
		"if t.checkpoint != old {", "if false {", "a replay races a late delivery", "I5"},
}
