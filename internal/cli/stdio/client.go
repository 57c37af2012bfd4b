package stdio

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Client implements pipeline.Processor by asking another process.
type Client struct {
	writing   sync.Mutex // held while a question is written; answers are read meanwhile
	questions *json.Encoder
	mu        sync.Mutex
	pending   map[int]chan<- answer // by question number
	number    int                   // of the last question
	ended     chan struct{}
	err       error // why it ended
}

// NewClient returns a client that writes questions to out and reads answers from in, until in ends.
// Then it calls onEnd, before it fails the pending questions.
func NewClient(out io.Writer, in io.Reader, onEnd func()) *Client {
	c := &Client{
		questions: json.NewEncoder(out),
		pending:   make(map[int]chan<- answer),
		ended:     make(chan struct{}),
	}
	go func() {
		c.read(json.NewDecoder(in))
		onEnd()
		close(c.ended)
	}()
	return c
}

// Ended returns a channel that is closed after the last answer.
func (c *Client) Ended() <-chan struct{} { return c.ended }

func (c *Client) read(answers *json.Decoder) {
	for {
		var a answer
		if c.err = answers.Decode(&a); c.err != nil {
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

// Process asks the other process, and returns its processor's result.
func (c *Client) Process(
	ctx context.Context, event pipeline.Event, attempt int, payload []byte,
) (pipeline.Output, error) {
	reply := make(chan answer, 1)
	if err := c.ask(question{Event: event, Attempt: attempt, Payload: payload}, reply); err != nil {
		select { // the worker has ended or is about to: onEnd must run first
		case <-c.ended:
		case <-ctx.Done():
		}
		return pipeline.Output{}, fmt.Errorf("ask the worker: %w", err)
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

func (c *Client) ask(q question, reply chan<- answer) error {
	c.mu.Lock()
	c.number++
	q.Number = c.number
	c.pending[q.Number] = reply
	c.mu.Unlock()

	c.writing.Lock()
	defer c.writing.Unlock()
	return c.questions.Encode(q)
}
