package pipeline_test

import (
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/inmem"
)

func TestReconciler_ReadsFilteredEventsFromSilver(t *testing.T) {
	t.Run("repairs", func(t *testing.T) {
		var w world
		w.failAfterTheRecord(t, w.accept(t, body), filterWith("test-order", "r"))
		w.wantStatus(t, id, pipeline.Failed)
		w.wantReport(t, w.reconciler(now.Add(grace+time.Minute)),
			pipeline.Report{Scanned: 1, Repaired: 1})
		if item := w.wantStatus(t, id, pipeline.Processed); item.Filtered.Code != "test-order" {
			t.Errorf("item = %+v", item)
		}
	})
	for name, p := range map[string]processorFunc{"test-order": filterWith("test-order", "r"),
		"": returnPayloads(`{"n":1}`, `{"n":2}`)} {
		t.Run("recreates "+name, func(t *testing.T) {
			var w world
			w.bronze.Now = func() time.Time { return now }
			in := w.ingest()
			in.Items = failingItems{}
			if _, err := in.Accept(t.Context(), request(body)); err == nil {
				t.Fatal("accepted")
			}
			worker := w.workerWith(p)
			worker.Items = failingFinisher{failing: failing{&w, map[string]bool{"finish": true}}}
			worker.Process(t.Context(), []pipeline.Delivery{deliver(t, w.queue.Sent()[0], "m")})
			w.wantReport(t, w.reconciler(now.Add(grace+time.Minute)),
				pipeline.Report{Scanned: 1, Repaired: 1})
			item := w.wantStatus(t, id, pipeline.Processed)
			if item.Filtered.Code != name || item.SHA256 != sha256Hex(body) {
				t.Errorf("item = %+v", item)
			}
		})
	}
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
	// Finish fails. This simulates a worker that crashes before it finishes the event.
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
