package explore

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// actor represents a process that runs the domain's code: a request, a batch, the reconciler or an
// operator's command. At each call to a service it blocks until the scheduler resolves the call.
type actor struct {
	run       *run
	role      string
	name      string
	start     uint64                     // hash of the actor's input
	deadline  time.Time                  // the actor crashes at this time; zero means never
	maySleep  bool                       // hours may pass while the actor runs
	replays   map[string]pipeline.Replay // for a worker: generations of its messages, by event id
	crashed   bool
	crashedBy string // event whose payload crashed the worker
	ended     bool
	err       error          // result of the actor; set when it has ended
	history   uint64         // hash of all answers that the actor has received
	calls     map[string]int // number of answers by site and subject
	lastSite  string         // role and site of the actor's last call
}

func (a *actor) alive() bool { return !a.crashed && !a.ended }

// call represents a service call that is waiting for the scheduler.
type call struct {
	actor   *actor
	ctx     context.Context
	site    string // service and method, such as "Bronze.Put"
	subject string // key or ids that the call is about
	kinds   []Kind // possible outcomes, except for Succeed
	entries int    // number of entries in a batch
	effect  func(outcome) (any, error)
	reply   chan answer
	origin  uint64    // result of identity() when the call was resolved
	hung    time.Time // time at which a Hang began
}

type answer struct {
	value any
	err   error
}

func (h outcome) String() string {
	if h.Kind == Partial || h.Kind == Duplicated || h.Kind == Delayed {
		return fmt.Sprintf("%s (no. %d)", h.Kind, h.entry+1)
	}
	return h.Kind.String()
}

// outcomes returns all possible outcomes of the call.
func (c *call) outcomes() []outcome {
	outcomes := []outcome{{Kind: Succeed}}
	for _, k := range c.kinds {
		outcomes = append(outcomes, outcome{Kind: k})
	}
	if c.entries > 1 {
		for i := range c.entries {
			outcomes = append(outcomes, outcome{Partial, i})
		}
	}
	if _, ok := c.ctx.Deadline(); ok && c.actor.role != "reconciler" {
		outcomes = append(outcomes, outcome{Kind: Hang})
	}
	return outcomes
}

// invoke blocks the actor until the scheduler has resolved the call. The scheduler's goroutine runs
// all effects, so that the simulated services need no locks.
func invoke[R any](ctx context.Context, a *actor, site, subject string, kinds []Kind, entries int,
	effect func(outcome) (R, error)) (R, error) {
	var none R
	c := &call{actor: a, ctx: ctx, site: site, subject: subject, kinds: kinds, entries: entries,
		reply:  make(chan answer, 1),
		effect: func(h outcome) (any, error) { return effect(h) }}
	if err := ctx.Err(); err != nil {
		return none, err
	}
	if !a.run.submit(c) {
		return none, errDead
	}
	got := <-c.reply
	if got.value == nil {
		return none, got.err
	}
	return got.value.(R), got.err
}

// exec invokes a call that returns an error and no value.
func (a *actor) exec(ctx context.Context, site, subject string, kinds []Kind,
	effect func() error) error {
	_, err := invoke(ctx, a, site, subject, kinds, 0,
		func(outcome) (any, error) { return nil, effect() })
	return err
}

// answer returns the result of the call to its actor, and unblocks the actor. If answer is called
// again for the same call, it has no effect.
func (c *call) answer(value any, err error) {
	select {
	case c.reply <- answer{value, err}:
	default:
	}
}

// hang makes the call return an error when the call's context ends.
func (c *call) hang() { context.AfterFunc(c.ctx, func() { c.answer(nil, c.ctx.Err()) }) }

// identity returns a hash that distinguishes the call from all other calls.
func (c *call) identity() uint64 { return hash(c.actor.start, c.actor.history, c.site, c.subject) }

// remember adds the result of a call to the actor's history. Parallel calls of an actor may get
// their answers in any order, so the history does not depend on this order.
func (a *actor) remember(c *call, value any, err error) {
	label := c.site + c.subject
	a.calls[label]++
	a.history += hash(label, a.calls[label], digest(value), digest(err))
}

// state returns a hash of everything that determines the actor's next steps.
func (a *actor) state() uint64 {
	if !a.alive() {
		if a.run.keyCache != nil && a.role == "client" {
			return hash(a.start, a.history) // the process keeps its key cache
		}
		return 0
	}
	return hash(a.start, a.history, a.deadline.UnixMilli())
}

var seed = maphash.MakeSeed()

func hash[T comparable](first T, more ...any) uint64 {
	h := maphash.Comparable(seed, first)
	for _, m := range more {
		h = maphash.Comparable(seed, [2]uint64{h, maphash.Comparable(seed, m)})
	}
	return h
}

// digest returns a hash of a result.
func digest(v any) uint64 {
	switch v := v.(type) {
	case nil:
		return 0
	case []byte:
		return maphash.Bytes(seed, v)
	case *pipeline.TransitionError:
		return hash(v.From, v.To)
	case []error:
		var h uint64
		for i, err := range v {
			h += hash(i, digest(err))
		}
		return h
	case error:
		var moved *pipeline.TransitionError
		if errors.As(v, &moved) {
			return digest(moved)
		}
		return hash(v.Error())
	case map[string]pipeline.Item:
		var h uint64
		for _, item := range v {
			h += hash(item)
		}
		return h
	case []pipeline.Object:
		var h uint64
		for _, o := range v {
			h += hash(o)
		}
		return h
	case []string:
		var h uint64
		for i, s := range v {
			h += hash(i, s)
		}
		return h
	case versioned:
		return hash(string(v.body), v.version)
	default: // comparable: an item, a checkpoint or a count
		return maphash.Comparable(seed, v)
	}
}
