// Package stdio calls a processor in another process, the worker. The client writes events as JSON
// values to the worker's standard input, and reads results as JSON values from its standard output.
// `eventpipeline replay --compare --worker` uses this package.
package stdio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// A worker calls Serve if the environment variable Variable has the value Value.
const (
	Variable = "EVENTPIPELINE_PROCESSOR"
	Value    = "stdio"
)

// newDecoder returns a decoder of events or results. It accepts unpaired surrogates, because older
// pipelines accepted them in payloads.
func newDecoder(r io.Reader) *jsontext.Decoder {
	return jsontext.NewDecoder(r, jsontext.AllowInvalidUTF8(true))
}

// request is the request to process one delivery.
type request struct {
	Number  int            `json:"number"` // the response has the same number
	Event   pipeline.Event `json:"event"`
	Attempt int            `json:"attempt"`
	Payload []byte         `json:"payload"` // JSON encodes it in base64, byte for byte
}

// response is the result of one delivery: an error if Code is set, and otherwise Output.
type response struct {
	Number int             `json:"number"`
	Output pipeline.Output `json:"output"`
	Code   pipeline.Code   `json:"code,omitempty"`
	Detail string          `json:"detail,omitempty"`
	Cause  string          `json:"cause,omitempty"`
}

func newResponse(number int, output pipeline.Output, err error) response {
	if err == nil {
		return response{Number: number, Output: output}
	}
	a := response{Number: number, Code: pipeline.ErrorCode(err), Detail: err.Error()}
	var e *pipeline.Error
	if errors.As(err, &e) {
		a.Detail = e.Detail
		if e.Err != nil {
			a.Cause = e.Err.Error()
		}
	}
	return a
}

// result returns the output and the error from which newResponse made the response.
func (a response) result() (pipeline.Output, error) {
	if a.Code == "" {
		return a.Output, nil
	}
	err := &pipeline.Error{Code: a.Code, Detail: a.Detail}
	if a.Cause != "" {
		err.Err = errors.New(a.Cause)
	}
	return pipeline.Output{}, err
}

// Serve reads events from r, processes them concurrently and writes the results to w. At the end of
// r, it writes the remaining results and returns.
func Serve(ctx context.Context, processor pipeline.Processor, r io.Reader, w io.Writer) error {
	var running sync.WaitGroup
	defer running.Wait()
	var mu sync.Mutex
	responses := json.NewEncoder(w)
	responses.SetEscapeHTML(false) // outputs must arrive byte for byte
	for requests := newDecoder(r); ; {
		var q request
		err := jsonv2.UnmarshalDecode(requests, &q)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read an event: %w", err)
		}
		running.Go(func() {
			output, err := pipeline.Transform(ctx, processor, q.Event, q.Attempt, q.Payload)
			mu.Lock()
			defer mu.Unlock()
			// Encode fails when the client has ended.
			_ = responses.Encode(newResponse(q.Number, output, err))
		})
	}
}
