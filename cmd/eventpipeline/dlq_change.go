package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/dlq"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// dlqChange implements the commands that remove messages from the DLQ: redrive and drop.
type dlqChange struct {
	stack      *stackFlags
	verb, past string
	action     dlq.Action

	filter      dlqFilter
	all, dryRun bool
	yes, asJSON bool
}

func (c *dlqChange) add(cmd *cobra.Command) {
	c.filter.add(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&c.all, "all", false, "every message in the DLQ")
	flags.BoolVar(&c.dryRun, "dry-run", false, "change nothing, and print what would be "+c.past)
	flags.BoolVar(&c.yes, "yes", false, "do not ask for confirmation")
	flags.BoolVar(&c.asJSON, "json", false, "print the result as one line of JSON")
}

// dlqResult defines what --json prints. NotFound counts ids. The other numbers count messages.
type dlqResult struct {
	Matched int `json:"matched"` // messages that matched in the preview
	Done    int `json:"done"`
	// Failed counts messages that stay in the DLQ because the change failed. In a dry run, it
	// counts messages that can't be redriven.
	Failed    int  `json:"failed"`
	NotFound  int  `json:"notFound"`  // ids in the arguments that no message has
	Hidden    int  `json:"hidden"`    // approximate number of messages that other clients received
	Unseen    int  `json:"unseen"`    // matched in the preview, but were not found again
	Truncated bool `json:"truncated"` // the DLQ holds more messages than can be checked
	DryRun    bool `json:"dryRun"`
}

func (c *dlqChange) run(cmd *cobra.Command, args []string) error {
	if err := c.filter.parse(cmd, args); err != nil {
		return usageError{err}
	}
	if c.filter.Empty() != c.all {
		return usageErrorf("select messages: by ids, by filters such as " +
			"--code unavailable, or with --all")
	}
	if !c.yes && !c.dryRun {
		if err := requireTerminal(cmd); err != nil {
			return err
		}
	}
	p, err := c.stack.find(cmd.Context())
	if err != nil {
		return err
	}
	announce(cmd, p)
	return c.newRun(cmd, p).run()
}

// dlqRun represents one run of `dlq redrive` or `dlq drop`.
type dlqRun struct {
	*dlqChange
	cmd       *cobra.Command
	change    dlq.Change
	result    dlqResult
	announced map[string]bool // ids of the messages to change; nil means all that match the filter
	missing   []string        // ids in the arguments that no message has
}

func (c *dlqChange) newRun(cmd *cobra.Command, p deployment.Pipeline) *dlqRun {
	result := dlqResult{DryRun: c.dryRun}
	change := dlq.Change{
		Pipeline: p, Filter: c.filter.Filter, Begin: time.Now(), Action: c.action,
	}
	return &dlqRun{dlqChange: c, cmd: cmd, change: change, result: result}
}

func (r *dlqRun) run() error {
	if err := r.preview(); err != nil {
		return reportUnchanged(r.cmd, err)
	}
	if r.dryRun || r.result.Matched == 0 && !r.result.Truncated {
		return errors.Join(r.print(), notFoundError(r.missing), r.incompleteError())
	}
	if !r.yes {
		these := "These messages"
		if r.announced == nil {
			these = "These messages, and all other matching messages,"
		}
		question := fmt.Sprintf("%s will be %s, in stack %s. Continue?",
			these, r.past, r.change.Pipeline.Stack)
		if err := confirm(r.cmd, question); err != nil {
			return reportUnchanged(r.cmd, err)
		}
	}
	err := r.apply()
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(r.cmd.ErrOrStderr(),
			"Stopped. The other messages stay in the DLQ. To continue, run the command again.")
	}
	if err == nil {
		err = errors.Join(r.failedError(), r.incompleteError())
	}
	return errors.Join(r.print(), err, notFoundError(r.missing))
}

func notFoundError(ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	err := fmt.Errorf("no message in the DLQ matches %s", strings.Join(ids, ", "))
	for _, id := range ids {
		if batchID, _, inBatch, ok := pipeline.ParseID(id); ok && inBatch {
			return fmt.Errorf("%w.\nIf an event is still part of its batch, only the batch has a "+
				"message. Use the id of the batch: %s", err, batchID)
		}
	}
	return err
}

func (r *dlqRun) failedError() error {
	if r.result.Failed == 0 {
		return nil
	}
	return fmt.Errorf("could not %s %s; failed messages stay in the DLQ",
		r.verb, formatCount(r.result.Failed, "message"))
}

// incompleteError returns an error if the command could not check all messages of the DLQ.
func (r *dlqRun) incompleteError() error {
	var errs []error
	if n := r.result.Unseen; n > 0 {
		errs = append(errs, fmt.Errorf("the change is incomplete: another client has deleted or "+
			"received %s; run the command again to check the DLQ", formatCount(n, "message")))
	}
	allFound := len(r.filter.IDs) > 0 && len(r.missing) == 0
	if r.result.Hidden > 0 && !allFound {
		errs = append(errs, hiddenError(r.result.Hidden))
	}
	if r.result.Truncated && !r.dryRun {
		errs = append(errs, truncatedError(dlq.MaxHeld))
	}
	return errors.Join(errs...)
}

// preview prints how many matching messages each combination of code, event type and status has. If
// it could check all messages, it sets r.announced and r.missing.
func (r *dlqRun) preview() error {
	p, err := r.change.Preview(r.cmd.Context())
	if err != nil {
		return err
	}
	r.result.Matched, r.result.Hidden, r.result.Truncated = p.Counts.Total(), p.Hidden, p.Truncated
	if r.dryRun {
		r.result.Failed = p.Rejected
	}
	w := r.cmd.ErrOrStderr()
	if err := printCounts(w, p.Counts); err != nil {
		return err
	}
	if p.Rejected > 0 {
		fmt.Fprintf(w, "%d of them can't be %s, only dropped: "+
			"they name no event, or their\nevent has another payload now.\n", p.Rejected, r.past)
	}
	if p.Hidden > 0 {
		fmt.Fprintf(w, "Not counted: %s that another client has received.\n"+
			"Hidden messages become visible within five minutes.\n",
			formatCount(p.Hidden, "message"))
	}
	if p.Truncated {
		fmt.Fprintf(w, "These are among the first %d in the DLQ. "+
			"All other messages that match\nwill be %s too.\n", dlq.MaxPreview, r.past)
		return nil
	}
	r.announced, r.missing, r.result.NotFound = p.Selected, p.Missing, len(p.Missing)
	return nil
}

// apply redrives or drops the messages in r.announced. If r.announced is nil, it redrives or drops
// all messages that match the filter.
func (r *dlqRun) apply() error {
	result, total := &r.result, r.result.Matched
	if r.announced == nil {
		total = -1 // unknown
	}
	bar := tty.NewBar(r.cmd.ErrOrStderr(), total, r.verb)
	report := func(counts dlq.Result, m dlq.Message, err error) {
		result.Done, result.Failed = counts.Done, counts.Failed
		if err != nil {
			r.printFailure(bar, m, err)
		}
		_ = bar.Add(1) // the work continues even if the bar can't be drawn
	}
	counts, err := r.change.Run(r.cmd.Context(), r.announced, report)
	_ = bar.Finish()
	result.Truncated = counts.Truncated
	if r.announced == nil {
		result.Hidden = counts.Hidden
	} else if err == nil {
		result.Unseen = result.Matched - result.Done - result.Failed
	}
	return err
}

// maxFailures is the maximum number of failures that the command prints.
const maxFailures = 10

func (r *dlqRun) printFailure(bar *progressbar.ProgressBar, m dlq.Message, err error) {
	if r.result.Failed > maxFailures {
		return
	}
	_ = bar.Clear()
	w := r.cmd.ErrOrStderr()
	fmt.Fprintf(w, "%s: %v\n", m.ID(), err)
	if r.result.Failed == maxFailures {
		fmt.Fprintln(w, "The command counts other failures, but does not print them.")
	}
}

func (r *dlqRun) print() error {
	w, result := r.cmd.OutOrStdout(), r.result
	if r.asJSON {
		return printJSON(w, result)
	}
	if !r.dryRun {
		_, err := fmt.Fprintf(w, "%s %s, %d failed.\n",
			formatCount(result.Done, "message"), r.past, result.Failed)
		return err
	}
	text := fmt.Sprintf("Nothing was changed; %s would be %s",
		formatCount(result.Matched-result.Failed, "message"), r.past)
	if result.Failed > 0 {
		text += fmt.Sprintf(", %d would fail", result.Failed)
	}
	_, err := fmt.Fprintln(w, text+".")
	return err
}
