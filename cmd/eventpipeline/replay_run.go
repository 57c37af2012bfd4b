package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/replay"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/stdio"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// replayRun represents one run of `eventpipeline replay`.
type replayRun struct {
	*replayFlags
	cmd      *cobra.Command
	pipeline deployment.Pipeline
	replayer pipeline.Replayer
	state    *replay.State
}

// run compares, counts or replays the selected events.
func (r replayRun) run(ctx context.Context) error {
	switch {
	case r.compare && r.worker != "":
		compare := func(ctx context.Context, worker *stdio.Client) error {
			r.replayer.Processor = worker
			return r.compareRecords(ctx)
		}
		return replay.WithWorker(ctx, r.worker, r.cmd.ErrOrStderr(), compare)
	case r.compare:
		return r.compareRecords(ctx)
	case r.dryRun:
		counts, err := r.countEvents()
		if err != nil {
			return err
		}
		return r.printCounts(counts)
	case r.state.Failed:
		return r.replayFailed()
	}
	return r.replay()
}

// replay replays all selected events. If it stops early, the state file remains, so that the user
// can resume the replay.
func (r replayRun) replay() error {
	state := r.state
	if r.resume == "" {
		lock, err := replay.Lock(state.File)
		if err != nil {
			return err
		}
		defer lock.Release()
	}
	if !r.yes && r.resume == "" {
		switch err := r.confirm(); {
		case errors.Is(err, errNothing):
			return r.printNothing()
		case err != nil:
			return reportUnchanged(r.cmd, err)
		}
	}
	bar := tty.NewBar(r.cmd.ErrOrStderr(), state.Remaining(), "replaying")
	// A progress bar that can't be drawn does not stop the replay.
	err := state.Run(r.cmd.Context(), r.replayer, func(sent int) { _ = bar.Set(sent) })
	_ = bar.Finish()
	if err != nil {
		resume := suggestCommand(
			"replay", r.stack.String(), "--resume", state.File, rateFlag(state.Rate))
		fmt.Fprintf(r.cmd.ErrOrStderr(), "The replay is not finished. Continue with: %s\n", resume)
	} else {
		err = os.Remove(state.File)
	}
	return errors.Join(r.printCounts(state.Counts), err)
}

// rateFlag returns the flag that sets the rate, or "" if there is no limit.
func rateFlag(rate float64) string {
	if rate == 0 {
		return ""
	}
	return fmt.Sprintf("--rate %g", rate)
}

// replayFailed replays FAILED events. The DLQ can still contain the old messages of these events.
// replayFailed prints how many events can have an old message, and a command that drops the old
// messages.
func (r replayRun) replayFailed() error {
	held, countErr := r.pipeline.DeadLetterQueue().Count(r.cmd.Context())
	if err := r.replay(); err != nil {
		return err
	}
	most := r.state.Counts.Sent
	if countErr == nil {
		most = min(most, held)
	}
	if most > 0 {
		drop := suggestCommand("dlq drop", r.stack.String(),
			"--type", r.state.Type, "--status PROCESSED")
		errOut := r.cmd.ErrOrStderr()
		fmt.Fprintf(tty.Wrap(errOut), "The DLQ still holds the messages of up to %s. If an event "+
			"fails again, it gets a second message. When the events are PROCESSED, drop the "+
			"messages with:\n", formatCount(most, "event"))
		fmt.Fprintf(errOut, "  %s\n", drop)
	}
	return nil
}

// errNothing reports that no event matches.
var errNothing = errors.New("nothing to replay")

// printNothing prints why there is nothing to replay, and suggests commands.
func (r replayRun) printNothing() error {
	counts, w := r.state.Counts, r.cmd.ErrOrStderr()
	fmt.Fprintln(w, "Nothing to replay.")
	suggest := func(reason string, words ...string) {
		fmt.Fprintf(w, "%s:\n  %s\n", reason, suggestCommand(words...))
	}
	flags := r.stack.String()
	if counts.Failed > 0 && !r.state.Failed {
		suggest(formatCount(counts.Failed, "event")+" FAILED. To process them again",
			"dlq redrive", flags)
	}
	if counts.Enqueued > 0 {
		fmt.Fprintf(w, "%s on the queue already.\n", formatCount(counts.Enqueued, "event"))
	}
	if counts.Scanned == 0 && r.state.EventID == "" {
		suggest("Bronze has no payload of this type and time. To list the events",
			"events", flags, "--since 7d")
	}
	return r.printCounts(counts)
}

// confirm counts the events, and asks whether to replay them. If there are none, it returns
// errNothing.
func (r replayRun) confirm() error {
	counts, err := r.countEvents()
	if err != nil {
		return err
	}
	r.state.Total = counts.Sent
	if counts.Sent == 0 {
		r.state.Counts = counts
		return errNothing
	}
	if r.state.Orphans {
		fmt.Fprintln(tty.Wrap(r.cmd.ErrOrStderr()), "The pipeline never accepted some orphans: it "+
			"rejected the request, answered 503, or accepted another request with the same "+
			"Idempotency-Key. The worker will process all of them.")
	}
	return confirm(r.cmd, fmt.Sprintf("Replay %s in stack %s: %s?",
		formatCount(counts.Sent, "event"), r.state.Stack, r.state))
}

// countEvents counts the events to replay, and changes nothing.
func (r replayRun) countEvents() (counts pipeline.ReplayCounts, err error) {
	bar := tty.NewBar(r.cmd.ErrOrStderr(), -1, "counting")
	counts, err = r.state.Count(r.cmd.Context(), r.replayer,
		func(scanned int) { _ = bar.Set(scanned) })
	_ = bar.Finish()
	return counts, err
}

func (r replayRun) printCounts(c pipeline.ReplayCounts) error {
	w := r.cmd.OutOrStdout()
	if r.asJSON {
		return printJSON(w, struct {
			ReplayID string                `json:"replayId"`
			DryRun   bool                  `json:"dryRun"`
			Counts   pipeline.ReplayCounts `json:"counts"`
		}{r.state.Replay.ID, r.dryRun, c})
	}
	table := tty.NewTable(w)
	if !r.dryRun {
		table.Row("replay", "", r.state.Replay.ID)
	}
	table.Row("scanned", c.Scanned, "objects in Bronze")
	if r.state.Orphans {
		r.addOrphanRows(table, c)
		return table.Flush()
	}
	table.Row("matched", c.Matched, "events received in that time")
	if r.dryRun {
		table.Row("to replay", c.Sent, "events")
	} else {
		table.Row("replayed", c.Sent, "events; they are on the queue")
	}
	table.Row("enqueued", c.Enqueued, "events skipped: they are on the queue already")
	if !r.state.Failed {
		table.Row("failed", c.Failed, "events skipped; replay them with --failed")
	}
	table.Row("orphans", c.Orphans, "objects skipped; see --orphans")
	switch {
	case r.state.Failed:
		table.Row("processed", c.Done, "events skipped")
	case c.Done > 0:
		table.Row("done", c.Done, "events that this replay had replayed before")
	}
	return table.Flush()
}

func (r replayRun) addOrphanRows(table tty.Table, c pipeline.ReplayCounts) {
	if r.dryRun {
		table.Row("to enqueue", c.Sent, "orphans")
	} else {
		table.Row("enqueued", c.Sent, "orphans; they are on the queue")
		table.Row("overtaken", c.Enqueued, "orphans skipped: they got an item in the meantime")
	}
	table.Row("known", c.Done, "objects skipped: their events have an item or a record")
	table.Row("not chosen", c.Orphans, "objects skipped: their events have another object")
	table.Row("young", c.Young, "objects skipped: they are younger than an hour")
}

// compareRecords processes the selected events again and compares the new records with the records
// in Silver. It prints each difference immediately, and the counts at the end.
func (r replayRun) compareRecords(ctx context.Context) error {
	out, bar := r.cmd.OutOrStdout(), tty.NewBar(r.cmd.ErrOrStderr(), -1, "comparing")
	var counts pipeline.Comparison
	var printErr error
	onDifference := func(d pipeline.Difference) {
		_ = bar.Clear()
		if r.asJSON {
			printErr = errors.Join(printErr, printJSON(out, d))
			return
		}
		line := fmt.Sprintf("%s  %-7s  %s%s",
			d.EventID, d.Kind, strings.Join(d.Fields, " "), d.Reason)
		fmt.Fprintln(tty.Wrap(out), strings.TrimSpace(line))
	}
	onProgress := func(_ string, c pipeline.Comparison) error {
		counts = c
		_ = bar.Set(c.Scanned)
		return printErr
	}
	err := r.replayer.Compare(ctx, r.state.Request(true), onDifference, onProgress)
	_ = bar.Finish()
	if err != nil {
		return err
	}
	if r.asJSON {
		return printJSON(out, counts)
	}
	if r.worker == "" && counts.Changed > 0 {
		fmt.Fprintln(tty.Wrap(r.cmd.ErrOrStderr()), "The new records are made by the platform's "+
			"default processor. If the pipeline has another worker, set --worker to its folder.")
	}
	if counts.Skipped > 0 {
		fmt.Fprintln(tty.Wrap(r.cmd.ErrOrStderr()), "Skipped events have no record to compare: "+
			"they are ENQUEUED or FAILED, are outside of --from and --to, or were never accepted.")
	}
	_, err = fmt.Fprintf(out, "%d same, %d changed, %d missing in Silver, %d refused today, "+
		"%d skipped, of %s\n", counts.Same, counts.Changed, counts.Missing, counts.Rejected,
		counts.Skipped, formatCount(counts.Scanned, "event"))
	return err
}

// formatCount returns the number with the noun, such as "1 event" or "2 events".
func formatCount(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
