package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// runReplay replays all events. If it stops early, the state's file stores where to continue.
func (f *replayFlags) runReplay(
	cmd *cobra.Command, replayer pipeline.Replayer, state *replayState,
) error {
	if f.resume == "" {
		lock, err := lockReplay(state.file)
		if err != nil {
			return err
		}
		defer lock.Release()
	}
	if !f.yes && f.resume == "" {
		if err := f.confirm(cmd, replayer, state); err != nil {
			return reportUnchanged(cmd, err)
		}
	}
	if err := state.save(); err != nil { // first of all: a crash must not lose the replay's id
		return err
	}
	earlier, bar := state.Counts, tty.NewBar(cmd.ErrOrStderr(), state.remaining(), "replaying")
	saveProgress := func(after string, counts pipeline.ReplayCounts) error {
		state.After, state.Counts = after, earlier
		addInts(&state.Counts, counts)
		_ = bar.Set(counts.Sent) // the replay continues even if the bar can't be drawn
		return state.save()
	}
	err := replayer.Run(cmd.Context(), state.request(false), state.After, saveProgress)
	_ = bar.Finish()
	if err != nil {
		resume := suggestCommand(
			"replay", f.stack.String(), "--resume", state.file, state.rateFlag())
		fmt.Fprintf(cmd.ErrOrStderr(), "The replay is not finished. Continue with: %s\n", resume)
	} else {
		err = state.remove()
	}
	return errors.Join(f.printCounts(cmd.OutOrStdout(), state, state.Counts), err)
}

// runFailed replays FAILED events, and then counts the messages that they have in the DLQ.
func (f *replayFlags) runFailed(
	cmd *cobra.Command, p deployment.Pipeline, replayer pipeline.Replayer, state *replayState,
) error {
	held, countErr := p.DeadLetterQueue().Count(cmd.Context())
	if err := f.runReplay(cmd, replayer, state); err != nil {
		return err
	}
	most := state.Counts.Sent
	if countErr == nil {
		most = min(most, held)
	}
	if most > 0 {
		drop := suggestCommand("dlq drop", f.stack.String(),
			"--type", state.Type, "--status PROCESSED")
		fmt.Fprintf(cmd.ErrOrStderr(), "The DLQ still holds the messages of up to %s. "+
			"An event that fails again gets\na second one. Once the events are PROCESSED, "+
			"drop the messages with:\n  %s\n", count(most, "event"), drop)
	}
	return nil
}

// confirm counts the events and asks whether to replay them.
func (f *replayFlags) confirm(
	cmd *cobra.Command, replayer pipeline.Replayer, state *replayState,
) error {
	counts, err := f.count(cmd, replayer, state)
	if err != nil {
		return err
	}
	state.Total = counts.Sent
	return confirm(cmd, fmt.Sprintf("Replay %s in stack %s: %s?",
		count(counts.Sent, "event"), state.Stack, state))
}

// count counts the events to replay, and changes nothing.
func (f *replayFlags) count(
	cmd *cobra.Command, replayer pipeline.Replayer, state *replayState,
) (counts pipeline.ReplayCounts, err error) {
	replayer.ChunkSize = 0 // the rate limits sending only
	bar := tty.NewBar(cmd.ErrOrStderr(), -1, "counting")
	keep := func(_ string, c pipeline.ReplayCounts) error {
		counts = c
		_ = bar.Set(c.Scanned)
		return nil
	}
	err = replayer.Run(cmd.Context(), state.request(true), "", keep)
	_ = bar.Finish()
	return counts, err
}

func (f *replayFlags) printCounts(
	w io.Writer, state *replayState, c pipeline.ReplayCounts,
) error {
	if f.asJSON {
		return printJSON(w, struct {
			ReplayID string                `json:"replayId"`
			DryRun   bool                  `json:"dryRun"`
			Counts   pipeline.ReplayCounts `json:"counts"`
		}{state.Replay.ID, f.dryRun, c})
	}
	table := tty.NewTable(w)
	if !f.dryRun {
		table.Row("replay", "", state.Replay.ID)
	}
	table.Row("scanned", c.Scanned, "objects in Bronze")
	table.Row("matched", c.Matched, "events received in that time")
	if f.dryRun {
		table.Row("to replay", c.Sent, "events")
	} else {
		table.Row("replayed", c.Sent, "events; they are on the queue")
	}
	table.Row("enqueued", c.Enqueued, "events skipped: they are on the queue already")
	if !state.Failed {
		table.Row("failed", c.Failed, "events skipped; replay them with --failed")
	}
	table.Row("orphans", c.Orphans, "objects of requests that were never acknowledged")
	switch {
	case state.Failed:
		table.Row("processed", c.Done, "events skipped")
	case c.Done > 0:
		table.Row("done", c.Done, "events that this replay had replayed before")
	}
	return table.Flush()
}

// runCompare prints each difference as it is found, then the counts.
func (f *replayFlags) runCompare(
	ctx context.Context, cmd *cobra.Command, replayer pipeline.Replayer, state *replayState,
) error {
	out, bar := cmd.OutOrStdout(), tty.NewBar(cmd.ErrOrStderr(), -1, "comparing")
	var counts pipeline.Comparison
	var printErr error
	onDifference := func(d pipeline.Difference) {
		_ = bar.Clear()
		if f.asJSON {
			printErr = errors.Join(printErr, printJSON(out, d))
			return
		}
		line := fmt.Sprintf("%s  %-7s  %s%s",
			d.EventID, d.Kind, strings.Join(d.Fields, " "), d.Reason)
		fmt.Fprintln(out, strings.TrimSpace(line))
	}
	onProgress := func(_ string, c pipeline.Comparison) error {
		counts = c
		_ = bar.Set(c.Scanned)
		return printErr
	}
	err := replayer.Compare(ctx, state.request(true), onDifference, onProgress)
	_ = bar.Finish()
	if err != nil {
		return err
	}
	if f.asJSON {
		return printJSON(out, counts)
	}
	if f.worker == "" && counts.Changed > 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), "Compared with the platform's own transformation. "+
			"If the pipeline has a worker\nof its own, name its folder with --worker.")
	}
	_, err = fmt.Fprintf(out, "%d same, %d changed, %d missing in Silver, %d refused today, "+
		"%d skipped, of %d objects\n", counts.Same, counts.Changed, counts.Missing, counts.Refused,
		counts.Skipped, counts.Scanned)
	return err
}

// count returns a number of things, such as "1 event" or "2 events".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
