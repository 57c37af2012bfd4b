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

// LookUp returns the current state of an event or a range, or ErrNotFound. A range has a state only
// if it was split off. The state of an event in a batch is that of:
//
//   - its own item, if it was split off as a single event
//   - the item of its range, if it was split off as part of a range
//   - the item of its batch in all other cases
//
// A later batch can have the same id as an expired batch. LookUp therefore ignores the item of an
// event or a range if it names another Bronze object than the batch's item.
func LookUp(ctx context.Context, items ItemReader, id string) (Item, error) {
	item, err := items.Get(ctx, id)
	batchID, span, isPart, ok := ParseID(id)
	if !ok || !isPart || err != nil && err != ErrNotFound {
		return item, err
	}
	batch, batchErr := items.Get(ctx, batchID)
	ownItem := err == nil && (batchErr == ErrNotFound || item.Bronze == batch.Bronze)
	switch {
	case batchErr != nil && batchErr != ErrNotFound:
		return Item{}, batchErr
	case ownItem:
		return item, nil
	case batchErr == ErrNotFound || span.Len() > 1 || span.Last >= batch.Count:
		return Item{}, ErrNotFound
	}
	for item = batch; ; {
		parts := item.Parts()
		i := slices.IndexFunc(parts, func(part Event) bool { return part.span().contains(span) })
		if i < 0 {
			break
		}
		item, err = items.Get(ctx, parts[i].ID)
		if err == nil && item.Bronze != batch.Bronze {
			err = ErrNotFound
		}
		if err != nil {
			return Item{}, err // a part without an item is unknown
		}
	}
	item.ID, item.SplitOff, item.Filtered = id, "", Filtered{}
	return item, nil
}
