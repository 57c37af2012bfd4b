package console

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/events"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Limits of one search request in Bronze.
const (
	searchHours  = 6    // maximum number of hours
	searchRows   = 200  // with this number of rows, the request ends after the current hour
	searchKeys   = 5000 // keys of one type in one hour; the search leaves out later keys
	oldestSearch = 90 * 24 * time.Hour
)

// typeList holds the event types that Bronze holds, or the reason why Bronze can't be read.
type typeList struct {
	types []string
	err   error
}

// bronzeTypes returns the event types that Bronze holds.
func (v *view) bronzeTypes(ctx context.Context) ([]string, error) {
	list := cached(&v.cache, "types", time.Minute, func() typeList {
		// Several browsers share the result. If one of them disconnects, the call must continue.
		types, err := v.BronzeBucket().Types(context.WithoutCancel(ctx), "")
		return typeList{types, err}
	})
	if list.err != nil {
		v.cache.forget("types")
	}
	return list.types, list.err
}

// searchBronze lists the matching events of a deployed pipeline, the newest hour first. If cursor
// is not "", searchBronze begins at the hour in cursor.
func (v *view) searchBronze(ctx context.Context, q query, cursor string) (rowsResponse, error) {
	types := []string{q.Type}
	if q.Type == "" {
		var err error
		if types, err = v.bronzeTypes(ctx); err != nil {
			return rowsResponse{}, fmt.Errorf("list the event types: %w", err)
		}
		if len(types) == 0 {
			return rowsResponse{Note: "Bronze holds no events."}, nil
		}
	}
	hour, oldest := searchRange(q, cursor, v.server.o.Now().UTC())
	var found rowsResponse
	partial := ""
	for range searchHours {
		items, complete, err := events.InHour(ctx, v.Pipeline, types, hour, searchKeys)
		if err != nil {
			return found, err
		}
		if !complete {
			partial = fmt.Sprintf(" An hour has more than %s events of one type: the list has the "+
				"first of them.", formatCount(searchKeys))
		}
		failed := countFailed(items)
		for _, item := range items {
			e := itemEvent(item, v.Slug)
			if e.Failed = failed[item.ID]; q.matches(&e) {
				found.Rows = append(found.Rows, e.row)
			}
		}
		hour = hour.Add(-time.Hour)
		if hour.Add(time.Hour).Before(oldest) {
			found.Note = "Searched back to " + formatMinute(oldest) + "." + partial
			return found, nil
		}
		if len(found.Rows) >= searchRows {
			break
		}
	}
	found.More = strconv.FormatInt(hour.Unix(), 10)
	found.Note = fmt.Sprintf("Searched %s back to %s. Each step lists the keys of up to %d hours "+
		"in Bronze and reads their items.%s", quantity(len(types), "type"),
		formatMinute(hour.Add(time.Hour)), searchHours, partial)
	return found, nil
}

// searchRange returns the newest hour and the oldest time of a search.
func searchRange(q query, cursor string, now time.Time) (hour, oldest time.Time) {
	hour, oldest = now.Truncate(time.Hour), now.Add(-oldestSearch)
	if !q.To.IsZero() && q.To.Before(hour) {
		hour = q.To.Truncate(time.Hour)
	}
	if seconds, err := strconv.ParseInt(cursor, 10, 64); err == nil {
		hour = time.Unix(seconds, 0).UTC()
	}
	if !q.From.IsZero() {
		oldest = q.From
	}
	return hour, oldest
}

func formatMinute(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }

// itemEvent returns the event that an item describes.
func itemEvent(item pipeline.Item, slug string) event {
	e := event{pipeline: slug, receivedAt: item.ReceivedAt}
	e.row = row{
		ID: item.ID, Type: escape(item.Type), Status: string(item.Status), Took: -1,
		Time: item.ReceivedAt.UnixMilli(), Caller: escape(item.Caller),
		Code: escape(string(item.Failure.Code)), Attempts: item.Attempts,
	}
	if item.IsBatch() {
		e.Count = item.Events()
	}
	if batch, _, isPart, _ := pipeline.ParseID(item.ID); isPart {
		e.Batch = batch
	}
	if took := events.Took(item); took >= 0 {
		e.Took = took.Milliseconds()
	}
	if item.Status == pipeline.Processed && item.Filtered != (pipeline.Filtered{}) {
		e.Mark, e.Code = events.MarkFiltered, escape(item.Filtered.Code)
	}
	e.Mark = cmp.Or(e.Mark, events.Mark(item))
	return e
}
