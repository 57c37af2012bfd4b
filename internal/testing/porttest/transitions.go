package porttest

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// allowedMoves returns the parameters old and next for calls of Move that every table must allow.
// The map's keys describe the calls.
func allowedMoves() map[string][2]pipeline.Item {
	reenqueued := newEnqueuedItem()
	reenqueued.Reenqueues, reenqueued.EnqueuedAt = 1, reenqueued.EnqueuedAt.Add(time.Hour)
	first := reenqueued
	first.Reenqueues, first.EnqueuedAt = 0, time.Time{} // created by the worker
	unrepaired, done := asFailed(newEnqueuedItem()), asProcessed(newEnqueuedItem())
	quiet := pipeline.Replay{ID: "replay", Quiet: true}
	replayed := asProcessed(newEnqueuedItem())
	replayed.Replay = quiet
	poison, crashed := asFailed(newEnqueuedItem()), newEnqueuedItem()
	return map[string][2]pipeline.Item{
		"enqueued again": {first, reenqueued},
		"repaired":       {unrepaired, asProcessed(unrepaired)},
		"redriven while ENQUEUED": {crashed,
			crashed.Reopened(pipeline.Replay{Redrives: 1}, crashed.ReceivedAt)},
		"redriven": {poison, poison.Reopened(pipeline.Replay{Redrives: 1}, poison.FailedAt)},
		"replayed": {done, done.Reopened(quiet, done.ProcessedAt)},
		"replayed twice": {replayed,
			replayed.Reopened(pipeline.Replay{ID: "replay-2"}, replayed.ProcessedAt)},
	}
}

// stateChanges returns functions. Each function changes one part of the state of a FAILED item. The
// map's keys name the parts.
func stateChanges() map[string]func(*pipeline.Item) {
	return map[string]func(*pipeline.Item){
		"status": func(i *pipeline.Item) {
			failedAt := i.FailedAt
			*i = asProcessed(*i)
			i.FailedAt = failedAt
		},
		"failedAt":   func(i *pipeline.Item) { i.FailedAt = i.FailedAt.Add(time.Millisecond) },
		"enqueuedAt": func(i *pipeline.Item) { i.EnqueuedAt = i.EnqueuedAt.Add(time.Millisecond) },
		"never set":  func(i *pipeline.Item) { i.EnqueuedAt = time.Time{} },
		"replay":     func(i *pipeline.Item) { i.Replay.ID = "replay" },
		"redrives":   func(i *pipeline.Item) { i.Replay.Redrives = 1 },
		"reenqueues": func(i *pipeline.Item) { i.Reenqueues++ },
		"failures":   func(i *pipeline.Item) { i.Tries.Failures++ },
		"crashes":    func(i *pipeline.Item) { i.Tries.Crashes++ },
		"begun":      func(i *pipeline.Item) { i.Tries.Begun = begun },
		"bronze":     func(i *pipeline.Item) { i.Bronze.Key = i.KeyedBronzeKey() },
	}
}

// illegalMoves returns the parameters old and next for calls of Move that every table must reject.
func illegalMoves() [][2]pipeline.Item {
	item, other := newEnqueuedItem(), newEnqueuedItem()
	skipped := item
	skipped.Reenqueues = 2
	done, again := asProcessed(newEnqueuedItem()), asProcessed(newEnqueuedItem())
	same, failing := asFailed(newEnqueuedItem()), asFailed(newEnqueuedItem())
	return [][2]pipeline.Item{
		{item, asProcessed(item)}, // only Finish does this
		{newEnqueuedItem(), skipped},
		{other, asFailed(other)},
		{done, asFailed(done)},
		// A PROCESSED event can't be redriven.
		{again, again.Reopened(again.Replay, again.ProcessedAt)},
		// A redrive needs a new generation.
		{same, same.Reopened(same.Replay, same.FailedAt)},
		{failing, failing.Reopened(pipeline.Replay{ID: "replay"}, failing.FailedAt)},
	}
}

func newEnqueuedItem() pipeline.Item {
	event := pipeline.Event{
		ID:         uuid.NewString(),
		Type:       "demo",
		ReceivedAt: time.Date(2026, 11, 23, 7, 30, 0, 120e6, time.UTC),
		SHA256:     "5e1f",
		Bytes:      42,
		Count:      7,
		Caller:     "iam arn:aws:iam::000000000000:user/anna",
		Webhook: &pipeline.Webhook{
			Source: "github", ContentType: "application/json",
			Headers: map[string]string{"x-github-hook-id": "7", "x-empty": ""},
		},
	}
	event.Bronze = pipeline.Location{Bucket: "bronze", Key: event.BronzeKey()}
	return pipeline.Item{
		Event:      event,
		Status:     pipeline.Enqueued,
		RequestID:  uuid.NewString(),
		BodySHA256: strings.Repeat("b", 64),
		Rejected:   "3,10",
		EnqueuedAt: event.ReceivedAt,
		ExpiresAt:  pipeline.Expiry(event, 24*time.Hour),
	}
}

func asProcessed(item pipeline.Item) pipeline.Item {
	item.Status, item.Attempts = pipeline.Processed, 2
	item.FailedAt, item.Failure = time.Time{}, pipeline.Failure{}
	item.ProcessedAt = item.ReceivedAt.Add(time.Second)
	item.Silver = pipeline.Location{Bucket: "silver", Key: item.SilverKey()}
	item.SplitOff = "1,3-5"
	return item
}

func asFiltered(item pipeline.Item) pipeline.Item {
	item = asProcessed(item)
	item.Filtered = pipeline.Filtered{Code: "test-order", Reason: "why"}
	return item
}

func asFailed(item pipeline.Item) pipeline.Item {
	item.Status, item.Attempts = pipeline.Failed, 5
	item.ProcessedAt, item.Silver, item.SplitOff = time.Time{}, pipeline.Location{}, ""
	item.FailedAt = item.ReceivedAt.Add(time.Minute)
	item.Failure = pipeline.Failure{Code: pipeline.PayloadMismatch, Reason: "why"}
	return item
}
