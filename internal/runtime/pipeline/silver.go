package pipeline

import (
	"context"
	"errors"
	"fmt"

	jsonv2 "github.com/go-json-experiment/json"
)

// storeRecords puts an event's records in Silver. It returns the first record of the object that
// Silver then holds.
//
//   - The first processing never overwrites an object.
//   - A replay replaces only the version that it has read. It never overwrites the records of a
//     later replay.
func (w Worker) storeRecords(ctx context.Context, records Records) (Record, error) {
	lines, err := records.Lines()
	if err != nil {
		return Record{}, err
	}
	first := records[0]
	key := Event{ID: first.ID, Type: first.Type, ReceivedAt: first.ReceivedAt}.SilverKey()
	if first.ReplayID == "" {
		err := w.Silver.Put(ctx, key, lines)
		if errors.Is(err, ErrExists) { // stored by an earlier delivery: its records are kept
			first, _, err = firstRecord(ctx, w.Silver, key)
		}
		if err != nil {
			return Record{}, unavailable("store the record", err)
		}
		return first, nil
	}
	existing, version, err := firstRecord(ctx, w.Silver, key)
	switch {
	case errors.Is(err, ErrNotFound):
		err = w.Silver.Put(ctx, key, lines)
	case err == nil && existing.ReplayID == first.ReplayID:
		return existing, nil // stored by an earlier delivery
	case err == nil:
		if err := w.checkGeneration(ctx, first.item().Event); err != nil {
			return Record{}, err
		}
		err = w.Silver.Replace(ctx, key, lines, version)
	}
	if err != nil { // after ErrExists or ErrChanged, the next delivery reads the new object
		return Record{}, unavailable("replace the record", err)
	}
	return first, nil
}

// recordOrError handles an error of the processor. It returns the record that an earlier delivery
// in the same replay has stored. Without such a record, it returns the processor's error.
func (w Worker) recordOrError(
	ctx context.Context, event Event, processorErr error,
) (Record, error) {
	record, _, err := firstRecord(ctx, w.Silver, event.SilverKey())
	switch {
	case errors.Is(err, ErrNotFound), err == nil && record.ReplayID != event.Replay.ID:
		return Record{}, processorErr
	case err != nil:
		err = fmt.Errorf("%w, after the processor's error: %w", err, processorErr)
		return Record{}, unavailable("get the record of an earlier delivery", err)
	}
	return record, nil
}

// outdatedError reports that the event is finished or has a newer generation.
type outdatedError struct{ item Item }

func (e outdatedError) Error() string {
	return "event " + e.item.ID + " is finished or has a newer generation"
}

// skipIfOutdated skips the task and returns nil if err is an outdatedError. It returns other
// errors.
func (t *task) skipIfOutdated(err error) error {
	var outdated outdatedError
	if !errors.As(err, &outdated) {
		return err
	}
	t.item, t.Skipped = outdated.item, true
	return nil
}

// checkGeneration returns an outdatedError if the event is finished or a later replay has reopened
// it.
//
// Call it after you read the old record and before Replace. A later replay changes the item before
// the record, so Replace then never overwrites the later record.
func (w Worker) checkGeneration(ctx context.Context, event Event) error {
	items, err := w.Items.GetMany(ctx, []string{event.ID})
	if err != nil {
		return unavailable("look up the event's item again", err)
	}
	item, ok := items[event.ID]
	if ok && (item.Status != Enqueued || item.Replay.ID != event.Replay.ID) {
		return outdatedError{item}
	}
	return nil
}

// unreadableRecord serves as the replay id of a record that can't be decoded. No replay has this
// id.
const unreadableRecord = "?"

// firstRecord returns the first record of the object under key, and the object's version. It
// returns ErrNotFound if there is no object.
func firstRecord(ctx context.Context, silver SilverStore, key string) (Record, string, error) {
	lines, version, err := silver.GetVersion(ctx, key)
	if err != nil {
		return Record{}, "", err
	}
	return decodeFirst(lines), version, nil
}

// decodeFirst returns the first record of a Silver object.
func decodeFirst(lines []byte) Record {
	var record Record
	if err := jsonv2.UnmarshalDecode(newRecordDecoder(lines), &record); err != nil {
		return Record{ReplayID: unreadableRecord}
	}
	return record
}
