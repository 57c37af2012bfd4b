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

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// processorFunc implements pipeline.Processor.
type processorFunc func(event pipeline.Event, attempt int, payload []byte) (pipeline.Output, error)

func (fn processorFunc) Process(_ context.Context, event pipeline.Event, attempt int,
	payload []byte) (pipeline.Output, error) {
	return fn(event, attempt, payload)
}

// returnPayloads creates a processor that returns these payloads for every event.
func returnPayloads(payloads ...string) processorFunc {
	var output pipeline.Output
	for _, p := range payloads {
		output.Payloads = append(output.Payloads, json.RawMessage(p))
	}
	return func(pipeline.Event, int, []byte) (pipeline.Output, error) { return output, nil }
}

func filterWith(code, reason string) processorFunc {
	return func(pipeline.Event, int, []byte) (pipeline.Output, error) {
		return pipeline.Output{Filtered: pipeline.Filtered{Code: code, Reason: reason}}, nil
	}
}

func failWith(err error) processorFunc {
	return func(pipeline.Event, int, []byte) (pipeline.Output, error) {
		return pipeline.Output{}, err
	}
}

func (w *world) workerWith(p pipeline.Processor) pipeline.Worker {
	worker := w.worker()
	worker.Processor = p
	return worker
}

func (w *world) records(t *testing.T) pipeline.Records {
	t.Helper()
	lines, err := w.silver.Get(t.Context(),
		pipeline.Event{ID: id, Type: "demo", ReceivedAt: now}.SilverKey())
	if err != nil {
		t.Fatal(err)
	}
	records, err := pipeline.ReadRecords(lines)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func TestProcessor_ReceivesTheEventAndItsPayload(t *testing.T) {
	var w world
	deliveries := w.accept(t, body)
	deliveries[0].Attempt = 2
	w.workerWith(processorFunc(func(event pipeline.Event, attempt int,
		payload []byte) (pipeline.Output, error) {
		if event.ID != id || event.Caller != "anna" || attempt != 2 || string(payload) != body {
			t.Errorf("got %+v, attempt %d, %s", event, attempt, payload)
		}
		return pipeline.Output{Payloads: []json.RawMessage{payload}}, nil
	})).Process(t.Context(), deliveries)
	w.wantStatus(t, id, pipeline.Processed)
}

func TestProcessor_FansOutIntoOneObject(t *testing.T) {
	var w world
	w.workerWith(returnPayloads(`{"n": 1}`, `{"n":2}`)).Process(t.Context(), w.accept(t, body))
	w.wantStatus(t, id, pipeline.Processed)
	if keys := w.silver.Keys(); len(keys) != 1 {
		t.Errorf("Silver has %v", keys)
	}
	records := w.records(t)
	if len(records) != 2 {
		t.Fatalf("records = %+v", records)
	}
	for i, r := range records {
		if r.ID != id || r.Part != i+1 || r.Parts != 2 ||
			string(r.Payload) != fmt.Sprintf(`{"n":%d}`, i+1) ||
			r.Source.SHA256 != sha256Hex(body) {
			t.Errorf("record %d = %+v", i, r)
		}
	}
	if n := len(w.bus.Published()); n != 1 {
		t.Errorf("%d notifications", n)
	}
}

func TestProcessor_FiltersWithAReason(t *testing.T) {
	var w world
	result := w.workerWith(
		filterWith("test-order", "of the\nshop's own tests")).Process(t.Context(),
		w.accept(t, body))[0]
	want := pipeline.Filtered{Code: "test-order", Reason: "of the shop's own tests"}
	item := w.wantStatus(t, id, pipeline.Processed)
	if item.Filtered != want || result.Filtered != want {
		t.Errorf("item = %+v, result = %+v", item, result)
	}
	records := w.records(t)
	if len(records) != 1 || records[0].Filtered != want || records[0].Payload != nil ||
		records[0].Parts != 0 {
		t.Errorf("records = %+v", records)
	}
	notifications := w.bus.Published()
	if len(notifications) != 1 || notifications[0].Detail.Filtered != want {
		t.Errorf("notifications = %+v", notifications)
	}
}

func TestProcessor_RejectsWithoutRetry(t *testing.T) {
	var w world
	cause := fmt.Errorf("order 7: %w", pipeline.NewRejection("no-stock", "sold out"))
	result := w.workerWith(failWith(cause)).Process(t.Context(), w.accept(t, body))[0]
	want := pipeline.Failure{Code: "rejected.no-stock", Reason: "sold out"}
	item := w.wantStatus(t, id, pipeline.Failed)
	if item.Failure != want || result.Retry || !errors.Is(result.Err, cause) {
		t.Errorf("item = %+v, result = %+v", item, result)
	}
	deadLetters := w.deadLetters.Sent()
	if len(deadLetters) != 1 || deadLetters[0].Failure != want {
		t.Errorf("DLQ = %+v", deadLetters)
	}
}

func TestProcessor_OtherErrorsAreRetriedAndNotDisclosed(t *testing.T) {
	for name, p := range map[string]pipeline.Processor{
		"error": failWith(errors.New("secret of db.internal")),
		"panic": processorFunc(func(pipeline.Event, int, []byte) (pipeline.Output,
			error) {
			panic("secret of db.internal")
		}),
		"Goexit": processorFunc(func(pipeline.Event, int, []byte) (pipeline.Output, error) {
			runtime.Goexit() // as testing.T.FailNow does
			return pipeline.Output{}, nil
		}),
	} {
		t.Run(name, func(t *testing.T) {
			var w world
			deliveries := w.accept(t, body, `{"eventType":"demo","n":2}`)
			worker := w.workerWith(processorFunc(func(event pipeline.Event, attempt int,
				payload []byte) (pipeline.Output, error) {
				if event.ID != id {
					return pipeline.Output{Payloads: []json.RawMessage{payload}}, nil
				}
				return p.Process(t.Context(), event, attempt, payload)
			}))
			results := worker.Process(t.Context(), deliveries)
			r := results[0]
			if !r.Retry || pipeline.ErrorCode(r.Err) != pipeline.ProcessorError ||
				name != "Goexit" && !strings.Contains(r.Err.Error(), "secret") {
				t.Errorf("result = %+v", r)
			}
			if r := results[1]; r.Err != nil || r.Status != pipeline.Processed {
				t.Errorf("result of the other event = %+v", r)
			}
			for range worker.MaxReceiveCount - 1 {
				w.wantStatus(t, id, pipeline.Enqueued)
				deliveries[0].Attempt++
				worker.Process(t.Context(), deliveries[:1])
			}
			item := w.wantStatus(t, id, pipeline.Failed)
			if item.Failure.Code != pipeline.ProcessorError ||
				!strings.HasPrefix(item.Failure.Reason,
					"the processor could not finish the event") {
				t.Errorf("failure = %+v", item.Failure)
			}
		})
	}
}

func TestProcessor_APanicReportsItsFileAndLine(t *testing.T) {
	var w world
	var order map[string]int
	result := w.workerWith(processorFunc(func(pipeline.Event, int, []byte) (pipeline.Output,
		error) {
		order["lines"]++ // the runtime's frames come first in the stack of this panic
		return pipeline.Output{}, nil
	})).Process(t.Context(), w.accept(t, body))[0]
	var panicked *pipeline.Panic
	if !errors.As(result.Err, &panicked) || !strings.Contains(panicked.Stack, "processor_test.go") {
		t.Fatalf("err = %v, want a panic with its stack", result.Err)
	}
	want := regexp.MustCompile(
		`^the processor panicked: assignment to entry in nil map \(at \S*processor_test\.go:\d+\)$`)
	if !want.MatchString(result.Err.Error()) {
		t.Errorf("err = %q", result.Err)
	}
}

func TestProcessor_OutputIsValidated(t *testing.T) {
	for name, p := range map[string]processorFunc{
		"no record":     returnPayloads(),
		"not JSON":      returnPayloads(`{`),
		"not an object": returnPayloads(`{}`, `[1]`),
		"duplicate key": returnPayloads(`{"a":1,"a":2}`),
		"large number":  returnPayloads(`{"a":1e999}`),
		"too many": returnPayloads(strings.Split(strings.Repeat("{} ", pipeline.MaxRecords)+"{}",
			" ")...),
		"too large": returnPayloads(
			`{"a":"` + strings.Repeat("x", pipeline.MaxOutputBytes) + `"}`),
		"bad filter code": filterWith("Test Order", "r"),
		"no filter code":  filterWith("", "r"),
		"bad reject code": failWith(pipeline.NewRejection("Ungültig", "r")),
		"filtered and records": func(pipeline.Event, int, []byte) (pipeline.Output, error) {
			return pipeline.Output{Payloads: []json.RawMessage{[]byte("{}")},
				Filtered: pipeline.Filtered{Code: "c"}}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			var w world
			w.workerWith(p).Process(t.Context(), w.accept(t, body))
			item := w.wantStatus(t, id, pipeline.Failed)
			if item.Failure.Code != pipeline.InvalidOutput ||
				strings.ContainsAny(item.Failure.Reason, "\nü") {
				t.Errorf("failure = %+v", item.Failure)
			}
			if keys := w.silver.Keys(); len(keys) > 0 {
				t.Errorf("Silver has %v", keys)
			}
		})
	}
	for name, p := range map[string]processorFunc{
		"most records": returnPayloads(strings.Split(
			strings.Repeat("{} ", pipeline.MaxRecords-1)+"{}",
			" ")...),
		"most bytes": returnPayloads(`{"a":"` + strings.Repeat("x", pipeline.MaxOutputBytes-8) +
			`"}`),
	} {
		t.Run(name, func(t *testing.T) {
			var w world
			w.workerWith(p).Process(t.Context(), w.accept(t, body))
			w.wantStatus(t, id, pipeline.Processed)
		})
	}
}

func TestProcessor_ReasonsAreCutAndCleaned(t *testing.T) {
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
