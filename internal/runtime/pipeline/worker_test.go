package pipeline_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func TestWorker_StoresARecordNotifiesAndMarksTheEventProcessed(t *testing.T) {
	var w world
	deliveries := w.accept(t, body)
	results := w.worker().Process(t.Context(), deliveries)
	if len(results) != 1 || results[0].Err != nil || results[0].Status != pipeline.Processed {
		t.Fatalf("results = %+v", results)
	}
	item := w.wantStatus(t, id, pipeline.Processed)
	if item.Attempts != 1 || item.ProcessedAt != now.Add(time.Second).Truncate(time.Millisecond) {
		t.Errorf("item = %+v", item)
	}
	line, err := w.silver.Get(t.Context(), "silver/demo/dt=2026-11-23/"+id+".json")
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"` + id + `","type":"demo","receivedAt":"2026-11-23T07:30:00.123Z",` +
		`"processedAt":"2026-11-23T07:30:01.123Z",` +
		`"schemaVersion":1,"source":{"bucket":"bronze","key":"bronze/demo/2026/11/23/07/` + id +
		`.json","sha256":"` + sha256Hex(body) +
		`","bytes":40},"payload":{"eventType":"demo","message":"hello"}}` + "\n"
	if diff := cmp.Diff(want, string(line)); diff != "" {
		t.Errorf("record differs (-want +got):\n%s", diff)
	}
	diff := cmp.Diff([]pipeline.Notification{pipeline.NewNotification(item)}, w.bus.Published())
	if diff != "" {
		t.Errorf("notifications differ (-want +got):\n%s", diff)
	}
}

func TestWorker_KeepsTheTextOfThePayload(t *testing.T) {
	var w world
	payload := `{"eventType":"demo","html":"<b>&\u003c</b>","n":1.50e+3,` +
		`"big":12345678901234567890,"line":"` + "\u2028" + `"}`
	w.worker().Process(t.Context(), w.accept(t, payload))
	line, err := w.silver.Get(t.Context(), w.silver.Keys()[0])
	if err != nil || !strings.Contains(string(line), `"payload":`+payload) {
		t.Errorf("record %s, %v does not hold the payload's text", line, err)
	}
}

func TestWorker_CreatesAMissingItem(t *testing.T) {
	var w, lost world
	deliveries := lost.accept(t, body)
	payload, err := lost.bronze.Get(t.Context(), lost.bronze.Keys()[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := w.bronze.Put(t.Context(), lost.bronze.Keys()[0], payload); err != nil {
		t.Fatal(err)
	}
	w.worker().Process(t.Context(), deliveries)
	item := w.wantStatus(t, id, pipeline.Processed)
	if item.Type != "demo" || item.SHA256 != sha256Hex(body) || item.Caller != "anna" ||
		item.ExpiresAt.IsZero() {
		t.Errorf("item = %+v, want all fields", item)
	}
}

func TestWorker_SkipsProcessedEvents(t *testing.T) {
	var w world
	deliveries := w.accept(t, body)
	w.worker().Process(t.Context(), deliveries)
	results := w.worker().Process(t.Context(), deliveries)
	if results[0].Err != nil || !results[0].Skipped {
		t.Errorf("result = %+v, want it skipped", results[0])
	}
	if got := len(w.bus.Published()); got != 1 {
		t.Errorf("published %d notifications", got)
	}
}

func TestWorker_HandlesTwoMessagesOfAnEventInABatch(t *testing.T) {
	var w world
	deliveries := w.accept(t, body)
	again := deliveries[0]
	again.MessageID = "message-2"
	for _, r := range w.worker().Process(t.Context(), append(deliveries, again)) {
		if r.Err != nil {
			t.Errorf("%s: %v", r.Delivery.MessageID, r.Err)
		}
	}
	if keys := w.silver.Keys(); len(keys) != 1 {
		t.Errorf("Silver has %v", keys)
	}
	w.wantStatus(t, id, pipeline.Processed)
}

func TestWorker_IsolatesFailures(t *testing.T) {
	var w world
	deliveries := w.accept(t, body, poison, body)
	results := w.worker().Process(t.Context(), deliveries)
	for i, want := range []pipeline.Status{pipeline.Processed, pipeline.Failed,
		pipeline.Processed} {
		w.wantStatus(t, results[i].Event.ID, want)
		failed := results[i].Err != nil
		if failed != (want == pipeline.Failed) || results[i].Retry {
			t.Errorf("result %d: %+v", i, results[i])
		}
	}
}

func TestWorker_SkipsFailedEvents(t *testing.T) {
	var w world
	deliveries := w.accept(t, poison)
	w.worker().Process(t.Context(), deliveries)
	result := w.worker().Process(t.Context(), deliveries)[0]
	if result.Err != nil || !result.Skipped || result.Retry || result.Status != pipeline.Failed {
		t.Errorf("result = %+v, want it skipped", result)
	}
	// The first worker can have crashed before it published, so the second publishes too.
	if w.eventsFailed(id) != 2 || len(w.deadLetters.Sent()) != 1 {
		t.Errorf("published %v, DLQ %v", w.bus.Published(), w.deadLetters.Sent())
	}
}

func (failingDeadLetters) Send(context.Context, pipeline.DeadLetter) error { return errService }

func TestWorker_FailsEventsWhosePayloadIsMissingOrDifferent(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*pipeline.Event)
		code   pipeline.Code
	}{
		{"another hash", func(e *pipeline.Event) { e.SHA256 = sha256Hex("other") },
			pipeline.PayloadMismatch},
		{"no payload in Bronze", func(e *pipeline.Event) {
			e.ID = "0199aaaa-0000-7000-8000-00000000ffff"
			e.Bronze.Key = e.BronzeKey()
		}, pipeline.PayloadMissing},
		{"too large", func(e *pipeline.Event) { e.Bytes = 6<<20 + 1 }, pipeline.PayloadTooLarge},
		{"another key", func(e *pipeline.Event) { e.Bronze.Key = "bronze/other" },
			pipeline.InvalidMessage},
	} {
		t.Run(c.name, func(t *testing.T) {
			var w world
			accepted, err := w.ingest().Accept(t.Context(), request(body))
			if err != nil {
				t.Fatal(err)
			}
			event := accepted.Event
			c.change(&event)
			result := w.worker().Process(t.Context(),
				[]pipeline.Delivery{deliver(t, event, "message-1")})[0]
			if pipeline.ErrorCode(result.Err) != c.code || result.Retry {
				t.Errorf("got %+v, want %s", result, c.code)
			}
			deadLetters := w.deadLetters.Sent()
			if len(deadLetters) != 1 || deadLetters[0].Failure.Code != c.code {
				t.Errorf("the DLQ has %v", deadLetters)
			}
			if len(w.silver.Keys()) != 0 {
				t.Error("Silver is not empty")
			}
		})
	}
}

func TestWorker_MovesInvalidMessagesToTheDLQ(t *testing.T) {
	var w world
	delivery := pipeline.Delivery{MessageID: "m", ReceiptHandle: "r", Attempt: 1,
		Body: []byte("not JSON")}
	result := w.worker().Process(t.Context(), []pipeline.Delivery{delivery})[0]
	if pipeline.ErrorCode(result.Err) != pipeline.InvalidMessage || result.Retry {
		t.Errorf("result = %+v", result)
	}
	deadLetters := w.deadLetters.Sent()
	if len(deadLetters) != 1 || string(deadLetters[0].Body) != "not JSON" ||
		deadLetters[0].EventID != "" {
		t.Errorf("the DLQ has %+v", deadLetters)
	}
	if len(w.bus.Published()) != 0 {
		t.Error("published a notification without an event")
	}
}

func (f failingFinisher) GetMany(ctx context.Context, ids []string) (map[string]pipeline.Item,
	error) {
	if err := f.err("look up"); err != nil {
		return nil, err
	}
	return f.items.GetMany(ctx, ids)
}

func (f failingFinisher) Finish(ctx context.Context, item pipeline.Item) error {
	if err := f.err("finish"); err != nil {
		return err
	}
	return f.items.Finish(ctx, item)
}

func (f failingFinisher) SetTries(ctx context.Context, item pipeline.Item,
	tries pipeline.Tries) error {
	if err := f.err("set tries"); err != nil {
		return err
	}
	return f.items.SetTries(ctx, item, tries)
}

func (f failingStore) GetVersion(ctx context.Context, key string) ([]byte, string, error) {
	return f.silver.GetVersion(ctx, key)
}

func (f failingStore) Replace(ctx context.Context, key string, body []byte, version string) error {
	if err := f.err("replace"); err != nil {
		return err
	}
	return f.silver.Replace(ctx, key, body, version)
}

func (f failingStore) Get(ctx context.Context, key string) ([]byte, error) {
	if f.calls["panic"] {
		panic("boom")
	}
	if err := f.err("get"); err != nil {
		return nil, err
	}
	return f.bronze.Get(ctx, key)
}

func (f failingStore) Put(ctx context.Context, key string, body []byte) error {
	if err := f.err("put"); err != nil {
		return err
	}
	return f.silver.Put(ctx, key, body)
}

func (f failingBus) Publish(ctx context.Context, notifications []pipeline.Notification) []error {
	errs := f.bus.Publish(ctx, notifications)
	errs[0] = f.err("publish")
	return errs
}

func (hangingBronze) Get(ctx context.Context, _ string) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestWorker_SkipsMessagesOfOtherGenerations(t *testing.T) {
	var w world
	first := w.accept(t, body)
	w.worker().Process(t.Context(), first)
	w.replay(t, w.replayer(), replayRequest("r1"))
	if r := w.worker().Process(t.Context(), first)[0]; r.Err != nil || !r.Skipped {
		t.Errorf("result = %+v, want it skipped", r)
	}
	w.wantStatus(t, id, pipeline.Enqueued)
	w.deliverSent(t, 1)
	w.replay(t, w.replayer(), replayRequest("r2"))
	if r := w.deliverSent(t, 1)[0]; !r.Skipped { // r1's message
		t.Errorf("result = %+v, want it skipped", r)
	}
	if item := w.wantStatus(t, id, pipeline.Processed); w.record(t, item).ReplayID != "r2" {
		t.Errorf("record = %+v", w.record(t, item))
	}
}
