// Package porttest tests the implementations of the pipeline's interfaces to services (its ports).
// It runs the same tests against the AWS adapters and against package inmem.
package porttest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Objects combines the pipeline's interfaces to a bucket.
type Objects interface {
	pipeline.BronzeReader
	pipeline.BronzeLister
	pipeline.SilverStore
}

// Items combines the pipeline's interfaces to the events table.
type Items interface {
	pipeline.Items
	pipeline.ItemReader
}

// TestObjects tests a bucket.
func TestObjects(t *testing.T, bucket Objects) {
	ctx := t.Context()
	t.Run("returns the same bytes", func(t *testing.T) {
		key := "bronze/demo/" + uuid.NewString()
		body := []byte("{\"a\": \"\u00e9\u2028\",\r\n \"b\":1e3}")
		requireNoError(t, bucket.Put(ctx, key, body))
		got, err := bucket.Get(ctx, key)
		requireNoError(t, err)
		if string(got) != string(body) {
			t.Errorf("put %q, got %q", body, got)
		}
	})
	t.Run("reports a missing object", func(t *testing.T) {
		if _, err := bucket.Get(ctx, "bronze/demo/missing"); !errors.Is(err, pipeline.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	})
	t.Run("never overwrites an object", func(t *testing.T) {
		key := "silver/demo/" + uuid.NewString()
		requireNoError(t, bucket.Put(ctx, key, []byte("first")))
		if err := bucket.Put(ctx, key, []byte("second")); !errors.Is(err, pipeline.ErrExists) {
			t.Errorf("second put: got %v, want ErrExists", err)
		}
		if got, err := bucket.Get(ctx, key); err != nil || string(got) != "first" {
			t.Errorf("got %q, %v; want the first write", got, err)
		}
	})
	t.Run("replaces only the version that was read", func(t *testing.T) {
		key := "silver/demo/" + uuid.NewString()
		if _, _, err := bucket.GetVersion(ctx, key); !errors.Is(err, pipeline.ErrNotFound) {
			t.Errorf("missing object: got %v, want ErrNotFound", err)
		}
		requireNoError(t, bucket.Put(ctx, key, []byte("first")))
		body, first, err := bucket.GetVersion(ctx, key)
		requireNoError(t, err)
		if string(body) != "first" {
			t.Errorf("got %q", body)
		}
		requireNoError(t, bucket.Replace(ctx, key, []byte("second"), first))
		err = bucket.Replace(ctx, key, []byte("third"), first)
		if !errors.Is(err, pipeline.ErrChanged) {
			t.Errorf("second replace: got %v, want ErrChanged", err)
		}
		err = bucket.Replace(ctx, key+"-missing", []byte("third"), first)
		if !errors.Is(err, pipeline.ErrChanged) {
			t.Errorf("replace a missing object: got %v, want ErrChanged", err)
		}
		if got, err := bucket.Get(ctx, key); err != nil || string(got) != "second" {
			t.Errorf("got %q, %v; want the second write", got, err)
		}
	})
	t.Run("lists types and objects in order", func(t *testing.T) {
		var want []string
		for _, key := range []string{"list-a/1", "list-a/2", "list-a/3", "list-a/4", "list-a/5",
			"list-a-b/1", "list-c/1", "list-d/1"} {
			want = append(want, "bronze/"+key)
			requireNoError(t, bucket.Put(ctx, "bronze/"+key, []byte("{}")))
		}
		requireNoError(t, bucket.Put(ctx, "silver/list-e/1", []byte("{}")))
		var types, keys []string
		for after := "list-"; ; after = types[len(types)-1] {
			page, err := bucket.Types(ctx, after)
			requireNoError(t, err)
			if len(page) == 0 {
				break
			}
			types = append(types, page...)
		}
		// Types are in the order of their keys. In keys, a dash sorts before a slash.
		if want := []string{"list-a-b", "list-a", "list-c", "list-d"}; !slices.Equal(types, want) {
			t.Errorf("types %v, want %v", types, want)
		}
		for after := want[0]; ; after = keys[len(keys)-1] {
			page, err := bucket.List(ctx, "bronze/list-a/", after)
			requireNoError(t, err)
			if len(page) == 0 {
				break
			}
			for _, o := range page {
				keys = append(keys, o.Key)
				if o.LastModified.IsZero() {
					t.Errorf("%s has no LastModified", o.Key)
				}
			}
		}
		if !slices.Equal(keys, want[1:5]) {
			t.Errorf("keys %v, want %v", keys, want[1:5])
		}
	})
}

// TestObjectsRace tests a bucket with concurrent writers.
func TestObjectsRace(t *testing.T, bucket Objects) {
	ctx := t.Context()
	t.Run("stores one of several concurrent writes", func(t *testing.T) {
		key := "silver/demo/" + uuid.NewString()
		errs := runConcurrently(8, func(i int) error {
			return bucket.Put(ctx, key, fmt.Appendf(nil, "writer %d", i))
		})
		wantOneWinner(t, errs, func(err error) bool { return errors.Is(err, pipeline.ErrExists) })
	})
}

// runConcurrently calls fn n times concurrently and returns the errors.
func runConcurrently(n int, fn func(i int) error) []error {
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
			t.Errorf("a write failed for another reason: %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d writes succeeded, want 1", won)
	}
}

func requireNoError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestCheckpoints tests a checkpoint store. The store must not contain a checkpoint yet.
func TestCheckpoints(t *testing.T, checkpoints pipeline.CheckpointStore) {
	ctx := t.Context()
	none, err := checkpoints.Load(ctx)
	requireNoError(t, err)
	if none != (pipeline.Checkpoint{}) {
		t.Fatalf("got %+v, want the zero checkpoint", none)
	}
	hour := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	first := pipeline.Checkpoint{Pass: pipeline.Pass{
		From: hour, To: hour.Add(time.Hour), Type: "demo", After: "bronze/demo/x",
	}}
	second := first
	second.RewindTo = hour.Add(-time.Hour)
	second.RewoundAt = hour.Add(90*time.Minute + time.Millisecond)
	requireNoError(t, checkpoints.Save(ctx, none, first))
	requireNoError(t, checkpoints.Save(ctx, first, second))
	for _, old := range []pipeline.Checkpoint{none, first} {
		if err := checkpoints.Save(ctx, old, first); !errors.Is(err, pipeline.ErrChanged) {
			t.Errorf("got %v, want ErrChanged", err)
		}
	}
	got, err := checkpoints.Load(ctx)
	requireNoError(t, err)
	if diff := cmp.Diff(second, got); diff != "" {
		t.Errorf("checkpoint differs (-want +got):\n%s", diff)
	}
}
