// Package replay runs replays, and stores their progress in files.
package replay

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

// MaxRate is the highest rate in events per second.
const MaxRate = 1e6

// State represents a replay and its progress. Save stores it in a file.
type State struct {
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

	File string `json:"-"`
}

// Bind records p as the pipeline of a new replay. It returns an error if a resumed replay does not
// belong to p.
func (s *State) Bind(p deployment.Pipeline) error {
	if s.Stack == "" {
		s.Stack, s.Queue = p.Stack, p.QueueURL
	}
	if s.Stack != p.Stack || s.Queue != p.QueueURL {
		return fmt.Errorf("%s is a replay of stack %s with the queue %s, "+
			"but the selected pipeline has the stack %s and the queue %s; "+
			"select the replay's stack with --stack or --aws",
			s.File, s.Stack, s.Queue, p.Stack, p.QueueURL)
	}
	return nil
}

// ErrNotSplitOff reports that an event can be replayed only together with its batch.
var ErrNotSplitOff = errors.New("the event is still part of its batch")

// FindEvent sets the type and the time range of a replay of one event, and returns the event's
// item. If the event can be compared, but not replayed, FindEvent also returns ErrNotSplitOff. For
// other replays, FindEvent does nothing.
func (s *State) FindEvent(
	ctx context.Context, p deployment.Pipeline,
) (item pipeline.Item, err error) {
	if s.EventID == "" {
		return item, nil
	}
	item, err = p.Items().Get(ctx, s.EventID)
	inBatch := errors.Is(err, pipeline.ErrNotFound)
	if inBatch {
		item, err = pipeline.LookUp(ctx, p.Items(), s.EventID)
	}
	if errors.Is(err, pipeline.ErrNotFound) {
		return item, fmt.Errorf("there is no event %s in stack %s: check the id",
			s.EventID, p.Stack)
	}
	if err != nil {
		return item, err
	}
	s.Type, s.From, s.To = item.Type, item.ReceivedAt, item.ReceivedAt.Add(time.Millisecond)
	if inBatch {
		return item, ErrNotSplitOff
	}
	return item, nil
}

// String describes the selected events, without their times of receipt.
func (s *State) String() string {
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
	return fmt.Sprintf("%s of type %s%s", events, s.Type, quiet)
}

// Request returns the request for the replayer.
func (s *State) Request(dryRun bool) pipeline.ReplayRequest {
	return pipeline.ReplayRequest{
		Replay: s.Replay, Type: s.Type, From: s.From, To: s.To,
		EventID: s.EventID, Failed: s.Failed, Orphans: s.Orphans, DryRun: dryRun,
	}
}

// Remaining returns the number of events that the replay has not handled yet, or -1 if it is
// unknown.
func (s *State) Remaining() int {
	if s.Total <= s.Counts.Sent {
		return -1
	}
	return s.Total - s.Counts.Sent
}

// Lock prevents other processes from running the replay whose state is in file.
func Lock(file string) (*lockfile.Lock, error) {
	lock, err := lockfile.Take(file + ".lock")
	if errors.Is(err, lockfile.ErrHeld) {
		return nil, fmt.Errorf("another process is running the replay of %s: wait until it ends",
			file)
	}
	return lock, err
}

// ReadState reads the state in a file.
func ReadState(file string) (*State, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	state := &State{File: file}
	if err := jsonv2.Unmarshal(content, state); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	valid := state.Replay.ID != "" && pipeline.ValidType(state.Type) &&
		state.Rate >= 0 && state.Rate <= MaxRate
	if !valid {
		return nil, fmt.Errorf("%s must be a file that \"replay\" has written: "+
			"choose another file, or start a new replay", file)
	}
	return state, nil
}

// Save replaces the state file atomically. The caller holds the lock of the replay.
func (s *State) Save() error {
	temporary := s.File + ".new"
	content, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		err = os.WriteFile(temporary, content, 0o600)
	}
	if err == nil {
		err = os.Rename(temporary, s.File)
	}
	if err != nil {
		return fmt.Errorf("save the replay's progress: %w", err)
	}
	return nil
}
