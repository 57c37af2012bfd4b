package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// processorFunc is a processor of a test's.
type processorFunc func(event pipeline.Event, attempt int, payload []byte) (pipeline.Output, error)

func (fn processorFunc) Process(_ context.Context, event pipeline.Event, attempt int, payload []byte) (pipeline.Output, error) {
	return fn(event, attempt, payload)
}

// makes is a processor that makes these payloads of every event.
func makes(payloads ...string) processorFunc {
	var output pipeline.Output
	for _, p := range payloads {
		output.Payloads = append(output.Payloads, json.RawMessage(p))
	}
	return func(pipeline.Event, int, []byte) (pipeline.Output, error) { return output, nil }
}

func drops(code, reason string) processorFunc {
	return func(pipeline.Event, int, []byte) (pipeline.Output, error) {
		return pipeline.Output{Filtered: pipeline.Filtered{Code: code, Reason: reason}}, nil
	}
}

func fails(err error) processorFunc {
	return func(pipeline.Event, int, []byte) (pipeline.Output, error) { return pipeline.Output{}, err }
}

func (w *world) workerWith(p pipeline.Processor) pipeline.Worker {
	worker := w.worker()
	worker.Processor = p
	return worker
}

func (w *world) records(t *testing.T) pipeline.Records {
	t.Helper()
	lines, err := w.silver.Get(t.Context(), pipeline.Event{ID: id, Type: "demo", ReceivedAt: now}.SilverKey())
	if err != nil {
		t.Fatal(err)
	}
	records, err := pipeline.ReadRecords(lines)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func TestProcessor_SeesTheEventAndItsBytes(t *testing.T) {
	var w world
	deliveries := w.accept(t, body)
	deliveries[0].Attempt = 2
	w.workerWith(processorFunc(func(event pipeline.Event, attempt int, payload []byte) (pipeline.Output, error) {
		if event.ID != id || event.Caller != "anna" || attempt != 2 || string(payload) != body {
			t.Errorf("got %+v, attempt %d, %s", event, attempt, payload)
		}
		return pipeline.Output{Payloads: []json.RawMessage{payload}}, nil
	})).Process(t.Context(), deliveries)
	w.wantStatus(t, id, pipeline.Processed)
}

func TestProcessor_FansOutIntoOneObject(t *testing.T) {
	var w world
	w.workerWith(makes(`{"n": 1}`, `{"n":2}`)).Process(t.Context(), w.accept(t, body))
	w.wantStatus(t, id, pipeline.Processed)
	if keys := w.silver.Keys(); len(keys) != 1 {
		t.Errorf("Silver holds %v", keys)
	}
	records := w.records(t)
	if len(records) != 2 {
		t.Fatalf("records = %+v", records)
	}
	for i, r := range records {
		if r.ID != id || r.Part != i+1 || r.Parts != 2 || string(r.Payload) != fmt.Sprintf(`{"n":%d}`, i+1) || r.Source.SHA256 != sha256Hex(body) {
			t.Errorf("record %d = %+v", i, r)
		}
	}
	if n := len(w.bus.Published()); n != 1 {
		t.Errorf("%d notices", n)
	}
}

func TestProcessor_DropsWithAReason(t *testing.T) {
	var w world
	result := w.workerWith(drops("test-order", "of the\nshop's own tests")).Process(t.Context(), w.accept(t, body))[0]
	want := pipeline.Filtered{Code: "test-order", Reason: "of the shop's own tests"}
	if item := w.wantStatus(t, id, pipeline.Processed); item.Filtered != want || result.Filtered != want {
		t.Errorf("item = %+v, result = %+v", item, result)
	}
	if records := w.records(t); len(records) != 1 || records[0].Filtered != want || records[0].Payload != nil || records[0].Parts != 0 {
		t.Errorf("records = %+v", records)
	}
	if notices := w.bus.Published(); len(notices) != 1 || notices[0].Detail.Filtered != want {
		t.Errorf("notices = %+v", notices)
	}
}

func TestProcessor_RejectsForGood(t *testing.T) {
	var w world
	cause := fmt.Errorf("order 7: %w", pipeline.NewRejection("no-stock", "sold out"))
	result := w.workerWith(fails(cause)).Process(t.Context(), w.accept(t, body))[0]
	want := pipeline.Failure{Code: "rejected.no-stock", Reason: "sold out"}
	if item := w.wantStatus(t, id, pipeline.Failed); item.Failure != want || result.Retry || !errors.Is(result.Err, cause) {
		t.Errorf("item = %+v, result = %+v", item, result)
	}
	if letters := w.deadLetters.Sent(); len(letters) != 1 || letters[0].Failure != want {
		t.Errorf("letters = %+v", letters)
	}
}

func TestProcessor_OtherErrorsAreTriedAgainAndToldToNobody(t *testing.T) {
	for name, p := range map[string]pipeline.Processor{
		"error": fails(errors.New("secret of db.internal")),
		"panic": processorFunc(func(pipeline.Event, int, []byte) (pipeline.Output, error) { panic("secret of db.internal") }),
		"Goexit": processorFunc(func(pipeline.Event, int, []byte) (pipeline.Output, error) {
			runtime.Goexit() // as a test's FailNow does
			return pipeline.Output{}, nil
		}),
	} {
		t.Run(name, func(t *testing.T) {
			var w world
			deliveries := w.accept(t, body, `{"eventType":"demo","n":2}`)
			worker := w.workerWith(processorFunc(func(event pipeline.Event, attempt int, payload []byte) (pipeline.Output, error) {
				if event.ID != id {
					return pipeline.Output{Payloads: []json.RawMessage{payload}}, nil
				}
				return p.Process(t.Context(), event, attempt, payload)
			}))
			results := worker.Process(t.Context(), deliveries)
			if r := results[0]; !r.Retry || pipeline.ErrorCode(r.Err) != pipeline.ProcessorError || name != "Goexit" && !strings.Contains(r.Err.Error(), "secret") {
				t.Errorf("result = %+v", r)
			}
			if r := results[1]; r.Err != nil || r.Status != pipeline.Processed {
				t.Errorf("its mate's result = %+v", r)
			}
			deliveries[0].Attempt = worker.MaxReceiveCount
			worker.Process(t.Context(), deliveries[:1])
			item := w.wantStatus(t, id, pipeline.Failed)
			if item.Failure.Code != pipeline.ProcessorError || !strings.HasPrefix(item.Failure.Reason, "the processor could not finish the event") {
				t.Errorf("failure = %+v", item.Failure)
			}
		})
	}
}

func TestProcessor_APanicSaysWhereItWas(t *testing.T) {
	var w world
	var order map[string]int
	result := w.workerWith(processorFunc(func(pipeline.Event, int, []byte) (pipeline.Output, error) {
		order["lines"]++ // a runtime error, whose frames are between
		return pipeline.Output{}, nil
	})).Process(t.Context(), w.accept(t, body))[0]
	var panicked *pipeline.Panic
	if !errors.As(result.Err, &panicked) || !strings.Contains(panicked.Stack, "processor_test.go") {
		t.Fatalf("err = %v, want a panic with its stack", result.Err)
	}
	said := regexp.MustCompile(`^the processor panicked: assignment to entry in nil map \(at \S*processor_test\.go:\d+\)$`)
	if !said.MatchString(result.Err.Error()) {
		t.Errorf("err = %q", result.Err)
	}
}

func TestProcessor_WhatItReturnsIsChecked(t *testing.T) {
	for name, p := range map[string]processorFunc{
		"no record":       makes(),
		"not JSON":        makes(`{`),
		"not an object":   makes(`{}`, `[1]`),
		"key twice":       makes(`{"a":1,"a":2}`),
		"no float64":      makes(`{"a":1e999}`),
		"too many":        makes(strings.Split(strings.Repeat("{} ", pipeline.MaxRecords)+"{}", " ")...),
		"too large":       makes(`{"a":"` + strings.Repeat("x", pipeline.MaxOutputBytes) + `"}`),
		"bad drop code":   drops("Test Order", "r"),
		"no drop code":    drops("", "r"),
		"bad reject code": fails(pipeline.NewRejection("Ungültig", "r")),
		"both": func(pipeline.Event, int, []byte) (pipeline.Output, error) {
			return pipeline.Output{Payloads: []json.RawMessage{[]byte("{}")}, Filtered: pipeline.Filtered{Code: "c"}}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			var w world
			w.workerWith(p).Process(t.Context(), w.accept(t, body))
			item := w.wantStatus(t, id, pipeline.Failed)
			if item.Failure.Code != pipeline.InvalidOutput || strings.ContainsAny(item.Failure.Reason, "\nü") {
				t.Errorf("failure = %+v", item.Failure)
			}
			if keys := w.silver.Keys(); len(keys) > 0 {
				t.Errorf("Silver holds %v", keys)
			}
		})
	}
	for name, p := range map[string]processorFunc{
		"most records": makes(strings.Split(strings.Repeat("{} ", pipeline.MaxRecords-1)+"{}", " ")...),
		"most bytes":   makes(`{"a":"` + strings.Repeat("x", pipeline.MaxOutputBytes-8) + `"}`),
	} {
		t.Run(name, func(t *testing.T) {
			var w world
			w.workerWith(p).Process(t.Context(), w.accept(t, body))
			w.wantStatus(t, id, pipeline.Processed)
		})
	}
}

func TestProcessor_AReasonIsCutAndCleaned(t *testing.T) {
	for reason, want := range map[string]string{
		"":                             "no reason was given",
		" \x00\n ":                     "no reason was given",
		"a\u2028b\uffffc\xffd\te":      "a b c d e",
		strings.Repeat("ü", 600):       strings.Repeat("ü", 500),
		"x" + strings.Repeat("ü", 500): "x" + strings.Repeat("ü", 499),
	} {
		if got := pipeline.NewFailure(pipeline.NewRejection("c", reason)).Reason; got != want {
			t.Errorf("%q became %q, want %q", reason, got, want)
		}
	}
}

// A worker that was killed behind Silver leaves records; the next delivery's processor may decide
// otherwise.
func TestProcessor_WhatItReturnedFirstCounts(t *testing.T) {
	first := drops("test-order", "r")
	for _, again := range []processorFunc{
		makes(`{"n":1}`), drops("other", "r"), fails(pipeline.NewRejection("c", "r")), fails(errService), makes(`[]`),
	} {
		var w world
		deliveries := w.accept(t, body)
		worker := w.workerWith(first)
		worker.Bus = downBus{}
		worker.Process(t.Context(), deliveries)
		w.wantStatus(t, id, pipeline.Enqueued)

		w.workerWith(again).Process(t.Context(), deliveries)
		item := w.wantStatus(t, id, pipeline.Processed)
		if records := w.records(t); len(records) != 1 || item.Filtered.Code != "test-order" || records[0].Filtered != item.Filtered {
			t.Errorf("item says %+v, Silver holds %+v", item.Filtered, records)
		}
		if notices := w.bus.Published(); len(notices) != 1 || notices[0].Detail.Filtered != item.Filtered {
			t.Errorf("notices = %+v", notices)
		}
	}
}

func TestProcessor_AReplayTakesThePlaceOfAllRecords(t *testing.T) {
	var w world
	event := w.replayable(t)
	for i, p := range []processorFunc{makes(`{"n":1}`, `{"n":2}`, `{"n":3}`), drops("test-order", "r"), makes(`{"n":4}`, `{"n":5}`)} {
		item, err := w.events.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		next := item.Reopened(pipeline.Replay{ID: fmt.Sprintf("replay-%d", i)}, now.Add(time.Hour))
		if err := w.events.Move(t.Context(), item, next); err != nil {
			t.Fatal(err)
		}
		event.Replay = next.Replay
		delivery := deliver(t, event, "replayed")
		w.workerWith(p).Process(t.Context(), []pipeline.Delivery{delivery})
		w.workerWith(makes(`{"late":true}`)).Process(t.Context(), []pipeline.Delivery{delivery})
		want, _ := p(event, 1, nil)
		item = w.wantStatus(t, id, pipeline.Processed)
		records := w.records(t)
		if len(records) != max(len(want.Payloads), 1) || item.Filtered != want.Filtered || records[0].Filtered != want.Filtered {
			t.Fatalf("replay %d: item says %+v, records = %+v", i, item.Filtered, records)
		}
		for j, r := range records {
			if r.ReplayID != next.Replay.ID || j < len(want.Payloads) && cmp.Diff(string(want.Payloads[j]), string(r.Payload)) != "" {
				t.Errorf("replay %d: record %d = %+v", i, j, r)
			}
		}
	}
}

// replayable processes the event id and returns it.
func (w *world) replayable(t *testing.T) pipeline.Event {
	t.Helper()
	w.worker().Process(t.Context(), w.accept(t, body))
	return w.wantStatus(t, id, pipeline.Processed).Event
}

func TestReconciler_SeesInSilverThatAnEventWasDropped(t *testing.T) {
	t.Run("repairs", func(t *testing.T) {
		var w world
		deliveries := w.accept(t, body)
		deliveries[0].Attempt = 3
		worker := w.workerWith(drops("test-order", "r"))
		worker.Bus = downBus{}
		worker.Process(t.Context(), deliveries)
		w.wantStatus(t, id, pipeline.Failed)
		w.wantReport(t, w.reconciler(now.Add(grace+time.Minute)), pipeline.Report{Scanned: 1, Repaired: 1})
		if item := w.wantStatus(t, id, pipeline.Processed); item.Filtered.Code != "test-order" {
			t.Errorf("item = %+v", item)
		}
	})
	for name, p := range map[string]processorFunc{"test-order": drops("test-order", "r"), "": makes(`{"n":1}`, `{"n":2}`)} {
		t.Run("adopts "+name, func(t *testing.T) {
			var w world
			w.bronze.Now = func() time.Time { return now }
			in := w.ingest()
			in.Items = failingItems{}
			if _, err := in.Accept(t.Context(), request(body)); err == nil {
				t.Fatal("accepted")
			}
			worker := w.workerWith(p)
			worker.Items = failingLookUp{failing: failing{&w, map[string]bool{"finish": true}}}
			worker.Process(t.Context(), []pipeline.Delivery{deliver(t, w.queue.Sent()[0], "m")})
			w.wantReport(t, w.reconciler(now.Add(grace+time.Minute)), pipeline.Report{Scanned: 1, Repaired: 1})
			if item := w.wantStatus(t, id, pipeline.Processed); item.Filtered.Code != name || item.SHA256 != sha256Hex(body) {
				t.Errorf("item = %+v", item)
			}
		})
	}
}

func TestCompare_TakesTheProcessorsTransformation(t *testing.T) {
	var w world
	w.workerWith(makes(`{"n":1}`, `{"n":2}`)).Process(t.Context(), w.accept(t, body))
	for name, c := range map[string]struct {
		processor pipeline.Processor
		want      []pipeline.Difference
	}{
		"the same":         {makes(`{"n":1}`, `{"n":2}`), nil},
		"another payload":  {makes(`{"n":1}`, `{"n":3}`), []pipeline.Difference{{EventID: id, Kind: "changed", Fields: []string{"/1/payload/n"}}}},
		"fewer records":    {makes(`{"n":1}`), []pipeline.Difference{{EventID: id, Kind: "changed", Fields: []string{"/parts"}}}},
		"the platform's":   {nil, []pipeline.Difference{{EventID: id, Kind: "changed", Fields: []string{"/parts"}}}},
		"now dropped":      {drops("c", "r"), []pipeline.Difference{{EventID: id, Kind: "changed", Fields: []string{"/parts"}}}},
		"now rejected":     {fails(pipeline.NewRejection("c", "why")), []pipeline.Difference{{EventID: id, Kind: "refused", Reason: "why"}}},
		"fails, who knows": {fails(errService), []pipeline.Difference{{EventID: id, Kind: "refused", Reason: "the processor failed: " + errService.Error()}}},
	} {
		t.Run(name, func(t *testing.T) {
			replayer := w.replayer()
			replayer.Processor = c.processor
			var got []pipeline.Difference
			err := replayer.Compare(t.Context(), hours(""), func(d pipeline.Difference) { got = append(got, d) }, func(string, pipeline.Comparison) error { return nil })
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Errorf("%v, differences differ (-want +got):\n%s", err, diff)
			}
		})
	}
}
