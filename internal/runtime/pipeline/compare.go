package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/jsonpointer"
)

// Comparison counts the results of comparing today's output of the processor with the records in
// Silver.
type Comparison struct {
	Scanned  int `json:"scanned"` // sum of the other counts
	Same     int `json:"same"`
	Changed  int `json:"changed"`
	Missing  int `json:"missing"` // Silver has no record
	Rejected int `json:"refused"` // today the payload is rejected or the processor fails
	// Skipped counts events that are not PROCESSED, and objects that belong to no selected event.
	Skipped int `json:"skipped"`
}

// Difference describes an event whose record differs from today's output.
type Difference struct {
	EventID string   `json:"eventId"`
	Kind    string   `json:"kind"`             // changed, missing or refused
	Fields  []string `json:"fields,omitempty"` // JSON pointers (RFC 6901) to the first differences
	Reason  string   `json:"reason,omitempty"` // set if Kind is refused, or changed without Fields
}

// maxFields limits the number of Fields in a Difference.
const maxFields = 5

// Compare runs today's processor on the PROCESSED events that req selects, and compares the output
// with Silver. It writes nothing.
//
// Compare calls the function report for each difference, and the function progress after each page.
func (r Replayer) Compare(
	ctx context.Context, req ReplayRequest, report func(Difference),
	progress func(after string, counts Comparison) error,
) error {
	var counts Comparison
	return r.forEachPage(ctx, req, "", func(objects []Object) error {
		items, err := itemsOf(ctx, r.Items, objects)
		if err != nil {
			return err
		}
		results := make([][]compared, len(objects))
		forEach(objects, func(i int, o Object) {
			results[i] = r.compareObject(ctx, req, o, items)
		})
		for _, c := range slices.Concat(results...) {
			if c.err != nil {
				return c.err
			}
			counts.add(c)
			if c.Kind != "" {
				report(c.Difference)
			}
		}
		return progress(objects[len(objects)-1].Key, counts)
	})
}

// compared holds the result of the comparison for one event.
type compared struct {
	Difference
	skipped int // events
	err     error
}

func (r Replayer) compareObject(
	ctx context.Context, req ReplayRequest, o Object, items map[string]Item,
) []compared {
	id, hour, ok := parseBronzeKey(o.Key)
	item, hasItem := items[id]
	if ok && !hasItem {
		var err error
		event := Event{ID: id, Type: req.Type, ReceivedAt: hour}
		if item, err = r.itemFromSilver(ctx, event); err != nil {
			return []compared{{err: err}}
		}
	}
	if item.Bronze.Key != o.Key || !req.includes(item) {
		return []compared{{skipped: 1}}
	}
	candidates, err := r.withParts(ctx, []candidate{{item: item}})
	if err != nil {
		return []compared{{err: err}}
	}
	var results []compared
	for _, c := range candidates {
		switch {
		case req.selectsWithin(c.item):
			results = append(results, r.compareWithin(ctx, c.item, req.EventID)...)
		case !req.selects(c.item):
		case c.item.Status != Processed:
			results = append(results, compared{skipped: max(c.item.ownEvents(), 1)})
		case c.item.IsBatch():
			results = append(results, r.compareBatch(ctx, c.item, "")...)
		default:
			d, err := r.compareEvent(ctx, c.item)
			d.EventID = c.item.ID
			results = append(results, compared{Difference: d, err: err})
		}
	}
	return results
}

// selectsWithin reports whether req.EventID names an event that still belongs to the batch.
func (req ReplayRequest) selectsWithin(batch Item) bool {
	batchID, span, isPart, _ := ParseID(req.EventID)
	if !isPart || batchID != batch.batchID() || req.EventID == batch.ID ||
		!batch.IsBatch() || !batch.span().contains(span) {
		return false
	}
	return !slices.ContainsFunc(parseSpans(batch.SplitOff), func(part Span) bool {
		return part.contains(span)
	})
}

// compareWithin compares the records of one event that is still in its batch.
func (r Replayer) compareWithin(ctx context.Context, batch Item, id string) []compared {
	if batch.Status != Processed {
		return []compared{{skipped: 1}}
	}
	return r.compareBatch(ctx, batch, id)
}

// compareBatch compares the events that have a record in a batch's Silver object. If id is not
// empty, it compares only the event with this id.
func (r Replayer) compareBatch(ctx context.Context, batch Item, id string) []compared {
	lines, _, err := r.Silver.GetVersion(ctx, batch.SilverKey())
	if errors.Is(err, ErrNotFound) {
		missing := compared{Difference: Difference{EventID: cmp.Or(id, batch.ID), Kind: "missing"}}
		if id != "" {
			return []compared{missing}
		}
		return slices.Repeat([]compared{missing}, batch.ownEvents())
	}
	if err != nil {
		return []compared{{err: unavailable("get the batch's records", err)}}
	}
	records, err := ReadRecords(lines)
	if err != nil {
		return []compared{{err: wrapError(Internal, "read the records of "+batch.ID, err)}}
	}
	array, err := readPayload(ctx, r.Bronze, batch.Event)
	if err != nil && !Permanent(ErrorCode(err)) {
		return []compared{{err: err}}
	}
	payloads, splitErr := splitPayloads(array)
	err = cmp.Or(err, splitErr)
	var results []compared
	for _, old := range groupByEvent(records) {
		if id != "" && old[0].ID != id {
			continue
		}
		item := batch
		item.ID = old[0].ID
		_, span, _, _ := ParseID(item.ID)
		var payload []byte
		if err == nil && span.First < len(payloads) {
			payload = payloads[span.First]
		}
		lines, encodeErr := old.Lines()
		d, err := r.compareRecords(ctx, item, lines, payload, cmp.Or(err, encodeErr))
		d.EventID = item.ID
		results = append(results, compared{Difference: d, err: err})
	}
	return results
}

// groupByEvent returns the records of each event of a batch, in the object's order.
func groupByEvent(records Records) []Records {
	var groups []Records
	for _, record := range records {
		last := len(groups) - 1
		if _, _, isEvent, _ := ParseID(record.ID); !isEvent {
			continue // all events of the batch were split off
		}
		if last >= 0 && groups[last][0].ID == record.ID {
			groups[last] = append(groups[last], record)
			continue
		}
		groups = append(groups, Records{record})
	}
	return groups
}

func (c *Comparison) add(result compared) {
	c.Scanned += max(result.skipped, 1)
	switch {
	case result.skipped > 0:
		c.Skipped += result.skipped
	case result.Kind == "changed":
		c.Changed++
	case result.Kind == "missing":
		c.Missing++
	case result.Kind == "refused":
		c.Rejected++
	default:
		c.Same++
	}
}

// compareEvent compares an event's object in Silver with the object of today's processor. It
// returns the zero Difference if both are the same.
func (r Replayer) compareEvent(ctx context.Context, item Item) (Difference, error) {
	old, _, err := r.Silver.GetVersion(ctx, item.SilverKey())
	if errors.Is(err, ErrNotFound) {
		return Difference{Kind: "missing"}, nil
	}
	if err != nil {
		return Difference{}, unavailable("get the record", err)
	}
	payload, err := readEventPayload(ctx, r.Bronze, item.Event)
	if err != nil && !Permanent(ErrorCode(err)) {
		return Difference{}, err
	}
	return r.compareRecords(ctx, item, old, payload, err)
}

// compareRecords compares an event's records with the records of today's processor. err is nil, or
// the permanent error from reading the payload.
func (r Replayer) compareRecords(
	ctx context.Context, item Item, old, payload []byte, err error,
) (Difference, error) {
	var today []byte
	if err == nil {
		today, err = r.transformToday(ctx, item, payload)
	}
	if ctxErr := ctx.Err(); ctxErr != nil {
		return Difference{}, ctxErr
	}
	if ErrorCode(err) == ProcessorError {
		// Only operators see this reason, so it can contain the error text of the processor.
		// NewFailure hides that text from clients.
		return Difference{Kind: "refused", Reason: err.Error()}, nil
	}
	if err != nil {
		return Difference{Kind: "refused", Reason: NewFailure(err).Reason}, nil
	}
	fields := differingFields(old, today)
	if len(fields) == 0 {
		return Difference{}, nil
	}
	if fields[0] == "" {
		return Difference{Kind: "changed", Reason: "the record in Silver is not a JSON object"}, nil
	}
	return Difference{Kind: "changed", Fields: fields[:min(len(fields), maxFields)]}, nil
}

// transformToday returns the Silver object that today's processor writes.
func (r Replayer) transformToday(ctx context.Context, item Item, payload []byte) ([]byte, error) {
	output, err := Transform(ctx, r.Processor, item.Event, max(item.Attempts, 1), payload)
	if err != nil {
		return nil, err
	}
	return NewRecords(item.Event, output, item.ProcessedAt).Lines()
}

// differingFields returns JSON pointers to the differences between two Silver objects. It ignores
// fields that change with each run, such as processedAt. The pointers refer to:
//
//   - the record, if both objects contain one record
//   - the array of all records, if both objects contain several
//   - the whole object, if the numbers of records differ; the only pointer is then /parts
func differingFields(old, today []byte) []string {
	a, errA := decodeLines(old)
	b, errB := decodeLines(today)
	switch {
	case errA != nil || errB != nil:
		return []string{""} // the empty pointer refers to the whole object
	case len(a) != len(b):
		return []string{"/parts"}
	case len(a) == 1:
		return differences("", a[0], b[0])
	}
	return differences("", a, b)
}

func decodeLines(lines []byte) ([]any, error) {
	d := json.NewDecoder(bytes.NewReader(lines))
	d.UseNumber() // keeps the text of numbers, so that 1.0 and 1 differ
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

// differences returns JSON pointers to the differences between the values a and b. pointer is the
// JSON pointer of both values.
func differences(pointer string, a, b any) []string {
	var found []string
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok {
			return []string{pointer}
		}
		keys := maps.Clone(a)
		maps.Copy(keys, b)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			valueA, inA := a[key]
			valueB, inB := b[key]
			child := pointer + jsonpointer.New(key)
			if inA != inB {
				found = append(found, child)
				continue
			}
			found = append(found, differences(child, valueA, valueB)...)
		}
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return []string{pointer}
		}
		for i := range a {
			child := pointer + jsonpointer.New(strconv.Itoa(i))
			found = append(found, differences(child, a[i], b[i])...)
		}
	default:
		if !reflect.DeepEqual(a, b) {
			return []string{pointer}
		}
	}
	return found
}
