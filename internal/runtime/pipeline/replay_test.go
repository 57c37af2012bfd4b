package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func (w *world) replayer() pipeline.Replayer {
	return pipeline.Replayer{
		Bronze: &w.bronze, Items: &w.items, Silver: &w.silver, Queue: &w.queue,
		Checkpoints: &w.checkpoints,
		Throttle:    func(context.Context, int) error { return nil }, ChunkSize: 2,
		Now: func() time.Time { return now.Add(time.Hour) },
	}
}

func replayRequest(replayID string) pipeline.ReplayRequest {
	return pipeline.ReplayRequest{Replay: pipeline.Replay{ID: replayID}, Type: "demo",
		From: now.Add(-time.Hour), To: now.Add(time.Hour)}
}

// replay runs a whole replay and returns its counts.
func (w *world) replay(t *testing.T, r pipeline.Replayer,
	req pipeline.ReplayRequest) (counts pipeline.ReplayCounts) {
	t.Helper()
	err := r.Run(t.Context(), req, "", func(_ string, c pipeline.ReplayCounts) error {
		counts = c
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

// deliverSent processes the messages sent after the first n.
func (w *world) deliverSent(t *testing.T, n int) []pipeline.Result {
	t.Helper()
	var deliveries []pipeline.Delivery
	for i, event := range w.queue.Sent()[n:] {
		deliveries = append(deliveries, deliver(t, event, fmt.Sprintf("sent-%d", i)))
	}
	return w.worker().Process(t.Context(), deliveries)
}

func (w *world) record(t *testing.T, item pipeline.Item) pipeline.Record {
	t.Helper()
	line, err := w.silver.Get(t.Context(), item.SilverKey())
	if err != nil {
		t.Fatal(err)
	}
	var record pipeline.Record
	if err := json.Unmarshal(line, &record); err != nil {
		t.Fatal(err)
	}
	return record
}

func TestReplay_ReplacesTheRecords(t *testing.T) {
	var w world
	w.worker().Process(t.Context(), w.accept(t, body, body, body, body, poison))
	sent := len(w.queue.Sent())
	counts := w.replay(t, w.replayer(), replayRequest("r1"))
	diff := cmp.Diff(pipeline.ReplayCounts{Scanned: 5, Matched: 5, Sent: 4, Failed: 1}, counts)
	if diff != "" {
		t.Errorf("counts differ (-want +got):\n%s", diff)
	}
	item := w.wantStatus(t, id, pipeline.Enqueued)
	if item.Replay.ID != "r1" || !item.ProcessedAt.IsZero() {
		t.Errorf("item = %+v", item)
	}
	for _, r := range w.deliverSent(t, sent) {
		if r.Err != nil || r.Skipped {
			t.Errorf("result = %+v", r)
		}
	}
	item = w.wantStatus(t, id, pipeline.Processed)
	if record := w.record(t, item); record.ReplayID != "r1" {
		t.Errorf("record = %+v", record)
	}
	if keys := w.silver.Keys(); len(keys) != 4 {
		t.Errorf("Silver has %v", keys)
	}
	if got := len(w.bus.Published()); got != 5+4 {
		t.Errorf("published %d notifications, want 9", got)
	}
}

func TestReplay_OmitsNotificationsIfQuiet(t *testing.T) {
	var w world
	w.worker().Process(t.Context(), w.accept(t, body))
	req := replayRequest("r1")
	req.Replay.Quiet = true
	w.replay(t, w.replayer(), req)
	w.deliverSent(t, 1)
	item := w.wantStatus(t, id, pipeline.Processed)
	if w.record(t, item).ReplayID != "r1" || len(w.bus.Published()) != 1 {
		t.Errorf("published %v", w.bus.Published())
	}
}

func TestReplay_WritesNothingInADryRun(t *testing.T) {
	var w world
	w.worker().Process(t.Context(), w.accept(t, body, body))
	req := replayRequest("r1")
	req.DryRun = true
	if counts := w.replay(t, w.replayer(), req); counts.Sent != 2 || counts.Matched != 2 {
		t.Errorf("counts = %+v", counts)
	}
	w.wantStatus(t, id, pipeline.Processed)
	if len(w.queue.Sent()) != 2 {
		t.Error("something was sent")
	}
	if c, _ := w.checkpoints.Load(t.Context()); c != (pipeline.Checkpoint{}) {
		t.Error("the reconciler was rewound")
	}
}

func TestReplay_SelectsByTimeOfReceipt(t *testing.T) {
	var w world
	w.worker().Process(t.Context(), w.accept(t, body))
	received := now.Truncate(time.Millisecond)
	for _, c := range []struct {
		from, to time.Time
		want     int
	}{
		{received, received.Add(time.Millisecond), 1},
		{received.Add(-time.Hour), received, 0},
		{received.Add(time.Millisecond), received.Add(time.Hour), 0},
	} {
		req := replayRequest("r1")
		req.From, req.To, req.DryRun = c.from, c.to, true
		if counts := w.replay(t, w.replayer(), req); counts.Matched != c.want {
			t.Errorf("%s to %s: %+v, want %d", c.from, c.to, counts, c.want)
		}
	}
}

func TestReplay_ResumesAfterACrash(t *testing.T) {
	var w world
	w.worker().Process(t.Context(), w.accept(t, body, body, body, body))
	r := w.replayer()
	var after string
	stop := errors.New("stopped")
	err := r.Run(t.Context(), replayRequest("r1"), "",
		func(a string, _ pipeline.ReplayCounts) error {
			after = a
			return stop
		})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	broken := r
	broken.Queue = halfQueue{&w} // reopens all events of a chunk, but does not send the last one
	err = broken.Run(t.Context(), replayRequest("r1"), after,
		func(string, pipeline.ReplayCounts) error { return nil })
	if err == nil {
		t.Fatal("the queue's error was not returned")
	}
	err = r.Run(t.Context(), replayRequest("r1"), after,
		func(string, pipeline.ReplayCounts) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	w.deliverSent(t, 4)
	for i := range 4 {
		item := w.wantStatus(t, fmt.Sprintf("0199aaaa-0000-7000-8000-%012d", i+1),
			pipeline.Processed)
		if item.Replay.ID != "r1" || w.record(t, item).ReplayID != "r1" {
			t.Errorf("item = %+v", item)
		}
	}
}

// halfQueue fails to send the last event of each call.
type halfQueue struct{ *world }

func (halfQueue) SendMany(_ context.Context, events []pipeline.Event) []error {
	return append(make([]error, len(events)-1), errService)
}

func TestReplay_RewindsTheReconcilerFirst(t *testing.T) {
	var w world
	w.worker().Process(t.Context(), w.accept(t, body))
	w.replay(t, w.replayer(), replayRequest("r1"))
	c, _ := w.checkpoints.Load(t.Context())
	if !c.RewindTo.Equal(now.Truncate(time.Hour)) ||
		!c.RewoundAt.Equal(now.Add(time.Hour).Truncate(time.Millisecond)) {
		t.Errorf("checkpoint = %+v", c)
	}
}

func TestReplay_RedrivesFailedEventsWithoutTheirDeadLetters(t *testing.T) {
	var w world
	w.worker().Process(t.Context(), w.accept(t, poison, body))
	w.wantStatus(t, id, pipeline.Failed)
	req := replayRequest("r1")
	req.Failed = true
	counts := w.replay(t, w.replayer(), req)
	if counts != (pipeline.ReplayCounts{Scanned: 2, Matched: 2, Sent: 1, Done: 1}) {
		t.Errorf("counts = %+v", counts)
	}
	item := w.wantStatus(t, id, pipeline.Enqueued)
	if item.Replay != (pipeline.Replay{Redrives: 1}) || w.queue.Sent()[2].Replay != item.Replay {
		t.Errorf("item = %+v, sent %+v; want a redriven event", item, w.queue.Sent())
	}
	counts = w.replay(t, w.replayer(), req)
	if counts != (pipeline.ReplayCounts{Scanned: 2, Matched: 2, Enqueued: 1, Done: 1}) {
		t.Errorf("the second time, counts = %+v", counts)
	}
	if c, _ := w.checkpoints.Load(t.Context()); !c.RewindTo.Equal(now.Truncate(time.Hour)) {
		t.Errorf("the reconciler was not rewound: %+v", c)
	}
}

func TestReplay_RecreatesExpiredItems(t *testing.T) {
	var w world
	w.worker().Process(t.Context(), w.accept(t, body))
	w.items.Delete(id)
	r := w.replayer()
	r.Now = func() time.Time { return now.AddDate(1, 0, 0) }
	if counts := w.replay(t, r, replayRequest("r1")); counts.Sent != 1 {
		t.Errorf("counts = %+v", counts)
	}
	if item := w.wantStatus(t, id, pipeline.Enqueued); item.Expired(now.AddDate(1, 0, 29)) {
		t.Errorf("item = %+v expires too soon", item)
	}
	w.deliverSent(t, 1)
	item := w.wantStatus(t, id, pipeline.Processed)
	if item.Expired(now.AddDate(1, 0, 29)) || item.SHA256 != sha256Hex(body) {
		t.Errorf("item = %+v", item)
	}
}

func TestReplay_SkipsUnacknowledgedRequests(t *testing.T) {
	var w world
	in := w.ingest()
	in.Items, in.Queue = failingItems{}, failingQueue{}
	if _, err := in.Accept(t.Context(), request(body)); err == nil {
		t.Fatal("accepted")
	}
	if counts := w.replay(t, w.replayer(), replayRequest("r1")); counts.Orphans != 1 ||
		counts.Sent != 0 {
		t.Errorf("counts = %+v", counts)
	}
}

func (r concurrentWriter) Put(ctx context.Context, key string, body []byte) error {
	return r.silver.Put(ctx, key, body)
}

func (r concurrentWriter) GetVersion(ctx context.Context, key string) ([]byte, string, error) {
	return r.silver.GetVersion(ctx, key)
}

func (r concurrentWriter) Replace(ctx context.Context, key string, body []byte,
	version string) error {
	if err := r.silver.Replace(ctx, key, []byte(`{"replayId":"later"}`), version); err != nil {
		return err
	}
	return r.silver.Replace(ctx, key, body, version)
}
