package sqs

import (
	"container/heap"
	"container/list"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

// entry represents a message in a queue and its position in the queue's data structures.
type entry struct {
	Message                         // Body is empty
	body                  store.Ref // the message's body in Service.bodies
	state                 state
	visibleAt             time.Time // end of the delay or visibility timeout
	receiveCountOnArrival int       // ReceiveCount when the message entered this queue
	sequence              int       // order of arrival; decides between equal times

	visibleIn      *list.List    // list in Queue.fair, or nil if not visible
	visibleElement *list.Element // element of visibleIn, or nil if not visible
	invisibleIndex int           // index in Queue.invisible, or -1 if visible
	ageIndex       int           // index in Queue.byAge, or -1 if removed
}

type state byte

const (
	visible state = iota
	delayed
	inFlight
)

// entryHeap orders entries by one of their times. Each entry stores its index in the heap, so that
// remove can find it.
type entryHeap struct {
	entries []*entry
	time    func(*entry) time.Time
	index   func(*entry) *int
}

func newVisibilityHeap() entryHeap {
	return entryHeap{
		time:  func(e *entry) time.Time { return e.visibleAt },
		index: func(e *entry) *int { return &e.invisibleIndex },
	}
}

func newAgeHeap() entryHeap {
	return entryHeap{
		time:  func(e *entry) time.Time { return e.Sent },
		index: func(e *entry) *int { return &e.ageIndex },
	}
}

func (h *entryHeap) Len() int { return len(h.entries) }

func (h *entryHeap) Less(i, j int) bool {
	a, b := h.entries[i], h.entries[j]
	if c := h.time(a).Compare(h.time(b)); c != 0 {
		return c < 0
	}
	return a.sequence < b.sequence
}

func (h *entryHeap) Swap(i, j int) {
	h.entries[i], h.entries[j] = h.entries[j], h.entries[i]
	*h.index(h.entries[i]), *h.index(h.entries[j]) = i, j
}

func (h *entryHeap) Push(x any) {
	e := x.(*entry)
	*h.index(e) = len(h.entries)
	h.entries = append(h.entries, e)
}

func (h *entryHeap) Pop() any {
	last := len(h.entries) - 1
	e := h.entries[last]
	h.entries[last] = nil
	h.entries = h.entries[:last]
	*h.index(e) = -1
	return e
}

func (h *entryHeap) add(e *entry) { heap.Push(h, e) }

func (h *entryHeap) remove(e *entry) {
	if i := *h.index(e); i >= 0 {
		heap.Remove(h, i)
	}
}

// first returns the entry with the earliest time, or nil if the heap is empty.
func (h *entryHeap) first() *entry {
	if len(h.entries) == 0 {
		return nil
	}
	return h.entries[0]
}
