package console

import (
	"context"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/dlq"
)

// deadLetterScan is the result of a scan of the DLQ.
type deadLetterScan struct {
	messages  []dlq.Message
	hidden    int
	truncated bool
	err       error
}

// maxScan is the maximum number of messages that a page scans. A scan hides the messages from other
// clients.
const maxScan = 10_000

// scanDeadLetters returns the messages in the DLQ. The console keeps the result for a short time,
// because each scan hides the messages from other clients.
func (v *view) scanDeadLetters(ctx context.Context) deadLetterScan {
	return cached(&v.cache, "dlq", 2*v.ttl(), func() deadLetterScan {
		v.scanning.Lock()
		defer v.scanning.Unlock()
		var found deadLetterScan
		scan := dlq.NewScan(v.Pipeline, time.Now(), maxScan)
		found.err = scan.Visit(context.WithoutCancel(ctx), func(m dlq.Message) error {
			found.messages = append(found.messages, m)
			return nil
		})
		found.hidden, found.truncated = scan.Hidden, scan.Truncated
		return found
	})
}
