package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/lockfile"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// replayState is a replay and how far it is, as its file holds it.
type replayState struct {
	Stack  string                `json:"stack"`
	Queue  string                `json:"queue"` // the stack's: its URL tells accounts, regions and local platforms apart
	Replay pipeline.Replay       `json:"replay"`
	Type   string                `json:"type"`
	From   time.Time             `json:"from"`
	To     time.Time             `json:"to"`
	Failed bool                  `json:"failed,omitempty"` // the FAILED events alone
	After  string                `json:"after"`            // the last key in Bronze that is done with
	Counts pipeline.ReplayCounts `json:"counts"`
	Total  int                   `json:"total,omitempty"` // events to replay, if they were counted
	Rate   float64               `json:"rate,omitempty"`  // events a second at most; no limit when 0

	file string
}

// bind makes a new replay one of that stack, and refuses to go on with another stack's.
func (s *replayState) bind(stack, queue string) error {
	if s.Stack == "" {
		s.Stack, s.Queue = stack, queue
	}
	if s.Stack != stack || s.Queue != queue {
		return fmt.Errorf("%s is a replay of stack %s with the queue %s, not of %s with %s", s.file, s.Stack, s.Queue, stack, queue)
	}
	return nil
}

func (s *replayState) String() string {
	failed, quietly := "", ""
	if s.Failed {
		failed = "FAILED "
	}
	if s.Replay.Quiet {
		quietly = ", without telling EventBridge"
	}
	return fmt.Sprintf("%sevents of type %s, received from %s to %s%s", failed, s.Type, s.From.Format(time.RFC3339), s.To.Format(time.RFC3339), quietly)
}

func (s *replayState) request(dryRun bool) pipeline.ReplayRequest {
	return pipeline.ReplayRequest{Replay: s.Replay, Type: s.Type, From: s.From, To: s.To, Failed: s.Failed, DryRun: dryRun}
}

// left is how many events are still to be replayed, for a progress bar: -1 is unknown.
func (s *replayState) left() int {
	if s.Total <= s.Counts.Sent {
		return -1
	}
	return s.Total - s.Counts.Sent
}

// rateText is the flag that gives the rate, with a space before it.
func (s *replayState) rateText() string {
	if s.Rate == 0 {
		return ""
	}
	return fmt.Sprintf(" --rate %g", s.Rate)
}

// lockReplay keeps others from going on with the replay of that file at the same time.
func lockReplay(file string) (*lockfile.Lock, error) {
	lock, err := lockfile.Take(file + ".lock")
	if errors.Is(err, lockfile.ErrHeld) {
		return nil, fmt.Errorf("the replay of %s is under way, in another process", file)
	}
	return lock, err
}

func readReplayState(file string) (*replayState, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	state := &replayState{file: file}
	if err := json.Unmarshal(content, state); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	if state.Replay.ID == "" || !pipeline.ValidType(state.Type) || state.Rate < 0 || state.Rate > maxRate {
		return nil, fmt.Errorf("%s holds no replay", file)
	}
	return state, nil
}

// save writes the file whole or not at all: a crash must not leave half of it.
func (s *replayState) save() error {
	content, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("write how far the replay is: %w", err)
	}
	temporary, err := os.CreateTemp(filepath.Dir(s.file), ".replay-*")
	if err != nil {
		return fmt.Errorf("write how far the replay is: %w", err)
	}
	defer os.Remove(temporary.Name()) // nothing is there any more once it has its name
	_, err = temporary.Write(content)
	if closeErr := temporary.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(temporary.Name(), s.file)
	}
	if err != nil {
		return fmt.Errorf("write how far the replay is: %w", err)
	}
	return nil
}

func (s *replayState) remove() error {
	if err := os.Remove(s.file); err != nil {
		return fmt.Errorf("remove the file of a replay that is done: %w", err)
	}
	return nil
}
