package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/stdio"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// replayFlags are the flags of replay.
type replayFlags struct {
	stack              stackFlags
	eventType          string
	from, to           string
	rate               float64
	checkpoint, resume string
	dryRun, compare    bool
	failed, noPublish  bool
	worker             string
	yes, asJSON        bool
}

func newReplayCommand() *cobra.Command {
	var flags replayFlags
	cmd := &cobra.Command{
		Use:   "replay --type TYPE --from TIME [--to TIME]",
		Short: "Process events once more, from Bronze into the same Silver records",
		Long: `Processes events of a type once more that are PROCESSED: each becomes ENQUEUED, goes through the worker, and its new
record takes the place of the old one. The record and the event's status carry the replay's id. Events that are FAILED
are left to "dlq redrive", those that are ENQUEUED to their own message. --failed takes the FAILED ones and no others: those
whose message the DLQ does not hold any more, too. A message that it does hold stays there.

A TIME is 2026-11-23T07:30:00Z, a day such as 2026-11-23 (its beginning, in UTC), or how long ago, such as 24h or 7d.

How far it is stands in a file, so that it can be stopped with Ctrl-C, or crash, and be resumed; at the same --rate,
unless another is given. --compare changes nothing: it makes the records anew and reports how they differ from Silver's. It
takes the platform's own transformation or, with --worker, that of the pipeline's own worker: the folder of its main
package, which is built and run on this machine.`,
		Example: `  eventpipeline replay --type demo --from 2026-11-01 --to 2026-11-08 --dry-run
  eventpipeline replay --type demo --from 7d --rate 200
  eventpipeline replay --resume 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001.replay.json
  eventpipeline replay --type demo --from 24h --compare --json
  eventpipeline replay --type demo --from 30d --failed
  eventpipeline replay --type order.placed --from 24h --compare --worker ./functions/orders
  eventpipeline replay --stack event-driven-cloud-platform-dev --type demo --from 24h --no-publish --yes`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return flags.run(cmd) },
	}
	flags.stack.add(cmd)
	f := cmd.Flags()
	f.Var(newRequiredValue(&flags.eventType), "type", "eventType of the events")
	f.Var(newRequiredValue(&flags.from), "from", "replay what was received from then on")
	f.Var(newRequiredValue(&flags.to), "to", "and before then (default: now)")
	f.Float64Var(&flags.rate, "rate", 0, "at most so many events a second (default: as fast as it goes; with --resume: as before)")
	f.Var(newRequiredValue(&flags.checkpoint), "checkpoint", "file that says how far it is (default: <replay id>.replay.json)")
	f.Var(newRequiredValue(&flags.resume), "resume", "go on with the replay of this file")
	f.BoolVar(&flags.dryRun, "dry-run", false, "change nothing, and count what would be replayed")
	f.BoolVar(&flags.compare, "compare", false, "change nothing, and compare today's records with Silver's")
	f.BoolVar(&flags.failed, "failed", false, "replay the FAILED events, as a redrive does, and no others")
	f.Var(newRequiredValue(&flags.worker), "worker", "with --compare: folder of the main package of the pipeline's own worker")
	f.BoolVar(&flags.noPublish, "no-publish", false, "do not tell EventBridge that they were processed")
	f.BoolVar(&flags.yes, "yes", false, "do not ask")
	f.BoolVar(&flags.asJSON, "json", false, "print the result as JSON")
	return cmd
}

func (f *replayFlags) run(cmd *cobra.Command) error {
	if f.worker != "" && !f.compare {
		return usageError{errors.New("--worker is for --compare; a replay is done by the worker that is deployed")}
	}
	if f.resume != "" { // before the file is read: a replay that is under way changes it
		lock, err := lockReplay(f.resume)
		if err != nil {
			return err
		}
		defer lock.Release()
	}
	state, err := f.state(time.Now(), cmd.Flags().Changed("rate"))
	if err != nil {
		return usageError{err}
	}
	if err := mayConfirm(cmd, f.yes || f.dryRun || f.compare || f.resume != ""); err != nil {
		return err
	}
	r, err := f.stack.open(cmd.Context())
	if err != nil {
		return err
	}
	if err := r.need("BronzeBucketName", "SilverBucketName", "EventsTableName", "QueueUrl"); err != nil {
		return err
	}
	if err := state.bind(r.Stack, r.outputs["QueueUrl"]); err != nil {
		return usageError{err}
	}
	replayer := pipeline.Replayer{
		Bronze: r.bronze(), Items: r.events(), Silver: r.silver(), Queue: r.queue(), Checkpoints: r.checkpoints(),
		Throttle: pace(state.Rate), ChunkSize: chunkOf(state.Rate), Now: time.Now,
	}
	if f.compare && f.worker != "" {
		return withWorker(cmd.Context(), f.worker, cmd.ErrOrStderr(), func(ctx context.Context, worker *stdio.Client) error {
			replayer.Processor = worker
			return f.runCompare(ctx, cmd, replayer, state)
		})
	}
	if f.compare {
		return f.runCompare(cmd.Context(), cmd, replayer, state)
	}
	if state.Failed && !f.dryRun {
		return f.replayFailed(cmd, r, replayer, state)
	}
	return f.runReplay(cmd, replayer, state)
}

// maxRate is in events a second, and far more than can be sent.
const maxRate = 1e6

// state is the replay that the flags ask for, or the one to go on with. limited: a rate was given.
func (f *replayFlags) state(now time.Time, limited bool) (*replayState, error) {
	if limited && !(f.rate > 0 && f.rate <= maxRate) {
		return nil, fmt.Errorf("--rate is %g; it must be above 0, and at most %g", f.rate, maxRate)
	}
	if f.resume != "" {
		state, err := readReplayState(f.resume)
		if err == nil && limited {
			state.Rate = f.rate
		}
		return state, err
	}
	if f.eventType == "" || f.from == "" {
		return nil, errors.New("say what to replay, with --type and --from, or which replay to --resume")
	}
	if !pipeline.ValidType(f.eventType) {
		return nil, fmt.Errorf("--type %q is no eventType", f.eventType)
	}
	from, err := parseTime(f.from, now)
	if err != nil {
		return nil, fmt.Errorf("--from: %w", err)
	}
	to := now.UTC()
	if f.to != "" {
		if to, err = parseTime(f.to, now); err != nil {
			return nil, fmt.Errorf("--to: %w", err)
		}
	}
	if !from.Before(to) {
		return nil, fmt.Errorf("--from is %s, which is not before --to, %s", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make a replay id: %w", err)
	}
	state := &replayState{
		Replay: pipeline.Replay{ID: id.String(), Quiet: f.noPublish}, Type: f.eventType, From: from, To: to, Failed: f.failed,
		Rate: f.rate, file: f.checkpoint,
	}
	if state.file == "" {
		state.file = state.Replay.ID + ".replay.json"
	}
	if _, err := os.Stat(state.file); err == nil && !f.dryRun && !f.compare {
		return nil, fmt.Errorf("%s is there already: go on with that replay by --resume, or give another file", state.file)
	}
	return state, nil
}
