package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator"
)

// progress shows the phases of the start with their times, and the app's output in between.
type progress struct {
	out   io.Writer
	begun time.Time

	mu     sync.Mutex
	since  time.Time   // of the phase under way
	ticker *time.Timer // nil when no phase is under way
}

// still is how long a phase may be silent before it says that it goes on.
const still = 15 * time.Second

// stopping is the last phase, behind those of a start.
const stopping emulator.Phase = "stop"

var phases = map[emulator.Phase]string{
	emulator.Synthesize: "Synthesizing the app and building the Lambda functions (the first run downloads and compiles for some minutes)",
	emulator.Provision:  "Provisioning",
	stopping:            "Stopping",
}

func newProgress(out io.Writer) *progress { return &progress{out: out, begun: time.Now()} }

// phase ends the phase under way, and begins the one of that name.
func (p *progress) phase(name emulator.Phase) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finish()
	p.since = time.Now()
	fmt.Fprintf(p.out, "%s …\n", phases[name])
	p.ticker = time.AfterFunc(still, p.goOn)
}

// Write passes on the app's output.
func (p *progress) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ticker != nil {
		p.ticker.Reset(still)
	}
	return p.out.Write(text)
}

func (p *progress) goOn() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ticker == nil {
		return
	}
	fmt.Fprintf(p.out, "  … %s so far\n", time.Since(p.since).Round(time.Second))
	p.ticker.Reset(still)
}

// finish ends the phase under way. The caller holds p.mu.
func (p *progress) finish() {
	if p.ticker == nil {
		return
	}
	p.ticker.Stop()
	p.ticker = nil
	if took := time.Since(p.since); took >= 100*time.Millisecond {
		fmt.Fprintf(p.out, "  done in %s\n", took.Round(100*time.Millisecond))
	}
}

func (p *progress) ready() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finish()
	fmt.Fprintf(p.out, "Serving after %s\n", time.Since(p.begun).Round(10*time.Millisecond))
}

// end stops the reminders; a phase that failed is not said to be done.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ticker != nil {
		p.ticker.Stop()
		p.ticker = nil
	}
}

// wantsColour tells whether the output is a terminal that shows colours (https://no-color.org).
func wantsColour(out io.Writer) bool {
	return isTerminal(out) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
