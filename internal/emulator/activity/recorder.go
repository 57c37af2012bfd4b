package activity

import (
	"bytes"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Recorder passes steps to the func show in a separate goroutine, so that callers never wait. If
// show is too slow, the recorder drops steps. Later, it passes a step with the number of dropped
// steps.
//
// The methods are safe for concurrent use. A nil *Recorder discards all steps.
type Recorder struct {
	show    func(Step)
	now     func() time.Time
	entries chan func() (Step, bool) // each returns a step, or false to skip it
	dropped atomic.Int64
	done    chan struct{}

	mu     sync.RWMutex // write-locked to close entries, read-locked to send
	closed bool
}

// bufferSize is the maximum number of recorded steps that the recorder has not yet shown.
const bufferSize = 16 << 10

// NewRecorder starts a recorder that calls show for each step, one call at a time. The parameter
// now is the recorder's clock. The default is time.Now.
func NewRecorder(show func(Step), now func() time.Time) *Recorder {
	return newRecorder(show, now, bufferSize)
}

func newRecorder(show func(Step), now func() time.Time, size int) *Recorder {
	if now == nil {
		now = time.Now
	}
	r := &Recorder{
		show:    show,
		now:     now,
		entries: make(chan func() (Step, bool), size),
		done:    make(chan struct{}),
	}
	go r.run()
	return r
}

// RecordLine records a line that a function logged.
func (r *Recorder) RecordLine(function string, line []byte) {
	if r == nil {
		return
	}
	now := r.now()
	line = bytes.Clone(line) // the caller can reuse its buffer
	r.add(func() (Step, bool) { return parseLine(now, function, line) })
}

// Record records a step with the current time. The recorder's goroutine later calls fill, which
// sets the other fields. If fill returns false, the recorder skips the step.
func (r *Recorder) Record(fill func(*Step) bool) {
	if r == nil {
		return
	}
	now := r.now()
	r.add(func() (Step, bool) {
		step := Step{Time: now}
		show := fill(&step)
		return step, show
	})
}

// RecordDebug works like Record, for steps of level DEBUG. If the buffer is half full, it drops the
// step, to leave room for other steps. The recorder does not count this step as dropped.
func (r *Recorder) RecordDebug(fill func(*Step) bool) {
	if r != nil && len(r.entries) < cap(r.entries)/2 {
		r.Record(fill)
	}
}

func (r *Recorder) add(entry func() (Step, bool)) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.closed {
		return
	}
	select {
	case r.entries <- entry:
	default:
		r.dropped.Add(1)
	}
}

func (r *Recorder) run() {
	defer close(r.done)
	for entry := range r.entries {
		r.showDropped()
		if step, ok := entry(); ok {
			r.show(step)
		}
	}
	r.showDropped()
}

func (r *Recorder) showDropped() {
	if n := r.dropped.Swap(0); n > 0 {
		r.show(Step{
			Time: r.now(), Name: StepsNotShown, Level: slog.LevelWarn,
			Details: []Detail{{"count", []byte(strconv.FormatInt(n, 10))}},
		})
	}
}

// Close passes the waiting steps to show and stops the recorder.
func (r *Recorder) Close() {
	if r == nil {
		return
	}
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		close(r.entries)
	}
	r.mu.Unlock()
	<-r.done
}
