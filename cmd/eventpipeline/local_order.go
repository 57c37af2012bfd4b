package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
)

// stepPrinter prints steps in the order of their times. Log lines of functions arrive late, so
// stepPrinter waits orderWindow for earlier steps.
type stepPrinter struct {
	mu      sync.Mutex
	print   func(activity.Step) error // nil until start
	waiting []waitingStep
}

type waitingStep struct {
	activity.Step
	arrived time.Time
}

// orderWindow is the time that stepPrinter waits for earlier steps.
const orderWindow = 200 * time.Millisecond

func (p *stepPrinter) add(step activity.Step) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = append(p.waiting, waitingStep{step, time.Now()})
}

// start calls announce, and then lets flush print the steps.
func (p *stepPrinter) start(print func(activity.Step) error, announce func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.print = print
	return announce()
}

// run prints the steps until the context ends or an error occurs.
func (p *stepPrinter) run(ctx context.Context) error {
	ticker := time.NewTicker(orderWindow / 4)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			if err := p.flush(now.Add(-orderWindow)); err != nil {
				return err
			}
		}
	}
}

// flush prints each waiting step whose time or arrival time is not later than limit.
func (p *stepPrinter) flush(limit time.Time) (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.print == nil || len(p.waiting) == 0 {
		return nil
	}
	slices.SortStableFunc(p.waiting, compareSteps)
	isDue := func(w waitingStep) bool { return !w.Time.After(limit) || !w.arrived.After(limit) }
	for _, w := range p.waiting {
		if isDue(w) {
			err = errors.Join(err, p.print(w.Step))
		}
	}
	p.waiting = slices.DeleteFunc(p.waiting, isDue)
	return err
}

// compareSteps orders steps by time. Of the steps in the same millisecond, the step
// "accepted" comes first.
func compareSteps(a, b waitingStep) int {
	rank := func(w waitingStep) int {
		if w.Name == activity.Accepted {
			return 0
		}
		return 1
	}
	return cmp.Or(a.Time.Truncate(time.Millisecond).Compare(b.Time.Truncate(time.Millisecond)),
		cmp.Compare(rank(a), rank(b)), a.Time.Compare(b.Time))
}
