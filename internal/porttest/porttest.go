// Package porttest holds every implementation of the pipeline's ports, the AWS adapters and the ones in memory, to the
// same contracts.
package porttest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/pipeline"
)

// Objects is what is asked of a bucket.
type Objects interface {
	pipeline.BronzeReader
	pipeline.SilverWriter
}

// Items is what is asked of the events table.
type Items interface {
	pipeline.ItemCreator
	pipeline.ItemStore
	Get(ctx context.Context, id string) (pipeline.Item, error)
}

// TestObjects holds a bucket to its contract.
func TestObjects(t *testing.T, bucket Objects) {
	ctx := t.Context()
	t.Run("returns the very bytes", func(t *testing.T) {
		key := "bronze/demo/" + uuid.NewString()
		body := []byte("{\"a\": \"\u00e9\u2028\",\r\n \"b\":1e3}")
		check(t, bucket.Put(ctx, key, body))
		got, err := bucket.Get(ctx, key)
		check(t, err)
		if string(got) != string(body) {
			t.Errorf("put %q, got %q", body, got)
		}
	})
	t.Run("says what is not there", func(t *testing.T) {
		if _, err := bucket.Get(ctx, "bronze/demo/absent"); !errors.Is(err, pipeline.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	})
	t.Run("is written once", func(t *testing.T) {
		key := "silver/demo/" + uuid.NewString()
		check(t, bucket.Put(ctx, key, []byte("first")))
		if err := bucket.Put(ctx, key, []byte("second")); !errors.Is(err, pipeline.ErrExists) {
			t.Errorf("second put: got %v, want ErrExists", err)
		}
		if got, err := bucket.Get(ctx, key); err != nil || string(got) != "first" {
			t.Errorf("got %q, %v; want the first write", got, err)
		}
	})
}

// TestObjectsRace holds a bucket to its contract when many write at once.
func TestObjectsRace(t *testing.T, bucket Objects) {
	ctx := t.Context()
	t.Run("is written once in a race", func(t *testing.T) {
		key := "silver/demo/" + uuid.NewString()
		errs := race(8, func(i int) error { return bucket.Put(ctx, key, fmt.Appendf(nil, "writer %d", i)) })
		wantOneWinner(t, errs, func(err error) bool { return errors.Is(err, pipeline.ErrExists) })
	})
}

// TestItems holds an events table to its contract.
func TestItems(t *testing.T, items Items) {
	ctx := t.Context()
	t.Run("returns an item as it was stored", func(t *testing.T) {
		for _, item := range []pipeline.Item{enqueued(), processed(enqueued()), failed(enqueued())} {
			check(t, items.Create(ctx, item))
			wantItem(t, items, item)
		}
	})
	t.Run("says what is not there", func(t *testing.T) {
		if _, err := items.Get(ctx, uuid.NewString()); !errors.Is(err, pipeline.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	})
	t.Run("creates an item once", func(t *testing.T) {
		item := enqueued()
		check(t, items.Create(ctx, item))
		if err := items.Create(ctx, processed(item)); !errors.Is(err, pipeline.ErrExists) {
			t.Errorf("second create: got %v, want ErrExists", err)
		}
		wantItem(t, items, item)
	})
	t.Run("finishes an event that is ENQUEUED or unknown", func(t *testing.T) {
		for _, finish := range []func(pipeline.Item) pipeline.Item{processed, failed} {
			known, unknown := enqueued(), enqueued()
			check(t, items.Create(ctx, known))
			for _, item := range []pipeline.Item{known, unknown} {
				check(t, items.Finish(ctx, finish(item)))
				wantItem(t, items, finish(item))
			}
		}
	})
	t.Run("never moves a finished event", func(t *testing.T) {
		for _, finish := range []func(pipeline.Item) pipeline.Item{processed, failed} {
			item := finish(enqueued())
			check(t, items.Finish(ctx, item))
			for _, again := range []pipeline.Item{processed(item), failed(item)} {
				again.Attempts = 9
				var moved *pipeline.TransitionError
				if err := items.Finish(ctx, again); !errors.As(err, &moved) {
					t.Fatalf("%s to %s: got %v, want a TransitionError", item.Status, again.Status, err)
				}
				if want := (pipeline.TransitionError{EventID: item.ID, From: item.Status, To: again.Status}); *moved != want {
					t.Errorf("got %+v, want %+v", *moved, want)
				}
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
			check(t, items.Create(ctx, item))
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
		check(t, items.Create(ctx, item))
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

func wantItem(t *testing.T, items Items, want pipeline.Item) {
	t.Helper()
	got, err := items.Get(t.Context(), want.ID)
	check(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("item differs (-want +got):\n%s", diff)
	}
}

// race calls fn n times at once.
func race(n int, fn func(i int) error) []error {
	errs := make([]error, n)
	var running sync.WaitGroup
	start := make(chan struct{})
	for i := range errs {
		running.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	running.Wait()
	return errs
}

func wantOneWinner(t *testing.T, errs []error, lost func(error) bool) {
	t.Helper()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !lost(err):
			t.Errorf("got %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d writers won, want 1", won)
	}
}

func enqueued() pipeline.Item {
	event := pipeline.Event{
		ID: uuid.NewString(), Type: "demo", ReceivedAt: time.Date(2026, 11, 23, 7, 30, 0, 120e6, time.UTC), SHA256: "5e1f", Bytes: 42,
	}
	event.Bronze = pipeline.Location{Bucket: "bronze", Key: event.BronzeKey()}
	return pipeline.Item{Event: event, Status: pipeline.Enqueued, ExpiresAt: pipeline.Expiry(event, 24*time.Hour)}
}

func processed(item pipeline.Item) pipeline.Item {
	item = pipeline.Item{Event: item.Event, Status: pipeline.Processed, Attempts: 2, ExpiresAt: item.ExpiresAt}
	item.ProcessedAt = item.ReceivedAt.Add(time.Second)
	item.Silver = pipeline.Location{Bucket: "silver", Key: item.SilverKey()}
	return item
}

func failed(item pipeline.Item) pipeline.Item {
	item = pipeline.Item{Event: item.Event, Status: pipeline.Failed, Attempts: 5, ExpiresAt: item.ExpiresAt}
	item.FailedAt = item.ReceivedAt.Add(time.Minute)
	item.Failure = pipeline.Failure{Code: pipeline.PayloadMismatch, Reason: "why"}
	return item
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
