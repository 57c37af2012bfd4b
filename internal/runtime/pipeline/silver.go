package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// storeRecords puts the records in Silver and returns the first of those that are there then. First records never take
// others' place; a replay's take the place of those that were there when it looked, so that a write that arrives late
// can't undo a later replay's.
func (w Worker) storeRecords(ctx context.Context, records Records) (Record, error) {
	lines, err := records.Lines()
	if err != nil {
		return Record{}, err
	}
	first := records[0]
	key := Event{ID: first.ID, Type: first.Type, ReceivedAt: first.ReceivedAt}.SilverKey()
	if first.ReplayID == "" {
		err := w.Silver.Put(ctx, key, lines)
		if errors.Is(err, ErrExists) {
			return w.storedBefore(ctx, key)
		}
		if err != nil {
			return Record{}, unavailable("store the record", err)
		}
		return first, nil
	}
	there, version, err := firstRecord(ctx, w.Silver, key)
	switch {
	case errors.Is(err, ErrNotFound):
		err = w.Silver.Put(ctx, key, lines)
	case err == nil && there.ReplayID == first.ReplayID:
		return there, nil // from an earlier delivery
	case err == nil:
		if err := w.stillWanted(ctx, first); err != nil {
			return Record{}, err
		}
		err = w.Silver.Replace(ctx, key, lines, version)
	}
	if err != nil { // with ErrExists and ErrChanged, too: the next delivery sees whose record is there
		return Record{}, unavailable("replace the record", err)
	}
	return first, nil
}

// storedBefore is the record of an earlier delivery that did not get to the end. It is what counts: a processor may make
// another of the same payload today.
func (w Worker) storedBefore(ctx context.Context, key string) (Record, error) {
	record, _, err := firstRecord(ctx, w.Silver, key)
	if err != nil {
		return Record{}, unavailable("get the record that is there", err)
	}
	return record, nil
}

// storedDespite is the same for a processor that makes nothing of the event today: without such a record, what it says
// counts.
func (w Worker) storedDespite(ctx context.Context, event Event, says error) (Record, error) {
	record, _, err := firstRecord(ctx, w.Silver, event.SilverKey())
	switch {
	case errors.Is(err, ErrNotFound), err == nil && record.ReplayID != event.Replay.ID:
		return Record{}, says
	case err != nil:
		return Record{}, unavailable("look for an earlier delivery's record", fmt.Errorf("%w; it is looked for since %w", err, says))
	}
	return record, nil
}

// overtaken is a record of a generation that the event has left behind.
type overtaken struct{ item Item }

func (o overtaken) Error() string { return "event " + o.item.ID + " is in a later generation" }

// stillWanted looks at the item once more, behind the record that is to be replaced: a worker that was slow may come to
// the record of a later replay, which moved the item before. A replay that moves it after this replaces the record, so
// that its version is another.
func (w Worker) stillWanted(ctx context.Context, record Record) error {
	items, err := w.Items.GetMany(ctx, []string{record.ID})
	if err != nil {
		return unavailable("look up the event's item again", err)
	}
	if item, ok := items[record.ID]; ok && (item.Status != Enqueued || item.Replay.ID != record.ReplayID) {
		return overtaken{item}
	}
	return nil
}

// firstRecord returns the first record under key, and the version of the object, which holds one event's. ErrNotFound:
// there is none.
func firstRecord(ctx context.Context, silver SilverStore, key string) (Record, string, error) {
	lines, version, err := silver.GetVersion(ctx, key)
	if err != nil {
		return Record{}, "", err
	}
	var record Record
	// What can't be read is no record of ours, so it is none of any generation.
	if err := json.NewDecoder(bytes.NewReader(lines)).Decode(&record); err != nil {
		return Record{ReplayID: unreadableRecord}, version, nil
	}
	return record, version, nil
}

// unreadableRecord is no replay's id.
const unreadableRecord = "?"
