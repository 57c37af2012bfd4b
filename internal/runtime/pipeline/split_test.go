package pipeline_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// acceptBusyHours ingests n events, and returns their ids. The events were received in the three
// hours before now.
func (w *world) acceptBusyHours(t *testing.T, n int) []string {
	t.Helper()
	return w.acceptOver(t, 3*time.Hour, n)
}

// acceptOver ingests n events, and returns their ids. The times of receipt are spread evenly over
// the period before now. Half of the events have an idempotency key. The messages of all events are
// lost.
func (w *world) acceptOver(t *testing.T, period time.Duration, n int) []string {
	t.Helper()
	w.bronze.Now = func() time.Time { return now }
	var ids []string
	for i := range n {
		at := now.Add(time.Duration(i-n) * (period / time.Duration(n)))
		in := w.ingest()
		in.Now = func() time.Time { return at }
		in.NewID = func() (string, error) { return uuidAt(at, i), nil }
		accepted, err := in.Accept(t.Context(), pipeline.Request{
			Body: []byte(body), Keyed: i%2 == 0, Key: fmt.Sprintf("key-%d", i)})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, accepted.Event.ID)
	}
	return ids
}

// uuidAt returns a UUIDv7 of the given time.
func uuidAt(at time.Time, n int) string {
	ms := at.UnixMilli()
	random := sha256.Sum256([]byte(fmt.Sprint(n)))
	return fmt.Sprintf("%08x-%04x-7%03x-8000-%012x", ms>>16, ms&0xffff,
		binary.BigEndian.Uint16(random[:])&0xfff, n)
}

func TestReconciler_FindsAllStuckEventsOfBusyHours(t *testing.T) {
	var w world
	ids := w.acceptBusyHours(t, 400)
	w.wantReport(t, w.reconciler(now.Add(grace+time.Minute)),
		pipeline.Report{Scanned: 400, Reenqueued: 400})
	for _, id := range ids {
		if item := w.wantStatus(t, id, pipeline.Enqueued); item.Reenqueues != 1 {
			t.Errorf("event %s was enqueued %d times", id, item.Reenqueues)
		}
	}
}

// Each run stops after some pages, at any point of its listings. The next run continues at the
// checkpoint and omits no event.
func TestReconciler_OmitsNoEventOfBusyHoursIfItsRunsEndEarly(t *testing.T) {
	for pages := range 40 {
		var w world
		ids := w.acceptBusyHours(t, 200)
		r := w.reconciler(now.Add(grace + time.Minute))
		pass := r.NewPass(now.Add(-3 * time.Hour))
		for runs := 0; !pass.Done; runs++ {
			if runs > 100 {
				t.Fatalf("%d pages a run: the pass is not done: %+v", pages+4, pass)
			}
			ctx, cancel := context.WithCancel(t.Context())
			r.Bronze = &limitedBucket{world: &w, pages: pages + 4, stop: cancel}
			next, _, _ := r.RunPass(ctx, pass, false)
			cancel()
			if next.Type == pass.Type && next.After < pass.After {
				t.Fatalf("the pass went back from %q to %q", pass.After, next.After)
			}
			pass = next
		}
		for _, id := range ids {
			if item := w.wantStatus(t, id, pipeline.Enqueued); item.Reenqueues == 0 {
				t.Fatalf("%d pages a run: event %s was omitted", pages+4, id)
			}
		}
	}
}

// limitedBucket stops a run after a number of pages.
type limitedBucket struct {
	*world
	mu    sync.Mutex
	pages int
	stop  func()
}

func (b *limitedBucket) Types(ctx context.Context, after string) ([]string, error) {
	return b.bronze.Types(ctx, after)
}

func (b *limitedBucket) List(ctx context.Context, prefix, after string) ([]pipeline.Object, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pages == 0 {
		b.stop()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b.pages--
	return b.bronze.List(ctx, prefix, after)
}

// An operator can start a pass at any time in the past. Even a pass over many years must need few
// requests.
func TestReconciler_ListsAQuietYearWithFewRequests(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for _, since := range []time.Duration{year, 200 * year} {
		var w world
		w.acceptOver(t, year, 60)
		r := w.reconciler(now.Add(grace + time.Minute))
		const limit = 1_000_000
		bucket := &limitedBucket{world: &w, pages: limit}
		r.Bronze = bucket
		_, report, err := r.RunPass(t.Context(), r.NewPass(now.Add(-since)), true)
		requests := limit - bucket.pages
		if err != nil || report.Scanned != 60 || requests > 5000 {
			t.Errorf("since %s: scanned %d of 60 with %d requests, %v",
				since, report.Scanned, requests, err)
		}
	}
}

// slowBucket answers each listing after the time that S3 needs for a thousand keys.
type slowBucket struct{ *world }

func (b slowBucket) Types(ctx context.Context, after string) ([]string, error) {
	return b.bronze.Types(ctx, after)
}

func (b slowBucket) List(ctx context.Context, prefix, after string) ([]pipeline.Object, error) {
	time.Sleep(150 * time.Millisecond)
	return b.bronze.List(ctx, prefix, after)
}

// 600 events need 200 pages of 150 ms each. A sequential listing takes 30 seconds.
func TestReconciler_ListsBusyHoursInParallel(t *testing.T) {
	var w world
	w.acceptBusyHours(t, 600)
	synctest.Test(t, func(t *testing.T) {
		r := w.reconciler(now.Add(grace + time.Minute))
		r.Bronze = slowBucket{&w}
		began := time.Now()
		_, report, err := r.RunPass(t.Context(), r.NewPass(now.Add(-3*time.Hour)), true)
		took := time.Since(began) // on the bubble's clock, which is exact
		if err != nil || report.Scanned != 600 || took > 10*time.Second {
			t.Errorf("scanned %d of 600 in %s, %v", report.Scanned, took, err)
		}
		t.Logf("%s", took)
	})
}
