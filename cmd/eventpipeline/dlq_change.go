package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
)

// maxPreview limits the messages that are checked before the confirmation.
const maxPreview = 10_000

// dlqChange implements the commands that remove messages from the DLQ: redrive and drop.
type dlqChange struct {
	stack      *stackFlags
	verb, past string
	// apply returns an error or nil for each message.
	apply func(ctx context.Context, p deployment.Pipeline, messages []dlqMessage) []error
	// rejects reports whether apply always fails for the message. Nil rejects none.
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

// dlqResult defines what --json prints. Its numbers count messages, except NotFound.
type dlqResult struct {
	Matched   int  `json:"matched"` // before the change
	Done      int  `json:"done"`
	Failed    int  `json:"failed"`    // remain in the DLQ, or would
	NotFound  int  `json:"notFound"`  // given ids that no message matches
	Hidden    int  `json:"hidden"`    // received by other clients, and not checked; approximate
	Unseen    int  `json:"unseen"`    // matched, and were not received again
	Truncated bool `json:"truncated"` // there are more messages than can be checked
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
	result, now := dlqResult{DryRun: c.dryRun}, time.Now()
	announced, missing, err := c.preview(cmd, p, now, &result)
	if err != nil {
		return reportUnchanged(cmd, err)
	}
	if c.dryRun || result.Matched == 0 && !result.Truncated {
		err := c.print(cmd.OutOrStdout(), result)
		return errors.Join(err, notFoundError(missing), c.incompleteError(result, missing))
	}
	if !c.yes {
		these := "These messages"
		if announced == nil {
			these = "These messages, and matching ones among the others,"
		}
		question := fmt.Sprintf("%s will be %s, in stack %s. Continue?", these, c.past, p.Stack)
		if err := confirm(cmd, question); err != nil {
			return reportUnchanged(cmd, err)
		}
	}
	err = c.change(cmd, p, now, announced, &result)
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(cmd.ErrOrStderr(),
			"Stopped. The rest stays in the DLQ: run it again to continue.")
	}
	if err == nil {
		err = errors.Join(c.failedError(result), c.incompleteError(result, missing))
	}
	return errors.Join(c.print(cmd.OutOrStdout(), result), err, notFoundError(missing))
}

func notFoundError(ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return fmt.Errorf("no message in the DLQ matches %s", strings.Join(ids, ", "))
}

func (c *dlqChange) failedError(result dlqResult) error {
	if result.Failed == 0 {
		return nil
	}
	return fmt.Errorf("%s could not be %s and remain in the DLQ",
		count(result.Failed, "message"), c.past)
}

// incompleteError returns an error if the command could not check all messages that it may have to
// change.
func (c *dlqChange) incompleteError(result dlqResult, missing []string) error {
	var errs []error
	if result.Unseen > 0 {
		errs = append(errs, fmt.Errorf("%s not received again: deleted, or received by another "+
			"client; run it again to check", count(result.Unseen, "message")))
	}
	allFound := len(c.filter.ids) > 0 && len(missing) == 0
	if result.Hidden > 0 && !allFound {
		errs = append(errs, hiddenError(result.Hidden))
	}
	if result.Truncated && !c.dryRun {
		errs = append(errs, truncatedError(maxHeld))
	}
	return errors.Join(errs...)
}

// preview prints the kinds of messages that match. It returns the ids of these messages, or nil if
// it could not check all, and the given ids that none matches.
func (c *dlqChange) preview(
	cmd *cobra.Command, p deployment.Pipeline, now time.Time, result *dlqResult,
) (announced map[string]bool, missing []string, err error) {
	kinds, rejected := make(kindCounts), 0
	announced, missing = make(map[string]bool), slices.Clone(c.filter.ids)
	s := newDLQScan(p, now, maxPreview)
	err = s.visit(cmd.Context(), func(m dlqMessage) error {
		if !c.filter.match(m, now) {
			return nil
		}
		kinds.add(m)
		announced[m.MessageID] = true
		if c.rejects != nil && c.rejects(m) {
			rejected++
		}
		missing = slices.DeleteFunc(missing, func(id string) bool {
			return id == m.EventID || id == m.MessageID
		})
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	result.Matched, result.Hidden, result.Truncated = kinds.total(), s.hidden, s.truncated
	if c.dryRun {
		result.Failed = rejected
	}
	w := cmd.ErrOrStderr()
	if err := kinds.print(w); err != nil {
		return nil, nil, err
	}
	if rejected > 0 {
		fmt.Fprintf(w, "%d of them can't be %s: they are not an event's, "+
			"or their event has another payload.\nDrop them.\n", rejected, c.past)
	}
	if s.hidden > 0 {
		fmt.Fprintf(w, "Not counted: %s that another client has received. "+
			"They become visible\nwithin five minutes.\n", count(s.hidden, "message"))
	}
	if s.truncated {
		fmt.Fprintf(w, "These are among the first %d in the DLQ. "+
			"Matching messages among the others will\nbe %s too.\n", maxPreview, c.past)
		return nil, nil, nil // the others may match the missing ids
	}
	result.NotFound = len(missing)
	return announced, missing, nil
}

// change changes the announced messages only, or all that match if announced is nil. Others may
// have become visible since the preview.
func (c *dlqChange) change(
	cmd *cobra.Command, p deployment.Pipeline, now time.Time, announced map[string]bool,
	result *dlqResult,
) error {
	total := result.Matched
	if announced == nil {
		total = -1 // unknown
	}
	bar := tty.NewBar(cmd.ErrOrStderr(), total, c.verb)
	var mu sync.Mutex
	s := newDLQScan(p, now, maxHeld)
	changePage := func(
		ctx context.Context, messages []dlqMessage,
	) (finished []dlqMessage, err error) {
		var selected []dlqMessage
		for _, m := range messages {
			if c.filter.match(m, now) && (announced == nil || announced[m.MessageID]) {
				selected = append(selected, m)
			}
		}
		applying, cancel := withoutCancel(ctx) // no event may be left half changed
		defer cancel()
		errs := c.apply(applying, p, selected)
		mu.Lock()
		defer mu.Unlock()
		for i, m := range selected {
			if errs[i] == nil {
				finished = append(finished, m)
			} else {
				result.Failed++
				printFailure(cmd.ErrOrStderr(), bar, result.Failed, m, errs[i])
			}
		}
		result.Done += len(finished)
		_ = bar.Add(len(selected)) // the work continues even if the bar can't be drawn
		return finished, ctx.Err()
	}
	err := s.run(cmd.Context(), changePage)
	_ = bar.Finish()
	result.Truncated = s.truncated
	if announced == nil {
		result.Hidden = s.hidden
	} else if err == nil {
		result.Unseen = result.Matched - result.Done - result.Failed
	}
	return err
}

// maxFailures limits how many failures are printed.
const maxFailures = 10

func printFailure(w io.Writer, bar *progressbar.ProgressBar, n int, m dlqMessage, err error) {
	if n > maxFailures {
		return
	}
	_ = bar.Clear()
	fmt.Fprintf(w, "%s: %v\n", m.id(), err)
	if n == maxFailures {
		fmt.Fprintln(w, "Further failures are only counted.")
	}
}

func (c *dlqChange) print(w io.Writer, result dlqResult) error {
	if c.asJSON {
		return printJSON(w, result)
	}
	if !c.dryRun {
		_, err := fmt.Fprintf(w, "%s %s, %d failed.\n",
			count(result.Done, "message"), c.past, result.Failed)
		return err
	}
	text := fmt.Sprintf("Nothing was changed; %s would be %s",
		count(result.Matched-result.Failed, "message"), c.past)
	if result.Failed > 0 {
		text += fmt.Sprintf(", %d would fail", result.Failed)
	}
	_, err := fmt.Fprintln(w, text+".")
	return err
}
