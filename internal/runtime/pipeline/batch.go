package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// MaxBatchEvents limits the number of events in a request.
const MaxBatchEvents = 1000

// A batch holds the events of one type in one request. It is an Event with a Count. It has one
// object in Bronze, one item, one message and one object in Silver. Its events have the ids
// <batchId>.<index>.
//
// An event that does not succeed with its batch is split off. A part of a batch is a single event
// or a range of events that was split off:
//
//   - Each part is an Event with its own item.
//   - The payload of a part is a section of the batch's Bronze object.
//   - A range has the id <batchId>.<first>-<last>. The worker processes it like a batch.

// Span represents the consecutive events of a batch from First to Last, inclusive. The first event
// of a batch has the index 0.
type Span struct{ First, Last int }

// Len returns the number of events.
func (s Span) Len() int { return s.Last - s.First + 1 }

func (s Span) contains(other Span) bool { return s.First <= other.First && other.Last <= s.Last }

// String returns the suffix of an id, such as 3 in <batchId>.3 and 5-8 in <batchId>.5-8.
func (s Span) String() string {
	if s.First == s.Last {
		return strconv.Itoa(s.First)
	}
	return fmt.Sprintf("%d-%d", s.First, s.Last)
}

// ParseID splits an event's id into the id of its batch and its span. ok is false if the text is
// not an event id.
//
// hasSpan is false for a whole batch, and for an event without a batch.
func ParseID(text string) (batchID string, span Span, hasSpan, ok bool) {
	batchID, suffix, hasSpan := strings.Cut(text, ".")
	if !isUUID(batchID) {
		return "", Span{}, false, false
	}
	if !hasSpan {
		return batchID, Span{}, false, true
	}
	span, ok = parseSpan(suffix)
	return batchID, span, true, ok && span.Last < MaxBatchEvents
}

func parseSpan(text string) (Span, bool) {
	firstText, lastText, isRange := strings.Cut(text, "-")
	first, err := strconv.Atoi(firstText)
	last := first
	if err == nil && isRange {
		last, err = strconv.Atoi(lastText)
	}
	span := Span{first, last}
	return span, err == nil && first >= 0 && first <= last && span.String() == text
}

// batchID returns the id of the event's batch, or the event's id if it has no batch.
func (e Event) batchID() string {
	id, _, _ := strings.Cut(e.ID, ".")
	return id
}

// span returns the indexes of the events in e, which must be a batch or a part of a batch.
func (e Event) span() Span {
	_, span, hasSpan, _ := ParseID(e.ID)
	if !hasSpan {
		span = Span{0, e.Count - 1}
	}
	return span
}

// IsBatch reports whether e is a batch, or a range that was split off.
func (e Event) IsBatch() bool {
	if e.Count == 0 {
		return false
	}
	_, span, hasSpan, _ := ParseID(e.ID)
	return !hasSpan || span.First < span.Last
}

// part returns the part that holds the given span of the event's batch.
func (e Event) part(span Span) Event {
	e.ID = e.batchID() + "." + span.String()
	e.Replay.Redrives = 0 // workers of different redrives must create the same part
	return e
}

// Events returns the number of events in a batch or range, or 1 for a single event.
func (e Event) Events() int {
	if e.Count == 0 {
		return 1
	}
	return e.span().Len()
}

// ownEvents returns the number of the item's events that were not split off.
func (i Item) ownEvents() int {
	n := i.Events()
	for _, span := range parseSpans(i.SplitOff) {
		n -= span.Len()
	}
	return n
}

// joinPayloads returns a batch's Bronze object: a JSON array of the payloads, unchanged.
func joinPayloads(payloads [][]byte) []byte {
	var array bytes.Buffer
	array.WriteByte('[')
	array.Write(bytes.Join(payloads, []byte(",\n")))
	array.WriteByte(']')
	return array.Bytes()
}

// splitPayloads returns the elements of a batch's Bronze object.
func splitPayloads(array []byte) ([]json.RawMessage, error) {
	var payloads []json.RawMessage
	if err := json.Unmarshal(array, &payloads); err != nil {
		return nil, wrapError(UnprocessableJSON, "The batch is not a JSON array", err)
	}
	return payloads, nil
}

// failedSpans finds the events that did not succeed, and returns the spans of their parts:
//
//   - Up to nine consecutive events: each event becomes a part.
//   - Ten or more consecutive events: ranges of at most a tenth of the batch, rounded up.
func failedSpans(batch Span, succeeded map[int]bool) []Span {
	longest := (batch.Len() + 9) / 10
	var spans []Span
	for first := batch.First; first <= batch.Last; first++ {
		last := first
		for last <= batch.Last && !succeeded[last] {
			last++
		}
		length := longest
		if last-first < minNeighbors {
			length = 1
		}
		for ; first < last; first += length {
			spans = append(spans, Span{first, min(first+length, last) - 1})
		}
		first = last
	}
	return spans
}

// minNeighbors is the minimum number of consecutive events that failedSpans divides into ranges.
const minNeighbors = 10

// formatSpans returns spans as the text that the table stores, such as "3,10-19".
func formatSpans(spans []Span) string {
	texts := make([]string, len(spans))
	for i, span := range spans {
		texts[i] = span.String()
	}
	return strings.Join(texts, ",")
}

// parseSpans decodes the output of formatSpans. It leaves out invalid spans.
func parseSpans(text string) []Span {
	var spans []Span
	for part := range strings.SplitSeq(text, ",") {
		if span, ok := parseSpan(part); ok {
			spans = append(spans, span)
		}
	}
	return spans
}

// withParts returns the given items and, for batches, the items of the parts that were split off.
// It omits a part without an item, and a part whose id now belongs to another batch.
func withParts(ctx context.Context, items ItemUpdater, all []Item) ([]Item, error) {
	for next := all; len(next) > 0; {
		var parts []Event
		for _, item := range next {
			parts = append(parts, item.Parts()...)
		}
		found, err := getItems(ctx, items, parts, func(e Event) string { return e.ID })
		if err != nil {
			return nil, err
		}
		next = nil
		for _, part := range parts {
			if item, ok := found[part.ID]; ok && item.Bronze == part.Bronze {
				next = append(next, item)
			}
		}
		all = append(all, next...)
	}
	return all, nil
}

// Parts returns the events and ranges that were split off the batch.
func (i Item) Parts() []Event {
	var parts []Event
	for _, span := range parseSpans(i.SplitOff) {
		parts = append(parts, i.Event.part(span))
	}
	return parts
}

// PayloadIn returns the payload of e from its Bronze object. The payload of a part is a section of
// the object. Any other payload is the whole object.
func (e Event) PayloadIn(object []byte) ([]byte, error) {
	_, span, isPart, _ := ParseID(e.ID)
	if !isPart {
		return object, nil
	}
	payloads, err := splitPayloads(object)
	if err != nil {
		return nil, err
	}
	if span.Last >= len(payloads) {
		return nil, Errorf(PayloadMismatch, "Bronze object %s has only %d events, so event %d is "+
			"missing", e.Bronze.Key, len(payloads), span.Last)
	}
	if !e.IsBatch() {
		return payloads[span.First], nil
	}
	var own [][]byte
	for _, payload := range payloads[span.First : span.Last+1] {
		own = append(own, payload)
	}
	return joinPayloads(own), nil
}

// LinesIn returns the lines of a batch's Silver object that hold the records of e.
func (e Event) LinesIn(object []byte) []byte {
	var lines []byte
	for line := range bytes.Lines(object) {
		if decodeFirst(line).ID == e.ID {
			lines = append(lines, line...)
		}
	}
	return lines
}
