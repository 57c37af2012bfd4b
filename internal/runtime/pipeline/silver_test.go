package pipeline_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// A worker can crash after it has stored records in Silver. At the next delivery, the processor can
// return another output.
func TestProcessor_OutputThatWasStoredFirstIsKept(t *testing.T) {
	first := filterWith("test-order", "r")
	for _, again := range []processorFunc{
		returnPayloads(`{"n":1}`), filterWith("other", "r"),
		failWith(pipeline.NewRejection("c", "r")), failWith(errService),
		returnPayloads(`[]`),
	} {
		var w world
		deliveries := w.accept(t, body)
		worker := w.workerWith(first)
		worker.Bus = downBus{}
		worker.Process(t.Context(), deliveries)
		w.wantStatus(t, id, pipeline.Enqueued)

		w.workerWith(again).Process(t.Context(), deliveries)
		item := w.wantStatus(t, id, pipeline.Processed)
		records := w.records(t)
		if len(records) != 1 || item.Filtered.Code != "test-order" ||
			records[0].Filtered != item.Filtered {
			t.Errorf("item has %+v, Silver has %+v", item.Filtered, records)
		}
		notifications := w.bus.Published()
		if len(notifications) != 1 || notifications[0].Detail.Filtered != item.Filtered {
			t.Errorf("notifications = %+v", notifications)
		}
	}
}

func TestProcessor_AReplayReplacesAllRecords(t *testing.T) {
	var w world
	event := w.replayable(t)
	for i, p := range []processorFunc{returnPayloads(`{"n":1}`, `{"n":2}`, `{"n":3}`),
		filterWith("test-order", "r"), returnPayloads(`{"n":4}`, `{"n":5}`)} {
		item, err := w.items.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		next := item.Reopened(pipeline.Replay{ID: fmt.Sprintf("replay-%d", i)}, now.Add(time.Hour))
		if err := w.items.Move(t.Context(), item, next); err != nil {
			t.Fatal(err)
		}
		event.Replay = next.Replay
		delivery := deliver(t, event, "replayed")
		w.workerWith(p).Process(t.Context(), []pipeline.Delivery{delivery})
		w.workerWith(returnPayloads(`{"late":true}`)).Process(t.Context(),
			[]pipeline.Delivery{delivery})
		want, _ := p(event, 1, nil)
		item = w.wantStatus(t, id, pipeline.Processed)
		records := w.records(t)
		if len(records) != max(len(want.Payloads), 1) || item.Filtered != want.Filtered ||
			records[0].Filtered != want.Filtered {
			t.Fatalf("replay %d: item has %+v, records = %+v", i, item.Filtered, records)
		}
		for j, r := range records {
			if r.ReplayID != next.Replay.ID ||
				j < len(want.Payloads) && cmp.Diff(string(want.Payloads[j]),
					string(r.Payload)) != "" {
				t.Errorf("replay %d: record %d = %+v", i, j, r)
			}
		}
	}
}

// replayable accepts and processes an event, and returns it.
func (w *world) replayable(t *testing.T) pipeline.Event {
	t.Helper()
	w.worker().Process(t.Context(), w.accept(t, body))
	return w.wantStatus(t, id, pipeline.Processed).Event
}

// concurrentWriter is a Silver bucket in which another writer replaces the object before each
// Replace.
type concurrentWriter struct{ *world }

func TestWorker_ReplacesOnlyTheRecordThatItRead(t *testing.T) {
	var w world
	w.worker().Process(t.Context(), w.accept(t, body))
	w.replay(t, w.replayer(), replayRequest("r1"))
	worker := w.worker()
	worker.Silver = concurrentWriter{&w}
	r := worker.Process(t.Context(), []pipeline.Delivery{deliver(t, w.queue.Sent()[1], "m")})[0]
	if !r.Retry || !errors.Is(r.Err, pipeline.ErrChanged) {
		t.Errorf("result = %+v", r)
	}
	line, _ := w.silver.Get(t.Context(), w.silver.Keys()[0])
	if string(line) != `{"replayId":"later"}` {
		t.Errorf("record = %s", line)
	}
}
