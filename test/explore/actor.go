package explore

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// actor is a process that runs the domain's code: a request's, a batch's, the reconciler's, an operator's. It stops at
// every port call until the scheduler lets it go on.
type actor struct {
	run      *run
	role     string
	name     string
	start    uint64                     // tells what it began with
	deadline time.Time                  // when its process is killed; zero is never
	mayStall bool                       // hours may pass while it is under way
	replays  map[string]pipeline.Replay // a worker's: the generation of each message, by event id
	crashed  bool
	ended    bool
	err      error  // once it ended
	history  uint64 // of all answers that it got
	asked    map[string]int
	last     string // the place of its last call
}

func (a *actor) alive() bool { return !a.crashed && !a.ended }

// call is a port call that waits for the scheduler.
type call struct {
	actor   *actor
	ctx     context.Context
	site    string // port and method
	what    string // what it is about, in short
	kinds   []Kind
	entries int // of a batch
	effect  func(how) (any, error)
	reply   chan answer
	origin  uint64    // tells apart what its effect may be
	hung    time.Time // since when it hangs
}

// how is a kind of outcome; for Stale, Wrong and Partial the effect itself must know of it.
type how struct {
	Kind
	entry int // that fails, with Partial
}

type answer struct {
	value any
	err   error
}

func (h how) String() string {
	if h.Kind == Partial || h.Kind == Duplicate || h.Kind == HeldBack {
		return fmt.Sprintf("%s (no. %d)", h.Kind, h.entry+1)
	}
	return h.Kind.String()
}

// outcomes are all ways in which the call may go.
func (c *call) outcomes() []how {
	outcomes := []how{{Kind: Succeed}}
	for _, k := range c.kinds {
		outcomes = append(outcomes, how{Kind: k})
	}
	if c.entries > 1 {
		for i := range c.entries {
			outcomes = append(outcomes, how{Partial, i})
		}
	}
	if _, ok := c.ctx.Deadline(); ok && c.actor.role != "reconciler" {
		outcomes = append(outcomes, how{Kind: Hang})
	}
	return outcomes
}

// ask stops the actor until the scheduler has decided how the call goes. Effects run in the scheduler's goroutine, so
// that the world needs no locks; R is taken from a copy, so that a late effect can't change what the actor has.
func ask[R any](ctx context.Context, a *actor, site, what string, kinds []Kind, entries int, effect func(how) (R, error)) (R, error) {
	var none R
	c := &call{actor: a, ctx: ctx, site: site, what: what, kinds: kinds, entries: entries, reply: make(chan answer, 1),
		effect: func(h how) (any, error) { return effect(h) }}
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

// do is ask for calls that return nothing but an error.
func do(ctx context.Context, a *actor, site, what string, kinds []Kind, effect func() error) error {
	_, err := ask(ctx, a, site, what, kinds, 0, func(how) (any, error) { return nil, effect() })
	return err
}

// answer ends a call. Only a first answer counts.
func (c *call) answer(value any, err error) {
	select {
	case c.reply <- answer{value, err}:
	default:
	}
}

// hang answers a call when its context ends.
func (c *call) hang() { context.AfterFunc(c.ctx, func() { c.answer(nil, c.ctx.Err()) }) }

// identity tells a call from others.
func (c *call) identity() uint64 { return hash(c.actor.start, c.actor.history, c.site, c.what) }

// remember adds an answer to what the actor knows. Calls that run side by side may be answered in any order, so each
// counts by itself.
func (a *actor) remember(c *call, value any, err error) {
	label := c.site + c.what
	a.asked[label]++
	a.history += hash(label, a.asked[label], digest(value), digest(err))
}

// state tells apart what an actor may do next.
func (a *actor) state() uint64 {
	if !a.alive() {
		if a.run.recent != nil && a.role == "client" {
			return hash(a.start, a.history) // the process remembers
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

// digest tells answers apart.
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
	default: // comparable: an item, a checkpoint, a count
		return maphash.Comparable(seed, v)
	}
}
