package pipeline

import (
	"context"
	"slices"
)

// ItemReader reads items.
type ItemReader interface {
	// Get returns an event's current item, or ErrNotFound.
	Get(ctx context.Context, id string) (Item, error)
}

// LookUp returns the current state of an event, or ErrNotFound. An event of a batch has an item of
// its own only if it was split off alone. If the event was split off with a range, it has the state
// of the range. All other events have the state of their batch. A range exists only if it was split
// off.
func LookUp(ctx context.Context, items ItemReader, id string) (Item, error) {
	item, err := items.Get(ctx, id)
	batchID, span, isPart, ok := ParseID(id)
	if err != ErrNotFound || !ok || !isPart || span.Len() > 1 {
		return item, err
	}
	if item, err = items.Get(ctx, batchID); err != nil {
		return Item{}, err
	}
	if span.Last >= item.Count {
		return Item{}, ErrNotFound
	}
	for {
		parts := item.Parts()
		i := slices.IndexFunc(parts, func(part Event) bool { return part.span().contains(span) })
		if i < 0 {
			break
		}
		if item, err = items.Get(ctx, parts[i].ID); err != nil {
			return Item{}, err // a part without an item is unknown
		}
	}
	item.ID, item.SplitOff, item.Filtered = id, "", Filtered{}
	return item, nil
}
