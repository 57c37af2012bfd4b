package dlq

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// errFound stops a scan when the message is found. Users never see it.
var errFound = errors.New("message found")

// Find returns the state of an event. The id is that of the event or of a message in the DLQ. If
// the events table has no item with the id, Find searches the DLQ.
func Find(ctx context.Context, p deployment.Pipeline, id string) (Message, error) {
	item, err := pipeline.LookUp(ctx, p.Items(), id)
	if err == nil {
		m := Message{Event: item.Event, Status: item.Status}
		m.EventID, m.EventType, m.Failure = item.ID, item.Type, item.Failure
		m.Attempts, m.FailedAt = item.Attempts, item.FailedAt
		return m, nil
	}
	if !errors.Is(err, pipeline.ErrNotFound) {
		return Message{}, err
	}
	var found Message
	s := NewScan(p, time.Now(), MaxHeld)
	err = s.Visit(ctx, func(m Message) error {
		if m.EventID == id || m.MessageID == id {
			found = m
			return errFound
		}
		return nil
	})
	switch {
	case errors.Is(err, errFound):
		return found, nil
	case err != nil:
		return Message{}, err
	case s.Truncated:
		return Message{}, fmt.Errorf("there is no event %s, and none of the first %d messages "+
			"of the DLQ has that id", id, s.Limit)
	case s.Hidden > 0:
		return Message{}, fmt.Errorf("there is no event %s, and none of the visible messages of "+
			"the DLQ has that id. Another client has received about %d other messages: try again "+
			"in five minutes", id, s.Hidden)
	}
	return Message{}, fmt.Errorf(
		"there is no event %s, and no message in the DLQ has that id", id)
}
