package pipeline_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/porttest"
)

func sha256Hex(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func (w *world) worker() pipeline.Worker {
	return pipeline.Worker{
		Items: &w.items, Bronze: &w.bronze, Silver: &w.silver, Bus: &w.bus, Queue: &w.queue,
		DeadLetters:  &w.deadLetters,
		BronzeBucket: "bronze", SilverBucket: "silver", MaxReceiveCount: 3,
		StatusRetention: 24 * time.Hour,
		Now:             func() time.Time { return now.Add(time.Second) },
		Jitter:          func() float64 { return 0 },
	}
}

// accept ingests n events and returns their deliveries.
func (w *world) accept(t *testing.T, bodies ...string) []pipeline.Delivery {
	t.Helper()
	in := w.ingest()
	var deliveries []pipeline.Delivery
	for i, body := range bodies {
		in.NewID = func() (string, error) {
			return fmt.Sprintf("0199aaaa-0000-7000-8000-%012d",
				i+1), nil
		}
		accepted, err := in.Accept(t.Context(), request(body))
		if body == poison {
			accepted.Event, err = porttest.AcceptOlder(t.Context(), in, []byte(body))
		}
		if err != nil {
			t.Fatal(err)
		}
		deliveries = append(deliveries, deliver(t, accepted.Event, fmt.Sprintf("message-%d", i+1)))
	}
	return deliveries
}

func deliver(t *testing.T, event pipeline.Event, messageID string) pipeline.Delivery {
	t.Helper()
	message, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return pipeline.Delivery{MessageID: messageID, ReceiptHandle: "receipt of " + messageID,
		Attempt: 1, Body: message}
}

func (w *world) wantStatus(t *testing.T, id string, want pipeline.Status) pipeline.Item {
	t.Helper()
	item, err := w.items.Get(t.Context(), id)
	if err != nil || item.Status != want {
		t.Errorf("event %s is %s, %v; want %s", id, item.Status, err, want)
	}
	return item
}

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

func TestWorker_HandlesAnEventTwiceInABatch(t *testing.T) {
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

// poison holds a payload that older versions accepted and that can't become a record.
const poison = `{"eventType":"demo","n":1e999}`

func TestWorker_FailsAnEventAtOnceAfterAPermanentError(t *testing.T) {
	var w world
	deliveries := w.accept(t, poison)
	result := w.worker().Process(t.Context(), deliveries)[0]
	if result.Retry || result.Status != pipeline.Failed ||
		pipeline.ErrorCode(result.Err) != pipeline.UnprocessableNumber {
		t.Errorf("result = %+v", result)
	}
	item := w.wantStatus(t, id, pipeline.Failed)
	if item.Failure.Code != pipeline.UnprocessableNumber || item.Attempts != 1 {
		t.Errorf("item = %+v", item)
	}
	diff := cmp.Diff([]pipeline.Notification{pipeline.NewNotification(item)}, w.bus.Published())
	if diff != "" {
		t.Errorf("notifications differ (-want +got):\n%s", diff)
	}
	want := []pipeline.DeadLetter{{
		Body: deliveries[0].Body, EventID: id, EventType: "demo", Failure: item.Failure,
		Attempts: 1, FailedAt: item.FailedAt,
	}}
	if diff := cmp.Diff(want, w.deadLetters.Sent()); diff != "" {
		t.Errorf("dead letters differ (-want +got):\n%s", diff)
	}
}

func TestWorker_DoublesTheBackoffWithEachAttempt(t *testing.T) {
	var w world
	deliveries := w.accept(t, body)
	worker := w.worker()
	worker.MaxReceiveCount, worker.Bronze = 100, failingStore{failing{&w,
		map[string]bool{"get": true}}}
	var got []time.Duration
	for _, attempt := range []int{1, 2, 3, 10, 99} {
		deliveries[0].Attempt = attempt
		result := worker.Process(t.Context(), deliveries)[0]
		got = append(got, result.RetryIn)
		if !result.Retry || w.queue.Delays()["receipt of message-1"] != result.RetryIn {
			t.Errorf("result = %+v, delays = %v", result, w.queue.Delays())
		}
	}
	want := []time.Duration{time.Second / 2, time.Second, 2 * time.Second, 150 * time.Second,
		150 * time.Second}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("backoff differs (-want +got):\n%s", diff)
	}
	w.wantStatus(t, id, pipeline.Enqueued)
}

func TestWorker_FailsTheEventAtTheLastAttempt(t *testing.T) {
	var w world
	deliveries := w.accept(t, body)
	worker := w.worker()
	worker.Bronze = failingStore{failing{&w, map[string]bool{"get": true}}}
	deliveries[0].Attempt = 3
	result := worker.Process(t.Context(), deliveries)[0]
	if result.Retry || result.Status != pipeline.Failed || len(w.deadLetters.Sent()) != 1 {
		t.Errorf("result = %+v, DLQ %v", result, w.deadLetters.Sent())
	}
	item := w.wantStatus(t, id, pipeline.Failed)
	if item.Failure.Code != pipeline.Unavailable || item.Attempts != 3 {
		t.Errorf("item = %+v", item)
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
	if len(w.bus.Published()) != 1 || len(w.deadLetters.Sent()) != 1 {
		t.Errorf("published %v, DLQ %v", w.bus.Published(), w.deadLetters.Sent())
	}
}

func TestWorker_RetriesUntilTheDLQHasTheMessage(t *testing.T) {
	for name, fail := range map[string]func(*pipeline.Worker, failing){
		"the DLQ is down": func(worker *pipeline.Worker,
			_ failing) {
			worker.DeadLetters = failingDeadLetters{}
		},
		"the table is down": func(worker *pipeline.Worker, f failing) {
			f.calls["finish"] = true
			worker.Items = failingFinisher{failing: f}
		},
	} {
		for _, attempt := range []int{1, 3} {
			var w world
			deliveries := w.accept(t, poison)
			deliveries[0].Attempt = attempt
			worker := w.worker()
			fail(&worker, failing{&w, map[string]bool{}})
			result := worker.Process(t.Context(), deliveries)[0]
			if !result.Retry || !errors.Is(result.Err, errService) ||
				pipeline.ErrorCode(result.Err) != pipeline.UnprocessableNumber {
				t.Errorf("%s: result = %+v", name, result)
			}
			w.wantStatus(t, id, pipeline.Enqueued)
		}
	}
}

type failingDeadLetters struct{}

func (failingDeadLetters) Send(context.Context, pipeline.DeadLetter) error { return errService }

func TestWorker_FailsEventsWhosePayloadWasNotAccepted(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*pipeline.Event)
		code   pipeline.Code
	}{
		{"another hash", func(e *pipeline.Event) { e.SHA256 = sha256Hex("other") },
			pipeline.PayloadMismatch},
		{"missing payload", func(e *pipeline.Event) {
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

func TestWorker_MovesUnreadableMessagesToTheDLQ(t *testing.T) {
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

// failing wraps a world's ports and fails the named calls.
type failing struct {
	*world
	calls map[string]bool
}

func (f failing) err(call string) error {
	if f.calls[call] {
		return errService
	}
	return nil
}

type failingFinisher struct {
	pipeline.ItemFinisher
	failing
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

type failingStore struct{ failing }

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

// failingBus fails the first notification of each call only.
type failingBus struct{ failing }

func (f failingBus) Publish(ctx context.Context, notifications []pipeline.Notification) []error {
	errs := f.bus.Publish(ctx, notifications)
	errs[0] = f.err("publish")
	return errs
}

func TestWorker_RetriesUnavailableService(t *testing.T) {
	for call, code := range map[string]pipeline.Code{
		"look up": pipeline.Unavailable,
		"get":     pipeline.Unavailable,
		"put":     pipeline.Unavailable,
		"publish": pipeline.Unavailable,
		"finish":  pipeline.Unavailable,
		"panic":   pipeline.Internal,
	} {
		t.Run(call, func(t *testing.T) {
			var w world
			deliveries := w.accept(t, body)
			f := failing{&w, map[string]bool{call: true}}
			broken := w.worker()
			broken.Items, broken.Bus = failingFinisher{failing: f}, failingBus{f}
			broken.Bronze, broken.Silver = failingStore{f}, failingStore{f}

			result := broken.Process(t.Context(), deliveries)[0]
			if pipeline.ErrorCode(result.Err) != code || result.RetryIn == 0 {
				t.Fatalf("result = %+v, want a retry because of %s", result, code)
			}
			w.wantStatus(t, id, pipeline.Enqueued)

			if result := w.worker().Process(t.Context(), deliveries)[0]; result.Err != nil {
				t.Fatal(result.Err)
			}
			w.wantStatus(t, id, pipeline.Processed)
			if keys := w.silver.Keys(); len(keys) != 1 {
				t.Errorf("Silver has %v", keys)
			}
		})
	}
}

func TestWorker_HandlesPartialFailuresOfTheBus(t *testing.T) {
	var w world
	deliveries := w.accept(t, body, body)
	worker := w.worker()
	worker.Bus = failingBus{failing{&w, map[string]bool{"publish": true}}}
	results := worker.Process(t.Context(), deliveries)
	if results[0].Err == nil || results[1].Err != nil {
		t.Errorf("results = %v, %v; want only the first to fail", results[0].Err, results[1].Err)
	}
	w.wantStatus(t, results[0].Event.ID, pipeline.Enqueued)
	w.wantStatus(t, results[1].Event.ID, pipeline.Processed)
}

func TestWorker_DoesNotFailAnEventThatAnotherDeliveryProcessed(t *testing.T) {
	var w world
	deliveries := w.accept(t, body)
	worker := w.worker()
	worker.Bronze = processedMeanwhile{&w, deliveries}
	deliveries[0].Attempt = 3
	result := worker.Process(t.Context(), deliveries)[0]
	if result.Err != nil || !result.Skipped {
		t.Errorf("result = %+v, want it skipped", result)
	}
	for _, n := range w.bus.Published() {
		if n.Type == contract.EventFailed {
			t.Error("published EventFailed")
		}
	}
}

// processedMeanwhile fails the read after another worker has processed the event.
type processedMeanwhile struct {
	*world
	deliveries []pipeline.Delivery
}

func (p processedMeanwhile) Get(ctx context.Context, _ string) ([]byte, error) {
	p.worker().Process(ctx, p.deliveries)
	return nil, errService
}

type hangingBronze struct{}

func (hangingBronze) Get(ctx context.Context, _ string) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestWorker_StopsBeforeItsDeadlineAndRetriesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w world
		deliveries := w.accept(t, body)
		worker := w.worker()
		worker.Bronze, worker.StopBefore = hangingBronze{}, 2*time.Second
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		start := time.Now()
		result := worker.Process(ctx, deliveries)[0]
		took := time.Since(start)
		if !errors.Is(result.Err, context.DeadlineExceeded) || took != 28*time.Second {
			t.Errorf("got %v after %s, want to stop after 28s", result.Err, took)
		}
		if _, ok := w.queue.Delays()["receipt of message-1"]; !ok {
			t.Error("the message was not returned to the queue")
		}
	})
}
