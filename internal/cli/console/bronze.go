package console

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Limits of a search in Bronze. One request of the page searches until one of them is reached.
const (
	searchHours  = 6    // hours
	searchRows   = 200  // rows
	searchKeys   = 5000 // objects of one type in one hour
	oldestSearch = 90 * 24 * time.Hour
)

// bronzeTypes returns the event types that Bronze holds, or nil if it can't be read.
func (v *view) bronzeTypes(ctx context.Context) []string {
	return cached(&v.cache, "types", time.Minute, func() []string {
		// Another reader may wait for the result, so a browser that disconnects must not cancel the
		// call.
		types, err := v.BronzeBucket().Types(context.WithoutCancel(ctx), "")
		if err != nil {
			return nil
		}
		return types
	})
}

// searchBronze lists the events of a deployed pipeline, an hour at a time, the newest hour first.
// before is the cursor: the hour at which the search continues. The table has no index by time, so
// the search lists the keys in Bronze and then reads the items of the events.
func (v *view) searchBronze(ctx context.Context, q query, before string) (rowsAnswer, error) {
	types := []string{q.Type}
	if q.Type == "" {
		if types = v.bronzeTypes(ctx); len(types) == 0 {
			return rowsAnswer{Note: "Bronze holds no events."}, nil
		}
	}
	now := v.server.o.Now().UTC()
	hour, oldest := now.Truncate(time.Hour), now.Add(-oldestSearch)
	if !q.To.IsZero() && q.To.Before(hour) {
		hour = q.To.Truncate(time.Hour)
	}
	if seconds, err := strconv.ParseInt(before, 10, 64); err == nil {
		hour = time.Unix(seconds, 0).UTC()
	}
	if !q.From.IsZero() {
		oldest = q.From
	}
	var found rowsAnswer
	for range searchHours {
		rows, err := v.searchHour(ctx, q, types, hour)
		if err != nil {
			return found, err
		}
		found.Rows = append(found.Rows, rows...)
		hour = hour.Add(-time.Hour)
		if hour.Add(time.Hour).Before(oldest) {
			found.Note = "Searched back to " + oldest.Local().Format("2006-01-02 15:04") + "."
			return found, nil
		}
		if len(found.Rows) >= searchRows {
			break
		}
	}
	found.More = strconv.FormatInt(hour.Unix(), 10)
	found.Note = fmt.Sprintf("Searched %s back to %s. Each step lists the keys of up to %d hours in "+
		"Bronze and reads their items.", plural(len(types), "type"),
		hour.Add(time.Hour).Local().Format("2006-01-02 15:04"), searchHours)
	return found, nil
}

// searchHour returns the rows of one hour, the newest first.
func (v *view) searchHour(
	ctx context.Context, q query, types []string, hour time.Time,
) ([]row, error) {
	ids := make([][]string, len(types))
	listing, listCtx := errgroup.WithContext(ctx)
	listing.SetLimit(8)
	for i, eventType := range types {
		listing.Go(func() (err error) {
			ids[i], err = v.idsIn(listCtx, pipeline.BronzeHourPrefix(eventType, hour))
			return err
		})
	}
	if err := listing.Wait(); err != nil {
		return nil, err
	}
	all := slices.Concat(ids...)
	slices.Sort(all)
	all = slices.Compact(all)
	var rows []row
	for chunk := range slices.Chunk(all, 100) {
		items, err := v.Items().GetMany(ctx, chunk)
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			if e := itemEvent(item, v.Slug); q.matches(&e) {
				rows = append(rows, e.row)
			}
		}
	}
	slices.SortFunc(rows, func(a, b row) int { return int(b.Time - a.Time) })
	return rows, nil
}

// idsIn returns the ids of the events whose Bronze keys begin with the prefix.
func (v *view) idsIn(ctx context.Context, prefix string) (ids []string, err error) {
	for after := ""; len(ids) < searchKeys; {
		objects, err := v.BronzeBucket().List(ctx, prefix, after)
		if err != nil || len(objects) == 0 {
			return ids, err
		}
		for _, o := range objects {
			id, _, _ := strings.Cut(strings.TrimPrefix(o.Key, prefix), ".json")
			if len(id) >= 36 && pipeline.ValidID(id[:36]) {
				ids = append(ids, id[:36])
			}
		}
		after = objects[len(objects)-1].Key
	}
	return ids, nil
}

// itemEvent returns the event that an item describes.
func itemEvent(item pipeline.Item, slug string) event {
	e := event{pipeline: slug, receivedAt: item.ReceivedAt}
	e.row = row{
		ID: item.ID, Type: visible(item.Type), Status: string(item.Status), Took: -1,
		Time: item.ReceivedAt.UnixMilli(), Caller: visible(item.Caller),
		Code: visible(string(item.Failure.Code)), Attempts: item.Attempts, Count: item.Count,
	}
	if batch, _, isPart, _ := pipeline.ParseID(item.ID); isPart {
		e.Batch = batch
	}
	switch item.Status {
	case pipeline.Processed:
		e.Took = item.ProcessedAt.Sub(item.ReceivedAt).Milliseconds()
		if item.Filtered != (pipeline.Filtered{}) {
			e.Mark, e.Code = "filtered", visible(item.Filtered.Code)
		}
	case pipeline.Failed:
		e.Took = item.FailedAt.Sub(item.ReceivedAt).Milliseconds()
	}
	switch {
	case e.Mark != "":
	case item.Replay.ID != "":
		e.Mark = "replayed"
	case item.Replay.Redrives > 0:
		e.Mark = "redriven"
	}
	return e
}
