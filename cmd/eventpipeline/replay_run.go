package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// runReplay replays to the end, or until it is stopped: then its file says from where to go on.
func (f *replayFlags) runReplay(cmd *cobra.Command, replayer pipeline.Replayer, state *replayState) error {
	if f.dryRun {
		counts, err := f.count(cmd, replayer, state)
		if err != nil {
			return err
		}
		return f.printCounts(cmd.OutOrStdout(), state, counts)
	}
	if f.resume == "" {
		lock, err := lockReplay(state.file)
		if err != nil {
			return err
		}
		defer lock.Release()
	}
	if err := f.consent(cmd, replayer, state); err != nil {
		return unchanged(cmd, err)
	}
	// LastModified before anything else, so that a crash leaves the replay's id.
	if err := state.save(); err != nil {
		return err
	}
	earlier, bar := state.Counts, newBar(cmd.ErrOrStderr(), state.left(), "replaying")
	err := replayer.Run(cmd.Context(), state.request(false), state.After, func(after string, counts pipeline.ReplayCounts) error {
		state.After, state.Counts = after, sum(earlier, counts)
		_ = bar.Set(counts.Sent) // a bar that can't be drawn must not stop the replay
		return state.save()
	})
	_ = bar.Finish()
	if err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "The replay is not done. Go on with: %s replay %s--resume %s%s\n", commandName, f.stack.text(), state.file, state.rateText())
	} else {
		err = state.remove()
	}
	return errors.Join(f.printCounts(cmd.OutOrStdout(), state, state.Counts), err)
}

// replayFailed replays FAILED events, and tells of the messages that the DLQ has had of them all the while.
func (f *replayFlags) replayFailed(cmd *cobra.Command, r resources, replayer pipeline.Replayer, state *replayState) error {
	held, countErr := r.deadLetters().Count(cmd.Context())
	if err := f.runReplay(cmd, replayer, state); err != nil {
		return err
	}
	most := state.Counts.Sent
	if countErr == nil {
		most = min(most, held)
	}
	if most > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "The DLQ still has the messages of up to %s; one that fails again has two there.\n"+
			"Once they are PROCESSED, drop these with: %s dlq drop %s--type %s --status PROCESSED\n",
			events(most), commandName, f.stack.text(), state.Type)
	}
	return nil
}

// consent says what is to be replayed, and asks. A replay that goes on has been agreed to before.
func (f *replayFlags) consent(cmd *cobra.Command, replayer pipeline.Replayer, state *replayState) error {
	if f.yes || f.resume != "" {
		return nil
	}
	counts, err := f.count(cmd, replayer, state)
	if err != nil {
		return err
	}
	state.Total = counts.Sent
	return confirm(cmd, false, fmt.Sprintf("Replay %s in stack %s: %s?", events(counts.Sent), state.Stack, state))
}

func events(n int) string {
	if n == 1 {
		return "1 event"
	}
	return fmt.Sprintf("%d events", n)
}

// count goes through what a replay would, and changes nothing.
func (f *replayFlags) count(cmd *cobra.Command, replayer pipeline.Replayer, state *replayState) (counts pipeline.ReplayCounts, err error) {
	replayer.ChunkSize = 0 // the rate is for sending
	bar := newBar(cmd.ErrOrStderr(), -1, "counting")
	err = replayer.Run(cmd.Context(), state.request(true), "", func(_ string, c pipeline.ReplayCounts) error {
		counts = c
		_ = bar.Set(c.Scanned)
		return nil
	})
	_ = bar.Finish()
	return counts, err
}

func (f *replayFlags) printCounts(w io.Writer, state *replayState, c pipeline.ReplayCounts) error {
	if f.asJSON {
		return json.NewEncoder(w).Encode(struct {
			ReplayID string                `json:"replayId"`
			DryRun   bool                  `json:"dryRun"`
			Counts   pipeline.ReplayCounts `json:"counts"`
		}{state.Replay.ID, f.dryRun, c})
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name string, n int, what string) { fmt.Fprintf(table, "%s\t%d\t%s\n", name, n, what) }
	if !f.dryRun {
		fmt.Fprintf(table, "replay\t\t%s\n", state.Replay.ID)
	}
	row("scanned", c.Scanned, "objects in Bronze")
	row("matched", c.Matched, "events of that time")
	if f.dryRun {
		row("to replay", c.Sent, "events")
	} else {
		row("replayed", c.Sent, "events; they are on the queue")
	}
	row("enqueued", c.Enqueued, "events left alone: they are on their way")
	if !state.Failed {
		row("failed", c.Failed, "events left alone; --failed is for them")
	}
	row("orphans", c.Orphans, "objects of requests that were never acknowledged")
	switch {
	case state.Failed:
		row("processed", c.Done, "events left alone")
	case c.Done > 0:
		row("done", c.Done, "events that this replay has had before")
	}
	return table.Flush()
}

func sum(a, b pipeline.ReplayCounts) pipeline.ReplayCounts {
	return pipeline.ReplayCounts{
		Scanned: a.Scanned + b.Scanned, Matched: a.Matched + b.Matched, Sent: a.Sent + b.Sent, Done: a.Done + b.Done,
		Enqueued: a.Enqueued + b.Enqueued, Failed: a.Failed + b.Failed, Orphans: a.Orphans + b.Orphans,
	}
}

// runCompare prints each difference as it is found, then the counts.
func (f *replayFlags) runCompare(ctx context.Context, cmd *cobra.Command, replayer pipeline.Replayer, state *replayState) error {
	out, bar := cmd.OutOrStdout(), newBar(cmd.ErrOrStderr(), -1, "comparing")
	var counts pipeline.Comparison
	var printing error
	differs := func(d pipeline.Difference) {
		_ = bar.Clear()
		if f.asJSON {
			printing = errors.Join(printing, json.NewEncoder(out).Encode(d))
			return
		}
		fmt.Fprintln(out, strings.TrimSpace(fmt.Sprintf("%s  %-7s  %s%s", d.EventID, d.Kind, strings.Join(d.Fields, " "), d.Reason)))
	}
	err := replayer.Compare(ctx, state.request(true), differs, func(_ string, c pipeline.Comparison) error {
		counts = c
		_ = bar.Set(c.Scanned)
		return printing
	})
	_ = bar.Finish()
	if err != nil {
		return err
	}
	if f.asJSON {
		return json.NewEncoder(out).Encode(counts)
	}
	if f.worker == "" && counts.Changed > 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), "Compared with the platform's own transformation. If the pipeline has a worker of its own, name its folder by --worker.")
	}
	_, err = fmt.Fprintf(out, "%d same, %d changed, %d missing in Silver, %d refused today, %d skipped, of %d objects\n",
		counts.Same, counts.Changed, counts.Missing, counts.Refused, counts.Skipped, counts.Scanned)
	return err
}

// pace returns when n more may go, at a rate a second; 0 is no limit.
func pace(rate float64) func(ctx context.Context, n int) error {
	if rate == 0 {
		return func(ctx context.Context, _ int) error { return ctx.Err() }
	}
	next := time.Now()
	return func(ctx context.Context, n int) error {
		wait := time.NewTimer(time.Until(next))
		defer wait.Stop()
		select {
		case now := <-wait.C:
			if now.After(next) {
				next = now // time that was not used is lost: no burst makes up for it
			}
			next = next.Add(time.Duration(float64(n) / rate * float64(time.Second)))
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// chunkOf is how many events go at once at a rate: a tenth of a second's, from 1 to 100.
func chunkOf(rate float64) int {
	if rate == 0 {
		return 100
	}
	return int(min(max(rate/10, 1), 100))
}
