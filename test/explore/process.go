package explore

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// process runs an actor's real code in a synctest bubble, one input at a time. The bubble's clock
// shows the same time as the run's clock.
type process struct {
	*start
	run       *run
	at        *history                   // the inputs so far
	calls     []*call                    // calls that wait for a response, sorted by label
	hung      []*call                    // calls that wait for the end of their context
	responses map[string]int             // number of responses by label
	replays   map[string]pipeline.Replay // for a worker: generations of its messages, by event id
	inputs    chan func()
	applied   chan bool // receives a value when all goroutines of the process are blocked
	gone      chan bool // closed when all goroutines have ended

	mu        sync.Mutex // the process's goroutines submit calls concurrently
	submitted []*call    // since the last input
	reaction  reaction
	dead      bool
}

// start describes the start of an actor.
type start struct {
	role     string
	input    uint64 // hash of the request, the batch or the command
	began    time.Time
	deadline time.Time // the actor crashes at this time; zero means never
	body     func(ctx context.Context, p *process) error
}

// startProcess starts a process, and waits until all its goroutines are blocked.
func startProcess(r *run, s *start) *process {
	p := &process{start: s, run: r, responses: make(map[string]int), inputs: make(chan func()),
		applied: make(chan bool), gone: make(chan bool)}
	go func() {
		defer close(p.gone)
		synctest.Test(r.t, func(*testing.T) { p.serve() })
	}()
	<-p.applied
	p.collectCalls()
	return p
}

// serve runs in the bubble, and waits for inputs on a channel. The channel was created outside the
// bubble, so synctest stops the bubble's clock during this wait.
func (p *process) serve() {
	time.Sleep(time.Until(p.began))
	ctx, cancel := context.WithCancel(context.Background())
	if !p.deadline.IsZero() {
		ctx, cancel = context.WithDeadline(ctx, p.deadline)
	}
	defer cancel()
	go func() {
		err := p.body(ctx, p)
		p.report(func(r *reaction) { r.ended, r.failed = true, err != nil })
	}()
	synctest.Wait()
	p.applied <- true
	for apply := range p.inputs {
		apply()
		synctest.Wait()
		p.applied <- true
	}
	p.mu.Lock()
	p.dead = true
	p.mu.Unlock()
	for _, c := range slices.Concat(p.calls, p.hung) {
		c.receive(input{err: errDead})
	}
	synctest.Wait()
}

// end stops all goroutines of the process. Their calls have no effect.
func (p *process) end() {
	close(p.inputs)
	<-p.gone
}

// apply passes an input to the process, and waits until all its goroutines are blocked.
func (p *process) apply(in input) {
	p.reaction.unanswered, p.reaction.failedEvents = false, nil
	if in.until.IsZero() {
		c := p.calls[in.call]
		p.responses[c.label]++
		p.calls = slices.Concat(p.calls[:in.call], p.calls[in.call+1:])
		if in.hangs {
			p.hung = append(p.hung, c)
		}
		p.inputs <- func() { c.receive(in) }
	} else {
		p.inputs <- func() { time.Sleep(time.Until(in.until)) }
	}
	<-p.applied
	p.collectCalls()
}

// collectCalls adds to p.calls the calls made since the last input.
func (p *process) collectCalls() {
	p.calls = slices.Concat(p.calls, p.submitted)
	p.submitted = nil
	slices.SortStableFunc(p.calls,
		func(a, b *call) int { return strings.Compare(a.label, b.label) })
}

// report changes the reaction to the last input, unless the process is dead.
func (p *process) report(change func(*reaction)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.dead {
		change(&p.reaction)
	}
}

// submit passes a call to the scheduler. It returns false if the process is dead.
func (p *process) submit(c *call) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.dead {
		p.submitted = append(p.submitted, c)
	}
	return !p.dead
}

// invoke makes a call, and blocks the goroutine until it gets a response. The scheduler runs all
// effects, so the simulated services need no locks. The scheduler can run an effect in several
// schedules, even after the end of the process.
func invoke[R any](ctx context.Context, p *process, site, subject string, kinds []Kind,
	entries int, effect func(outcome) (R, error)) (R, error) {
	var none R
	if err := ctx.Err(); err != nil {
		return none, err
	}
	c := newCall(ctx, p.role, site, subject, kinds, entries)
	c.effect = func(h outcome) (any, error) { return effect(h) }
	if !p.submit(c) {
		return none, errDead
	}
	got := <-c.reply
	if got.value == nil {
		return none, got.err
	}
	return got.value.(R), got.err
}

// exec makes a call that returns an error and no value.
func (p *process) exec(ctx context.Context, site, subject string, kinds []Kind,
	effect func() error) error {
	_, err := invoke(ctx, p, site, subject, kinds, 0,
		func(outcome) (any, error) { return nil, effect() })
	return err
}
