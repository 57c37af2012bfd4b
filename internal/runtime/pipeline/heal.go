package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// page looks at the events of some objects and heals those that need it. Its error means that the page must be looked
// at again; what fails for one event alone is counted, and the event is unsettled.
func (s *sweep) page(ctx context.Context, objects []Object) error {
	items, err := itemsOf(ctx, s.Items, objects)
	if err != nil {
		return err
	}
	var stuck, failed, orphans []Item
	for _, o := range objects {
		id, hour, ok := parseBronzeKey(o.Key)
		if !ok {
			continue // not ours
		}
		s.report.Scanned++
		item, ok := items[id]
		switch {
		case !ok && o.LastModified.After(s.Now().Add(-s.Grace)):
			s.unsettle(hour) // too young to be called an orphan: its request may be under way
			s.report.Young++
		case !ok:
			orphans = append(orphans, Item{Event: Event{ID: id, Type: s.Type, ReceivedAt: hour, Bronze: Location{Key: o.Key}}})
		case item.Bronze.Key != o.Key:
			s.report.Orphans++ // its request came later than another with the same key
		case item.Status == Processed:
			s.report.Processed++
			s.Frontier = later(s.Frontier, item.LastEnqueued())
		case item.Status == Failed:
			failed = append(failed, item)
			if item.FailedAt.After(s.Now().Add(-s.Grace)) {
				s.unsettle(hour) // a write of its record may come late
			}
		case s.stuck(item):
			s.unsettle(hour)
			stuck = append(stuck, item)
		default:
			s.unsettle(hour)
			s.report.Waiting++
		}
	}
	s.all(ctx, failed, &s.report.Repaired, &s.report.Failed, s.repair)
	s.all(ctx, orphans, &s.report.Repaired, &s.report.Orphans, s.adopt)
	return s.heal(ctx, stuck)
}

func itemsOf(ctx context.Context, items ItemMover, objects []Object) (map[string]Item, error) {
	ids := make([]string, 0, len(objects))
	seen := make(map[string]bool, len(objects))
	for _, o := range objects {
		if id, _, ok := parseBronzeKey(o.Key); ok && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := items.GetMany(ctx, ids)
	if err != nil {
		return nil, unavailable("look up the events' items", err)
	}
	return found, nil
}

// stuck tells whether an ENQUEUED event has no message any more. One that waits in a long queue has its own: only when
// the queue is empty, or events that were enqueued later are PROCESSED, is a message that old gone.
func (s *sweep) stuck(item Item) bool {
	since := item.LastEnqueued()
	return since.Before(s.Now().Add(-s.Grace)) && (s.idle || since.Before(s.Frontier))
}

// unsettle keeps the next pass from beginning after that hour.
func (s *sweep) unsettle(hour time.Time) {
	if s.Unfinished.IsZero() || hour.Before(s.Unfinished) {
		s.Unfinished = hour
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// heal enqueues stuck events again, or gives up those for which that was done often enough.
func (s *sweep) heal(ctx context.Context, stuck []Item) error {
	var again, hopeless []Item
	for _, item := range stuck {
		if item.Reenqueues < s.MaxReenqueues {
			again = append(again, item)
		} else {
			hopeless = append(hopeless, item)
		}
	}
	if s.report.DryRun {
		s.report.GivenUp, s.report.Reenqueued = s.report.GivenUp+len(hopeless), s.report.Reenqueued+len(again)
		return nil
	}
	s.all(ctx, hopeless, &s.report.GivenUp, &s.report.Overtaken, s.giveUp)

	var mu sync.Mutex
	var claimed []Event
	s.all(ctx, again, &s.report.Reenqueued, &s.report.Overtaken, func(ctx context.Context, item Item) (bool, error) {
		ok, err := s.claim(ctx, item)
		if ok {
			mu.Lock()
			defer mu.Unlock()
			claimed = append(claimed, item.Event)
		}
		return ok, err
	})
	if len(claimed) == 0 {
		return nil
	}
	// A claimed event whose message is not sent is stuck again after the grace, so a crash here costs time only.
	for i, err := range s.Queue.SendMany(ctx, claimed) {
		if err != nil {
			s.report.Reenqueued--
			s.unhealed(ctx, claimed[i], unavailable("queue the event", err))
		}
	}
	return nil
}

// unhealed counts an event for which something failed; the next pass looks at it again.
func (s *sweep) unhealed(ctx context.Context, event Event, err error) {
	s.report.Errors++
	s.unsettle(event.ReceivedAt.UTC().Truncate(time.Hour))
	if s.OnError != nil {
		s.OnError(ctx, event, err)
	}
}

// claim counts the event's next trip through the queue before it begins: a message that kills its worker must not be
// sent for ever. Of two reconcilers one gets the claim.
func (s *sweep) claim(ctx context.Context, item Item) (bool, error) {
	next := item
	next.Reenqueues++
	next.EnqueuedAt = s.Now().UTC().Truncate(time.Millisecond)
	return moved(s.Items.Move(ctx, item, next), next)
}

// giveUp makes a stuck event FAILED, unless its record is in Silver already.
func (s *sweep) giveUp(ctx context.Context, item Item) (bool, error) {
	body, err := message(item.Event)
	if err != nil {
		return false, err
	}
	letter := DeadLetter{
		Body: body, EventID: item.ID, EventType: item.Type,
		FailedAt: s.Now().UTC().Truncate(time.Millisecond),
		Failure: Failure{NotFinished, fmt.Sprintf("the event was enqueued again %d times and no worker finished it; "+
			"a worker that is killed leaves no reason: look for its log lines by the event's id", item.Reenqueues)},
	}
	failed := letter.item(item.Event, s.StatusRetention)
	err = bury(ctx, letter, failed, s.DeadLetters, s.Items)
	var other *TransitionError
	if errors.As(err, &other) {
		return false, nil // a worker was faster after all
	}
	if err != nil {
		return false, err
	}
	return true, s.Bus.Publish(ctx, []Notification{NewNotification(failed)})[0]
}

// repair makes a FAILED event PROCESSED whose record is in Silver: the worker had come to its last delivery when it
// could not tell the bus or the table.
func (s *sweep) repair(ctx context.Context, item Item) (bool, error) {
	record, _, err := firstRecord(ctx, s.Silver, item.SilverKey())
	if errors.Is(err, ErrNotFound) || err == nil && record.ReplayID != item.Replay.ID {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if s.report.DryRun {
		return true, nil
	}
	processed := item
	processed.Status = Processed
	processed.FailedAt, processed.Failure = time.Time{}, Failure{}
	processed.ProcessedAt = s.Now().UTC().Truncate(time.Millisecond)
	processed.Silver, processed.Filtered = Location{Bucket: s.SilverBucket, Key: item.SilverKey()}, record.Filtered
	if !item.Replay.Quiet {
		if err := s.Bus.Publish(ctx, []Notification{NewNotification(processed)})[0]; err != nil {
			return false, err
		}
	}
	return mended(moved(s.Items.Move(ctx, item, processed), processed))
}

// errOvertaken is of a step whose event somebody else moved before it could.
var errOvertaken = errors.New("somebody else has moved the event")

// mended is a move's outcome where false would mean that there was nothing to mend.
func mended(ok bool, err error) (bool, error) {
	if !ok && err == nil {
		return false, errOvertaken
	}
	return ok, err
}

// moved tells of a Move's error whether the item is now as it was to be: true with nil, and when this call's own
// earlier try did it. An item that another has moved is no error.
func moved(err error, to Item) (bool, error) {
	var other *TransitionError
	if errors.As(err, &other) {
		return other.From.SameState(to), nil
	}
	return err == nil, err
}

// all does step for each item, side by side, and counts each once: in done if it returned true, in left if false, as
// overtaken, or as an error.
func (s *sweep) all(ctx context.Context, items []Item, done, left *int, step func(context.Context, Item) (bool, error)) {
	var mu sync.Mutex
	var running sync.WaitGroup
	slots := make(chan struct{}, sideBySide)
	for _, item := range items {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			ok, err := step(ctx, item)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.Is(err, errOvertaken):
				s.report.Overtaken++
			case err != nil:
				s.unhealed(ctx, item.Event, err)
			case ok:
				*done++
			default:
				*left++
			}
		})
	}
	running.Wait()
}
