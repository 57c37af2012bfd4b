package stdio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// processorFunc adapts a function to pipeline.Processor.
type processorFunc func(event pipeline.Event, attempt int, payload []byte) (pipeline.Output, error)

func (fn processorFunc) Process(
	_ context.Context, event pipeline.Event, attempt int, payload []byte,
) (pipeline.Output, error) {
	return fn(event, attempt, payload)
}

// serve runs a processor. It returns a client of the processor, and a function that ends the
// processor.
func serve(t *testing.T, processor pipeline.Processor) (*Client, func()) {
	t.Helper()
	requestsRead, requests := io.Pipe()
	responses, responsesWritten := io.Pipe()
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := Serve(t.Context(), processor, requestsRead, responsesWritten); err != nil {
			t.Error(err)
		}
		responsesWritten.Close()
	})
	end := func() {
		requests.Close()
		serving.Wait()
	}
	t.Cleanup(end)
	return NewClient(requests, responses, func() {}), end
}

func TestClient_ReturnsTheProcessorsResult(t *testing.T) {
	const payload = "{\"eventType\":\"demo\",\r\n \"n\": 1.0}"
	event := pipeline.Event{
		ID:     "0199aaaa-0000-7000-8000-000000000001",
		Type:   "demo",
		Caller: "anna",
		Replay: pipeline.Replay{ID: "r"},
	}
	for name, c := range map[string]struct {
		output pipeline.Output
		err    error
		code   pipeline.Code
		text   string
	}{
		"records": {output: pipeline.Output{
			Payloads: []json.RawMessage{[]byte(`{"n":1.0}`), []byte(`{"html":"<"}`)},
		}},
		"filtered": {output: pipeline.Output{Filtered: pipeline.Filtered{Code: "c", Reason: "r"}}},
		"rejected": {
			err:  fmt.Errorf("order 7: %w", pipeline.NewRejection("c", "why")),
			code: "rejected.c", text: "why",
		},
		"failed": {err: errors.New("down"), code: pipeline.ProcessorError, text: "down"},
		"invalid": {
			output: pipeline.Output{Payloads: []json.RawMessage{[]byte(`[]`)}},
			code:   pipeline.InvalidOutput, text: "record 1 of 1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			process := func(got pipeline.Event, attempt int, raw []byte) (pipeline.Output, error) {
				if got != event || attempt != 3 || string(raw) != payload {
					t.Errorf("asked about %+v, attempt %d, %q", got, attempt, raw)
				}
				return c.output, c.err
			}
			client, _ := serve(t, processorFunc(process))
			output, err := pipeline.Transform(t.Context(), client, event, 3, []byte(payload))
			if c.code == "" {
				if diff := cmp.Diff(c.output, output); err != nil || diff != "" {
					t.Errorf("%v, output differs (-want +got):\n%s", err, diff)
				}
				return
			}
			if pipeline.ErrorCode(err) != c.code || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v, want %s: %s", err, c.code, c.text)
			}
		})
	}
}

func TestClient_ProcessesConcurrently(t *testing.T) {
	const events = 32
	var all sync.WaitGroup
	all.Add(events)
	waitForAll := func(_ pipeline.Event, attempt int, _ []byte) (pipeline.Output, error) {
		all.Done()
		all.Wait()
		payload := fmt.Appendf(nil, `{"n":%d}`, attempt)
		return pipeline.Output{Payloads: []json.RawMessage{payload}}, nil
	}
	client, _ := serve(t, processorFunc(waitForAll))
	var asking sync.WaitGroup
	for i := range events {
		asking.Go(func() {
			output, err := client.Process(t.Context(), pipeline.Event{}, i, []byte("{}"))
			if err != nil || string(output.Payloads[0]) != fmt.Sprintf(`{"n":%d}`, i) {
				t.Errorf("request %d got %s, %v", i, output.Payloads, err)
			}
		})
	}
	asking.Wait()
}

func TestClient_FailsWhenTheWorkerHasEnded(t *testing.T) {
	nothing := func(pipeline.Event, int, []byte) (pipeline.Output, error) {
		return pipeline.Output{}, nil
	}
	client, end := serve(t, processorFunc(nothing))
	end()
	<-client.Ended()
	if _, err := client.Process(t.Context(), pipeline.Event{}, 1, []byte("{}")); err == nil {
		t.Error("no error")
	}
}

// brokenPipe represents a pipe to a process that has ended.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// If the worker ends, the client must call onEnd before Process returns an error.
func TestClient_CallsOnEndBeforeProcessReturnsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		responses, worker := io.Pipe()
		ended := false
		client := NewClient(brokenPipe{}, responses, func() { ended = true })
		answered := make(chan bool)
		go func() {
			_, err := client.Process(t.Context(), pipeline.Event{}, 1, nil)
			answered <- ended && errors.Is(err, io.ErrClosedPipe)
		}()
		synctest.Wait() // until Process waits for the worker to end
		worker.Close()
		if !<-answered {
			t.Error("Process returned before onEnd")
		}
	})
}
