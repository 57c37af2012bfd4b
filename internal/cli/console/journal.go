package console

import (
	"container/list"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Limits of a journal.
const (
	maxEvents     = 20_000   // events
	maxBytes      = 64 << 20 // bytes of the steps of all events
	maxSteps      = 200      // steps of one event
	maxDetail     = 4 << 10  // bytes of a detail
	maxOtherSteps = 500      // steps without an event
	maxRejected   = 200      // rejected requests
)

// limits holds the maximum number of events in a journal, and the maximum size of their steps in
// bytes.
type limits struct{ events, bytes int }

// journal keeps the latest events of the local platform. To save memory, it stores their steps in a
// temporary file. At a limit, it forgets the oldest events. It is safe for concurrent use.
type journal struct {
	mu      sync.RWMutex
	now     func() time.Time
	limits  limits
	seq     uint64 // number of the last change
	arrived uint64 // number of the last new event
	size    int    // bytes of all steps
	file    store.Values
	events  map[string]*event
	order   *list.List // events in the order of their arrival, the newest first
	changes *list.List // events in the order of their last change, the newest first
	// splitOff maps a batch's id to the batch's parts, in the order of their arrival.
	splitOff map[string][]*event

	rejected []rejection     // the newest last
	others   []activity.Step // steps without an event, the newest last
	reloads  []activity.Step // steps of --watch, the newest last
	stats    map[string]*stats
}

// event holds the journal's data about an event, a batch or a part of a batch.
type event struct {
	row
	pipeline   string        // slug
	span       pipeline.Span // of a part of a batch
	receivedAt time.Time
	reopenedAt time.Time // last redrive or replay
	finishedAt time.Time
	// wasFinished reports whether the event was PROCESSED or FAILED at any time.
	wasFinished bool
	recorded    []store.Ref // the encoded steps in journal.file
	forgotten   int         // steps that the journal did not record
	size        int
	seq         uint64 // number of the last change
	arrival     uint64
	inOrder     *list.Element
	inChanges   *list.Element
}

// row describes an event in a list.
type row struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Status   string `json:"status"`
	Time     int64  `json:"time"` // receipt, in milliseconds since 1970
	Took     int64  `json:"took"` // milliseconds from startedAt to the end; -1 if not finished
	Caller   string `json:"caller,omitempty"`
	Code     string `json:"code,omitempty"` // of the last failure, or of the filter
	Mark     string `json:"mark,omitempty"` // filtered, redriven, replayed
	Attempts int    `json:"attempts,omitempty"`
	Count    int    `json:"count,omitempty"`  // events in a batch or range
	Failed   int    `json:"failed,omitempty"` // FAILED events, split off the batch or range
	Batch    string `json:"batch,omitempty"`  // id of the part's batch
	Cursor   uint64 `json:"cursor,omitempty"`
	// IsOther reports that the query does not select the event.
	IsOther bool `json:"isOther,omitempty"`
}

func newJournal(now func() time.Time) *journal {
	return &journal{
		now: now, limits: limits{maxEvents, maxBytes}, events: make(map[string]*event),
		order: list.New(), changes: list.New(), splitOff: make(map[string][]*event),
		stats: make(map[string]*stats),
	}
}

// knownEvent holds a copy of an event and its steps in the order of their times.
type knownEvent struct {
	event
	steps []activity.Step
}

// get returns a copy of the event.
func (j *journal) get(id string) (knownEvent, bool) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	e, ok := j.events[id]
	if !ok {
		return knownEvent{}, false
	}
	known := knownEvent{event: *e}
	for _, at := range e.recorded {
		encoded, err := j.file.Get(at)
		if err != nil {
			known.forgotten++
			continue
		}
		known.steps = append(known.steps, decodeStep(encoded))
	}
	slices.SortStableFunc(known.steps, func(a, b activity.Step) int {
		return a.Time.Compare(b.Time)
	})
	return known, true
}

// addStep adds the step to the event. If the event already has maxSteps steps, or if the file can't
// be written, addStep counts the step but does not store it.
func (j *journal) addStep(e *event, step activity.Step) {
	if len(e.recorded) >= maxSteps {
		e.forgotten++
		return
	}
	encoded := encodeStep(step)
	at, err := j.file.Put(encoded)
	if err != nil {
		e.forgotten++
		return
	}
	e.recorded = append(e.recorded, at)
	e.size += len(encoded)
	j.size += len(encoded)
}

// list returns at most limit rows that the query selects, the newest first. If cursor is not 0,
// list begins after the row with this cursor. more reports whether there are further rows.
func (j *journal) list(q query, cursor uint64, limit int) (rows []row, more bool) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	for at := j.order.Front(); at != nil; at = at.Next() {
		e := at.Value.(*event)
		if cursor > 0 && e.arrival >= cursor || !q.matches(e) {
			continue
		}
		if len(rows) == limit {
			return rows, true
		}
		rows = append(rows, j.rowOf(e))
	}
	return rows, false
}

// changedRows returns the rows with a change number above lastSeen. seq is the number of the last
// change. The rows form two groups, each with at most limit rows, the newest change first:
//   - rows that the query selects; skipped counts the further ones, up to maxSkipped
//   - other rows, which the page can still show
func (j *journal) changedRows(
	q query, lastSeen uint64, limit int,
) (rows []row, skipped int, seq uint64) {
	const maxSkipped = 1000
	var others []row
	j.mu.RLock()
	defer j.mu.RUnlock()
	for at := j.changes.Front(); at != nil && skipped < maxSkipped; at = at.Next() {
		e := at.Value.(*event)
		switch {
		case e.seq <= lastSeen:
			return append(rows, others...), skipped, j.seq
		case !q.matches(e):
			if e.pipeline == q.Pipeline && len(others) < limit {
				others = append(others, j.rowOf(e))
				others[len(others)-1].IsOther = true
			}
		case len(rows) == limit:
			skipped++
		default:
			rows = append(rows, j.rowOf(e))
		}
	}
	return append(rows, others...), skipped, j.seq
}

// lastChange returns the number of the event's last change. If id is empty, it returns the number
// of the last change of any event.
func (j *journal) lastChange(id string) uint64 {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if id == "" {
		return j.seq
	}
	if e := j.events[id]; e != nil {
		return e.seq
	}
	return 0
}

// typesAndCodes returns the types and codes of the pipeline's newest events. The page suggests them
// as filters.
func (j *journal) typesAndCodes(pipeline string) (types, codes []string) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	seenTypes, seenCodes := map[string]bool{}, map[string]bool{}
	for at := j.order.Front(); at != nil && len(seenTypes) < 50; at = at.Next() {
		e := at.Value.(*event)
		if e.pipeline == pipeline {
			seenTypes[e.Type], seenCodes[e.Code] = true, true
		}
	}
	return sortedKeys(seenTypes), sortedKeys(seenCodes)
}

// query selects events of a pipeline.
type query struct {
	Pipeline string
	Text     string // part of an id, type, caller or code
	Type     string
	Status   string
	Caller   string
	Code     string
	From, To time.Time // zero: no limit
}

func (q query) matches(e *event) bool {
	return (e.pipeline == q.Pipeline || e.pipeline == "") &&
		(q.Type == "" || e.Type == q.Type) &&
		(q.Status == "" || e.Status == q.Status || e.Mark == q.Status) &&
		(q.Caller == "" || e.Caller == q.Caller) &&
		(q.Code == "" || e.Code == q.Code) &&
		(q.From.IsZero() || !e.receivedAt.Before(q.From)) &&
		(q.To.IsZero() || e.receivedAt.Before(q.To)) &&
		(q.Text == "" || strings.Contains(e.ID, q.Text) || strings.Contains(e.Type, q.Text) ||
			strings.Contains(e.Caller, q.Text) || strings.Contains(e.Code, q.Text))
}
