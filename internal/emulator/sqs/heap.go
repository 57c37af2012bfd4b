package sqs

import (
	"container/heap"
	"container/list"
	"time"
)

// entry is a message in a queue and its place in the queue's orders.
type entry struct {
	Message
	state                 state
	visibleAt             time.Time // when a delayed or received message becomes visible
	receiveCountOnArrival int       // its receive count when it came to this queue
	sequence              int       // counts entries as they come to a queue, and orders those of one moment

	visibleElement *list.Element // in queue.visible, or nil
	invisibleIndex int           // index in queue.waiting, or -1
	ageIndex       int           // index in queue.ages, or -1
}

type state byte

const (
	visible state = iota
	delayed
	inFlight
)

// entryHeap is a heap of entries that knows where each of them is, so that any can be removed.
type entryHeap struct {
	entries []*entry
	key     func(*entry) time.Time
	index   func(*entry) *int
}

func newVisibilityHeap() entryHeap {
	return entryHeap{key: func(e *entry) time.Time { return e.visibleAt }, index: func(e *entry) *int { return &e.invisibleIndex }}
}

func newAgeHeap() entryHeap {
	return entryHeap{key: func(e *entry) time.Time { return e.Sent }, index: func(e *entry) *int { return &e.ageIndex }}
}

func (o *entryHeap) Len() int { return len(o.entries) }

func (o *entryHeap) Less(i, j int) bool {
	a, b := o.entries[i], o.entries[j]
	if c := o.key(a).Compare(o.key(b)); c != 0 {
		return c < 0
	}
	return a.sequence < b.sequence
}

func (o *entryHeap) Swap(i, j int) {
	o.entries[i], o.entries[j] = o.entries[j], o.entries[i]
	*o.index(o.entries[i]), *o.index(o.entries[j]) = i, j
}

func (o *entryHeap) Push(x any) {
	e := x.(*entry)
	*o.index(e) = len(o.entries)
	o.entries = append(o.entries, e)
}

func (o *entryHeap) Pop() any {
	last := len(o.entries) - 1
	e := o.entries[last]
	o.entries[last] = nil
	o.entries = o.entries[:last]
	*o.index(e) = -1
	return e
}

func (o *entryHeap) add(e *entry) { heap.Push(o, e) }

func (o *entryHeap) remove(e *entry) {
	if i := *o.index(e); i >= 0 {
		heap.Remove(o, i)
	}
}

// first is the earliest entry, or nil.
func (o *entryHeap) first() *entry {
	if len(o.entries) == 0 {
		return nil
	}
	return o.entries[0]
}
