package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/replay"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/timeflag"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

type replayFlags struct {
	stack              stackFlags
	eventID, eventType string
	from, to           string
	rate               float64
	checkpoint, resume string
	dryRun, compare    bool
	failed, orphans    bool
	noPublish          bool
	worker             string
	yes, asJSON        bool
}

func newReplayCommand() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay {--type TYPE --from T [--to T] | --event ID}",
		Short: "Process archived events again and replace their Silver records",
		Long: `Processes the PROCESSED events of a type again. Each event becomes ENQUEUED, the
worker processes it, and its new records replace its old records. The new
records and the status of the event contain the id of the replay.

A replay skips ENQUEUED events, because they have a message on the queue. It
skips FAILED events too: use "dlq redrive" for them. With --failed it replays
only FAILED events, even if the DLQ no longer holds their messages. A replay
does not delete messages from the DLQ.

With --event it replays only one event, or one batch with all events that were
split off the batch. An event that was not split off can be replayed only
together with its batch, but --compare can compare it alone.

With --orphans it enqueues only orphans: payloads in Bronze whose events have
neither an item nor a record. The pipeline never accepted some of them: it
rejected the request, answered 503, or accepted another request with the same
Idempotency-Key. So count them with --dry-run first. The command skips orphans
that are younger than an hour, and enqueues at most one payload of each event.

A time is 2026-11-23T07:30:00Z, a day such as 2026-11-23 (its start, in UTC), or
an age such as 24h or 7d.

The command stores its progress in a file. After Ctrl-C or a crash, --resume
continues from that file. It keeps the --rate of the first run unless you set
another.

--compare changes nothing. It transforms the payloads again and prints how the
new records differ from the records in Silver. It uses the platform's default
processor. If the pipeline has another worker, set --worker to the folder of the
worker's main package; the command builds and runs it on this machine.`,
		Example: `  eventpipeline replay --type demo --from 2026-11-01 --to 2026-11-08 --dry-run
  eventpipeline replay --type demo --from 7d --rate 200
  eventpipeline replay --resume 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001.replay.json
  eventpipeline replay --type demo --from 30d --failed
  eventpipeline replay --event 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001
  eventpipeline replay --type demo --from 30d --orphans --dry-run
  eventpipeline replay --type demo --from 1d --compare --worker ./functions/demo
  eventpipeline replay --type demo --from 24h --no-publish --yes`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.stack.add(cmd)
	flags := cmd.Flags()
	addRequiredValue(flags, &f.eventID, "event", "replay only this event or batch")
	addRequiredValue(flags, &f.eventType, "type", "eventType of the events")
	addRequiredValue(flags, &f.from, "from", "replay events received from this time on")
	addRequiredValue(flags, &f.to, "to", "replay events received before this time (default: now)")
	flags.Float64Var(&f.rate, "rate", 0,
		"maximum number of events per second "+
			"(default: no limit; with --resume: the rate of the first run)")
	addRequiredValue(flags, &f.checkpoint, "checkpoint",
		"file that stores the progress (default: <replay id>.replay.json)")
	addRequiredValue(flags, &f.resume, "resume",
		"continue the replay whose progress is in this file")
	flags.BoolVar(&f.dryRun, "dry-run", false, "change nothing, and count the events to replay")
	flags.BoolVar(&f.compare, "compare", false,
		"change nothing, and compare new records with the records in Silver")
	flags.BoolVar(&f.failed, "failed", false, "replay only FAILED events")
	flags.BoolVar(&f.orphans, "orphans", false,
		"enqueue only payloads whose events have neither an item nor a record")
	addRequiredValue(flags, &f.worker, "worker",
		"with --compare: folder of the main package of the pipeline's worker")
	flags.BoolVar(&f.noPublish, "no-publish", false, "do not notify EventBridge")
	flags.BoolVar(&f.yes, "yes", false, "do not ask for confirmation")
	flags.BoolVar(&f.asJSON, "json", false, "print the result as JSON")
	return cmd
}

func (f *replayFlags) run(cmd *cobra.Command) error {
	if err := f.checkModes(); err != nil {
		return usageError{err}
	}
	if f.resume != "" { // lock first, because a running replay changes the file
		lock, err := replay.Lock(f.resume)
		if err != nil {
			return err
		}
		defer lock.Release()
	}
	state, err := f.state(time.Now(), cmd.Flags().Changed("rate"))
	if err != nil {
		return usageError{err}
	}
	if !f.yes && !f.dryRun && !f.compare && f.resume == "" {
		if err := requireTerminal(cmd); err != nil {
			return err
		}
	}
	p, err := f.stack.find(cmd.Context())
	if err != nil {
		return err
	}
	announce(cmd, p)
	item, err := state.FindEvent(cmd.Context(), p)
	switch {
	case errors.Is(err, replay.ErrNotSplitOff) && f.compare:
	case errors.Is(err, replay.ErrNotSplitOff):
		return notSplitOff(item, f.stack.String())
	case err != nil:
		return err
	}
	if err := state.Bind(p); err != nil {
		return usageError{err}
	}
	r := replayRun{
		replayFlags: f, cmd: cmd, pipeline: p, state: state, replayer: replay.NewReplayer(p, state),
	}
	return r.run(cmd.Context())
}

// checkModes checks the flags that select the action.
func (f *replayFlags) checkModes() error {
	if f.worker != "" && !f.compare {
		return errors.New("--worker requires --compare: a replay uses the deployed worker")
	}
	if f.orphans && (f.failed || f.compare) {
		return errors.New("--orphans can't be combined with --failed or --compare: " +
			"an orphan has no status and no record")
	}
	return nil
}

// notSplitOff returns the error for an event that is still part of its batch. Only the whole batch
// can be replayed.
func notSplitOff(item pipeline.Item, stackFlags string) error {
	batchID, _, _, _ := pipeline.ParseID(item.ID)
	failed := ""
	if item.Status == pipeline.Failed {
		failed = "--failed"
	}
	return fmt.Errorf("event %s is still part of its batch. Replay the batch: %s",
		item.ID, suggestCommand("replay", stackFlags, "--event", batchID, failed))
}

// state returns the state of the replay. With --resume, it reads the state of the earlier replay
// from the file. Otherwise, it creates a state from the flags. rateSet reports whether --rate is
// set.
func (f *replayFlags) state(now time.Time, rateSet bool) (*replay.State, error) {
	if rateSet && !(f.rate > 0 && f.rate <= replay.MaxRate) { // rejects NaN too
		return nil, fmt.Errorf("--rate must be above 0 and at most %.0f, got %g",
			replay.MaxRate, f.rate)
	}
	if f.resume != "" {
		state, err := replay.ReadState(f.resume)
		if err == nil && rateSet {
			state.Rate = f.rate
		}
		return state, err
	}
	state := &replay.State{EventID: f.eventID, Type: f.eventType}
	var err error
	if f.eventID == "" {
		state.From, state.To, err = f.timeRange(now)
	} else {
		err = f.checkEvent()
	}
	if err != nil {
		return nil, err
	}
	id := uuid.Must(uuid.NewV7()).String() // fails only if the system has no random numbers
	state.Replay = pipeline.Replay{ID: id, Quiet: f.noPublish}
	state.Failed, state.Orphans, state.Rate, state.File = f.failed, f.orphans, f.rate, f.checkpoint
	if state.File == "" {
		state.File = id + ".replay.json"
	}
	if _, err := os.Stat(state.File); err == nil && !f.dryRun && !f.compare {
		return nil, fmt.Errorf("%s exists already: continue that replay with --resume, "+
			"or choose another file", state.File)
	}
	return state, nil
}

// checkEvent checks the flags of a replay of one event.
func (f *replayFlags) checkEvent() error {
	if f.eventType != "" || f.from != "" || f.to != "" || f.orphans {
		return errors.New("--event can't be combined with --type, --from, --to or --orphans")
	}
	return checkID("--event", f.eventID)
}

// timeRange checks the flags --type, --from and --to. It returns the range of receipt times that
// the flags select.
func (f *replayFlags) timeRange(now time.Time) (from, to time.Time, err error) {
	if f.eventType == "" || f.from == "" {
		return from, to, errors.New(
			"nothing to replay: set either --type and --from, or --event, or --resume FILE")
	}
	if err := checkType(f.eventType); err != nil {
		return from, to, err
	}
	if from, err = timeflag.Parse(f.from, now); err != nil {
		return from, to, fmt.Errorf("--from: %w", err)
	}
	to = now.UTC()
	if f.to != "" {
		if to, err = timeflag.Parse(f.to, now); err != nil {
			return from, to, fmt.Errorf("--to: %w", err)
		}
	}
	if !from.Before(to) {
		return from, to, fmt.Errorf("--from must be before --to, got %s and %s",
			from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	return from, to, nil
}
