package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/violation"
)

// batchOf returns a request with an event for each number.
func batchOf(numbers ...int) pipeline.BatchRequest {
	req := pipeline.BatchRequest{Caller: "anna"}
	for _, n := range numbers {
		req.Elements = append(req.Elements, fmt.Appendf(nil, `{"eventType":"demo","n":%d}`, n))
	}
	req.Body = slices.Concat(req.Elements...)
	return req
}

// acceptBatch ingests a batch of one type and returns its delivery.
func (w *world) acceptBatch(t *testing.T, numbers ...int) pipeline.Delivery {
	t.Helper()
	in := w.ingest()
	in.MaxPayloadBytes = 1 << 20
	accepted, err := in.AcceptBatch(t.Context(), batchOf(numbers...))
	if err != nil {
		t.Fatal(err)
	}
	return deliver(t, accepted.Batches[0], "m")
}

// byNumber returns a processor that calls f with the number in the payload. f returns the event's
// error.
func byNumber(f func(n int) error) processorFunc {
	return func(_ pipeline.Event, _ int, payload []byte) (pipeline.Output, error) {
		var n int
		if _, err := fmt.Sscanf(string(payload), `{"eventType":"demo","n":%d}`, &n); err != nil {
			return pipeline.Output{}, err
		}
		if err := f(n); err != nil {
			return pipeline.Output{}, err
		}
		return returnPayloads(string(payload))(pipeline.Event{}, 1, nil)
	}
}

var errRejected = pipeline.NewRejection("negative", "n is negative")

// recordIDs returns the ids of all records in Silver. The map's keys are the names of the objects,
// without the folder and ".json".
func (w *world) recordIDs(t *testing.T) map[string][]string {
	t.Helper()
	ids := make(map[string][]string)
	for _, key := range w.silver.Keys() {
		lines, err := w.silver.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		records, err := pipeline.ReadRecords(lines)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(key[strings.LastIndex(key, "/")+1:], ".json")
		for _, record := range records {
			ids[name] = append(ids[name], record.ID)
		}
	}
	return ids
}

// drain delivers all messages until none is left. It fails the test after 500 deliveries.
func (w *world) drain(t *testing.T, worker pipeline.Worker, first pipeline.Delivery) {
	t.Helper()
	deliveries, sent := []pipeline.Delivery{first}, len(w.queue.Sent())
	for n := 0; len(deliveries) > 0; n++ {
		if n == 500 {
			t.Fatal("events are still on the queue after 500 deliveries")
		}
		d := deliveries[0]
		deliveries = deliveries[1:]
		if result := worker.Process(t.Context(), []pipeline.Delivery{d})[0]; result.Retry {
			d.Attempt++
			deliveries = append(deliveries, d)
		}
		for _, event := range w.queue.Sent()[sent:] {
			deliveries = append(deliveries, deliver(t, event, "m"+event.ID))
		}
		sent = len(w.queue.Sent())
	}
}

func TestAcceptBatch_StoresOneObjectPerType(t *testing.T) {
	var w world
	in := w.ingest()
	n := 0
	in.NewID = func() (string, error) { n++; return idOf(n), nil }
	accepted, err := in.AcceptBatch(t.Context(), pipeline.BatchRequest{Elements: [][]byte{
		[]byte(`{"eventType":"a", "n":1e2}`), []byte(`{"eventType":"b"}`),
		[]byte(`{"eventType":"a"}`),
	}})
	if err != nil || len(accepted.Batches) != 2 {
		t.Fatalf("got %+v, %v", accepted, err)
	}
	var ids []string
	for _, element := range accepted.Elements {
		ids = append(ids, element.EventID)
	}
	if want := []string{idOf(1) + ".0", idOf(2) + ".0", idOf(1) + ".1"}; !slices.Equal(ids, want) {
		t.Errorf("got the ids %v, want %v", ids, want)
	}
	first := accepted.Batches[0]
	stored, err := w.bronze.Get(t.Context(), first.Bronze.Key)
	want := `[{"eventType":"a", "n":1e2},` + "\n" + `{"eventType":"a"}]`
	if err != nil || string(stored) != want {
		t.Errorf("Bronze has %s, %v", stored, err)
	}
	item := w.wantStatus(t, first.ID, pipeline.Enqueued)
	if item.Count != 2 || len(w.queue.Sent()) != 2 {
		t.Errorf("got the item %+v and %d messages", item, len(w.queue.Sent()))
	}
}

func TestAcceptBatch_RejectsAllOrOnlyTheInvalidEvents(t *testing.T) {
	req := batchOf(0, 1, 2)
	req.Elements[1] = []byte(`{"n":1}`)
	var w world
	var invalid *pipeline.InvalidBatchError
	_, err := w.ingest().AcceptBatch(t.Context(), req)
	if !errors.As(err, &invalid) || invalid.Count != 3 || len(invalid.Errs) != 1 ||
		pipeline.ErrorCode(invalid.Errs[1]) != pipeline.MissingEventType ||
		pipeline.ErrorCode(err) != pipeline.InvalidBatch {
		t.Errorf("got %v", err)
	}
	if keys := w.bronze.Keys(); len(keys) > 0 || len(w.queue.Sent()) > 0 {
		t.Errorf("Bronze has %v", keys)
	}
	req.Lenient = true
	accepted, err := w.ingest().AcceptBatch(t.Context(), req)
	if err != nil || accepted.Batches[0].Count != 2 || accepted.Elements[2].EventID != id+".1" ||
		pipeline.ErrorCode(accepted.Elements[1].Err) != pipeline.MissingEventType {
		t.Errorf("got %+v, %v", accepted, err)
	}
	req.Elements = req.Elements[1:2]
	if _, err := w.ingest().AcceptBatch(t.Context(), req); !errors.As(err, &invalid) {
		t.Errorf("got %v although no event is valid", err)
	}
}

func TestAcceptBatch_DescribesErrorsByTheEvent(t *testing.T) {
	req := batchOf(0)
	for _, element := range []string{
		"{", "1", "\xff", "\ufeff{}", `{"a":1,"a":2}`, `{"a":1e999}`, `{"a":"\ud800"}`,
		`{"a":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}`,
	} {
		req.Elements = append(req.Elements, []byte(element))
	}
	var w world
	_, err := w.ingest().AcceptBatch(t.Context(), req)
	var invalid *pipeline.InvalidBatchError
	if !errors.As(err, &invalid) || len(invalid.Errs) != len(req.Elements)-1 {
		t.Fatalf("got %v", err)
	}
	for i, err := range invalid.Errs {
		if strings.Contains(err.Error(), "body") {
			t.Errorf("%s: %v; a position in the event looks like one in the body",
				req.Elements[i], err)
		}
	}
}

func TestAcceptBatch_LimitsTheRequest(t *testing.T) {
	var w world
	for want, req := range map[pipeline.Code]pipeline.BatchRequest{
		pipeline.EmptyBatch:      {},
		pipeline.BatchTooLarge:   batchOf(make([]int, pipeline.MaxBatchEvents+1)...),
		pipeline.PayloadTooLarge: {Body: make([]byte, 1<<20+1), Elements: make([][]byte, 1)},
	} {
		in := w.ingest()
		in.MaxPayloadBytes = 1 << 20
		if _, err := in.AcceptBatch(t.Context(), req); pipeline.ErrorCode(err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestAcceptBatch_ARetryGetsTheSameResponse(t *testing.T) {
	var w world
	req := batchOf(0, 1, 2)
	req.Elements[0], req.Elements[2] = []byte(`{"eventType":"other"}`), []byte(`{"n":1}`)
	req.Keyed, req.Key, req.Lenient = true, "key", true
	first, err := w.ingest().AcceptBatch(t.Context(), req)
	if err != nil || first.Duplicate || len(first.Batches) != 2 {
		t.Fatalf("got %+v, %v", first, err)
	}
	in := w.ingest()
	in.Now = func() time.Time { return now.Add(time.Hour) }
	in.Schemas = noSchemas{}
	in.RejectUnknownTypes = true // would reject all events now
	again, err := in.AcceptBatch(t.Context(), req)
	if err != nil || !again.Duplicate || !slices.Equal(again.Batches, first.Batches) ||
		again.Elements[0].EventID != first.Elements[0].EventID || again.Elements[2].Err == nil {
		t.Errorf("got %+v, %v; want %+v", again, err, first)
	}
	if keys := w.bronze.Keys(); len(keys) != 2 {
		t.Errorf("Bronze has %v", keys)
	}
	req.Lenient = false
	var invalid *pipeline.InvalidBatchError
	if _, err := in.AcceptBatch(t.Context(), req); !errors.As(err, &invalid) || !invalid.Repeat {
		t.Errorf("got %v for a strict repeat", err)
	}
	req.Lenient, req.Body = true, []byte("another")
	if _, err := in.AcceptBatch(t.Context(), req); pipeline.ErrorCode(err) != pipeline.KeyReused {
		t.Errorf("got %v for another body", err)
	}
	single := request(body)
	single.Keyed, single.Key = true, "key"
	_, err = w.ingest().Accept(t.Context(), single)
	if pipeline.ErrorCode(err) != pipeline.KeyReused {
		t.Errorf("got %v for a single event", err)
	}
}

// The same idempotency key and body must be rejected if the format differs. The format determines
// which events the body contains.
func TestAcceptBatch_RejectsTheSameBodyInAnotherFormat(t *testing.T) {
	const good, bad = `{"eventType":"demo"}`, `{"n":1}`
	for name, elements := range map[string][]string{
		"all valid":                {good, good},
		"the first invalid":        {bad, good},
		"the first and last valid": {good, bad, good},
		"only one valid":           {bad, good, bad},
	} {
		var w world
		req := pipeline.BatchRequest{Keyed: true, Key: "key", Lenient: true}
		for _, element := range elements {
			req.Elements = append(req.Elements, []byte(element))
		}
		req.Body = []byte("[" + strings.Join(elements, ",") + "]")
		if _, err := w.ingest().AcceptBatch(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		lines, cloudEvents := req, req
		lines.Elements = [][]byte{req.Body}
		cloudEvents.CloudEvents = true
		for _, other := range []pipeline.BatchRequest{lines, cloudEvents} {
			got, err := w.ingest().AcceptBatch(t.Context(), other)
			if pipeline.ErrorCode(err) != pipeline.KeyReused {
				t.Errorf("%s: got %+v, %v", name, got, err)
			}
		}
	}
}

type noSchemas struct{}

func (noSchemas) Check(string, []byte) ([]violation.Violation, bool, error) {
	return nil, false, nil
}

func TestBatch_BecomesOneObjectAndANotificationPerEvent(t *testing.T) {
	for notify, want := range map[pipeline.Notifications]int{
		"": 3, pipeline.NotifyPerBatch: 1, pipeline.NotifyNone: 0,
	} {
		var w world
		worker := w.worker()
		worker.Notifications = notify
		result := worker.Process(t.Context(), []pipeline.Delivery{w.acceptBatch(t, 0, 1, 2)})[0]
		if result.Err != nil || result.Events != 3 {
			t.Errorf("got %+v", result)
		}
		w.wantStatus(t, id, pipeline.Processed)
		ids := map[string][]string{id: {id + ".0", id + ".1", id + ".2"}}
		if got := w.recordIDs(t); !maps.EqualFunc(got, ids, slices.Equal) {
			t.Errorf("got the records %v, want %v", got, ids)
		}
		published := w.bus.Published()
		if len(published) != want {
			t.Fatalf("published %+v", published)
		}
		if want == 3 && published[2].Detail.EventID != id+".2" ||
			want == 1 && (published[0].Type != "BatchProcessed" || published[0].Detail.Count != 3) {
			t.Errorf("published %+v", published)
		}
	}
}

func TestBatch_RejectedEventsFailAloneAtOnce(t *testing.T) {
	var w world
	reject := true
	worker := w.workerWith(byNumber(func(n int) error {
		if n < 0 && reject {
			return errRejected
		}
		return nil
	}))
	result := worker.Process(t.Context(), []pipeline.Delivery{w.acceptBatch(t, 0, -1, -2, 3)})[0]
	if result.Err != nil || result.Events != 2 || len(result.SplitOff) != 2 {
		t.Errorf("got %+v", result)
	}
	if item := w.wantStatus(t, id, pipeline.Processed); item.SplitOff != "1,2" {
		t.Errorf("got the item %+v", item)
	}
	w.wantStatus(t, id+".1", pipeline.Failed)
	item := w.wantStatus(t, id+".2", pipeline.Failed)
	deadLetters := w.deadLetters.Sent()
	if len(deadLetters) != 2 || item.Failure.Code != "rejected.negative" ||
		len(w.queue.Sent()) != 1 {
		t.Errorf("got the dead letters %+v, and %+v", deadLetters, item)
	}
	reject = false
	results := w.redriver().Redrive(t.Context(), [][]byte{deadLetters[0].Body, deadLetters[1].Body})
	for _, r := range results {
		if r.Err != nil {
			t.Error(r.Err)
		}
		w.drain(t, worker, deliver(t, r.Event, "redriven "+r.Event.ID))
		w.wantStatus(t, r.Event.ID, pipeline.Processed)
	}
	want := map[string][]string{
		id: {id + ".0", id + ".3"}, id + ".1": {id + ".1"}, id + ".2": {id + ".2"},
	}
	if got := w.recordIDs(t); !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got the records %v, want %v", got, want)
	}
}

func TestBatch_EventsThatFailForNowAreRetriedAlone(t *testing.T) {
	var w world
	calls := 0
	worker := w.workerWith(byNumber(func(n int) error {
		if n == 1 {
			if calls++; calls < 3 {
				return errors.New("not yet")
			}
		}
		return nil
	}))
	w.drain(t, worker, w.acceptBatch(t, 0, 1, 2))
	w.wantStatus(t, id, pipeline.Processed)
	w.wantStatus(t, id+".1", pipeline.Processed)
	if len(w.queue.Sent()) != 2 || len(w.deadLetters.Sent()) != 0 {
		t.Errorf("sent %+v", w.queue.Sent())
	}
}

func TestBatch_IsRetriedTogetherIfAllItsEventsFail(t *testing.T) {
	var w world
	worker := w.workerWith(failWith(errors.New("down")))
	w.drain(t, worker, w.acceptBatch(t, 0, 1, 2))
	item := w.wantStatus(t, id, pipeline.Failed)
	if item.Failure.Code != pipeline.ProcessorError || len(w.queue.Sent()) != 1 ||
		len(w.deadLetters.Sent()) != 1 || len(w.silver.Keys()) != 0 {
		t.Errorf("got %+v, sent %+v", item, w.queue.Sent())
	}
	published := w.bus.Published()
	if len(published) != 1 || published[0].Detail.Count != 3 {
		t.Errorf("published %+v", published)
	}
}

func TestBatch_OfRejectedEventsOnlyIsDivided(t *testing.T) {
	var w world
	worker := w.workerWith(failWith(errRejected))
	w.drain(t, worker, w.acceptBatch(t, make([]int, 250)...))
	w.wantStatus(t, id, pipeline.Processed)
	if n := len(w.deadLetters.Sent()); n != 250 {
		t.Errorf("got %d dead letters", n)
	}
	if published := w.bus.Published(); len(published) != 250 {
		t.Errorf("published %d notifications", len(published))
	}
	w.wantStatus(t, id+".249", pipeline.Failed)
}

func TestBatch_WithoutEnoughTimeGoesOnAsRanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w world
		delivery := w.acceptBatch(t, make([]int, 200)...)
		slow := contextFunc(func(ctx context.Context, _ pipeline.Event) error {
			select {
			case <-time.After(20 * time.Millisecond):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		worker := w.workerWith(slow)
		worker.StopBefore = 200 * time.Millisecond
		ctx, cancel := context.WithTimeout(t.Context(), 1400*time.Millisecond)
		defer cancel()
		result := worker.Process(ctx, []pipeline.Delivery{delivery})[0]
		item := w.wantStatus(t, id, pipeline.Processed)
		if result.Err != nil || result.Events == 0 || result.Events == 200 || item.SplitOff == "" {
			t.Fatalf("got %d events, %v, split off %s", result.Events, result.Err, item.SplitOff)
		}
		w.drain(t, w.worker(), delivery) // the delivery is skipped
		for _, event := range w.queue.Sent()[1:] {
			w.drain(t, w.worker(), deliver(t, event, event.ID))
		}
		records := 0
		for _, ids := range w.recordIDs(t) {
			records += len(ids)
		}
		if records != 200 {
			t.Errorf("got %d records", records)
		}
	})
}

func TestBatch_IsDividedAfterACrash(t *testing.T) {
	var w world
	delivery := w.acceptBatch(t, 0, 1, 2)
	item := w.wantStatus(t, id, pipeline.Enqueued)
	begun := pipeline.Tries{Begun: pipeline.Begun{MessageID: "m", Attempt: 2, Until: now}}
	if err := w.items.SetTries(t.Context(), item, begun); err != nil {
		t.Fatal(err)
	}
	delivery.Attempt = 3
	worker := w.workerWith(failWith(errors.New("must not run")))
	result := worker.Process(t.Context(), []pipeline.Delivery{delivery})[0]
	item = w.wantStatus(t, id, pipeline.Processed)
	if result.Err != nil || result.Events != 0 || item.SplitOff != "0,1,2" {
		t.Errorf("got %+v, %+v", result, item)
	}
}

func TestBatch_AReplayReplacesAllItsRecordsOrNone(t *testing.T) {
	var w world
	reject := map[int]bool{1: true}
	worker := w.workerWith(byNumber(func(n int) error {
		if reject[n] {
			return errRejected
		}
		return nil
	}))
	w.drain(t, worker, w.acceptBatch(t, 0, 1, 2))
	replay := func(id string) pipeline.ReplayCounts {
		return w.replayAll(t, worker, id)
	}
	reject[1] = false
	counts := replay("0199aaaa-0000-7000-8000-0000000000a1")
	if counts.Sent != 2 || counts.Failed != 1 {
		t.Errorf("got %+v", counts)
	}
	reject[2] = true
	replay("0199aaaa-0000-7000-8000-0000000000a2")
	item := w.wantStatus(t, id, pipeline.Failed)
	if item.Failure.Code != "rejected.negative" {
		t.Errorf("got %+v", item)
	}
	want := map[string][]string{id: {id + ".0", id + ".2"}}
	if got := w.recordIDs(t); !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got the records %v, want %v", got, want)
	}
}

func TestBatch_FailsIfItsOutputNoLongerFitsInAReplay(t *testing.T) {
	var w world
	bytes := 1
	worker := w.workerWith(processorFunc(
		func(pipeline.Event, int, []byte) (pipeline.Output, error) {
			return returnPayloads(`{"a":"`+strings.Repeat("x", bytes)+`"}`)(pipeline.Event{}, 1,
				nil)
		}))
	w.drain(t, worker, w.acceptBatch(t, 0, 1, 2))
	bytes = pipeline.MaxOutputBytes / 2
	w.replayAll(t, worker, "0199aaaa-0000-7000-8000-0000000000a1")
	item := w.wantStatus(t, id, pipeline.Failed)
	if item.Failure.Code != pipeline.InvalidOutput {
		t.Errorf("got %+v", item.Failure)
	}
	want := map[string][]string{id: {id + ".0", id + ".1", id + ".2"}}
	if got := w.recordIDs(t); !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got the records %v, want %v", got, want)
	}
}

// If the processor is too slow for a batch that is replayed, each delivery must count as failed.
func TestBatch_FailsIfAReplayIsTooSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w world
		numbers := make([]int, 200)
		w.drain(t, w.worker(), w.acceptBatch(t, numbers...))
		worker := w.workerWith(contextFunc(func(ctx context.Context, _ pipeline.Event) error {
			select {
			case <-time.After(time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}))
		worker.StopBefore = time.Second
		sent := len(w.queue.Sent())
		w.replayBatches(t, "0199aaaa-0000-7000-8000-0000000000a1")
		delivery := deliver(t, w.queue.Sent()[sent], "replay")
		for range worker.MaxReceiveCount {
			ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
			worker.Process(ctx, []pipeline.Delivery{delivery})
			cancel()
			delivery.Attempt++
		}
		item := w.wantStatus(t, id, pipeline.Failed)
		if item.Failure.Code != pipeline.ProcessorError {
			t.Errorf("got %+v", item.Failure)
		}
		if got := w.recordIDs(t); len(got[id]) != len(numbers) {
			t.Errorf("got %d records", len(got[id]))
		}
	})
}

// The worker must not hold outputs that do not fit in the batch's object. All outputs together can
// need more memory than the worker has.
func TestBatch_KeepsOnlyTheOutputsThatFit(t *testing.T) {
	var w world
	const events, fit = 600, 60
	payload := `{"a":"` + strings.Repeat("x", pipeline.MaxOutputBytes/fit-8) + `"}`
	var before, last runtime.MemStats
	worker := w.workerWith(processorFunc(
		func(e pipeline.Event, _ int, _ []byte) (pipeline.Output, error) {
			if strings.HasSuffix(e.ID, fmt.Sprintf(".%d", events-1)) {
				runtime.GC()
				runtime.ReadMemStats(&last)
			}
			return returnPayloads(payload)(e, 1, nil)
		}))
	delivery := w.acceptBatch(t, make([]int, events)...)
	runtime.GC()
	runtime.ReadMemStats(&before)
	result := worker.Process(t.Context(), []pipeline.Delivery{delivery})[0]
	if result.Events != fit || result.Err != nil {
		t.Errorf("stored %d events, %v; want %d", result.Events, result.Err, fit)
	}
	grown := int64(last.HeapAlloc) - int64(before.HeapAlloc)
	if grown > 5*pipeline.MaxOutputBytes {
		t.Errorf("the worker holds %d MiB", grown>>20)
	}
}

// replayAll replays all events and processes them.
func (w *world) replayAll(t *testing.T, worker pipeline.Worker, id string) pipeline.ReplayCounts {
	t.Helper()
	sent := len(w.queue.Sent())
	counts := w.replayBatches(t, id)
	for _, event := range w.queue.Sent()[sent:] {
		w.drain(t, worker, deliver(t, event, event.ID+id))
	}
	return counts
}

// replayBatches enqueues all events again.
func (w *world) replayBatches(t *testing.T, id string) pipeline.ReplayCounts {
	t.Helper()
	var counts pipeline.ReplayCounts
	err := w.replayer().Run(t.Context(), pipeline.ReplayRequest{
		Replay: pipeline.Replay{ID: id}, Type: "demo", From: now.Add(-time.Hour),
		To: now.Add(time.Hour),
	}, "", func(_ string, c pipeline.ReplayCounts) error { counts = c; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

func TestLookUp_FindsARangeOnlyIfItWasSplitOff(t *testing.T) {
	var w world
	worker := w.workerWith(byNumber(func(n int) error {
		if n < 0 {
			return errRejected
		}
		return nil
	}))
	w.drain(t, worker, w.acceptBatch(t, -1, 1, 2))
	for suffix, want := range map[string]pipeline.Status{
		".0": pipeline.Failed, ".1": pipeline.Processed, ".0-1": "", ".1-2": "", ".3": "",
	} {
		item, err := pipeline.LookUp(t.Context(), &w.items, id+suffix)
		if item.Status != want || (want == "") != errors.Is(err, pipeline.ErrNotFound) {
			t.Errorf("%s is %q, %v; want %q", suffix, item.Status, err, want)
		}
	}
}

// The item of a part can exist longer than the item of its batch. The events of a new batch with
// the same id must not have the state of the old part.
func TestLookUp_IgnoresPartsOfAnEarlierBatch(t *testing.T) {
	var w world
	worker := w.workerWith(failWith(errRejected))
	w.drain(t, worker, w.acceptBatch(t, 0, 1))
	batch := w.wantStatus(t, id, pipeline.Processed)
	w.items.Delete(id)
	batch.Status, batch.SplitOff, batch.Bronze.Key = pipeline.Enqueued, "", "bronze/later.json"
	if _, err := w.items.Create(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	item, err := pipeline.LookUp(t.Context(), &w.items, id+".0")
	if err != nil || item.Status != pipeline.Enqueued || item.ID != id+".0" {
		t.Errorf("got %+v, %v", item, err)
	}
}

func TestPayloadIn_ReturnsThePartThatTheIDNames(t *testing.T) {
	array := []byte("[{\"n\":0},\n{\"n\":1},\n{\"n\" : 2}]")
	for eventID, want := range map[string]string{
		id: string(array), id + ".2": `{"n" : 2}`, id + ".1-2": "[{\"n\":1},\n{\"n\" : 2}]",
	} {
		event := pipeline.Event{ID: eventID, Count: 3}
		if got, err := event.PayloadIn(array); string(got) != want || err != nil {
			t.Errorf("%s: got %s, %v", eventID, got, err)
		}
	}
	if _, err := (pipeline.Event{ID: id + ".3", Count: 4}).PayloadIn(array); err == nil {
		t.Error("got no error for an event that the object lacks")
	}
}

func TestParseID(t *testing.T) {
	for suffix, want := range map[string]pipeline.Span{
		".0": {First: 0, Last: 0}, ".999": {First: 999, Last: 999}, ".3-17": {First: 3, Last: 17},
	} {
		batchID, span, hasSpan, ok := pipeline.ParseID(id + suffix)
		if batchID != id || span != want || !hasSpan || !ok {
			t.Errorf("got %s, %v, %t, %t for %s", batchID, span, hasSpan, ok, suffix)
		}
	}
	for _, suffix := range []string{
		".", ".01", ".-1", ".1-1", ".2-1", ".1-", ".1000", ".1.2", ".+1", ".1-02",
		".99999999999999999999",
	} {
		if pipeline.ValidID(id + suffix) {
			t.Errorf("%s is valid", suffix)
		}
	}
}

func TestValidID_AcceptsOnlyUUIDsInLowerCase(t *testing.T) {
	valid := regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	texts := []string{"", id, id + "0", id[1:], strings.ToUpper(id), "{" + id + "}", id + "\n",
		strings.ReplaceAll(id, "-", ""), strings.ReplaceAll(id, "-", "0")}
	for i := range id {
		for _, c := range []string{"-", "0", "9", "a", "f", "g", "A", "/", ":", "`", "\xff", ""} {
			texts = append(texts, id[:i]+c+id[i+1:])
		}
	}
	for _, text := range texts {
		if got := pipeline.ValidID(text); got != valid.MatchString(text) {
			t.Errorf("%q: got %t", text, got)
		}
	}
}

func TestBatch_SplitsOffRangesOfNeighbors(t *testing.T) {
	for name, test := range map[string]struct {
		n        int
		rejected func(n int) bool
		want     string
	}{
		"some":       {40, func(n int) bool { return n%20 == 7 }, "7,27"},
		"neighbors":  {40, func(n int) bool { return n >= 31 }, "31,32,33,34,35,36,37,38,39"},
		"a range":    {100, func(n int) bool { return n >= 85 }, "85-94,95-99"},
		"all of ten": {10, func(int) bool { return true }, "0,1,2,3,4,5,6,7,8,9"},
		"all of 12":  {12, func(int) bool { return true }, "0-1,2-3,4-5,6-7,8-9,10-11"},
	} {
		t.Run(name, func(t *testing.T) {
			var w world
			numbers := make([]int, test.n)
			for i := range numbers {
				numbers[i] = i
			}
			worker := w.workerWith(byNumber(func(n int) error {
				if test.rejected(n) {
					return errRejected
				}
				return nil
			}))
			worker.Process(t.Context(), []pipeline.Delivery{w.acceptBatch(t, numbers...)})
			if item := w.wantStatus(t, id, pipeline.Processed); item.SplitOff != test.want {
				t.Errorf("split off %s, want %s", item.SplitOff, test.want)
			}
		})
	}
}

// The items of a request's batches can expire at different times. Until all items have expired, a
// request with the same idempotency key and different events must be rejected.
func TestAcceptBatch_RejectsAKeyOfWhichABatchIsStillKnown(t *testing.T) {
	var w world
	in := w.ingest()
	batch := func(n string) pipeline.BatchRequest {
		a, b := `{"eventType":"a","n":`+n+`}`, `{"eventType":"b","n":`+n+`}`
		return pipeline.BatchRequest{Body: []byte(a + b), Elements: [][]byte{[]byte(a), []byte(b)},
			Keyed: true, Key: "key", Caller: "anna"}
	}
	first, err := in.AcceptBatch(t.Context(), batch("1"))
	if err != nil {
		t.Fatal(err)
	}
	item, err := w.items.Get(t.Context(), first.Batches[1].ID)
	if err != nil {
		t.Fatal(err)
	}
	finish := func(item pipeline.Item) pipeline.Item {
		item.Status, item.ProcessedAt, item.ExpiresAt = pipeline.Processed, now, time.Time{}
		if err := w.items.Finish(t.Context(), item); err != nil {
			t.Fatal(err)
		}
		item, _ = w.items.Get(t.Context(), item.ID)
		return item
	}
	item = finish(item)
	next := item.Reopened(pipeline.Replay{ID: "0199bbbb-0000-7000-8000-000000000001"}, now)
	if err := w.items.Move(t.Context(), item, next); err != nil {
		t.Fatal(err)
	}
	finish(next)
	in.Now = func() time.Time { return now.Add(25 * time.Hour) }
	second, err := in.AcceptBatch(t.Context(), batch("2"))
	stored := 0
	for _, key := range w.bronze.Keys() {
		body, _ := w.bronze.Get(t.Context(), key)
		if strings.Contains(string(body), `"n":2`) {
			stored++
		}
	}
	if pipeline.ErrorCode(err) != pipeline.KeyReused {
		t.Errorf("accepted %+v, stored %d of 2 batches, got %v", second, stored, err)
	}
}
