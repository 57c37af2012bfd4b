package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

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
		line := fmt.Sprintf("%s  %-7s  %s%s", d.EventID, d.Kind, strings.Join(d.Fields, " "), d.Reason)
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
