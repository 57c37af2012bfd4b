package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// ReplayBronze is Bronze as a replay sees it.
type ReplayBronze interface {
	BronzeLister
	BronzeReader
}

// ReplayItems are the items as a replay sees and moves them. GetMany's are as they are now.
type ReplayItems interface {
	ItemMover
	// Create is ItemCreator's.
	Create(ctx context.Context, item Item) (old Item, err error)
}

// Replayer processes events once more that are PROCESSED, or FAILED: from Bronze, into the same records.
type Replayer struct {
	Bronze      ReplayBronze
	Items       ReplayItems
	Silver      SilverStore
	Queue       BatchSender
	Checkpoints CheckpointStore
	Throttle    func(ctx context.Context, n int) error // returns when n more events may be sent
	Processor   Processor                              // the transformation that Compare takes for today's; nil is the platform's own
	ChunkSize   int                                    // how many are reopened before they are sent; 0 is 100
	Now         func() time.Time
}

// ReplayRequest says what is to be replayed: the events of a type received from From on and before To.
type ReplayRequest struct {
	Replay   Replay    `json:"replay"` // its id is this replay's, and the same when it is resumed
	Type     string    `json:"type"`
	From, To time.Time `json:"-"`
	Failed   bool      `json:"-"` // the FAILED events of that time, and no others: a redrive that needs no messages in the DLQ
	DryRun   bool      `json:"-"`
}

// ReplayCounts is how far a replay is.
type ReplayCounts struct {
	Scanned  int `json:"scanned"`  // objects in Bronze
	Matched  int `json:"matched"`  // events of the time that was asked for
	Sent     int `json:"sent"`     // put on the queue, or to be put there with DryRun
	Done     int `json:"done"`     // this replay, or a later one, has put them there before, and they are at their end; of FAILED events: they are PROCESSED
	Enqueued int `json:"enqueued"` // not touched: they are on their way
	Failed   int `json:"failed"`   // not touched: they were not asked for
	Orphans  int `json:"orphans"`  // objects of requests that were never acknowledged, or of another with the same key
}

// Run replays what comes after a key, "" at first. It calls done, again and again, when all up to a key is on the queue; a
// replay that is resumed with that key leaves nothing out. An event may be sent twice then, and is processed once.
func (r Replayer) Run(ctx context.Context, req ReplayRequest, after string, done func(after string, counts ReplayCounts) error) error {
	counts := ReplayCounts{}
	return r.walk(ctx, req, after, func(objects []Object) error {
		for part := range slices.Chunk(objects, cmp.Or(r.ChunkSize, 100)) {
			found, err := r.find(ctx, req, part, &counts)
			if err != nil {
				return err
			}
			if err := r.send(ctx, req, found, &counts); err != nil {
				return err
			}
			if err := done(part[len(part)-1].Key, counts); err != nil {
				return err
			}
		}
		return nil
	})
}

// walk lists the objects in which the request's events are, a page at a time.
func (r Replayer) walk(ctx context.Context, req ReplayRequest, after string, page func([]Object) error) error {
	if after == "" {
		after = BronzeHourPrefix(req.Type, req.From)
	}
	end := BronzeHourPrefix(req.Type, req.To.Add(time.Hour))
	for {
		objects, err := r.Bronze.List(ctx, bronzePrefix(req.Type), after)
		if err != nil {
			return unavailable("list Bronze", err)
		}
		inside := before(objects, end)
		if len(inside) > 0 {
			if err := page(inside); err != nil {
				return err
			}
			after = inside[len(inside)-1].Key
		}
		if len(inside) < len(objects) || len(inside) == 0 {
			return nil
		}
	}
}

// candidate is an event to be replayed.
type candidate struct {
	item  Item
	known bool // it has an item; otherwise its item has expired
}

// find picks the events that are to be sent.
func (r Replayer) find(ctx context.Context, req ReplayRequest, objects []Object, counts *ReplayCounts) ([]candidate, error) {
	items, err := itemsOf(ctx, r.Items, objects)
	if err != nil {
		return nil, err
	}
	var found []candidate
	for _, o := range objects {
		id, hour, ok := parseBronzeKey(o.Key)
		if !ok {
			continue
		}
		counts.Scanned++
		item, known := items[id]
		if !known {
			if item, err = r.fromSilver(ctx, Event{ID: id, Type: req.Type, ReceivedAt: hour}, o.Key); err != nil {
				return nil, err
			}
		}
		if item.Bronze.Key != o.Key {
			counts.Orphans++
			continue
		}
		if item.ReceivedAt.Before(req.From) || !item.ReceivedAt.Before(req.To) {
			continue
		}
		counts.Matched++
		if req.Failed {
			found = appendFailed(found, item, counts)
			continue
		}
		switch mine := item.Replay.ID == req.Replay.ID; {
		case mine && item.Status == Enqueued, item.Replay.ID < req.Replay.ID && item.Status == Processed:
			found = append(found, candidate{item, known})
		case mine, item.Status == Processed: // by a replay that began later
			counts.Done++
		case item.Status == Failed:
			counts.Failed++
		default:
			counts.Enqueued++
		}
	}
	return found, nil
}

// appendFailed appends the event if it is FAILED. One that was reopened by an earlier part of this replay that then
// crashed is the reconciler's.
func appendFailed(found []candidate, item Item, counts *ReplayCounts) []candidate {
	switch item.Status {
	case Failed:
		return append(found, candidate{item, true})
	case Processed:
		counts.Done++
	default:
		counts.Enqueued++
	}
	return found
}

// fromSilver makes the item of an event whose own has expired of its record. Without a record it can't be told from a
// request that was never acknowledged, and the item is the zero one.
func (r Replayer) fromSilver(ctx context.Context, place Event, bronzeKey string) (Item, error) {
	record, _, err := firstRecord(ctx, r.Silver, place.SilverKey())
	if errors.Is(err, ErrNotFound) {
		return Item{}, nil
	}
	if err != nil {
		return Item{}, unavailable("get the record", err)
	}
	if record.Source.Key != bronzeKey {
		return Item{}, nil
	}
	return Item{Status: Processed, ProcessedAt: record.ProcessedAt, ExpiresAt: record.ProcessedAt, Event: Event{
		ID: record.ID, Type: record.Type, ReceivedAt: record.ReceivedAt, Bronze: record.Source.Location,
		SHA256: record.Source.SHA256, Bytes: record.Source.Bytes, Replay: Replay{ID: record.ReplayID},
	}}, nil
}

// send reopens events and puts them on the queue, in this order: a message of a replay that the item does not name is
// out of date. Whoever comes after a crash between the two finds them ENQUEUED for this replay and sends them.
func (r Replayer) send(ctx context.Context, req ReplayRequest, part []candidate, counts *ReplayCounts) error {
	if req.DryRun || len(part) == 0 {
		counts.Sent += len(part)
		return nil
	}
	if err := r.Throttle(ctx, len(part)); err != nil {
		return err
	}
	earliest := slices.MinFunc(part, func(a, b candidate) int { return a.item.ReceivedAt.Compare(b.item.ReceivedAt) })
	if err := Rewind(ctx, r.Checkpoints, earliest.item.ReceivedAt, r.Now()); err != nil {
		return err
	}
	events, err := r.reopen(ctx, req, part)
	if err != nil {
		return err
	}
	counts.Enqueued += len(part) - len(events)
	if err := errors.Join(r.Queue.SendMany(ctx, events)...); err != nil {
		return unavailable("queue the events", err)
	}
	counts.Sent += len(events)
	return nil
}

// reopen sets the events ENQUEUED for this replay and returns those that are. Another may have moved one meanwhile.
func (r Replayer) reopen(ctx context.Context, req ReplayRequest, part []candidate) ([]Event, error) {
	var mu sync.Mutex
	var events []Event
	var errs []error
	var running sync.WaitGroup
	slots := make(chan struct{}, sideBySide)
	for _, c := range part {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			event, ok, err := r.reopenOne(ctx, req, c)
			mu.Lock()
			defer mu.Unlock()
			if ok {
				events = append(events, event)
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("reopen event %s: %w", c.item.ID, err))
			}
		})
	}
	running.Wait()
	if len(errs) > 0 {
		return nil, unavailable("reopen the events", errors.Join(errs...))
	}
	return events, nil
}

func (r Replayer) reopenOne(ctx context.Context, req ReplayRequest, c candidate) (Event, bool, error) {
	if c.item.Status == Enqueued {
		return c.item.Event, true, nil // an earlier part of this replay reopened it
	}
	generation := req.Replay
	if c.item.Status == Failed {
		generation = c.item.Replay.NextRedrive()
	}
	next := c.item.Reopened(generation, r.Now())
	if c.known {
		ok, err := moved(r.Items.Move(ctx, c.item, next), next)
		return next.Event, ok, err
	}
	old, err := r.Items.Create(ctx, next)
	if errors.Is(err, ErrExists) {
		return next.Event, old.SameState(next), nil
	}
	return next.Event, err == nil, err
}
