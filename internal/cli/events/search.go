// Package events lists the events of a pipeline by their time of receipt.
//
// The events table has no index by time, but each key in Bronze contains the event's type and hour.
// A search therefore lists the keys in Bronze, and then reads the events' items.
package events

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Query selects events. Since is required. The other fields are optional: an empty field
// sets no condition.
type Query struct {
	Type, Caller string
	Status       pipeline.Status
	Since, Until time.Time // times of receipt; Until is exclusive
}

func (q Query) matches(item pipeline.Item) bool {
	return (q.Status == "" || item.Status == q.Status) &&
		(q.Caller == "" || item.Caller == q.Caller) &&
		!item.ReceivedAt.Before(q.Since) && (q.Until.IsZero() || item.ReceivedAt.Before(q.Until))
}

// Search returns the events that match the query, the newest first. After an error, the
// sequence ends.
func Search(ctx context.Context, p deployment.Pipeline, q Query) iter.Seq2[pipeline.Item, error] {
	return func(yield func(pipeline.Item, error) bool) {
		types, err := typesOf(ctx, p, q.Type)
		if err != nil {
			yield(pipeline.Item{}, err)
			return
		}
		last := q.Until
		if last.IsZero() {
			last = time.Now()
		}
		hour := last.UTC().Truncate(time.Hour)
		for ; hour.Add(time.Hour).After(q.Since); hour = hour.Add(-time.Hour) {
			items, _, err := InHour(ctx, p, types, hour, math.MaxInt)
			if err != nil {
				yield(pipeline.Item{}, err)
				return
			}
			for _, item := range items {
				if q.matches(item) && !yield(item, nil) {
					return
				}
			}
		}
	}
}

// typesOf returns eventType or, if eventType is empty, all types in Bronze.
func typesOf(ctx context.Context, p deployment.Pipeline, eventType string) ([]string, error) {
	if eventType != "" {
		return []string{eventType}, nil
	}
	return p.BronzeBucket().Types(ctx, "")
}

// Hours returns the hours in which a pipeline received events of the given types, the newest first.
// It reads one page of keys for each hour and type.
func Hours(
	ctx context.Context, p deployment.Pipeline, types []string,
) (hours []time.Time, err error) {
	for _, eventType := range types {
		prefix, after := pipeline.BronzeTypePrefix(eventType), ""
		for {
			objects, err := p.BronzeBucket().List(ctx, prefix, after)
			if err != nil {
				return nil, err
			}
			if len(objects) == 0 {
				break
			}
			after = objects[len(objects)-1].Key
			for _, o := range objects {
				if hour, ok := pipeline.BronzeHour(o.Key); ok {
					hours = append(hours, hour)
					after = pipeline.BronzeHourPrefix(eventType, hour) + "~" // after all its ids
					break
				}
			}
		}
	}
	slices.SortFunc(hours, func(a, b time.Time) int { return b.Compare(a) })
	return slices.CompactFunc(hours, time.Time.Equal), nil
}

// InHour returns the events of the given types that were received in an hour, the newest first. It
// stops reading a type's keys after the page that reaches limit keys. Then complete is false, and
// the hour can have more events.
func InHour(
	ctx context.Context, p deployment.Pipeline, types []string, hour time.Time, limit int,
) (items []pipeline.Item, complete bool, err error) {
	ids, complete, err := idsOf(ctx, p, types, hour, limit)
	if err != nil {
		return nil, false, err
	}
	items, err = readItems(ctx, p, ids)
	slices.SortFunc(items, func(a, b pipeline.Item) int {
		return cmp.Or(b.ReceivedAt.Compare(a.ReceivedAt), strings.Compare(b.ID, a.ID))
	})
	return items, complete, err
}

// ReceivedSince returns events of the given types that were received at or after since. It reads at
// most limit items for each type and hour. It can miss events with an idempotency key, because
// their ids contain no time.
func ReceivedSince(
	ctx context.Context, p deployment.Pipeline, types []string, since time.Time, limit int,
) (items []pipeline.Item, err error) {
	first := uuidAt(since)
	for hour := since.Truncate(time.Hour); !hour.After(time.Now()); hour = hour.Add(time.Hour) {
		for _, eventType := range types {
			prefix := pipeline.BronzeHourPrefix(eventType, hour)
			ids, err := idsAfter(ctx, p, prefix, prefix+first, limit)
			if err != nil {
				return nil, err
			}
			found, err := readItems(ctx, p, ids[:min(len(ids), limit)])
			if err != nil {
				return nil, err
			}
			items = append(items, found...)
		}
	}
	return slices.DeleteFunc(items, func(i pipeline.Item) bool {
		return i.ReceivedAt.Before(since)
	}), nil
}

// uuidAt returns the prefix of all UUIDv7s that contain the time t.
func uuidAt(t time.Time) string {
	hex := fmt.Sprintf("%012x", t.UnixMilli())
	return hex[:8] + "-" + hex[8:]
}

// readItems returns the items with the given ids. For a batch or range, it adds the items of its
// parts.
func readItems(
	ctx context.Context, p deployment.Pipeline, ids []string,
) (found []pipeline.Item, err error) {
	for len(ids) > 0 {
		var parts []string
		for chunk := range slices.Chunk(ids, maxItems) {
			some, err := p.Items().GetMany(ctx, chunk)
			if err != nil {
				return nil, err
			}
			for _, item := range some {
				found = append(found, item)
				for _, part := range item.Parts() {
					parts = append(parts, part.ID)
				}
			}
		}
		ids = parts
	}
	return found, nil
}

// Parts returns the items of the events and ranges that were split off a batch, and of the ranges'
// parts. It omits parts that have no item, and items that belong to another batch.
func Parts(
	ctx context.Context, p deployment.Pipeline, batch pipeline.Item,
) ([]pipeline.Item, error) {
	var ids []string
	for _, part := range batch.Parts() {
		ids = append(ids, part.ID)
	}
	items, err := readItems(ctx, p, ids)
	return slices.DeleteFunc(items, func(item pipeline.Item) bool {
		return item.Bronze != batch.Bronze
	}), err
}

// maxItems is the maximum number of items in a GetMany call: DynamoDB's quota for BatchGetItem.
const maxItems = 100

// idsOf returns the ids of the events and batches that were received in an hour. complete is false
// if a type has reached the limit.
func idsOf(
	ctx context.Context, p deployment.Pipeline, types []string, hour time.Time, limit int,
) (ids []string, complete bool, err error) {
	lists := make([][]string, len(types))
	listing, ctx := errgroup.WithContext(ctx)
	listing.SetLimit(8)
	for i, eventType := range types {
		listing.Go(func() (err error) {
			prefix := pipeline.BronzeHourPrefix(eventType, hour)
			lists[i], err = idsAfter(ctx, p, prefix, "", limit)
			return err
		})
	}
	if err := listing.Wait(); err != nil {
		return nil, false, err
	}
	complete = !slices.ContainsFunc(lists, func(list []string) bool { return len(list) >= limit })
	ids = slices.Concat(lists...)
	slices.Sort(ids)
	return slices.Compact(ids), complete, nil
}

// idsAfter returns the ids in the Bronze keys that begin with prefix and come after the key
// `after`. It reads whole pages of keys until it has at least limit ids.
func idsAfter(
	ctx context.Context, p deployment.Pipeline, prefix, after string, limit int,
) (ids []string, err error) {
	const idLength = 36
	for len(ids) < limit {
		objects, err := p.BronzeBucket().List(ctx, prefix, after)
		if err != nil || len(objects) == 0 {
			return ids, err
		}
		for _, o := range objects {
			name := strings.TrimPrefix(o.Key, prefix)
			if len(name) >= idLength && pipeline.ValidID(name[:idLength]) {
				ids = append(ids, name[:idLength])
			}
		}
		after = objects[len(objects)-1].Key
	}
	return ids, nil
}
