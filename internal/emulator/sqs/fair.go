package sqs

import (
	"container/list"
	"slices"
)

// A tenant is noisy if it has at least noisyInFlight messages in flight, and more than noisyPercent
// of all messages in flight. These are SQS's limits for fair queues.
const (
	noisyInFlight = 30
	noisyPercent  = 10
)

// fairOrder orders the visible messages of a queue like SQS's fair queues: messages of noisy
// tenants come last. Unlike SQS, it ignores how long consumers process messages.
//
// Messages with the same group id belong to one tenant. A message without a group id has its own
// tenant, which is never noisy.
type fairOrder struct {
	quiet    *list.List         // *entry elements, in the order in which they became visible
	noisy    []*tenant          // in the order in which they became noisy
	tenants  map[string]*tenant // by group id; each one is noisy or has messages in flight
	visible  int                // number of visible messages
	inFlight int                // number of messages in flight
}

type tenant struct {
	group    string
	inFlight int
	visible  *list.List // *entry elements of a noisy tenant; nil if the tenant is quiet
}

func newFairOrder() fairOrder {
	return fairOrder{quiet: list.New(), tenants: map[string]*tenant{}}
}

func (f *fairOrder) addVisible(e *entry) {
	e.visibleIn = f.quiet
	if t := f.tenants[e.GroupID]; t != nil && t.visible != nil {
		e.visibleIn = t.visible
	}
	e.visibleElement = e.visibleIn.PushBack(e)
	f.visible++
}

// removeVisible removes a visible entry. A noisy tenant becomes quiet when its last visible entry
// is removed.
func (f *fairOrder) removeVisible(e *entry) {
	e.visibleIn.Remove(e.visibleElement)
	e.visibleIn, e.visibleElement = nil, nil
	f.visible--
	t := f.tenants[e.GroupID]
	if t != nil && t.visible != nil && t.visible.Len() == 0 {
		t.visible = nil
		f.noisy = slices.DeleteFunc(f.noisy, func(other *tenant) bool { return other == t })
		f.forget(t)
	}
}

func (f *fairOrder) addInFlight(e *entry) {
	f.inFlight++
	if e.GroupID == "" {
		return
	}
	if f.tenants[e.GroupID] == nil {
		f.tenants[e.GroupID] = &tenant{group: e.GroupID}
	}
	f.tenants[e.GroupID].inFlight++
}

func (f *fairOrder) removeInFlight(e *entry) {
	f.inFlight--
	if t := f.tenants[e.GroupID]; t != nil {
		t.inFlight--
		f.forget(t)
	}
}

// forget deletes the tenant if it is quiet and has no messages in flight.
func (f *fairOrder) forget(t *tenant) {
	if t.inFlight == 0 && t.visible == nil {
		delete(f.tenants, t.group)
	}
}

// first returns the entry to receive next, or nil if no entry is visible. Of the noisy tenants, the
// one with the fewest messages in flight comes first.
func (f *fairOrder) first() *entry {
	next := f.quiet
	if next.Len() == 0 && len(f.noisy) > 0 {
		fewer := func(a, b *tenant) int { return a.inFlight - b.inFlight }
		next = slices.MinFunc(f.noisy, fewer).visible
	}
	if next.Len() == 0 {
		return nil
	}
	return next.Front().Value.(*entry)
}

// detectNoise marks the tenant of a received entry as noisy, if the tenant has too many messages in
// flight. A tenant without visible entries stays quiet.
func (f *fairOrder) detectNoise(received *entry) {
	t := f.tenants[received.GroupID]
	if t == nil || t.visible != nil || t.inFlight < noisyInFlight ||
		t.inFlight*100 <= f.inFlight*noisyPercent {
		return
	}
	visible := list.New()
	for element := f.quiet.Front(); element != nil; {
		e, next := element.Value.(*entry), element.Next()
		if e.GroupID == t.group {
			f.quiet.Remove(element)
			e.visibleIn, e.visibleElement = visible, visible.PushBack(e)
		}
		element = next
	}
	if visible.Len() > 0 {
		t.visible = visible
		f.noisy = append(f.noisy, t)
	}
}
