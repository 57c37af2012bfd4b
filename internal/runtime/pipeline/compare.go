package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"sync"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/jsonpointer"
)

// Comparison counts how today's transformation of Bronze differs from what Silver holds.
type Comparison struct {
	Scanned int `json:"scanned"` // objects in Bronze
	Same    int `json:"same"`
	Changed int `json:"changed"`
	Missing int `json:"missing"` // Silver has no record
	Refused int `json:"refused"` // there is a record, but today's transformation refuses the payload or fails
	Skipped int `json:"skipped"` // events that are not PROCESSED, and objects that are no event's
}

// Difference is one event whose record would be another today.
type Difference struct {
	EventID string   `json:"eventId"`
	Kind    string   `json:"kind"`             // changed, missing or refused
	Fields  []string `json:"fields,omitempty"` // RFC 6901 pointers into the record, or the list of several: the first that differ
	Reason  string   `json:"reason,omitempty"` // why it is refused, or changed without Fields
}

// maxFields is how many differing fields a Difference names.
const maxFields = 5

// Compare makes the records of a request's PROCESSED events anew and compares them with Silver's. It writes nothing.
func (r Replayer) Compare(ctx context.Context, req ReplayRequest, differs func(Difference), page func(after string, counts Comparison) error) error {
	var counts Comparison
	return r.walk(ctx, req, "", func(objects []Object) error {
		items, err := itemsOf(ctx, r.Items, objects)
		if err != nil {
			return err
		}
		for _, result := range r.compareAll(ctx, req, objects, items) {
			if result.err != nil {
				return result.err
			}
			counts.add(result)
			if result.Kind != "" {
				differs(result.Difference)
			}
		}
		return page(objects[len(objects)-1].Key, counts)
	})
}

// compared is what came out for one object.
type compared struct {
	Difference
	skipped bool
	err     error
}

// compareAll compares objects side by side and returns the results in their order.
func (r Replayer) compareAll(ctx context.Context, req ReplayRequest, objects []Object, items map[string]Item) []compared {
	results := make([]compared, len(objects))
	var running sync.WaitGroup
	slots := make(chan struct{}, sideBySide)
	for i, o := range objects {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			results[i] = r.compare(ctx, req, o, items)
		})
	}
	running.Wait()
	return results
}

func (r Replayer) compare(ctx context.Context, req ReplayRequest, o Object, items map[string]Item) compared {
	id, hour, ok := parseBronzeKey(o.Key)
	item, known := items[id]
	if ok && !known {
		var err error
		if item, err = r.fromSilver(ctx, Event{ID: id, Type: req.Type, ReceivedAt: hour}, o.Key); err != nil {
			return compared{err: err}
		}
	}
	if item.Bronze.Key != o.Key || item.Status != Processed || item.ReceivedAt.Before(req.From) || !item.ReceivedAt.Before(req.To) {
		return compared{skipped: true}
	}
	d, err := r.difference(ctx, item)
	return compared{Difference: d, err: err}
}

func (c *Comparison) add(result compared) {
	c.Scanned++
	switch {
	case result.skipped:
		c.Skipped++
	case result.Kind == "changed":
		c.Changed++
	case result.Kind == "missing":
		c.Missing++
	case result.Kind == "refused":
		c.Refused++
	default:
		c.Same++
	}
}

// difference compares an event's record with what would be its record today.
func (r Replayer) difference(ctx context.Context, item Item) (Difference, error) {
	old, _, err := r.Silver.GetVersion(ctx, item.SilverKey())
	if errors.Is(err, ErrNotFound) {
		return Difference{EventID: item.ID, Kind: "missing"}, nil
	}
	if err != nil {
		return Difference{}, unavailable("get the record", err)
	}
	payload, err := readPayload(ctx, r.Bronze, item.Event)
	if err != nil && !Permanent(ErrorCode(err)) {
		return Difference{}, err
	}
	var today []byte
	if err == nil {
		today, err = r.linesToday(ctx, item, payload)
	}
	if stopped := ctx.Err(); stopped != nil {
		return Difference{}, stopped
	}
	if ErrorCode(err) == ProcessorError {
		return Difference{EventID: item.ID, Kind: "refused", Reason: err.Error()}, nil // for who compares, not for clients
	}
	if err != nil {
		return Difference{EventID: item.ID, Kind: "refused", Reason: NewFailure(err).Reason}, nil
	}
	fields := differingFields(old, today)
	if len(fields) == 0 {
		return Difference{EventID: item.ID}, nil
	}
	if fields[0] == "" {
		return Difference{EventID: item.ID, Kind: "changed", Reason: "the record in Silver is not a JSON object"}, nil
	}
	return Difference{EventID: item.ID, Kind: "changed", Fields: fields[:min(len(fields), maxFields)]}, nil
}

// linesToday is what Silver would hold of an event if it were processed today.
func (r Replayer) linesToday(ctx context.Context, item Item, payload []byte) ([]byte, error) {
	output, err := Transform(ctx, r.Processor, item.Event, max(item.Attempts, 1), payload)
	if err != nil {
		return nil, err
	}
	return NewRecords(item.Event, output, item.ProcessedAt).Lines()
}

// differingFields are pointers to where two events' records differ, but for what differs from one processing to the next:
// into the record or, of several, into their list.
func differingFields(old, today []byte) []string {
	a, errA := decodeLines(old)
	b, errB := decodeLines(today)
	switch {
	case errA != nil || errB != nil:
		return []string{""} // the whole
	case len(a) != len(b):
		return []string{"/parts"}
	case len(a) == 1:
		return differences("", a[0], b[0])
	}
	return differences("", a, b)
}

func decodeLines(lines []byte) ([]any, error) {
	d := json.NewDecoder(bytes.NewReader(lines))
	d.UseNumber() // 1.0 and 1 are not the same text
	var records []any
	for {
		var record map[string]any
		err := d.Decode(&record)
		if errors.Is(err, io.EOF) {
			return records, nil
		}
		if err != nil {
			return nil, err
		}
		delete(record, "processedAt")
		delete(record, "replayId")
		records = append(records, record)
	}
}

func differences(at string, a, b any) []string {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok {
			return []string{at}
		}
		names := maps.Clone(a)
		maps.Copy(names, b)
		var found []string
		for _, name := range slices.Sorted(maps.Keys(names)) {
			valueA, inA := a[name]
			valueB, inB := b[name]
			pointer := at + jsonpointer.New(name)
			if inA != inB {
				found = append(found, pointer)
				continue
			}
			found = append(found, differences(pointer, valueA, valueB)...)
		}
		return found
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return []string{at}
		}
		var found []string
		for i := range a {
			found = append(found, differences(at+"/"+strconv.Itoa(i), a[i], b[i])...)
		}
		return found
	}
	if !reflect.DeepEqual(a, b) {
		return []string{at}
	}
	return nil
}
