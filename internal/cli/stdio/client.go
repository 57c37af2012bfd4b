package stdio

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Client implements pipeline.Processor. It sends each delivery to the worker process.
type Client struct {
	writing  sync.Mutex // held while a request is written; responses are read without it
	requests *json.Encoder
	mu       sync.Mutex
	pending  map[int]chan<- response // channels by request number
	number   int                     // number of the last request
	ended    chan struct{}
	err      error // the reason why no more responses can be read
}

// NewClient returns a client that writes events to w and reads results from r. At the end of r, the
// client calls onEnd. After that, Process returns an error for each event without a result.
func NewClient(w io.Writer, r io.Reader, onEnd func()) *Client {
	c := &Client{
		requests: json.NewEncoder(w),
		pending:  make(map[int]chan<- response),
		ended:    make(chan struct{}),
	}
	go func() {
		c.read(newDecoder(r))
		onEnd()
		close(c.ended)
	}()
	return c
}

// Ended returns a channel that is closed when the worker sends no more results.
func (c *Client) Ended() <-chan struct{} { return c.ended }

func (c *Client) read(responses *jsontext.Decoder) {
	for {
		var a response
		if c.err = jsonv2.UnmarshalDecode(responses, &a); c.err != nil {
			return
		}
		c.mu.Lock()
		if reply, ok := c.pending[a.Number]; ok {
			reply <- a
			delete(c.pending, a.Number)
		}
		c.mu.Unlock()
	}
}

// Process returns the result of the processor in the worker process.
func (c *Client) Process(
	ctx context.Context, event pipeline.Event, attempt int, payload []byte,
) (pipeline.Output, error) {
	reply := make(chan response, 1)
	if err := c.ask(request{Event: event, Attempt: attempt, Payload: payload}, reply); err != nil {
		select { // the worker has ended or is ending: onEnd must run before Process returns
		case <-c.ended:
		case <-ctx.Done():
		}
		return pipeline.Output{}, fmt.Errorf("send an event to the worker: %w", err)
	}
	select {
	case a := <-reply:
		return a.result()
	case <-c.ended:
		return pipeline.Output{}, fmt.Errorf("the worker ended: %w", c.err)
	case <-ctx.Done():
		return pipeline.Output{}, ctx.Err()
	}
}

func (c *Client) ask(q request, reply chan<- response) error {
	c.mu.Lock()
	c.number++
	q.Number = c.number
	c.pending[q.Number] = reply
	c.mu.Unlock()

	c.writing.Lock()
	defer c.writing.Unlock()
	return c.requests.Encode(q)
}
