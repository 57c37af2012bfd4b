package explore

import (
	"context"
	"time"
)

// call represents a service call that waits for the scheduler. Its fields do not change.
type call struct {
	role     string // role of the actor
	site     string // service and method, such as "Bronze.Put"
	subject  string // key or ids that the call is about
	label    string // site and subject
	id       uint64 // hash of label
	outcomes []outcome
	effect   func(outcome) (any, error)
	ctx      context.Context
	deadline time.Time // end of ctx; zero means never
	reply    chan input
}

// input describes what an actor receives: the result of a call, or the passing of time.
type input struct {
	call  int // index of the call
	value any
	err   error
	hangs bool      // the call gets no response until its context ends
	until time.Time // if not zero, time passes until then, and there is no call
}

func newCall(ctx context.Context, role, site, subject string, kinds []Kind, entries int) *call {
	c := &call{role: role, site: site, subject: subject, label: site + subject, ctx: ctx,
		reply: make(chan input, 1)}
	c.id = hash(c.label)
	c.deadline, _ = ctx.Deadline()
	c.outcomes = []outcome{{Kind: Succeed}}
	for _, k := range kinds {
		c.outcomes = append(c.outcomes, outcome{Kind: k})
	}
	if entries > 1 {
		for i := range entries {
			c.outcomes = append(c.outcomes, outcome{Partial, i})
		}
	}
	if !c.deadline.IsZero() && role != "reconciler" {
		c.outcomes = append(c.outcomes, outcome{Kind: Hang})
	}
	return c
}

// receive returns the call's result to the actor. It runs in the actor's synctest bubble. A call
// that hangs returns an error when its context ends.
func (c *call) receive(in input) {
	if in.hangs {
		context.AfterFunc(c.ctx, func() { c.receive(input{err: c.ctx.Err()}) })
		return
	}
	select {
	case c.reply <- in:
	default: // the actor has already got a response
	}
}

// digest returns a hash of the input.
func (in input) digest() uint64 {
	return hash(in.hangs, in.until.UnixNano(), in.call, digest(in.value), digest(in.err))
}
