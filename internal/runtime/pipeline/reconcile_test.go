package pipeline_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/inmem"
)

const grace = 30 * time.Minute

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
		t.Errorf("%d objects are counted %d times: %+v", got.Scanned, sum, got)
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

	// An event enqueued at the same time proves nothing about the other one.
	w.worker().Process(t.Context(), deliveries[1:])
	w.wantReport(t, r, pipeline.Report{Scanned: 2, Processed: 1, Waiting: 1})

	// An event enqueued later and PROCESSED does.
	later := w.ingest()
	later.Now = func() time.Time { return now.Add(time.Second) }
	later.NewID = func() (string, error) { return "0199aaaa-0000-7000-8000-000000000009", nil }
	accepted, err := later.Accept(t.Context(), request(body))
	if err != nil {
		t.Fatal(err)
	}
	w.worker().Process(t.Context(), []pipeline.Delivery{deliver(t, accepted.Event, "later")})
	// the frontier advances during the pass
	w.wantReport(t, r, pipeline.Report{Scanned: 3, Processed: 2, Waiting: 1})
	w.wantReport(t, r, pipeline.Report{Scanned: 3, Processed: 2, Reenqueued: 1})
}

func TestReconciler_GivesUpEventsThatCrashTheirWorker(t *testing.T) {
	var w world
	w.accept(t, body)
	at := now
	for range 2 {
		at = at.Add(grace + time.Minute)
		w.wantReport(t, w.reconciler(at), pipeline.Report{Scanned: 1, Reenqueued: 1})
	}
	at = at.Add(grace + time.Minute)
	w.wantReport(t, w.reconciler(at), pipeline.Report{Scanned: 1, GivenUp: 1})
	item := w.wantStatus(t, id, pipeline.Failed)
	if item.Failure.Code != pipeline.NotFinished {
		t.Errorf("item = %+v", item)
	}
	deadLetters := w.deadLetters.Sent()
	if len(deadLetters) != 1 || deadLetters[0].Failure.Code != pipeline.NotFinished ||
		deadLetters[0].EventID != id {
		t.Fatalf("DLQ = %+v", deadLetters)
	}
	diff := cmp.Diff([]pipeline.Notification{pipeline.NewNotification(item)}, w.bus.Published())
	if diff != "" {
		t.Errorf("notifications differ (-want +got):\n%s", diff)
	}
	result := w.redriver().Redrive(t.Context(), [][]byte{deadLetters[0].Body})[0]
	if result.Err != nil {
		t.Errorf("its message can't be redriven: %v", result.Err)
	}
}

func TestReconciler_RepairsFailedEventsWithARecord(t *testing.T) {
	var w world
	deliveries := w.accept(t, body, poison)
	deliveries[0].Attempt = 3
	worker := w.worker()
	worker.Bus = downBus{}
	worker.Process(t.Context(), deliveries)
	w.wantStatus(t, id, pipeline.Failed)
	w.wantReport(t, w.reconciler(now.Add(grace+time.Minute)),
		pipeline.Report{Scanned: 2, Failed: 1, Repaired: 1})
	item := w.wantStatus(t, id, pipeline.Processed)
	if item.Failure != (pipeline.Failure{}) || item.Silver.Key != item.SilverKey() {
		t.Errorf("item = %+v", item)
	}
	diff := cmp.Diff([]pipeline.Notification{pipeline.NewNotification(item)}, w.bus.Published())
	if diff != "" {
		t.Errorf("notifications differ (-want +got):\n%s", diff)
	}
}

type downBus struct{}

func (downBus) Publish(_ context.Context, notifications []pipeline.Notification) []error {
	errs := make([]error, len(notifications))
	for i := range errs {
		errs[i] = errService
	}
	return errs
}

func TestReconciler_IgnoresRecordsOfEarlierGenerations(t *testing.T) {
	var w world
	w.worker().Process(t.Context(), w.accept(t, body))
	w.replay(t, w.replayer(), hours("r1"))
	worker := w.worker()
	worker.Bronze, worker.MaxReceiveCount = failingStore{failing{&w,
		map[string]bool{"get": true}}}, 1
	worker.Process(t.Context(), []pipeline.Delivery{deliver(t, w.queue.Sent()[1], "m")})
	w.wantReport(t, w.reconciler(now.Add(grace+time.Minute)),
		pipeline.Report{Scanned: 1, Failed: 1})
	w.wantStatus(t, id, pipeline.Failed)
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
		t.Error("what was never acknowledged is processed")
	}
}

// A slow request may store its payload after a pass has checked its hour of receipt.
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

func TestReconciler_RecreatesTheItemOfARecord(t *testing.T) {
	var w world
	w.bronze.Now = func() time.Time { return now }
	in := w.ingest()
	in.Items = failingItems{}
	if _, err := in.Accept(t.Context(), request(body)); err == nil {
		t.Fatal("accepted")
	}
	worker := w.worker()
	// then the worker crashes
	worker.Items = failingFinisher{failing: failing{&w, map[string]bool{"finish": true}}}
	worker.Process(t.Context(), []pipeline.Delivery{deliver(t, w.queue.Sent()[0], "m")})

	expired := w.reconciler(now.Add(grace + time.Minute))
	expired.StatusRetention = time.Minute
	w.wantReport(t, expired, pipeline.Report{Scanned: 1, Orphans: 1})
	w.checkpoints = inmem.Checkpoints{}
	w.wantReport(t, w.reconciler(now.Add(grace+time.Minute)),
		pipeline.Report{Scanned: 1, Repaired: 1})
	item := w.wantStatus(t, id, pipeline.Processed)
	record := w.record(t, item)
	if item.SHA256 != record.Source.SHA256 || item.Bytes != len(body) ||
		item.Bronze != record.Source.Location || !item.ReceivedAt.Equal(record.ReceivedAt) {
		t.Errorf("item = %+v of record %+v", item, record)
	}
	if published := w.bus.Published(); len(published) != 2 || published[1].Detail.EventID != id {
		t.Errorf("published %+v", published)
	}
}

func TestReconciler_ConcurrentRunsEnqueueOnce(t *testing.T) {
	var w world
	w.accept(t, body)
	first := w.reconciler(now.Add(grace + time.Minute))
	second := w.reconciler(now.Add(grace + 2*time.Minute))
	first.Items = meanwhile{&w.items, func() {
		if _, err := second.Run(t.Context()); err != nil {
			t.Error(err)
		}
	}}
	w.wantReport(t, first, pipeline.Report{Scanned: 1, Overtaken: 1})
	if sent := w.queue.Sent(); len(sent) != 2 {
		t.Errorf("sent %d times", len(sent))
	}
}

func TestReconciler_CountsOvertakenEventsOnce(t *testing.T) {
	var w world
	deliveries := w.accept(t, body)
	deliveries[0].Attempt = 3
	worker := w.worker()
	worker.Bus = downBus{}
	worker.Process(t.Context(), deliveries)
	first := w.reconciler(now.Add(grace + time.Minute))
	second := w.reconciler(now.Add(grace + 2*time.Minute))
	first.Items = meanwhile{&w.items, func() {
		w.wantReport(t, second,
			pipeline.Report{Scanned: 1, Repaired: 1})
	}}
	w.wantReport(t, first, pipeline.Report{Scanned: 1, Overtaken: 1})
}

func TestReconciler_CountsALostNotificationAsAnError(t *testing.T) {
	var w world
	w.accept(t, body)
	r := w.reconciler(now.Add(grace + time.Minute))
	r.MaxReenqueues, r.Bus = 0, downBus{}
	w.wantReport(t, r, pipeline.Report{Scanned: 1, Errors: 1})
}

func TestReconciler_ReportsItsTimeRange(t *testing.T) {
	var w world
	r := w.reconciler(now)
	pass := r.NewPass(now.Add(-2 * time.Hour))
	_, report, err := r.Sweep(t.Context(), pass, true)
	if err != nil || !report.From.Equal(pass.From) || !report.To.Equal(pass.To.Add(time.Hour)) {
		t.Errorf("report = %+v, %v; of %+v", report, err, pass)
	}
}

// meanwhile runs a function between the look-up and the move.
type meanwhile struct {
	*inmem.Items
	run func()
}

func (m meanwhile) GetMany(ctx context.Context, ids []string) (map[string]pipeline.Item, error) {
	items, err := m.Items.GetMany(ctx, ids)
	m.run()
	return items, err
}

func TestReconciler_CountsErrorsAndRetries(t *testing.T) {
	var w world
	w.accept(t, body, body)
	r := w.reconciler(now.Add(grace + time.Minute))
	r.Queue = halfBacklog{&w}
	w.wantReport(t, r, pipeline.Report{Scanned: 2, Reenqueued: 1, Errors: 1})
	w.wantReport(t, w.reconciler(now.Add(2*grace+2*time.Minute)),
		pipeline.Report{Scanned: 2, Reenqueued: 2})
}

type halfBacklog struct{ *world }

func (h halfBacklog) CountMessages(context.Context) (int, error) { return 0, nil }

func (h halfBacklog) SendMany(ctx context.Context, events []pipeline.Event) []error {
	return halfQueue(h).SendMany(ctx, events)
}

func TestReconciler_BeginsAtTheFirstUnfinishedHour(t *testing.T) {
	var w world
	w.worker().Process(t.Context(), w.accept(t, body))
	w.wantReport(t, w.reconciler(now.Add(3*time.Hour)), pipeline.Report{Scanned: 1, Processed: 1})
	w.wantReport(t, w.reconciler(now.Add(4*time.Hour)), pipeline.Report{})

	// Events reopened since are checked after the grace period.
	w.replay(t, w.replayer(), hours("r1"))
	c, _ := w.checkpoints.Load(t.Context())
	w.wantReport(t, w.reconciler(c.RewoundAt.Add(grace-time.Minute)), pipeline.Report{})
	w.wantReport(t, w.reconciler(c.RewoundAt.Add(grace+time.Minute)),
		pipeline.Report{Scanned: 1, Reenqueued: 1})
}

func TestReconciler_ChecksAnHourUntilAllItsEventsAreFinished(t *testing.T) {
	var w world
	w.accept(t, body)
	r := w.reconciler(now.Add(5 * time.Hour))
	r.Queue = backlogQueue{&w.queue, 1}
	for range 2 {
		w.wantReport(t, r, pipeline.Report{Scanned: 1, Waiting: 1})
	}
}

// stopping ends the run after a page.
type stopping struct {
	*inmem.Bucket
	pages  *int
	cancel func()
}

func (s stopping) List(ctx context.Context, prefix, after string) ([]pipeline.Object, error) {
	if *s.pages == 0 {
		s.cancel()
		return nil, ctx.Err()
	}
	*s.pages--
	return s.Bucket.List(ctx, prefix, after)
}

func TestReconciler_ContinuesAfterItsDeadline(t *testing.T) {
	var w world
	w.accept(t, body, body, body, body, body, body, body)
	r := w.reconciler(now.Add(grace + time.Minute))
	whole := r.Bronze
	pass, scanned := r.NewPass(now.Add(-time.Hour)), 0
	for range 5 {
		pages := 1
		ctx, cancel := context.WithCancel(t.Context())
		r.Bronze = stopping{whole.(*inmem.Bucket), &pages, cancel}
		next, report, err := r.Sweep(ctx, pass, true)
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		cancel()
		pass, scanned = next, scanned+report.Scanned
		if pass.Done {
			break
		}
	}
	if !pass.Done || scanned != 7 {
		t.Errorf("scanned %d of 7, pass %+v", scanned, pass)
	}
}

func TestReconciler_WritesNothingInADryRun(t *testing.T) {
	var w world
	w.accept(t, body)
	r := w.reconciler(now.Add(grace + time.Minute))
	_, report, err := r.Sweep(t.Context(), r.NewPass(now.Add(-time.Hour)), true)
	if err != nil || report.Reenqueued != 1 || !report.DryRun {
		t.Errorf("report = %+v, %v", report, err)
	}
	item := w.wantStatus(t, id, pipeline.Enqueued)
	if item.Reenqueues != 0 || len(w.queue.Sent()) != 1 {
		t.Errorf("item = %+v, sent %v", item, w.queue.Sent())
	}
}
