package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// checkPage checks the events of one page of objects. It enqueues, fails or repairs events that a
// crash left unfinished.
//
// An error means that the whole page must be checked again. An error of a single event goes to
// countError instead.
func (s *passRun) checkPage(ctx context.Context, objects []Object) error {
	items, err := itemsOf(ctx, s.Items, objects)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, orphans := s.classifyObjects(objects, items)
	all, err := withParts(ctx, s.Items, found)
	if err != nil {
		return err
	}
	s.report.Scanned += len(all) - len(found)
	stuck, failed := s.classifyItems(all)
	s.forEachItem(ctx, failed, &s.report.Repaired, &s.report.Failed, s.repair)
	s.forEachItem(ctx, orphans, &s.report.Repaired, &s.report.Orphans, s.recreateItem)
	s.heal(ctx, stuck)
	return nil
}

// classifyObjects counts the objects of a page, and returns two lists:
//
//   - found: the items of the objects' events
//   - orphans: items for recreateItem, one for each object without an item that is older than the
//     grace period
func (s *passRun) classifyObjects(objects []Object, items map[string]Item) (found, orphans []Item) {
	for _, o := range objects {
		id, hour, ok := parseBronzeKey(o.Key)
		if !ok {
			continue
		}
		s.report.Scanned++
		item, ok := items[id]
		switch {
		case !ok && o.LastModified.After(s.Now().Add(-s.Grace)):
			s.markUnfinished(hour) // the request can still be in progress
			s.report.Young++
		case !ok:
			event := Event{ID: id, Type: s.Type, ReceivedAt: hour, Bronze: Location{Key: o.Key}}
			orphans = append(orphans, Item{Event: event})
		case item.Bronze.Key != o.Key:
			s.report.Orphans++ // the item belongs to an earlier request with the same key
		default:
			found = append(found, item)
		}
	}
	return found, orphans
}

// classifyItems returns the items of stuck and FAILED events, and counts all other items.
func (s *passRun) classifyItems(items []Item) (stuck, failed []Item) {
	for _, item := range items {
		hour := item.ReceivedAt.UTC().Truncate(time.Hour)
		switch {
		case item.Status == Processed:
			s.report.Processed++
			s.advanceFrontier(item.LastEnqueued())
		case item.Status == Failed:
			failed = append(failed, item)
			if item.FailedAt.After(s.Now().Add(-s.Grace)) {
				s.markUnfinished(hour) // a slow worker can still store the record
			}
		case s.isStuck(item):
			s.markUnfinished(hour)
			stuck = append(stuck, item)
		default:
			s.markUnfinished(hour)
			s.report.Waiting++
		}
	}
	return stuck, failed
}

// isStuck reports whether the message of an ENQUEUED event seems to be lost. The grace period must
// be over, and one of these conditions must be true:
//
//   - The queue is empty.
//   - An event that was enqueued later is PROCESSED.
//
// Age alone is no proof, because the queue can be long.
func (s *passRun) isStuck(item Item) bool {
	since := item.LastEnqueued()
	return since.Before(s.Now().Add(-s.Grace)) && (s.queueEmpty || since.Before(s.Frontier))
}

// markUnfinished makes the next pass begin at the given hour or earlier.
func (s *passRun) markUnfinished(hour time.Time) {
	if s.Unfinished.IsZero() || hour.Before(s.Unfinished) {
		s.Unfinished = hour
	}
}

func (s *passRun) advanceFrontier(t time.Time) {
	if t.After(s.Frontier) {
		s.Frontier = t
	}
}

// minUnfinished is the minimum time before the reconciler gives up on an event. An outage of an
// hour, together with the backoff after it, is shorter.
const minUnfinished = 2 * time.Hour

// mayGiveUp reports whether a stuck event has used up its re-enqueues and has been unfinished for
// at least minUnfinished. It estimates this time: the reconciler waited for at least one grace
// period after each enqueue.
func (s *passRun) mayGiveUp(item Item) bool {
	unfinished := time.Duration(item.Reenqueues+1) * s.Grace
	return item.Reenqueues >= s.MaxReenqueues && unfinished >= minUnfinished
}

// heal enqueues stuck events again, and gives up on those that mayGiveUp selects.
func (s *passRun) heal(ctx context.Context, stuck []Item) {
	var retryable, exhausted []Item
	for _, item := range stuck {
		if s.mayGiveUp(item) {
			exhausted = append(exhausted, item)
		} else {
			retryable = append(retryable, item)
		}
	}
	if s.report.DryRun {
		s.report.GivenUp += len(exhausted)
		s.report.Reenqueued += len(retryable)
		return
	}
	s.forEachItem(ctx, exhausted, &s.report.GivenUp, &s.report.Overtaken, s.giveUp)

	var mu sync.Mutex
	var counted []Event
	count := func(ctx context.Context, item Item) (bool, error) {
		ok, err := s.countReenqueue(ctx, item)
		if ok {
			mu.Lock()
			defer mu.Unlock()
			counted = append(counted, item.Event)
		}
		return ok, err
	}
	s.forEachItem(ctx, retryable, &s.report.Reenqueued, &s.report.Overtaken, count)
	if len(counted) == 0 {
		return
	}
	// If the reconciler crashes here, the counted events become stuck again after the grace period.
	// A later pass then enqueues them.
	for i, err := range s.Queue.SendMany(ctx, counted) {
		if err != nil {
			s.report.Reenqueued--
			s.countError(ctx, counted[i], unavailable("enqueue the event", err))
		}
	}
}

// countError counts an event that could not be reconciled. The next pass checks the event again.
func (s *passRun) countError(ctx context.Context, event Event, err error) {
	s.report.Errors++
	s.markUnfinished(event.ReceivedAt.UTC().Truncate(time.Hour))
	if s.OnError != nil {
		s.OnError(ctx, event, err)
	}
}

// countReenqueue increments the item's count of re-enqueues before the message is sent. If several
// reconcilers find the same event, only one succeeds.
//
// The count limits the retries of a message that crashes its worker.
func (s *passRun) countReenqueue(ctx context.Context, item Item) (bool, error) {
	next := item
	next.Reenqueues++
	next.EnqueuedAt = toMillis(s.Now())
	return movedTo(next, s.Items.Move(ctx, item, next))
}

// giveUp makes a stuck event FAILED and puts its message in the DLQ.
func (s *passRun) giveUp(ctx context.Context, item Item) (bool, error) {
	body, err := newMessage(item.Event)
	if err != nil {
		return false, err
	}
	reason := fmt.Sprintf("the event was enqueued again %d times and no worker finished it; "+
		"a worker may have crashed: search the workers' log for the event's id", item.Reenqueues)
	deadLetter := DeadLetter{
		Body: body, EventID: item.ID, EventType: item.Type, FailedAt: toMillis(s.Now()),
		Failure: Failure{NotFinished, reason},
	}
	failed := deadLetter.failedItem(item.Event, s.StatusRetention)
	// Later passes do not publish EventFailed for a FAILED event. EventFailed is therefore
	// published before the event becomes FAILED.
	if err := publish(ctx, s.Bus, failed); err != nil {
		return false, unavailable("publish EventFailed", err)
	}
	err = moveToDLQ(ctx, deadLetter, failed, s.DeadLetters, s.Items)
	var moved *TransitionError
	if errors.As(err, &moved) {
		return false, nil // a worker has finished the event meanwhile
	}
	return err == nil, err
}

// repair marks a FAILED event PROCESSED if its record is in Silver. The worker of the last delivery
// stored this record, but could not publish the notification or finish the item.
//
// For a FAILED batch, repair enqueues the batch instead, because parts of it can be missing.
func (s *passRun) repair(ctx context.Context, item Item) (bool, error) {
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
	if item.IsBatch() { // parts of the batch can be missing
		return false, s.redriveBatch(ctx, item)
	}
	processed := item
	processed.Status = Processed
	processed.FailedAt, processed.Failure = time.Time{}, Failure{}
	processed.ProcessedAt = toMillis(s.Now())
	processed.Silver = item.silverIn(s.SilverBucket)
	processed.Filtered = record.Filtered
	if !item.Replay.Quiet {
		if err := publish(ctx, s.Bus, processed); err != nil {
			return false, err
		}
	}
	return repairResult(processed, s.Items.Move(ctx, item, processed))
}

// redriveBatch puts a FAILED batch on the queue again, and then returns errEnqueued.
func (s *passRun) redriveBatch(ctx context.Context, item Item) error {
	next := item.Reopened(item.Replay.nextRedrive(), s.Now())
	ok, err := movedTo(next, s.Items.Move(ctx, item, next))
	switch {
	case err != nil:
		return err
	case !ok:
		return errOvertaken
	}
	return s.sendBatch(ctx, next.Event)
}

// sendBatch sends the message of a batch, and then returns errEnqueued.
func (s *passRun) sendBatch(ctx context.Context, batch Event) error {
	if err := s.Queue.SendMany(ctx, []Event{batch})[0]; err != nil {
		return unavailable("enqueue the batch", err)
	}
	return errEnqueued
}

// errEnqueued reports that a batch was put on the queue and not repaired.
var errEnqueued = errors.New("the batch was enqueued")

// errOvertaken reports that another writer changed the event's state before this pass repaired the
// event.
var errOvertaken = errors.New("another writer has changed the event's state")

// repairResult returns true if the event's PROCESSED item was stored. err is the error from storing
// it, or nil. If another writer has changed the event's state, repairResult returns errOvertaken.
func repairResult(processed Item, err error) (bool, error) {
	ok, err := movedTo(processed, err)
	if !ok && err == nil {
		return false, errOvertaken
	}
	return ok, err
}

// forEachItem calls the function step for all items concurrently, and counts the results:
//
//   - true: adds 1 to *done
//   - false: adds 1 to *notDone
//   - an error: adds 1 to a field of the report: Overtaken (errOvertaken), Reenqueued (errEnqueued)
//     or Errors
func (s *passRun) forEachItem(
	ctx context.Context, items []Item, done, notDone *int,
	step func(context.Context, Item) (bool, error),
) {
	var mu sync.Mutex
	forEach(items, func(_ int, item Item) {
		ok, err := step(ctx, item)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case errors.Is(err, errOvertaken):
			s.report.Overtaken++
		case errors.Is(err, errEnqueued):
			s.report.Reenqueued++
			s.markUnfinished(item.ReceivedAt.UTC().Truncate(time.Hour))
		case err != nil:
			s.countError(ctx, item.Event, err)
		case ok:
			*done++
		default:
			*notDone++
		}
	})
}
