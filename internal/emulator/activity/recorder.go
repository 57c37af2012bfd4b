package activity

import (
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Recorder hands on steps in a goroutine of its own, so that those who report them never wait for whoever shows them: when
// that one can't keep up, steps are dropped, and a step says how many. All methods may be called at once.
//
// A nil *Feed takes everything and shows nothing.
type Recorder struct {
	show    func(Step)
	now     func() time.Time
	entries chan func() (Step, bool) // makes the step, and tells whether to show it: work for the feed's own goroutine
	dropped atomic.Int64
	done    chan struct{}

	mu     sync.RWMutex // guards the closing of entries
	closed bool
}

// bufferSize is how many steps may wait. At a few thousand steps a second it holds those of some seconds.
const bufferSize = 16 << 10

// NewRecorder starts a feed that calls show, one step after the other. A nil now means time.Now.
func NewRecorder(show func(Step), now func() time.Time) *Recorder {
	return newRecorder(show, now, bufferSize)
}

func newRecorder(show func(Step), now func() time.Time, size int) *Recorder {
	if now == nil {
		now = time.Now
	}
	f := &Recorder{show: show, now: now, entries: make(chan func() (Step, bool), size), done: make(chan struct{})}
	go f.run()
	return f
}

// RecordLine reports a line that a function logged.
func (f *Recorder) RecordLine(function string, line []byte) {
	if f == nil {
		return
	}
	now := f.now()
	line = append([]byte(nil), line...) // the caller may use its buffer again
	f.add(func() (Step, bool) { return parseLine(now, function, line) })
}

// Record reports a step. It is made by the feed's goroutine, and shown if fill returns true; its time is set already.
func (f *Recorder) Record(fill func(*Step) bool) {
	if f == nil {
		return
	}
	now := f.now()
	f.add(func() (Step, bool) {
		step := Step{Time: now}
		show := fill(&step)
		return step, show
	})
}

func (f *Recorder) add(entry func() (Step, bool)) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.closed {
		return
	}
	select {
	case f.entries <- entry:
	default:
		f.dropped.Add(1)
	}
}

func (f *Recorder) run() {
	defer close(f.done)
	for entry := range f.entries {
		f.showDropped()
		if step, ok := entry(); ok {
			f.show(step)
		}
	}
	f.showDropped()
}

func (f *Recorder) showDropped() {
	if n := f.dropped.Swap(0); n > 0 {
		f.show(Step{
			Time: f.now(), Name: "steps not shown", Level: slog.LevelWarn,
			Details: []Detail{{"count", []byte(strconv.FormatInt(n, 10))}},
		})
	}
}

// Close shows what is waiting and ends the feed.
func (f *Recorder) Close() {
	if f == nil {
		return
	}
	f.mu.Lock()
	if !f.closed {
		f.closed = true
		close(f.entries)
	}
	f.mu.Unlock()
	<-f.done
}
