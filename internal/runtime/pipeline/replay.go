package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Replayer processes archived events again. It finds PROCESSED or FAILED events in Bronze, reopens
// them, and puts them on the queue. Their new records replace the old ones.
//
// On request, it also enqueues orphans: objects in Bronze whose events have no item and no record.
type Replayer struct {
	Bronze interface {
		BronzeLister
		BronzeReader
	}
	Items       Items
	Silver      SilverStore
	Queue       BatchSender
	Checkpoints CheckpointStore
	Throttle    func(ctx context.Context, n int) error // blocks until n more events may be sent
	Processor   Processor                              // for Compare; nil keeps payloads unchanged
	ChunkSize   int                                    // events per call of progress; 0 means 100

	BronzeBucket string // name of the bucket; only orphans need it
	Now          func() time.Time
}

// ReplayRequest selects events of one type that were received at From or later, and before To.
type ReplayRequest struct {
	Replay   Replay    `json:"replay"` // its id stays the same when the replay is resumed
	Type     string    `json:"type"`
	From, To time.Time `json:"-"`
	// EventID selects one event, or one batch with its parts. From and To must then be in the same
	// hour. Compare also accepts the id of an event that is still in its batch.
	EventID string `json:"-"`
	Failed  bool   `json:"-"` // redrives FAILED events whose DLQ messages can be lost
	Orphans bool   `json:"-"` // enqueues only orphans
	DryRun  bool   `json:"-"`
}

// ReplayCounts reports the progress of a replay.
type ReplayCounts struct {
	Scanned  int `json:"scanned"`  // objects in Bronze
	Matched  int `json:"matched"`  // events in the time range
	Sent     int `json:"sent"`     // events put on the queue; in a dry run, events to put there
	Done     int `json:"done"`     // events that need no replay: see needs
	Enqueued int `json:"enqueued"` // skipped events whose message is on the queue
	Failed   int `json:"failed"`   // skipped events that are FAILED
	Orphans  int `json:"orphans"`  // skipped objects that have no event of their own
	Young    int `json:"young"`    // with Orphans: skipped objects younger than MinOrphanAge
}

// Run replays the events in the order of their Bronze keys, from the first key after lastKey. If
// lastKey is empty, it begins with the first event.
//
// Run calls progress with a key when all events up to that key are on the queue.
//
// A replay that resumes after that key omits no event. It can send an event twice, but the event's
// records are stored once.
func (r Replayer) Run(
	ctx context.Context, req ReplayRequest, lastKey string,
	progress func(lastKey string, counts ReplayCounts) error,
) error {
	var counts ReplayCounts
	chosen := make(map[string]bool)
	return r.forEachPage(ctx, req, lastKey, func(objects []Object) error {
		for chunk := range slices.Chunk(objects, cmp.Or(r.ChunkSize, 100)) {
			selected, err := r.selectEvents(ctx, req, chunk, chosen, &counts)
			if err != nil {
				return err
			}
			if err := r.send(ctx, req, selected, &counts); err != nil {
				return err
			}
			if err := progress(chunk[len(chunk)-1].Key, counts); err != nil {
				return err
			}
		}
		return nil
	})
}

// forEachPage calls fn with each page of objects from the hours that the request covers. If the
// request names an event, fn gets only the objects of that event or its batch.
func (r Replayer) forEachPage(
	ctx context.Context, req ReplayRequest, after string, fn func([]Object) error,
) error {
	low := BronzeHourPrefix(req.Type, req.From)
	high := BronzeHourPrefix(req.Type, req.To.Add(time.Hour))
	if req.EventID != "" {
		low += Event{ID: req.EventID}.batchID()
		high = low + "/" // sorts after ".json" and after "-" and a hash
	}
	return forEachPage(ctx, r.Bronze, req.Type, max(low, after), high, fn)
}

// candidate represents an event that can be replayed.
type candidate struct {
	item    Item
	hasItem bool // false if the table has no item: then item is derived from the record or object
	orphan  bool // item is derived from the object
}

// selectEvents returns the events that must be sent. It counts all scanned events.
func (r Replayer) selectEvents(
	ctx context.Context, req ReplayRequest, objects []Object, chosen map[string]bool,
	counts *ReplayCounts,
) ([]candidate, error) {
	candidates, err := r.findItems(ctx, req, objects)
	if err != nil {
		return nil, err
	}
	var selected, found []candidate
	for i, o := range objects {
		if _, _, ok := parseBronzeKey(o.Key); !ok {
			continue
		}
		counts.Scanned++
		c := candidates[i]
		if req.Orphans && c.item.ID == "" {
			if c, ok := r.selectOrphan(req, o, chosen, counts); ok {
				selected = append(selected, c)
			}
			continue
		}
		if c.item.Bronze.Key != o.Key {
			counts.Orphans++
			continue
		}
		if req.includes(c.item) {
			found = append(found, c)
		}
	}
	all, err := r.withParts(ctx, found)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if !req.selects(c.item) {
			continue
		}
		counts.Matched += c.item.ownEvents()
		if req.needs(c.item, counts) {
			selected = append(selected, c)
		}
	}
	return selected, nil
}

// withParts returns all candidates, and the parts of the candidates that are batches. A replay
// treats each part as a separate event.
func (r Replayer) withParts(ctx context.Context, all []candidate) ([]candidate, error) {
	for next := all; len(next) > 0; {
		var parts []Event
		for _, c := range next {
			parts = append(parts, c.item.Parts()...)
		}
		next = nil
		items, err := getItems(ctx, r.Items, parts, func(e Event) string { return e.ID })
		if err != nil {
			return nil, err
		}
		for _, part := range parts {
			item, hasItem := items[part.ID]
			if !hasItem {
				if item, err = r.itemFromSilver(ctx, part); err != nil {
					return nil, err
				}
			}
			if item.Bronze == part.Bronze {
				next = append(next, candidate{item: item, hasItem: hasItem})
			}
		}
		all = append(all, next...)
	}
	return all, nil
}

// findItems returns the items of the objects' events. It derives missing items from the events'
// records. An event with neither an item nor a record gets an item whose ID is "".
func (r Replayer) findItems(
	ctx context.Context, req ReplayRequest, objects []Object,
) ([]candidate, error) {
	items, err := itemsOf(ctx, r.Items, objects)
	if err != nil {
		return nil, err
	}
	candidates, errs := make([]candidate, len(objects)), make([]error, len(objects))
	forEach(objects, func(i int, o Object) {
		id, hour, ok := parseBronzeKey(o.Key)
		item, hasItem := items[id]
		if ok && !hasItem {
			event := Event{ID: id, Type: req.Type, ReceivedAt: hour}
			item, errs[i] = r.itemFromSilver(ctx, event)
		}
		candidates[i] = candidate{item: item, hasItem: hasItem}
	})
	return candidates, errors.Join(errs...)
}

// selects reports whether the request names the event, its batch, or no event at all.
func (req ReplayRequest) selects(item Item) bool {
	return req.EventID == "" || item.ID == req.EventID || item.batchID() == req.EventID
}

func (req ReplayRequest) includes(item Item) bool {
	return !item.ReceivedAt.Before(req.From) && item.ReceivedAt.Before(req.To)
}

// needs reports whether the replay must send an event. Otherwise it adds the event to a count. The
// count Done contains:
//
//   - if req.Failed is true: PROCESSED events
//   - if req.Orphans is true: events that have an item or a record
//   - otherwise: events that are finished in this replay's generation, or PROCESSED in a later one
func (req ReplayRequest) needs(item Item, counts *ReplayCounts) bool {
	own, earlier := item.Replay.ID == req.Replay.ID, item.Replay.ID < req.Replay.ID
	n := item.ownEvents()
	switch {
	case req.Failed && item.Status == Failed:
		return true
	case req.Failed && item.Status == Processed:
		counts.Done += n
	case req.Failed: // if an earlier run reopened it, the reconciler enqueues it
		counts.Enqueued += n
	case own && item.Status == Enqueued: // reopened, but maybe not sent
		return true
	case req.Orphans:
		counts.Done += n
	case earlier && item.Status == Processed:
		return true
	case own, item.Status == Processed: // by this replay or by one that began later
		counts.Done += n
	case item.Status == Failed:
		counts.Failed += n
	default:
		counts.Enqueued += n
	}
	return false
}

// itemFromSilver derives a missing item from the event's record. The record can belong to another
// Bronze object of the event.
//
// Without a record, itemFromSilver returns the zero Item, because the API possibly never accepted
// the event.
func (r Replayer) itemFromSilver(ctx context.Context, event Event) (Item, error) {
	lines, _, err := r.Silver.GetVersion(ctx, event.SilverKey())
	if errors.Is(err, ErrNotFound) {
		return Item{}, nil
	}
	if err != nil {
		return Item{}, unavailable("get the record of an event without an item", err)
	}
	record := decodeFirst(lines)
	item := record.item()
	item.ID, item.ExpiresAt = event.ID, record.ProcessedAt // an unreadable record has no id
	if item.IsBatch() {
		records, err := ReadRecords(lines)
		if err != nil {
			return Item{}, wrapError(Internal, "read the records of batch "+item.ID, err)
		}
		item.SplitOff, item.Filtered = newBatchObject(item.Event, records).splitOff(), Filtered{}
	}
	return item, nil
}

// send reopens the selected events and then puts them on the queue. In the reverse order, a worker
// could skip a message, because the item does not have the message's generation yet.
//
// After a crash between the two steps, the resumed replay sends the missing messages.
func (r Replayer) send(
	ctx context.Context, req ReplayRequest, selected []candidate, counts *ReplayCounts,
) error {
	all := 0
	for _, c := range selected {
		all += c.item.ownEvents()
	}
	if req.DryRun || len(selected) == 0 {
		counts.Sent += all
		return nil
	}
	if err := r.Throttle(ctx, all); err != nil {
		return err
	}
	earliest := slices.MinFunc(selected, func(a, b candidate) int {
		return a.item.ReceivedAt.Compare(b.item.ReceivedAt)
	})
	if err := Rewind(ctx, r.Checkpoints, earliest.item.ReceivedAt, r.Now()); err != nil {
		return err
	}
	events, err := r.reopenAll(ctx, req, selected)
	if err != nil {
		return err
	}
	sent := 0
	for _, item := range events {
		sent += item.ownEvents()
	}
	counts.Enqueued += all - sent
	if err := errors.Join(r.Queue.SendMany(ctx, eventsIn(events))...); err != nil {
		return unavailable("enqueue the events", err)
	}
	counts.Sent += sent
	return nil
}

func eventsIn(items []Item) []Event {
	events := make([]Event, len(items))
	for i, item := range items {
		events[i] = item.Event
	}
	return events
}

// maxMoves is the maximum number of items that a replay reopens at the same time. A replay of
// orphans uses the lower limit maxConcurrent, because it holds payloads in memory.
const maxMoves = 64

// reopenAll sets the events to ENQUEUED in this replay's generation. It returns the changed events
// in the order of selected. It omits events that another writer has changed since they were read.
func (r Replayer) reopenAll(
	ctx context.Context, req ReplayRequest, selected []candidate,
) ([]Item, error) {
	limit := maxMoves
	if req.Orphans {
		limit = maxConcurrent
	}
	n := len(selected)
	items, changed, errs := make([]Item, n), make([]bool, n), make([]error, n)
	forEachLimited(limit, selected, func(i int, c candidate) {
		items[i], changed[i], errs[i] = r.reopen(ctx, req, c)
		if errs[i] != nil {
			errs[i] = fmt.Errorf("reopen event %s: %w", c.item.ID, errs[i])
		}
	})
	if err := errors.Join(errs...); err != nil {
		return nil, unavailable("reopen the events", err)
	}
	var reopened []Item
	for i, item := range items {
		if changed[i] {
			reopened = append(reopened, item)
		}
	}
	return reopened, nil
}

func (r Replayer) reopen(ctx context.Context, req ReplayRequest, c candidate) (Item, bool, error) {
	if c.item.Status == Enqueued {
		return c.item, true, nil // reopened by an earlier run of this replay
	}
	if c.orphan {
		event, err := r.describePayload(ctx, c.item.Event)
		if err != nil {
			return Item{}, false, err
		}
		c.item.Event = event
	}
	generation := req.Replay
	if c.item.Status == Failed {
		generation = c.item.Replay.nextRedrive()
	}
	next := c.item.Reopened(generation, r.Now())
	if c.hasItem {
		ok, err := movedTo(next, r.Items.Move(ctx, c.item, next))
		return next, ok, err
	}
	existing, err := r.Items.Create(ctx, next)
	if errors.Is(err, ErrExists) {
		return next, existing.SameState(next), nil
	}
	return next, err == nil, err
}
