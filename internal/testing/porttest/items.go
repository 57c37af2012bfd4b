package porttest

import (
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

// TestItems holds an events table to its contract.
func TestItems(t *testing.T, items Items) {
	ctx := t.Context()
	t.Run("returns an item as it was stored", func(t *testing.T) {
		for _, item := range []pipeline.Item{enqueued(), processed(enqueued()), dropped(enqueued()), failed(enqueued())} {
			create(t, items, item)
			wantItem(t, items, item)
		}
	})
	t.Run("finds an item", func(t *testing.T) {
		item := enqueued()
		create(t, items, item)
		if got, err := items.Find(ctx, item.ID); err != nil || cmp.Diff(item, got) != "" {
			t.Errorf("got %+v, %v", got, err)
		}
		if _, err := items.Find(ctx, uuid.NewString()); !errors.Is(err, pipeline.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	})
	t.Run("says what is not there", func(t *testing.T) {
		if _, err := items.Get(ctx, uuid.NewString()); !errors.Is(err, pipeline.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	})
	t.Run("creates an item once", func(t *testing.T) {
		item := enqueued()
		create(t, items, item)
		second := processed(item)
		second.EnqueuedAt = item.ExpiresAt // not yet over
		old, err := items.Create(ctx, second)
		if !errors.Is(err, pipeline.ErrExists) {
			t.Errorf("second create: got %v, want ErrExists", err)
		}
		if diff := cmp.Diff(item, old); diff != "" {
			t.Errorf("not the old item (-want +got):\n%s", diff)
		}
		wantItem(t, items, item)
	})
	t.Run("creates an item in place of one that has expired", func(t *testing.T) {
		item := processed(enqueued())
		create(t, items, item)
		next := enqueued()
		next.ID, next.EnqueuedAt = item.ID, item.ExpiresAt.Add(time.Second)
		create(t, items, next)
		wantItem(t, items, next)
	})
	t.Run("never takes the place of an item that does not expire", func(t *testing.T) {
		item := enqueued()
		item.ExpiresAt = time.Time{}
		create(t, items, item)
		next := item
		next.EnqueuedAt = item.ReceivedAt.AddDate(50, 0, 0)
		if _, err := items.Create(ctx, next); !errors.Is(err, pipeline.ErrExists) {
			t.Errorf("got %v, want ErrExists", err)
		}
	})
	t.Run("finishes an event that is ENQUEUED or unknown", func(t *testing.T) {
		for _, finish := range []func(pipeline.Item) pipeline.Item{processed, dropped, failed} {
			known, unknown := enqueued(), enqueued()
			known.Reenqueues = 2
			create(t, items, known)
			for _, item := range []pipeline.Item{known, unknown} {
				update := finish(item)
				update.EnqueuedAt, update.Reenqueues = time.Time{}, 0 // the worker does not know them
				check(t, items.Finish(ctx, update))
				if item.ID == known.ID {
					update.EnqueuedAt, update.Reenqueues = known.EnqueuedAt, known.Reenqueues
				}
				wantItem(t, items, update)
			}
		}
	})
	t.Run("finishes an event in the generation that is ENQUEUED", func(t *testing.T) {
		for _, generations := range [][2]pipeline.Replay{
			{{}, {ID: "replay"}}, {{ID: "replay"}, {}}, {{ID: "replay-1"}, {ID: "replay-2"}}, {{}, {Redrives: 1}}, {{Redrives: 1}, {}},
		} {
			item := enqueued()
			item.Replay = generations[1]
			create(t, items, item)
			stale := processed(item)
			stale.Replay = generations[0]
			wantTransition(t, items.Finish(ctx, stale), item, pipeline.Processed)
			check(t, items.Finish(ctx, processed(item)))
			wantItem(t, items, processed(item))
		}
	})
	t.Run("moves an item that is as it was read", func(t *testing.T) {
		for name, move := range moves() {
			from, to := move[0], move[1]
			create(t, items, from)
			check(t, items.Move(ctx, from, to))
			wantItem(t, items, to)
			wantTransition(t, named(name, items.Move(ctx, from, to)), to, to.Status)
		}
	})
	t.Run("never moves an item that is not as it was read", func(t *testing.T) {
		for name, change := range changes() {
			there := failed(enqueued())
			if name == "reenqueues" {
				there = enqueued()
			}
			read := there
			change(&read)
			create(t, items, there)
			next := read.Replay
			next.Redrives++
			if read.Status == pipeline.Processed {
				next = pipeline.Replay{ID: "replay"}
			}
			to := read.Reopened(next, there.ReceivedAt.Add(time.Hour))
			if read.Status == pipeline.Enqueued {
				to = read
				to.Reenqueues++
			}
			wantTransition(t, named(name, items.Move(ctx, read, to)), there, to.Status)
			wantItem(t, items, there)
		}
	})
	t.Run("knows no other moves", func(t *testing.T) {
		for _, move := range illegal() {
			create(t, items, move[0])
			var moved *pipeline.TransitionError
			if err := items.Move(ctx, move[0], move[1]); err == nil || errors.As(err, &moved) {
				t.Errorf("%s to %s: got %v", move[0].Status, move[1].Status, err)
			}
			wantItem(t, items, move[0])
		}
	})
	t.Run("never moves a finished event", func(t *testing.T) {
		for _, finish := range []func(pipeline.Item) pipeline.Item{processed, failed} {
			item := finish(enqueued())
			check(t, items.Finish(ctx, item))
			for _, again := range []pipeline.Item{processed(item), failed(item)} {
				again.Attempts = 9
				wantTransition(t, items.Finish(ctx, again), item, again.Status)
				wantItem(t, items, item)
			}
		}
	})
	t.Run("refuses an id given twice", func(t *testing.T) {
		id := uuid.NewString()
		if _, err := items.GetMany(ctx, []string{id, id}); err == nil {
			t.Error("no error")
		}
	})
	t.Run("gets many at once", func(t *testing.T) {
		want := make(map[string]pipeline.Item)
		for range 120 {
			item := enqueued()
			create(t, items, item)
			want[item.ID] = item
		}
		got, err := items.GetMany(ctx, append(slices.Collect(maps.Keys(want)), uuid.NewString()))
		check(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("items differ (-want +got):\n%s", diff)
		}
	})
}

// TestItemsRace holds an events table to its contract when many write at once.
func TestItemsRace(t *testing.T, items Items) {
	ctx := t.Context()
	t.Run("finishes an event once in a race", func(t *testing.T) {
		item := enqueued()
		create(t, items, item)
		errs := race(8, func(i int) error {
			if i%2 == 0 {
				return items.Finish(ctx, processed(item))
			}
			return items.Finish(ctx, failed(item))
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
	check(t, err)
}

func named(name string, err error) error {
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
	check(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("item differs (-want +got):\n%s", diff)
	}
}
