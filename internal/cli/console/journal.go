package console

import (
	"container/list"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
)

// Limits of a journal.
const (
	maxEvents     = 20_000   // events
	maxBytes      = 64 << 20 // bytes of the encoded steps of all events
	maxSteps      = 200      // steps of one event
	maxDetail     = 4 << 10  // bytes of a detail
	maxOtherSteps = 500      // steps without an event
	maxRefused    = 200      // refused requests
	stepOverhead  = 48       // bytes that an encoded step needs in addition
)

// limits holds the maximum number of events in a journal, and the maximum size of all their steps
// in bytes. Tests use smaller numbers.
type limits struct{ events, bytes int }

// journal keeps the latest events of the local platform with their steps. If a limit is reached, it
// forgets the oldest events. Its methods are safe for concurrent use.
type journal struct {
	mu      sync.RWMutex
	now     func() time.Time
	limits  limits
	seq     uint64 // number of the last change
	arrived uint64 // number of the last new event
	size    int    // bytes of all steps
	events  map[string]*event
	order   *list.List // events in the order of their arrival, the newest first
	changes *list.List // events in the order of their last change, the newest first

	refused []refusal       // the newest last
	others  []activity.Step // steps without an event, the newest last
	reloads []activity.Step // steps of --watch, the newest last
	stats   map[string]*stats
}

// event holds the journal's data about an event, a batch or a part of a batch.
type event struct {
	row
	pipeline   string // slug
	receivedAt time.Time
	reopenedAt time.Time // last redrive or replay
	finishedAt time.Time
	// wasFinished reports whether the event was PROCESSED or FAILED at any time.
	wasFinished bool
	encoded     [][]byte // the steps; see encodeStep
	forgotten   int      // steps beyond maxSteps
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
	Count    int    `json:"count,omitempty"` // events in a batch
	Batch    string `json:"batch,omitempty"` // id of the part's batch
	Cursor   uint64 `json:"cursor,omitempty"`
	// IsOther reports whether the query does not select the event, or no longer.
	IsOther bool `json:"isOther,omitempty"`
}

func newJournal(now func() time.Time) *journal {
	return &journal{
		now: now, limits: limits{maxEvents, maxBytes}, events: make(map[string]*event),
		order: list.New(), changes: list.New(), stats: make(map[string]*stats),
	}
}

// get returns a copy of the event that can be read without a lock.
func (j *journal) get(id string) (event, bool) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	e, ok := j.events[id]
	if !ok {
		return event{}, false
	}
	copied := *e
	copied.encoded = slices.Clone(e.encoded)
	return copied, true
}

// steps returns the event's steps in the order of their times.
func (e event) steps() []activity.Step {
	steps := make([]activity.Step, len(e.encoded))
	for i, encoded := range e.encoded {
		steps[i] = decodeStep(encoded)
	}
	slices.SortStableFunc(steps, func(a, b activity.Step) int { return a.Time.Compare(b.Time) })
	return steps
}

// addStep adds the step, and returns the number of bytes that it needs. If the event has maxSteps
// steps, addStep only counts the step.
func (e *event) addStep(step activity.Step) int {
	if len(e.encoded) >= maxSteps {
		e.forgotten++
		return 0
	}
	encoded := encodeStep(step)
	e.encoded = append(e.encoded, encoded)
	size := len(encoded) + stepOverhead
	e.size += size
	return size
}

// parts returns the rows of the events and ranges that were split off the batch.
func (j *journal) parts(batch string) []row {
	j.mu.RLock()
	defer j.mu.RUnlock()
	var rows []row
	for at := j.order.Back(); at != nil && len(rows) < maxBatchRows; at = at.Prev() {
		if e := at.Value.(*event); e.Batch == batch {
			rows = append(rows, e.row)
		}
	}
	return rows
}

// list returns up to limit rows that the query selects, the newest first. If cursor is not 0, list
// begins after the row with this cursor. more reports whether there are more rows.
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
		rows = append(rows, e.row)
	}
	return rows, false
}

// changed returns up to limit rows whose last change has a number greater than lastSeen, the last
// change first. Up to limit further rows are of events that the query does not select: the page may
// still show them. skipped is the number of other changed events. It stops at maxSkipped, so that
// the call stays fast.
func (j *journal) changed(
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
				others = append(others, e.row)
				others[len(others)-1].IsOther = true
			}
		case len(rows) == limit:
			skipped++
		default:
			rows = append(rows, e.row)
		}
	}
	return append(rows, others...), skipped, j.seq
}

// lastChange returns the number of the event's last change, or of the last change of any event if
// id is empty.
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

// known returns the types and codes of the pipeline's newest events. The page suggests them for a
// filter.
func (j *journal) known(pipeline string) (types, codes []string) {
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
