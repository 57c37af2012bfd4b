package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// batchObject describes a batch's Silver object. It also lists the parts to split off: the events
// without a record in the object.
type batchObject struct {
	records  []Record      // the first record of each event in the batch's Silver object
	parts    []Event       // parts to split off: the events without a record
	failures map[int]error // permanent errors of events in this delivery, by index
	replayed bool          // this delivery has replaced the records of an earlier generation
	replayID string
	version  string
}

// storeBatch runs the processor on the events of a batch. One Silver object stores the records of
// all successful events. The other events are split off.
//
// Later deliveries and replays keep this division: they split off the same events.
func (w Worker) storeBatch(d deadlines, t *task, now time.Time) (batchObject, error) {
	if err := d.begin.Err(); err != nil {
		return batchObject{}, unavailable("start the batch in time", err)
	}
	existing, err := w.earlierBatchObject(d.finish, t)
	switch {
	case err != nil:
		return batchObject{}, err
	case existing.records != nil && existing.replayID == t.Event.Replay.ID:
		return existing, nil // stored by an earlier delivery
	case existing.records == nil && t.tries.Crashes > 0:
		// An event of the batch can have crashed the worker. All events are split off, so that the
		// next crash affects only one part.
		return w.putBatch(d.finish, t, nil, batchOutput{}, now)
	case t.tries.crashedTooOften(w.MaxReceiveCount):
		return batchObject{}, workerCrashed(t)
	}
	array, err := readPayload(d.finish, w.Bronze, t.Event)
	if err != nil {
		return batchObject{}, err
	}
	payloads, err := splitPayloads(array)
	if err == nil && len(payloads) != t.Event.Count {
		err = Errorf(PayloadMismatch, "the batch has %d events, but its message has the count %d",
			len(payloads), t.Event.Count)
	}
	if err != nil {
		return batchObject{}, err
	}
	if err := w.begin(d, t); err != nil {
		return batchObject{}, err
	}
	if existing.records != nil {
		return w.replaceBatch(d, t, payloads, existing, now)
	}
	output := w.processBatch(d, t, t.Event.indexes(), payloads)
	if len(output.succeeded) == 0 {
		// Events that fail in this delivery can have succeeded in an earlier one.
		existing, err := w.getBatchObject(d.finish, t.Event)
		if !errors.Is(err, ErrNotFound) {
			return existing, err
		}
		if err := output.retryTogether(); err != nil {
			return batchObject{}, err
		}
	}
	return w.putBatch(d.finish, t, output.failures, output, now)
}

// earlierBatchObject describes the Silver object that an earlier delivery has stored. Its field
// records is nil if there is no such object.
//
// For the first delivery of a new batch, earlierBatchObject does not read Silver.
func (w Worker) earlierBatchObject(ctx context.Context, t *task) (batchObject, error) {
	if !t.redelivery && t.Event.Replay.ID == "" {
		return batchObject{}, nil
	}
	existing, err := w.getBatchObject(ctx, t.Event)
	if errors.Is(err, ErrNotFound) {
		return batchObject{}, nil
	}
	return existing, err
}

// getBatchObject reads the Silver object of a batch. It returns ErrNotFound if there is none.
func (w Worker) getBatchObject(ctx context.Context, batch Event) (batchObject, error) {
	lines, version, err := w.Silver.GetVersion(ctx, batch.SilverKey())
	if errors.Is(err, ErrNotFound) {
		return batchObject{}, err
	}
	if err != nil {
		return batchObject{}, unavailable("get the batch's records", err)
	}
	records, err := ReadRecords(lines)
	if err == nil && len(records) == 0 {
		err = errors.New("the object contains no records")
	}
	if err != nil {
		return batchObject{}, wrapError(Internal, "read the batch's records", err)
	}
	s := newBatchObject(batch, records)
	s.version = version
	return s, nil
}

// newBatchObject describes a Silver object that holds the records of a batch.
func newBatchObject(batch Event, records Records) batchObject {
	s := batchObject{replayID: records[0].ReplayID, records: []Record{}}
	succeeded := make(map[int]bool)
	for _, record := range records {
		_, span, isEvent, _ := ParseID(record.ID)
		if isEvent && span.First == span.Last && !succeeded[span.First] {
			succeeded[span.First] = true
			s.records = append(s.records, record)
		}
	}
	for _, span := range failedSpans(batch.span(), succeeded) {
		s.parts = append(s.parts, batch.part(span))
	}
	return s
}

// putBatch stores the output in Silver if Silver has no object of the batch. It returns a
// description of the object that Silver then holds.
func (w Worker) putBatch(
	ctx context.Context, t *task, failures map[int]error, output batchOutput, now time.Time,
) (batchObject, error) {
	records := output.records(t.Event, now)
	lines, err := records.Lines()
	if err != nil {
		return batchObject{}, err
	}
	s := newBatchObject(t.Event, records)
	err = w.Silver.Put(ctx, t.Event.SilverKey(), lines)
	if errors.Is(err, ErrExists) { // stored by an earlier delivery: its records are kept
		s, err = w.getBatchObject(ctx, t.Event)
	}
	if err != nil {
		return batchObject{}, unavailable("store the batch's records", err)
	}
	s.failures = failures
	return s, nil
}

// replaceBatch replaces the records of a batch in a replay. It processes only the events that have
// a record in the old object. If one of these events fails, replaceBatch replaces nothing.
func (w Worker) replaceBatch(
	d deadlines, t *task, payloads []json.RawMessage, existing batchObject, now time.Time,
) (batchObject, error) {
	var indexes []int
	for _, record := range existing.records {
		_, span, _, _ := ParseID(record.ID)
		indexes = append(indexes, span.First)
	}
	inTime := !d.pastHalf(time.Now())
	output := w.processBatch(d, t, indexes, payloads)
	if err := output.firstError(inTime); err != nil {
		return batchObject{}, err
	}
	records := output.records(t.Event, now)
	lines, err := records.Lines()
	if err != nil {
		return batchObject{}, err
	}
	if err := w.checkGeneration(d.finish, t.Event); err != nil {
		return batchObject{}, err
	}
	err = w.Silver.Replace(d.finish, t.Event.SilverKey(), lines, existing.version)
	if err != nil { // after ErrChanged, the next delivery reads the new object
		return batchObject{}, unavailable("replace the batch's records", err)
	}
	s := newBatchObject(t.Event, records)
	s.replayed = true
	return s, nil
}

// batchOutput holds the processor's results for the events of a batch, by the index of the event.
// These events have no result:
//
//   - events that were not processed in time
//   - events whose output does not fit in the batch's object
type batchOutput struct {
	indexes   []int
	succeeded map[int]Output
	failures  map[int]error // permanent errors
	passing   map[int]error // errors that a retry can overcome
	noRoom    bool          // the outputs of all events exceed MaxOutputBytes
}

// errNoRoom reports that an output does not fit in the object of its batch. The worker drops such
// an output immediately to save memory.
var errNoRoom = errors.New("the output does not fit in the batch's object")

// processBatch runs the processor on the events with the given indexes.
func (w Worker) processBatch(
	d deadlines, t *task, indexes []int, payloads []json.RawMessage,
) batchOutput {
	outputs, errs := make([]Output, len(indexes)), make([]error, len(indexes))
	var size atomic.Int64 // of the outputs in memory
	forEach(indexes, func(i, index int) {
		defer func() {
			if cause := recover(); cause != nil {
				errs[i] = wrapError(Internal, "panic", newPanic(cause))
			}
		}()
		event := t.Event.part(Span{index, index})
		event.Replay = t.Event.Replay
		output, err := w.transform(d, event, t.Delivery.Attempt, payloads[index])
		if n := int64(output.size()); err == nil && size.Add(n) > MaxOutputBytes {
			size.Add(-n)
			output, err = Output{}, errNoRoom
		}
		outputs[i], errs[i] = output, err
	})
	b := batchOutput{
		indexes: indexes, succeeded: make(map[int]Output),
		failures: make(map[int]error), passing: make(map[int]error),
	}
	for i, index := range indexes {
		code := ErrorCode(errs[i])
		switch {
		case errs[i] == nil:
			b.succeeded[index] = outputs[i]
		case errs[i] == errNoRoom:
			b.noRoom = true
		case code == Unavailable: // the time ended before the processor started
		case Permanent(code):
			b.failures[index] = errs[i]
		default:
			b.passing[index] = errs[i]
		}
	}
	return b
}

// retryTogether returns an error if the whole batch must be retried:
//
//   - No time was left for the first event.
//   - All events failed with temporary errors. An outage must not split a batch into a thousand
//     messages.
func (b batchOutput) retryTogether() error {
	failed := len(b.failures) + len(b.passing)
	switch {
	case failed == 0:
		return unavailable("process the batch", errors.New("no time was left for the first event"))
	case len(b.passing) == len(b.indexes):
		return fmt.Errorf("all events of the batch failed; the error of the first event: %w",
			b.passing[b.indexes[0]])
	}
	return nil
}

// firstError returns the error of the first event that did not succeed, or nil. If no time was left
// for this event, the code is ProcessorError if inTime is true, and otherwise Unavailable.
//
// inTime is true if the batch began in the first half of the time for processors.
func (b batchOutput) firstError(inTime bool) error {
	for _, index := range b.indexes {
		if _, ok := b.succeeded[index]; ok {
			continue
		}
		err := errors.Join(b.failures[index], b.passing[index])
		switch {
		case err == nil && b.noRoom:
			return Errorf(InvalidOutput, "The payloads of the batch's records must have at most "+
				"%d bytes together. Return smaller records.", MaxOutputBytes)
		case err == nil && inTime:
			return Errorf(ProcessorError, "The processor finished only %d of the batch's %d "+
				"events in time; increase the worker's timeout.", len(b.succeeded), len(b.indexes))
		case err == nil:
			return unavailable("process all events of the batch again",
				errors.New("no time was left for the last event"))
		}
		return fmt.Errorf("event %d of the batch: %w", index, err)
	}
	return nil
}

// records returns the records of the events that succeeded. If no event succeeded, it returns one
// record without a payload. This record in Silver means that all events were split off.
func (b batchOutput) records(batch Event, now time.Time) Records {
	var records Records
	for _, index := range b.indexes {
		output, ok := b.succeeded[index]
		if !ok {
			continue
		}
		event := batch.part(Span{index, index})
		event.Replay = batch.Replay
		records = append(records, NewRecords(event, output, now)...)
	}
	if records == nil {
		output := Output{Filtered: Filtered{"split-off", "all events were split off the batch"}}
		records = NewRecords(batch, output, now)
	}
	return records
}

// indexes returns the indexes of the events in a batch or range.
func (e Event) indexes() []int {
	span := e.span()
	indexes := make([]int, span.Len())
	for i := range indexes {
		indexes[i] = span.First + i
	}
	return indexes
}
