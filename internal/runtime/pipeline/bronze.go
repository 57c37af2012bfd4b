package pipeline

import (
	"context"
	"time"
)

// BronzeLister lists the types and objects in Bronze, in pages.
type BronzeLister interface {
	// Types returns a page of event types that sort after the given type, in key order. After the
	// last type, the page is empty.
	Types(ctx context.Context, after string) ([]string, error)
	// List returns a page of objects with the prefix whose keys sort after the given key, in key
	// order. After the last key, the page is empty.
	List(ctx context.Context, prefix, after string) ([]Object, error)
}

// Object represents an object in a listing of Bronze.
type Object struct {
	Key          string
	LastModified time.Time
}

// forEachPage calls fn with each page of a type's objects whose keys are between low and high, both
// exclusive.
func forEachPage(
	ctx context.Context, bronze BronzeLister, eventType, low, high string,
	fn func([]Object) error,
) error {
	for {
		objects, err := bronze.List(ctx, BronzeTypePrefix(eventType), low)
		if err != nil {
			return unavailable("list Bronze", err)
		}
		page := objects
		for i, o := range objects {
			if o.Key >= high {
				page = objects[:i]
				break
			}
		}
		if len(page) > 0 {
			if err := fn(page); err != nil {
				return err
			}
			low = page[len(page)-1].Key
		}
		if len(page) < len(objects) || len(page) == 0 {
			return nil
		}
	}
}

// itemsOf looks up the items of the objects' events. The map's keys are event ids.
func itemsOf(ctx context.Context, items ItemUpdater, objects []Object) (map[string]Item, error) {
	return getItems(ctx, items, objects, func(o Object) string {
		id, _, _ := parseBronzeKey(o.Key)
		return id
	})
}
