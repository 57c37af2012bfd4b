package pipeline_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/inmem"
)

const grace = 40 * time.Minute

// backlogQueue reports a number of waiting messages.
type backlogQueue struct {
	*inmem.Queue
	waiting int
}

func (q backlogQueue) CountMessages(context.Context) (int, error) { return q.waiting, nil }

// reconciler returns a reconciler with an empty queue and a fixed time.
func (w *world) reconciler(at time.Time) pipeline.Reconciler {
	w.bronze.Now = func() time.Time { return now }
	return pipeline.Reconciler{
		Bronze: &w.bronze, Items: &w.items, Silver: &w.silver, Queue: backlogQueue{&w.queue,
			0}, DeadLetters: &w.deadLetters,
		Bus: &w.bus, Checkpoints: &w.checkpoints, SilverBucket: "silver", Grace: grace,
		Window: 24 * time.Hour, MaxReenqueues: 2,
		StatusRetention: 24 * time.Hour, Now: func() time.Time { return at },
	}
}

func (w *world) wantReport(t *testing.T, r pipeline.Reconciler, want pipeline.Report) {
	t.Helper()
	got, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sum := got.Processed + got.Failed + got.Waiting + got.Young + got.Reenqueued + got.GivenUp +
		got.Repaired + got.Orphans + got.Overtaken + got.Errors
	if sum != got.Scanned {
		t.Errorf("scanned %d objects, but the counts add up to %d: %+v", got.Scanned, sum, got)
	}
	got.From, got.To = time.Time{}, time.Time{}
	want.Done = true
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("report differs (-want +got):\n%s", diff)
	}
}

func TestReconciler_EnqueuesStuckEventsAgain(t *testing.T) {
	var w world
	w.accept(t, body, body, body, body) // more than one page
	w.wantReport(t, w.reconciler(now.Add(grace+time.Minute)),
		pipeline.Report{Scanned: 4, Reenqueued: 4})
	if sent := w.queue.Sent(); len(sent) != 8 {
		t.Fatalf("sent %v", sent)
	}
	item := w.wantStatus(t, id, pipeline.Enqueued)
	if item.Reenqueues != 1 ||
		!item.EnqueuedAt.Equal(now.Add(grace+time.Minute).Truncate(time.Millisecond)) {
		t.Errorf("item = %+v", item)
	}
	w.deliverSent(t, 4)
	w.wantReport(t, w.reconciler(now.Add(grace+2*time.Minute)),
		pipeline.Report{Scanned: 4, Processed: 4})
}

func TestReconciler_SkipsEventsWithinTheGracePeriod(t *testing.T) {
	var w world
	w.accept(t, body)
	w.wantReport(t, w.reconciler(now.Add(grace-time.Minute)),
		pipeline.Report{Scanned: 1, Waiting: 1})
}

func TestReconciler_SkipsEventsInALongQueue(t *testing.T) {
	var w world
	deliveries := w.accept(t, body, body)
	r := w.reconciler(now.Add(grace + time.Minute))
	r.Queue = backlogQueue{&w.queue, 2}
	w.wantReport(t, r, pipeline.Report{Scanned: 2, Waiting: 2})

	// The other event was enqueued at the same time, so it does not show whether the message is
	// lost.
	w.worker().Process(t.Context(), deliveries[1:])
	w.wantReport(t, r, pipeline.Report{Scanned: 2, Processed: 1, Waiting: 1})

	// The message counts as lost if an event that was enqueued later is PROCESSED.
	later := w.ingest()
	later.Now = func() time.Time { return now.Add(time.Second) }
	later.NewID = func() (string, error) { return "0199aaaa-0000-7000-8000-000000000009", nil }
	accepted, err := later.Accept(t.Context(), request(body))
	if err != nil {
		t.Fatal(err)
	}
	w.worker().Process(t.Context(), []pipeline.Delivery{deliver(t, accepted.Event, "later")})
	// This pass finds the event that was enqueued later. Only the next pass uses that knowledge.
	w.wantReport(t, r, pipeline.Report{Scanned: 3, Processed: 2, Waiting: 1})
	w.wantReport(t, r, pipeline.Report{Scanned: 3, Processed: 2, Reenqueued: 1})
}

func (downBus) Publish(_ context.Context, notifications []pipeline.Notification) []error {
	errs := make([]error, len(notifications))
	for i := range errs {
		errs[i] = errService
	}
	return errs
}

func TestReconciler_CountsOrphansAfterTheGracePeriod(t *testing.T) {
	var w world
	w.bronze.Now = func() time.Time { return now }
	in := w.ingest()
	in.Items, in.Queue = failingItems{}, failingQueue{}
	if _, err := in.Accept(t.Context(), request(body)); err == nil {
		t.Fatal("accepted")
	}
	w.wantReport(t, w.reconciler(now.Add(grace-time.Minute)), pipeline.Report{Scanned: 1, Young: 1})
	w.wantReport(t, w.reconciler(now.Add(grace+time.Minute)),
		pipeline.Report{Scanned: 1, Orphans: 1})
	if len(w.queue.Sent()) != 0 {
		t.Error("an unacknowledged request was enqueued")
	}
}

// A pass checks the objects of an hour. A slow request can store an object of this hour later, so
// the next pass checks the hour again.
func TestReconciler_ChecksYoungObjectsAgain(t *testing.T) {
	var w world
	received := now.Truncate(time.Hour).Add(time.Hour - time.Second)
	in := w.ingest()
	in.Items, in.Queue = failingItems{}, failingQueue{}
	in.Now = func() time.Time { return received }
	r := w.reconciler(received.Add(grace + time.Second))
	w.bronze.Now = func() time.Time { return received.Add(2 * time.Second) }
	if _, err := in.Accept(t.Context(), request(body)); err == nil {
		t.Fatal("accepted")
	}
	w.wantReport(t, r, pipeline.Report{Scanned: 1, Young: 1})
	r.Now = func() time.Time { return received.Add(2 * grace) }
	w.wantReport(t, r, pipeline.Report{Scanned: 1, Orphans: 1})
}

func TestReconciler_ReportsItsTimeRange(t *testing.T) {
	var w world
	r := w.reconciler(now)
	pass := r.NewPass(now.Add(-2 * time.Hour))
	_, report, err := r.RunPass(t.Context(), pass, true)
	if err != nil || !report.From.Equal(pass.From) || !report.To.Equal(pass.To.Add(time.Hour)) {
		t.Errorf("report = %+v, %v; of %+v", report, err, pass)
	}
}

func (m meanwhile) GetMany(ctx context.Context, ids []string) (map[string]pipeline.Item, error) {
	items, err := m.Items.GetMany(ctx, ids)
	m.run()
	return items, err
}

func (h halfBacklog) CountMessages(context.Context) (int, error) { return 0, nil }

func (h halfBacklog) SendMany(ctx context.Context, events []pipeline.Event) []error {
	return halfQueue(h).SendMany(ctx, events)
}

func (s stoppingBucket) List(ctx context.Context, prefix, after string) ([]pipeline.Object, error) {
	if *s.pages == 0 {
		s.cancel()
		return nil, ctx.Err()
	}
	*s.pages--
	return s.Bucket.List(ctx, prefix, after)
}

func TestReconciler_WritesNothingInADryRun(t *testing.T) {
	var w world
	w.accept(t, body)
	r := w.reconciler(now.Add(grace + time.Minute))
	_, report, err := r.RunPass(t.Context(), r.NewPass(now.Add(-time.Hour)), true)
	if err != nil || report.Reenqueued != 1 || !report.DryRun {
		t.Errorf("report = %+v, %v", report, err)
	}
	item := w.wantStatus(t, id, pipeline.Enqueued)
	if item.Reenqueues != 0 || len(w.queue.Sent()) != 1 {
		t.Errorf("item = %+v, sent %v", item, w.queue.Sent())
	}
}
