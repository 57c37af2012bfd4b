package pipeline

import (
	"context"
	"encoding/json"
	"errors"
)

// storeRecord puts the record in Silver. A first record never takes another's place; a replay's takes the place of the
// one that was there when it looked, so that a write that arrives late can't undo a later replay's.
func (w Worker) storeRecord(ctx context.Context, record Record) error {
	line, err := record.Line()
	if err != nil {
		return err
	}
	key := Event{ID: record.ID, Type: record.Type, ReceivedAt: record.ReceivedAt}.SilverKey()
	if record.ReplayID == "" {
		// A record that exists is from an earlier delivery that did not get to the end.
		if err := w.Silver.Put(ctx, key, line); err != nil && !errors.Is(err, ErrExists) {
			return unavailable("store the record", err)
		}
		return nil
	}
	generation, version, err := generationIn(ctx, w.Silver, key)
	switch {
	case errors.Is(err, ErrNotFound):
		err = w.Silver.Put(ctx, key, line)
	case err == nil && generation == record.ReplayID:
		return nil // from an earlier delivery
	case err == nil:
		if err := w.stillWanted(ctx, record); err != nil {
			return err
		}
		err = w.Silver.Replace(ctx, key, line, version)
	}
	if err != nil { // with ErrExists and ErrChanged, too: the next delivery sees whose record is there
		return unavailable("replace the record", err)
	}
	return nil
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

// generationIn returns the replay id of the record under key, and the record's version. ErrNotFound: there is none.
func generationIn(ctx context.Context, silver SilverStore, key string) (replayID, version string, err error) {
	line, version, err := silver.GetVersion(ctx, key)
	if err != nil {
		return "", "", err
	}
	var record struct {
		ReplayID string `json:"replayId"`
	}
	// What can't be read is no record of ours, so it is none of this generation.
	if err := json.Unmarshal(line, &record); err != nil {
		return unreadableRecord, version, nil
	}
	return record.ReplayID, version, nil
}

// unreadableRecord is no replay's id.
const unreadableRecord = "?"
