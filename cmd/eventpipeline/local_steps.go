package main

import (
	"errors"
	"sync"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
)

// stepPrinter prints steps. It keeps the first steps until the command has announced the platform.
type stepPrinter struct {
	mu      sync.Mutex
	print   func(activity.Step) error // nil until start
	waiting []activity.Step
}

func (p *stepPrinter) add(step activity.Step) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.print == nil {
		p.waiting = append(p.waiting, step)
		return nil
	}
	return p.print(step)
}

// start calls announce, and then prints the steps.
func (p *stepPrinter) start(print func(activity.Step) error, announce func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := announce()
	for _, step := range p.waiting {
		err = errors.Join(err, print(step))
	}
	p.print, p.waiting = print, nil
	return err
}
