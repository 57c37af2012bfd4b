package porttest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// TestItems tests an events table.
func TestItems(t *testing.T, items Items) {
	ctx := t.Context()
	t.Run("returns the stored item", func(t *testing.T) {
		tried := newEnqueuedItem()
		tried.Tries = pipeline.Tries{Failures: 2, Crashes: 1, Begun: begun}
		for _, item := range []pipeline.Item{newEnqueuedItem(), asProcessed(newEnqueuedItem()),
			asFiltered(newEnqueuedItem()), asFailed(newEnqueuedItem()), tried} {
			create(t, items, item)
			wantItem(t, items, item)
		}
	})
	t.Run("finds an item", func(t *testing.T) {
		item := newEnqueuedItem()
		create(t, items, item)
		if got, err := items.Find(ctx, item.ID); err != nil || cmp.Diff(item, got) != "" {
			t.Errorf("got %+v, %v", got, err)
		}
		if _, err := items.Find(ctx, uuid.NewString()); !errors.Is(err, pipeline.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	})
	t.Run("reports a missing item", func(t *testing.T) {
		if _, err := items.Get(ctx, uuid.NewString()); !errors.Is(err, pipeline.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	})
	t.Run("creates an item once", func(t *testing.T) {
		item := newEnqueuedItem()
		create(t, items, item)
		second := asProcessed(item)
		second.EnqueuedAt = item.ExpiresAt // not yet expired
		existing, err := items.Create(ctx, second)
		if !errors.Is(err, pipeline.ErrExists) {
			t.Errorf("second create: got %v, want ErrExists", err)
		}
		if diff := cmp.Diff(item, existing); diff != "" {
			t.Errorf("existing item differs (-want +got):\n%s", diff)
		}
		wantItem(t, items, item)
	})
	t.Run("replaces an expired item", func(t *testing.T) {
		item := asProcessed(newEnqueuedItem())
		create(t, items, item)
		next := newEnqueuedItem()
		next.ID, next.EnqueuedAt = item.ID, item.ExpiresAt.Add(time.Second)
		create(t, items, next)
		wantItem(t, items, next)
	})
	t.Run("never replaces an item without expiry", func(t *testing.T) {
		item := newEnqueuedItem()
		item.ExpiresAt = time.Time{}
		create(t, items, item)
		next := item
		next.EnqueuedAt = item.ReceivedAt.AddDate(50, 0, 0)
		if _, err := items.Create(ctx, next); !errors.Is(err, pipeline.ErrExists) {
			t.Errorf("got %v, want ErrExists", err)
		}
	})
	t.Run("finishes an event that is ENQUEUED or has no item", func(t *testing.T) {
		for _, finish := range []func(pipeline.Item) pipeline.Item{asProcessed, asFiltered,
			asFailed} {
			known, missing := newEnqueuedItem(), newEnqueuedItem()
			known.Reenqueues, known.Tries.Failures = 2, 3
			create(t, items, known)
			for _, item := range []pipeline.Item{known, missing} {
				update := finish(item)
				// The worker does not set these fields.
				update.RequestID, update.EnqueuedAt, update.Reenqueues = "", time.Time{}, 0
				update.BodySHA256, update.Rejected = "", ""
				update.Tries = pipeline.Tries{}
				requireNoError(t, items.Finish(ctx, update))
				if item.ID == known.ID {
					update.EnqueuedAt, update.Reenqueues = known.EnqueuedAt, known.Reenqueues
					update.RequestID, update.Tries = known.RequestID, known.Tries
					update.BodySHA256, update.Rejected = known.BodySHA256, known.Rejected
				}
				wantItem(t, items, update)
			}
		}
	})
	t.Run("finishes an event only in its current generation", func(t *testing.T) {
		for _, generations := range [][2]pipeline.Replay{
			{{}, {ID: "replay"}}, {{ID: "replay"}, {}}, {{ID: "replay-1"}, {ID: "replay-2"}},
			{{}, {Redrives: 1}}, {{Redrives: 1}, {}},
		} {
			item := newEnqueuedItem()
			item.Replay = generations[1]
			create(t, items, item)
			outdated := asProcessed(item)
			outdated.Replay = generations[0]
			wantTransition(t, items.Finish(ctx, outdated), item, pipeline.Processed)
			requireNoError(t, items.Finish(ctx, asProcessed(item)))
			wantItem(t, items, asProcessed(item))
		}
	})
	t.Run("replaces the tries of an event that is ENQUEUED or has no item", func(t *testing.T) {
		known, missing := newEnqueuedItem(), newEnqueuedItem()
		missing.EnqueuedAt = time.Time{} // not set by the worker
		create(t, items, known)
		for _, item := range []pipeline.Item{known, missing} {
			for _, tries := range []pipeline.Tries{
				{Failures: 1}, {Failures: 1, Crashes: 1, Begun: begun},
				{Failures: 1, Crashes: 1, Begun: returned}, {Failures: 2, Crashes: 1, Begun: begun},
				{Failures: 2, Crashes: 2}, // a crash was counted
				{Failures: 2, Crashes: 2, Begun: begun}, {},
			} {
				worker := item
				worker.EnqueuedAt = time.Time{}
				// The variable worker has the previous round's tries, which SetTries requires.
				requireNoError(t, items.SetTries(ctx, worker, tries))
				item.Tries = tries
				wantItem(t, items, item)
			}
		}
	})
	t.Run("never replaces the tries after another write", func(t *testing.T) {
		tried, reopened := newEnqueuedItem(), newEnqueuedItem()
		tried.Tries.Crashes, reopened.Replay.Redrives = 1, 1
		for _, stored := range []pipeline.Item{
			tried, reopened, asProcessed(newEnqueuedItem()), asFailed(newEnqueuedItem()),
		} {
			create(t, items, stored)
			read := newEnqueuedItem()
			read.ID = stored.ID
			err := items.SetTries(ctx, read, pipeline.Tries{Failures: 1})
			wantTransition(t, err, stored, pipeline.Enqueued)
			wantItem(t, items, stored)
		}
	})
	t.Run("moves an item that is still in the state that was read", func(t *testing.T) {
		for name, move := range allowedMoves() {
			from, to := move[0], move[1]
			create(t, items, from)
			requireNoError(t, items.Move(ctx, from, to))
			wantItem(t, items, to)
			wantTransition(t, annotate(name, items.Move(ctx, from, to)), to, to.Status)
		}
	})
	t.Run("never moves an item whose state has changed since it was read", func(t *testing.T) {
		for name, change := range stateChanges() {
			stored := asFailed(newEnqueuedItem())
			if name == "reenqueues" {
				stored = newEnqueuedItem()
			}
			read := stored
			change(&read)
			create(t, items, stored)
			next := read.Replay
			next.Redrives++
			if read.Status == pipeline.Processed {
				next = pipeline.Replay{ID: "replay"}
			}
			to := read.Reopened(next, stored.ReceivedAt.Add(time.Hour))
			if read.Status == pipeline.Enqueued {
				to = read
				to.Reenqueues++
			}
			wantTransition(t, annotate(name, items.Move(ctx, read, to)), stored, to.Status)
			wantItem(t, items, stored)
		}
	})
	t.Run("rejects all other moves", func(t *testing.T) {
		for _, move := range illegalMoves() {
			create(t, items, move[0])
			var moved *pipeline.TransitionError
			if err := items.Move(ctx, move[0], move[1]); err == nil || errors.As(err, &moved) {
				t.Errorf("%s to %s: got %v", move[0].Status, move[1].Status, err)
			}
			wantItem(t, items, move[0])
		}
	})
	t.Run("never finishes an event twice", func(t *testing.T) {
		for _, finish := range []func(pipeline.Item) pipeline.Item{asProcessed, asFailed} {
			item := finish(newEnqueuedItem())
			requireNoError(t, items.Finish(ctx, item))
			for _, again := range []pipeline.Item{asProcessed(item), asFailed(item)} {
				again.Attempts = 9
				wantTransition(t, items.Finish(ctx, again), item, again.Status)
				wantItem(t, items, item)
			}
		}
	})
	t.Run("rejects duplicate ids", func(t *testing.T) {
		id := uuid.NewString()
		if _, err := items.GetMany(ctx, []string{id, id}); err == nil {
			t.Error("got no error")
		}
	})
	t.Run("gets many items", func(t *testing.T) {
		want := make(map[string]pipeline.Item)
		for range 120 {
			item := newEnqueuedItem()
			create(t, items, item)
			want[item.ID] = item
		}
		got, err := items.GetMany(ctx, append(slices.Collect(maps.Keys(want)), uuid.NewString()))
		requireNoError(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("items differ (-want +got):\n%s", diff)
		}
	})
}

var begun = pipeline.Begun{
	MessageID: "message", Attempt: 3, Until: time.Date(2026, 11, 23, 7, 30, 30, 5e6, time.UTC),
}

var returned = pipeline.Begun{MessageID: begun.MessageID, Attempt: begun.Attempt}

// TestItemsRace tests an events table with concurrent writers.
func TestItemsRace(t *testing.T, items Items) {
	ctx := t.Context()
	t.Run("finishes an event once under concurrent writes", func(t *testing.T) {
		item := newEnqueuedItem()
		create(t, items, item)
		errs := runConcurrently(8, func(i int) error {
			if i%2 == 0 {
				return items.Finish(ctx, asProcessed(item))
			}
			return items.Finish(ctx, asFailed(item))
		})
		wantOneWinner(t, errs, func(err error) bool {
			var moved *pipeline.TransitionError
			return errors.As(err, &moved)
		})
	})
}

func create(t *testing.T, items Items, item pipeline.Item) {
	t.Helper()
	_, err := items.Create(t.Context(), item)
	requireNoError(t, err)
}

func annotate(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

func wantTransition(t *testing.T, err error, from pipeline.Item, to pipeline.Status) {
	t.Helper()
	var moved *pipeline.TransitionError
	if !errors.As(err, &moved) {
		t.Fatalf("to %s: got %v, want a TransitionError", to, err)
	}
	if diff := cmp.Diff(&pipeline.TransitionError{From: from, To: to}, moved); diff != "" {
		t.Errorf("transition differs (-want +got):\n%s", diff)
	}
}

func wantItem(t *testing.T, items Items, want pipeline.Item) {
	t.Helper()
	got, err := items.Get(t.Context(), want.ID)
	requireNoError(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("item differs (-want +got):\n%s", diff)
	}
}

// AcceptOlder accepts an event in the same way as an older version of Ingest. The current Ingest
// can reject the event.
func AcceptOlder(ctx context.Context, in pipeline.Ingest, body []byte) (pipeline.Event, error) {
	var payload struct{ EventType string }
	if err := json.Unmarshal(body, &payload); err != nil {
		return pipeline.Event{}, fmt.Errorf("decode the event type: %w", err)
	}
	id, err := in.NewID()
	if err != nil {
		return pipeline.Event{}, fmt.Errorf("create an event id: %w", err)
	}
	sum := sha256.Sum256(body)
	event := pipeline.Event{
		ID:         id,
		Type:       payload.EventType,
		ReceivedAt: in.Now().UTC().Truncate(time.Millisecond),
		SHA256:     hex.EncodeToString(sum[:]),
		Bytes:      len(body),
		Bronze:     pipeline.Location{Bucket: in.BronzeBucket},
	}
	event.Bronze.Key = event.BronzeKey()
	item := pipeline.Item{
		Event:      event,
		Status:     pipeline.Enqueued,
		EnqueuedAt: event.ReceivedAt,
		ExpiresAt:  pipeline.Expiry(event, in.StatusRetention),
	}
	err = in.Bronze.Put(ctx, event.Bronze.Key, body)
	if err != nil && !errors.Is(err, pipeline.ErrExists) {
		return event, fmt.Errorf("store the payload: %w", err)
	}
	_, err = in.Items.Create(ctx, item)
	if err != nil && !errors.Is(err, pipeline.ErrExists) {
		return event, fmt.Errorf("store the item: %w", err)
	}
	return event, in.Queue.Send(ctx, event)
}
