package stdio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Serve reads questions from r, answers them concurrently and writes the answers to w. At the end
// of r, it finishes the running answers and returns.
func Serve(ctx context.Context, processor pipeline.Processor, r io.Reader, w io.Writer) error {
	var running sync.WaitGroup
	defer running.Wait()
	var mu sync.Mutex
	answers := json.NewEncoder(w)
	answers.SetEscapeHTML(false) // outputs must arrive byte for byte
	for questions := json.NewDecoder(r); ; {
		var q question
		err := questions.Decode(&q)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read a question: %w", err)
		}
		running.Go(func() {
			output, err := pipeline.Transform(ctx, processor, q.Event, q.Attempt, q.Payload)
			mu.Lock()
			defer mu.Unlock()
			_ = answers.Encode(newAnswer(q.Number, output, err)) // fails when the client has ended
		})
	}
}
