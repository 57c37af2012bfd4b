package pipeline_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/inmem"
)

// rename replaces the table and the queue by empty ones, as CloudFormation does after a change of
// PhysicalNamePrefix.
func (w *world) rename() {
	w.items, w.queue, w.checkpoints = inmem.Items{}, inmem.Queue{}, inmem.Checkpoints{}
}

// orphanReplayer returns a replayer whose clock is two hours ahead, and a request that selects
// orphans. All objects are then old enough.
func (w *world) orphanReplayer() (pipeline.Replayer, pipeline.ReplayRequest) {
	r := w.replayer()
	r.BronzeBucket = "bronze"
	r.Now = func() time.Time { return now.Add(2 * time.Hour) }
	req := replayRequest("r1")
	req.Orphans = true
	return r, req
}

func (w *world) acceptKeyed(t *testing.T, at time.Time, body string) pipeline.Event {
	t.Helper()
	in := w.ingest()
	in.Now = func() time.Time { return at }
	accepted, err := in.Accept(t.Context(),
		pipeline.Request{Body: []byte(body), Keyed: true, Key: "key"})
	if err != nil {
		t.Fatal(err)
	}
	return accepted.Event
}

func TestReplayOrphans_EnqueuesEventsWithoutItemAndRecord(t *testing.T) {
	w := world{}
	w.bronze.Now = func() time.Time { return now }
	w.worker().Process(t.Context(), w.accept(t, body, body, poison)[:1])
	w.rename()
	r, req := w.orphanReplayer()
	want := pipeline.ReplayCounts{Scanned: 3, Matched: 3, Sent: 2, Done: 1}
	req.DryRun = true
	if diff := cmp.Diff(want, w.replay(t, r, req)); diff != "" || len(w.queue.Sent()) > 0 {
		t.Errorf("dry run: sent %v, counts differ (-want +got):\n%s", w.queue.Sent(), diff)
	}
	req.DryRun = false
	if diff := cmp.Diff(want, w.replay(t, r, req)); diff != "" {
		t.Errorf("counts differ (-want +got):\n%s", diff)
	}
	if c, _ := w.checkpoints.Load(t.Context()); !c.RewindTo.Equal(now.Truncate(time.Hour)) {
		t.Errorf("the reconciler was not rewound: %+v", c)
	}
	w.deliverSent(t, 0)
	item := w.wantStatus(t, "0199aaaa-0000-7000-8000-000000000002", pipeline.Processed)
	if item.SHA256 != sha256Hex(body) || item.Bytes != len(body) ||
		!item.ReceivedAt.Equal(now.Truncate(time.Millisecond)) ||
		w.record(t, item).ReplayID != "r1" || item.Expired(now.AddDate(0, 0, 29)) {
		t.Errorf("item = %+v", item)
	}
	w.wantStatus(t, "0199aaaa-0000-7000-8000-000000000003", pipeline.Failed)

	again := w.replay(t, r, req)
	if diff := cmp.Diff(pipeline.ReplayCounts{Scanned: 3, Matched: 3, Done: 3}, again); diff != "" {
		t.Errorf("the second time, counts differ (-want +got):\n%s", diff)
	}
}

func TestReplayOrphans_EnqueuesOneObjectOfAnEvent(t *testing.T) {
	w := world{}
	w.bronze.Now = func() time.Time { return now }
	first := w.acceptKeyed(t, now, body)
	for _, other := range []struct {
		at   time.Time
		body string
	}{{now, `{"eventType":"demo","n":2}`}, {now.Add(time.Hour), body}} {
		w.items.Delete(first.ID) // the request with the same key runs at the same time
		w.acceptKeyed(t, other.at, other.body)
	}
	w.rename()
	r, req := w.orphanReplayer()
	req.To = now.Add(2 * time.Hour)
	want := pipeline.ReplayCounts{Scanned: 3, Matched: 1, Sent: 1, Orphans: 2}
	for _, req.DryRun = range []bool{true, false} {
		if diff := cmp.Diff(want, w.replay(t, r, req)); diff != "" {
			t.Errorf("counts differ (-want +got):\n%s", diff)
		}
	}
	sent := w.queue.Sent()
	if len(sent) != 1 || sent[0].Bronze.Key != w.bronze.Keys()[0] {
		t.Errorf("sent %v, want the first object of %v", sent, w.bronze.Keys())
	}
}

func TestReplayOrphans_SkipsTheOtherObjectsOfARecordedEvent(t *testing.T) {
	w := world{}
	w.bronze.Now = func() time.Time { return now }
	first := w.acceptKeyed(t, now, body)
	w.items.Delete(first.ID)
	second := w.acceptKeyed(t, now, `{"eventType":"demo","n":2}`)
	w.worker().Process(t.Context(), []pipeline.Delivery{deliver(t, second, "message")})
	w.rename()
	r, req := w.orphanReplayer()
	want := pipeline.ReplayCounts{Scanned: 2, Matched: 1, Done: 1, Orphans: 1}
	if diff := cmp.Diff(want, w.replay(t, r, req)); diff != "" {
		t.Errorf("counts differ (-want +got):\n%s", diff)
	}
}

func TestReplayOrphans_SkipsYoungObjects(t *testing.T) {
	w := world{}
	w.bronze.Now = func() time.Time { return now }
	w.accept(t, body)
	w.rename()
	r, req := w.orphanReplayer()
	r.Now = func() time.Time { return now.Add(pipeline.MinOrphanAge - time.Second) }
	want := pipeline.ReplayCounts{Scanned: 1, Young: 1}
	if diff := cmp.Diff(want, w.replay(t, r, req)); diff != "" {
		t.Errorf("counts differ (-want +got):\n%s", diff)
	}
}

func TestReplayOrphans_SelectsByTheTimeOfStorageWithinTheHour(t *testing.T) {
	hour := now.Truncate(time.Hour)
	for _, c := range []struct{ stored, want time.Time }{
		{hour.Add(time.Minute), hour.Add(time.Minute)},
		{hour.Add(-time.Minute), hour},
		{hour.Add(time.Hour), hour.Add(time.Hour - time.Millisecond)}, // a slow request
	} {
		w := world{}
		w.bronze.Now = func() time.Time { return c.stored }
		w.accept(t, body)
		w.rename()
		r, req := w.orphanReplayer()
		req.From, req.To = c.want.Add(time.Millisecond), c.want.Add(time.Minute)
		if counts := w.replay(t, r, req); counts.Sent != 0 {
			t.Errorf("stored at %s: counts = %+v", c.stored, counts)
		}
		req.From = c.want
		if counts := w.replay(t, r, req); counts.Sent != 1 ||
			!w.queue.Sent()[0].ReceivedAt.Equal(c.want) {
			t.Errorf("stored at %s: counts = %+v, sent %+v", c.stored, counts, w.queue.Sent())
		}
	}
}

func TestReplayOrphans_SkipsKeysThatIngestDoesNotCreate(t *testing.T) {
	w := world{}
	w.bronze.Now = func() time.Time { return now }
	prefix := pipeline.BronzeHourPrefix("demo", now) + "0199aaaa-0000-7000-8000-000000000009"
	for _, suffix := range []string{"", ".json.bak", "-.json", "-" + sha256Hex(body), "-x.json"} {
		if err := w.bronze.Put(t.Context(), prefix+suffix, []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	r, req := w.orphanReplayer()
	if counts := w.replay(t, r, req); counts.Orphans != 5 || counts.Sent != 0 {
		t.Errorf("counts = %+v", counts)
	}
}

func TestReplayOrphans_DetectsAChangedPayload(t *testing.T) {
	w := world{}
	w.bronze.Now = func() time.Time { return now }
	event := w.acceptKeyed(t, now, body)
	w.bronze.Delete(event.Bronze.Key)
	if err := w.bronze.Put(t.Context(), event.Bronze.Key, []byte(`{"eventType":"x"}`)); err != nil {
		t.Fatal(err)
	}
	w.rename()
	r, req := w.orphanReplayer()
	w.replay(t, r, req)
	w.deliverSent(t, 0)
	item := w.wantStatus(t, event.ID, pipeline.Failed)
	if item.Failure.Code != pipeline.PayloadMismatch {
		t.Errorf("failure = %+v", item.Failure)
	}
}

func TestReplayOrphans_ResumesAfterACrash(t *testing.T) {
	w := world{}
	w.bronze.Now = func() time.Time { return now }
	w.accept(t, body, body)
	w.rename()
	r, req := w.orphanReplayer()
	broken := r
	broken.Queue = halfQueue{&w} // creates both items, and does not send the last message
	ignore := func(string, pipeline.ReplayCounts) error { return nil }
	if err := broken.Run(t.Context(), req, "", ignore); !errors.Is(err, errService) {
		t.Fatal(err)
	}
	if counts := w.replay(t, r, req); counts.Sent != 2 {
		t.Errorf("counts = %+v", counts)
	}
	w.deliverSent(t, 0)
	for _, id := range []string{id, "0199aaaa-0000-7000-8000-000000000002"} {
		w.wantStatus(t, id, pipeline.Processed)
	}
}
