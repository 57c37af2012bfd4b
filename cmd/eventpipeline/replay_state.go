package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/lockfile"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// replayState represents a replay and its progress, which a file stores.
type replayState struct {
	Stack   string                `json:"stack"`
	Queue   string                `json:"queue"` // URL; it contains the account and the region
	Replay  pipeline.Replay       `json:"replay"`
	EventID string                `json:"eventId,omitempty"` // only this event or batch
	Type    string                `json:"type"`
	From    time.Time             `json:"from"`
	To      time.Time             `json:"to"`
	Failed  bool                  `json:"failed,omitempty"`  // only FAILED events
	Orphans bool                  `json:"orphans,omitempty"` // only orphans
	After   string                `json:"after"`             // Bronze key of the last sent event
	Counts  pipeline.ReplayCounts `json:"counts"`
	Total   int                   `json:"total,omitempty"` // events to replay; 0 if not counted
	Rate    float64               `json:"rate,omitempty"`  // events per second; 0 is no limit

	file string
}

// bind records the pipeline of a new replay. For a resumed replay it returns an error if the replay
// was started with another pipeline.
func (s *replayState) bind(p deployment.Pipeline) error {
	if s.Stack == "" {
		s.Stack, s.Queue = p.Stack, p.QueueURL
	}
	if s.Stack != p.Stack || s.Queue != p.QueueURL {
		return fmt.Errorf("%s is a replay of stack %s with the queue %s, "+
			"not of stack %s with the queue %s",
			s.file, s.Stack, s.Queue, p.Stack, p.QueueURL)
	}
	return nil
}

// findEvent sets the type and the time range of a replay of one event. It does nothing for other
// replays.
func (s *replayState) findEvent(
	ctx context.Context, p deployment.Pipeline, stackFlags string,
) error {
	if s.EventID == "" {
		return nil
	}
	item, err := p.Items().Get(ctx, s.EventID)
	if errors.Is(err, pipeline.ErrNotFound) {
		if item, err = pipeline.LookUp(ctx, p.Items(), s.EventID); err == nil {
			return notSplitOff(item, stackFlags)
		}
	}
	if errors.Is(err, pipeline.ErrNotFound) {
		return fmt.Errorf("there is no event %s in stack %s: check the id", s.EventID, p.Stack)
	}
	if err != nil {
		return err
	}
	s.Type, s.From, s.To = item.Type, item.ReceivedAt, item.ReceivedAt.Add(time.Millisecond)
	return nil
}

// notSplitOff returns the error for an event that only a replay of its batch can replay.
func notSplitOff(item pipeline.Item, stackFlags string) error {
	batchID, _, _, _ := pipeline.ParseID(item.ID)
	failed := ""
	if item.Status == pipeline.Failed {
		failed = "--failed"
	}
	return fmt.Errorf("event %s was not split off its batch. Replay the batch: %s",
		item.ID, suggestCommand("replay", stackFlags, "--event", batchID, failed))
}

func (s *replayState) String() string {
	if s.EventID != "" {
		return "event " + s.EventID
	}
	events, quiet := "events", ""
	switch {
	case s.Failed:
		events = "FAILED events"
	case s.Orphans:
		events = "orphans"
	}
	if s.Replay.Quiet {
		quiet = ", without notifying EventBridge"
	}
	return fmt.Sprintf("%s of type %s, received from %s to %s%s", events, s.Type,
		s.From.Format(time.RFC3339), s.To.Format(time.RFC3339), quiet)
}

func (s *replayState) request(dryRun bool) pipeline.ReplayRequest {
	return pipeline.ReplayRequest{
		Replay: s.Replay, Type: s.Type, From: s.From, To: s.To,
		EventID: s.EventID, Failed: s.Failed, Orphans: s.Orphans, DryRun: dryRun,
	}
}

// remaining returns the number of events still to replay, or -1 if it is unknown.
func (s *replayState) remaining() int {
	if s.Total <= s.Counts.Sent {
		return -1
	}
	return s.Total - s.Counts.Sent
}

// rateFlag returns the flag that sets the same rate, or "" if there is no limit.
func (s *replayState) rateFlag() string {
	if s.Rate == 0 {
		return ""
	}
	return fmt.Sprintf("--rate %g", s.Rate)
}

// lockReplay prevents other processes from running the replay whose state is in file.
func lockReplay(file string) (*lockfile.Lock, error) {
	lock, err := lockfile.Take(file + ".lock")
	if errors.Is(err, lockfile.ErrHeld) {
		return nil, fmt.Errorf("another process is running the replay of %s", file)
	}
	return lock, err
}

func readReplayState(file string) (*replayState, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	state := &replayState{file: file}
	if err := jsonv2.Unmarshal(content, state); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	valid := state.Replay.ID != "" && pipeline.ValidType(state.Type) &&
		state.Rate >= 0 && state.Rate <= maxRate
	if !valid {
		return nil, fmt.Errorf("%s does not contain the state of a replay", file)
	}
	return state, nil
}

// save replaces the state file atomically. The caller holds the lock of the replay.
func (s *replayState) save() error {
	temporary := s.file + ".new"
	content, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		err = os.WriteFile(temporary, content, 0o600)
	}
	if err == nil {
		err = os.Rename(temporary, s.file)
	}
	if err != nil {
		return fmt.Errorf("save the replay's progress: %w", err)
	}
	return nil
}
