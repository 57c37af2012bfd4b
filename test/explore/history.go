package explore

import (
	"fmt"
	"slices"
	"time"
)

// history holds an actor's start, its inputs, and its reaction to the last input. The actor's code
// is deterministic, so the same history always leads to the same reaction. Histories with the same
// start form a tree, to which the search only adds.
type history struct {
	start     *start
	parent    *history // nil at the start
	input     input    // last input
	key       uint64   // hash of input
	now       time.Time
	responses uint64  // hash of all responses, whatever their order
	calls     []*call // calls that wait for a response, sorted by label
	hanging   []hanging
	reaction
	next    map[uint64]*history // known histories with one more input
	process *process            // a process that has this history, or nil
}

// reaction describes what an actor did after an input, apart from its calls.
type reaction struct {
	ended        bool
	failed       bool     // the actor has ended with an error
	unanswered   bool     // an attempt of a client got no response
	failedEvents []string // ids, one for each failure of the processor
}

// hanging describes a call that waits for the end of its context.
type hanging struct{ since, deadline time.Time }

// maxProcesses limits the number of processes that wait for their next input.
const maxProcesses = 64

// firstHistory returns the history of an actor that has just started.
func (r *run) firstHistory(s start) *history {
	key := hash(s.role, s.input, s.began.UnixNano())
	h := r.starts[key]
	if h == nil {
		h = &history{start: &s, now: s.began}
		r.starts[key] = h
		r.complete(h, r.processAt(h))
	}
	return h
}

// historyAfter returns the history h with one more input. If the reaction is not yet known, it runs
// the actor's code.
func (r *run) historyAfter(h *history, in input) *history {
	key := in.digest()
	if next := h.next[key]; next != nil {
		return next
	}
	next := &history{start: h.start, parent: h, input: in, key: key, now: h.now,
		responses: h.responses, hanging: h.hanging}
	p := r.processAt(h)
	if p.apply(in); !in.until.IsZero() {
		next.now = in.until
		next.hanging = slices.DeleteFunc(slices.Clone(h.hanging),
			func(c hanging) bool { return c.deadline.Before(in.until) })
	} else {
		c := h.calls[in.call]
		next.responses += hash(c.id, p.responses[c.label], digest(in.value), digest(in.err))
		if in.hangs {
			next.hanging = append(slices.Clip(h.hanging), hanging{h.now, c.deadline})
		}
	}
	if h.next == nil {
		h.next = make(map[uint64]*history)
	}
	h.next[key] = next
	r.complete(next, p)
	return next
}

// complete stores in h how the process reacted to the last input.
func (r *run) complete(h *history, p *process) {
	h.calls, h.reaction = p.calls, p.reaction
	if h.ended {
		p.end()
		return
	}
	h.process, p.at = p, h
	r.processes = append(r.processes, p)
	if len(r.processes) > maxProcesses {
		oldest := r.processes[0]
		r.processes, oldest.at.process = r.processes[1:], nil
		oldest.end()
	}
}

// processAt returns a process that has the history h. If there is none, it repeats the inputs in
// another process.
func (r *run) processAt(h *history) *process {
	p := h.process
	switch {
	case p != nil:
		h.process = nil
		r.processes = slices.DeleteFunc(r.processes,
			func(other *process) bool { return other == p })
		return p
	case h.parent == nil:
		return startProcess(r, h.start)
	}
	p = r.processAt(h.parent)
	p.apply(h.input)
	if !slices.Equal(labels(p.calls), labels(h.calls)) || p.reaction.ended {
		panic(fmt.Sprintf("the code is not deterministic: after the same inputs, the %s makes "+
			"the calls %s, and made %s", h.start.role, labels(p.calls), labels(h.calls)))
	}
	if h.input.digest() != h.key {
		panic(fmt.Sprintf("the %s has changed the response %v", h.start.role, h.input.value))
	}
	return p
}

func labels(calls []*call) []string {
	var labels []string
	for _, c := range calls {
		labels = append(labels, c.label)
	}
	return labels
}
