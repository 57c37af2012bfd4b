package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// maxPreview limits the messages that are checked before the confirmation.
const maxPreview = 10_000

// dlqChange implements the commands that remove messages from the DLQ: redrive and drop.
type dlqChange struct {
	stack      *stackFlags
	verb, past string
	// apply returns an error or nil for each message.
	apply func(ctx context.Context, p deployment.Pipeline, messages []dlqMessage) []error
	// rejects reports whether apply always fails for the message. If rejects is nil, apply can
	// succeed for every message.
	rejects func(m dlqMessage) bool

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
	Matched int `json:"matched"` // in the preview
	Done    int `json:"done"`
	// Failed counts messages that stay in the DLQ because apply returned an error. In a dry run, it
	// counts messages for which rejects returns true.
	Failed    int  `json:"failed"`
	NotFound  int  `json:"notFound"`  // ids in the arguments that no message has
	Hidden    int  `json:"hidden"`    // not checked: another client received them; approximate
	Unseen    int  `json:"unseen"`    // matched in the preview, but were not received again
	Truncated bool `json:"truncated"` // the DLQ holds more messages than can be checked
	DryRun    bool `json:"dryRun"`
}

func (c *dlqChange) run(cmd *cobra.Command, args []string) error {
	if err := c.filter.parse(cmd, args); err != nil {
		return usageError{err}
	}
	if c.filter.empty() != c.all {
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

// dlqRun represents one run of the command.
type dlqRun struct {
	*dlqChange
	cmd       *cobra.Command
	pipeline  deployment.Pipeline
	begin     time.Time
	result    dlqResult
	announced map[string]bool // ids of the messages to change; nil: all that match the filter
	missing   []string        // ids in the arguments that no message has
}

func (c *dlqChange) newRun(cmd *cobra.Command, p deployment.Pipeline) *dlqRun {
	result := dlqResult{DryRun: c.dryRun}
	return &dlqRun{dlqChange: c, cmd: cmd, pipeline: p, begin: time.Now(), result: result}
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
			these = "These messages, and matching ones among the others,"
		}
		question := fmt.Sprintf("%s will be %s, in stack %s. Continue?",
			these, r.past, r.pipeline.Stack)
		if err := confirm(r.cmd, question); err != nil {
			return reportUnchanged(r.cmd, err)
		}
	}
	err := r.change()
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
			return fmt.Errorf("%w.\nAn event that was not split off its batch has no message. "+
				"Select the message of the batch, such as %s", err, batchID)
		}
	}
	return err
}

func (r *dlqRun) failedError() error {
	if r.result.Failed == 0 {
		return nil
	}
	return fmt.Errorf("%s could not be %s: still in the DLQ",
		formatCount(r.result.Failed, "message"), r.past)
}

// incompleteError returns an error if the command could not check all messages that it may have to
// change.
func (r *dlqRun) incompleteError() error {
	var errs []error
	if n := r.result.Unseen; n > 0 {
		errs = append(errs, fmt.Errorf("%s not received again: another client deleted or received "+
			"them; run the command again to check", formatCount(n, "message")))
	}
	allFound := len(r.filter.ids) > 0 && len(r.missing) == 0
	if r.result.Hidden > 0 && !allFound {
		errs = append(errs, hiddenError(r.result.Hidden))
	}
	if r.result.Truncated && !r.dryRun {
		errs = append(errs, truncatedError(maxHeld))
	}
	return errors.Join(errs...)
}

// preview prints how many messages of each kind match. If it could check all messages, it sets
// r.announced and r.missing.
func (r *dlqRun) preview() error {
	kinds, rejected := make(kindCounts), 0
	announced, missing := make(map[string]bool), slices.Clone(r.filter.ids)
	s := newDLQScan(r.pipeline, r.begin, maxPreview)
	err := s.visit(r.cmd.Context(), func(m dlqMessage) error {
		if !r.filter.match(m, r.begin) {
			return nil
		}
		kinds.add(m)
		announced[m.MessageID] = true
		if r.rejects != nil && r.rejects(m) {
			rejected++
		}
		missing = slices.DeleteFunc(missing, func(id string) bool {
			return id == m.EventID || id == m.MessageID
		})
		return nil
	})
	if err != nil {
		return err
	}
	r.result.Matched, r.result.Hidden, r.result.Truncated = kinds.total(), s.hidden, s.truncated
	if r.dryRun {
		r.result.Failed = rejected
	}
	w := r.cmd.ErrOrStderr()
	if err := kinds.print(w); err != nil {
		return err
	}
	if rejected > 0 {
		fmt.Fprintf(w, "%d of them can't be %s, only dropped: "+
			"they name no event, or their\nevent has another payload now.\n", rejected, r.past)
	}
	if s.hidden > 0 {
		fmt.Fprintf(w, "Not counted: %s that another client has received.\n"+
			"They become visible within five minutes.\n", formatCount(s.hidden, "message"))
	}
	if s.truncated { // messages that were not checked may have the missing ids
		fmt.Fprintf(w, "These are among the first %d in the DLQ. "+
			"Matching messages among the others will\nbe %s too.\n", maxPreview, r.past)
		return nil
	}
	r.announced, r.missing, r.result.NotFound = announced, missing, len(missing)
	return nil
}

// change applies the change to the announced messages. It leaves out other matching messages, which
// may have become visible since the preview.
func (r *dlqRun) change() error {
	result, total := &r.result, r.result.Matched
	if r.announced == nil {
		total = -1 // unknown
	}
	bar := tty.NewBar(r.cmd.ErrOrStderr(), total, r.verb)
	var mu sync.Mutex
	s := newDLQScan(r.pipeline, r.begin, maxHeld)
	changePage := func(
		ctx context.Context, messages []dlqMessage,
	) (finished []dlqMessage, err error) {
		var selected []dlqMessage
		for _, m := range messages {
			if r.filter.match(m, r.begin) && (r.announced == nil || r.announced[m.MessageID]) {
				selected = append(selected, m)
			}
		}
		applying, cancel := withoutCancel(ctx) // cancellation must not interrupt apply
		defer cancel()
		errs := r.apply(applying, r.pipeline, selected)
		mu.Lock()
		defer mu.Unlock()
		for i, m := range selected {
			if errs[i] == nil {
				finished = append(finished, m)
			} else {
				result.Failed++
				r.printFailure(bar, m, errs[i])
			}
		}
		result.Done += len(finished)
		_ = bar.Add(len(selected)) // the work continues even if the bar can't be drawn
		return finished, ctx.Err()
	}
	err := s.run(r.cmd.Context(), changePage)
	_ = bar.Finish()
	result.Truncated = s.truncated
	if r.announced == nil {
		result.Hidden = s.hidden
	} else if err == nil {
		result.Unseen = result.Matched - result.Done - result.Failed
	}
	return err
}

// maxFailures limits how many failures are printed.
const maxFailures = 10

func (r *dlqRun) printFailure(bar *progressbar.ProgressBar, m dlqMessage, err error) {
	if r.result.Failed > maxFailures {
		return
	}
	_ = bar.Clear()
	w := r.cmd.ErrOrStderr()
	fmt.Fprintf(w, "%s: %v\n", m.id(), err)
	if r.result.Failed == maxFailures {
		fmt.Fprintln(w, "Further failures are only counted.")
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
