package stdio

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Client is a pipeline.Processor that asks another process.
type Client struct {
	writing   sync.Mutex // held while a question is written; answers are read meanwhile
	questions *json.Encoder
	mu        sync.Mutex
	asked     map[int]chan<- answer
	number    int // of the last question
	ended     chan struct{}
	err       error // why it ended
}

// NewClient writes questions to out and reads answers from in, until in ends. It calls over then, before who still waits for
// an answer is told.
func NewClient(out io.Writer, in io.Reader, over func()) *Client {
	c := &Client{questions: json.NewEncoder(out), asked: make(map[int]chan<- answer), ended: make(chan struct{})}
	go func() {
		c.read(json.NewDecoder(in))
		over()
		close(c.ended)
	}()
	return c
}

// Ended is closed when there are no more answers.
func (c *Client) Ended() <-chan struct{} { return c.ended }

func (c *Client) read(answers *json.Decoder) {
	for {
		var a answer
		if c.err = answers.Decode(&a); c.err != nil {
			return
		}
		c.mu.Lock()
		if asked, ok := c.asked[a.Number]; ok {
			asked <- a
			delete(c.asked, a.Number)
		}
		c.mu.Unlock()
	}
}

// Process asks, and returns what the other process's processor did.
func (c *Client) Process(ctx context.Context, event pipeline.Event, attempt int, payload []byte) (pipeline.Output, error) {
	reply := make(chan answer, 1)
	if err := c.ask(question{Event: event, Attempt: attempt, Payload: payload}, reply); err != nil {
		select { // a worker that takes no questions has ended, or is about to: whoever asked is to learn that
		case <-c.ended:
		case <-ctx.Done():
		}
		return pipeline.Output{}, fmt.Errorf("ask the worker: %w", err)
	}
	select {
	case a := <-reply:
		return a.result()
	case <-c.ended:
		return pipeline.Output{}, fmt.Errorf("the worker answers no more: %w", c.err)
	case <-ctx.Done():
		return pipeline.Output{}, ctx.Err()
	}
}

func (c *Client) ask(q question, reply chan<- answer) error {
	c.mu.Lock()
	c.number++
	q.Number = c.number
	c.asked[q.Number] = reply
	c.mu.Unlock()

	c.writing.Lock()
	defer c.writing.Unlock()
	return c.questions.Encode(q)
}
