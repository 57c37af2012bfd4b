package main

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator"
)

// progress prints the phases of the start and the stop with their durations, and the output of the
// CDK app.
type progress struct {
	out   io.Writer
	begin time.Time

	mu         sync.Mutex
	phaseBegin time.Time
	reminder   *time.Timer // nil between phases
}

// reminderInterval is the maximum time without output. After this time, progress prints how long
// the phase has taken.
const reminderInterval = 5 * time.Second

// stopping is the phase in which the platform stops. The emulator does not report this phase.
const stopping emulator.Phase = "stop"

var phaseTitles = map[emulator.Phase]string{
	emulator.Synthesize: "Step 1 of 2: Synthesizing the app and building the Lambda functions " +
		"(the first run downloads and compiles for some minutes)",
	emulator.Provision: "Step 2 of 2: Provisioning",
	stopping:           "Stopping",
}

func newProgress(out io.Writer) *progress { return &progress{out: out, begin: time.Now()} }

// beginPhase ends the current phase and begins the named one.
func (p *progress) beginPhase(name emulator.Phase) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endPhase()
	p.phaseBegin = time.Now()
	fmt.Fprintf(tty.Wrap(p.out), "%s …\n", phaseTitles[name])
	p.reminder = time.AfterFunc(reminderInterval, p.remind)
}

// Write prints output of the CDK app.
func (p *progress) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reminder != nil {
		p.reminder.Reset(reminderInterval)
	}
	out := p.out
	if bytes.HasSuffix(text, []byte("\n")) {
		out = tty.Wrap(out)
	}
	return out.Write(text)
}

func (p *progress) remind() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reminder == nil {
		return
	}
	fmt.Fprintf(p.out, "  … %s so far\n", time.Since(p.phaseBegin).Round(time.Second))
	p.reminder.Reset(reminderInterval)
}

// endPhase ends the current phase, if there is one. The caller holds p.mu.
func (p *progress) endPhase() {
	if !p.stopReminder() {
		return
	}
	if took := time.Since(p.phaseBegin); took >= 100*time.Millisecond {
		fmt.Fprintf(p.out, "  done in %s\n", took.Round(100*time.Millisecond))
	}
}

// stopReminder stops the reminder, and reports whether a phase was running. The caller holds p.mu.
func (p *progress) stopReminder() bool {
	if p.reminder == nil {
		return false
	}
	p.reminder.Stop()
	p.reminder = nil
	return true
}

func (p *progress) reportReady() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endPhase()
	fmt.Fprintf(p.out, "Serving after %s\n", time.Since(p.begin).Round(10*time.Millisecond))
}

// stop stops the reminders. Unlike endPhase, stop does not print "done".
func (p *progress) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopReminder()
}
