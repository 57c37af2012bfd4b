package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
)

// maxPreview is how many messages are looked at before the question whether to go on.
const maxPreview = 10_000

// dlqChange is a command that takes messages out of the DLQ: redrive or drop.
type dlqChange struct {
	stack      *stackFlags
	verb, past string
	apply      func(ctx context.Context, r resources, letters []letter) []error // an error, or nil, for each
	refuses    func(l letter) bool                                              // tells which ones apply would fail for; nil: none

	filter      dlqFilter
	all, dryRun bool
	yes, asJSON bool
}

func (c *dlqChange) add(cmd *cobra.Command) {
	c.filter.add(cmd)
	cmd.Flags().BoolVar(&c.all, "all", false, "every message in the DLQ")
	cmd.Flags().BoolVar(&c.dryRun, "dry-run", false, "change nothing, and say what would be "+c.past)
	cmd.Flags().BoolVar(&c.yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&c.asJSON, "json", false, "print the result as one line of JSON")
}

// changed is the result of a redrive or drop, as --json prints it.
type changed struct {
	Matched   int  `json:"matched"` // messages, before anything was done
	Done      int  `json:"done"`
	Failed    int  `json:"failed"`    // stay in the DLQ, or would
	NotFound  int  `json:"notFound"`  // ids that were given and that no message matches
	Hidden    int  `json:"hidden"`    // messages that were not looked at, since others had them: about so many
	Unseen    int  `json:"unseen"`    // messages that matched and did not come up again
	Truncated bool `json:"truncated"` // there may be more that match: not all could be looked at
	DryRun    bool `json:"dryRun"`
}

// announced is what a preview said would be changed: the ids of messages. Nil is whatever the filter matches, which is
// announced where not all could be looked at.
type announced map[string]bool

func (a announced) holds(l letter) bool { return a == nil || a[l.MessageID] }

func (c *dlqChange) run(cmd *cobra.Command, args []string) error {
	if err := c.filter.check(cmd, args); err != nil {
		return err
	}
	if c.filter.empty() != c.all {
		return usageError{errors.New("say which messages: ids, a filter such as --code unavailable, or --all of them")}
	}
	if err := mayConfirm(cmd, c.yes || c.dryRun); err != nil {
		return err
	}
	r, err := openDLQ(cmd, c.stack)
	if err != nil {
		return err
	}
	result, now := changed{DryRun: c.dryRun}, time.Now()
	these, missing, err := c.preview(cmd, r, now, &result)
	if err != nil {
		return unchanged(cmd, err)
	}
	if c.dryRun || result.Matched == 0 && !result.Truncated {
		return errors.Join(c.print(cmd.OutOrStdout(), result), notFound(missing), c.leftOut(result, missing))
	}
	if err := confirm(cmd, c.yes, c.question(r, these)); err != nil {
		return unchanged(cmd, err)
	}
	err = c.change(cmd, r, now, these, &result)
	stopped := errors.Is(err, context.Canceled)
	if stopped {
		fmt.Fprintln(cmd.ErrOrStderr(), "Stopped. What was not done stays in the DLQ: run it again to go on.")
	}
	if err == nil {
		err = errors.Join(c.failures(result), c.leftOut(result, missing))
	}
	return errors.Join(c.print(cmd.OutOrStdout(), result), err, notFound(missing))
}

func (c *dlqChange) question(r resources, these announced) string {
	what := "These"
	if these == nil {
		what = "These, and what matches among the others,"
	}
	return fmt.Sprintf("%s are to be %s, in stack %s. Go on?", what, c.past, r.Stack)
}

func notFound(ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return fmt.Errorf("no message in the DLQ matches %s", strings.Join(ids, ", "))
}

func (c *dlqChange) failures(result changed) error {
	if result.Failed == 0 {
		return nil
	}
	return fmt.Errorf("%s could not be %s and stay in the DLQ", messages(result.Failed), c.past)
}

// leftOut is an error if more was asked for than was looked at: the command must not look as if it had done it all.
func (c *dlqChange) leftOut(result changed, missing []string) error {
	var errs []error
	if result.Unseen > 0 {
		errs = append(errs, fmt.Errorf("%s did not come up again: somebody else has them at the moment, or they are gone; run it again to see", messages(result.Unseen)))
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

// preview says what matches, as far as it looks. It returns that, and the ids that were given and that no message matches.
func (c *dlqChange) preview(cmd *cobra.Command, r resources, now time.Time, result *changed) (these announced, missing []string, err error) {
	var mu sync.Mutex
	var counted tally
	refused := 0
	these, missing = announced{}, slices.Clone(c.filter.ids)
	s := newScan(r, now, maxPreview)
	err = s.each(cmd.Context(), func(_ context.Context, letters []letter) ([]letter, error) {
		mu.Lock()
		defer mu.Unlock()
		for _, l := range letters {
			if !c.filter.match(l, now) {
				continue
			}
			counted.add(l)
			these[l.MessageID] = true
			if c.refuses != nil && c.refuses(l) {
				refused++
			}
			missing = slices.DeleteFunc(missing, func(id string) bool { return id == l.EventID || id == l.MessageID })
		}
		return nil, nil
	})
	if err != nil {
		return nil, nil, err
	}
	result.Matched, result.Hidden, result.Truncated = counted.total, s.hidden, s.truncated
	if c.dryRun {
		result.Failed = refused
	}
	w := cmd.ErrOrStderr()
	if err := counted.print(w); err != nil {
		return nil, nil, err
	}
	if refused > 0 {
		fmt.Fprintf(w, "%d of them can't be %s, for they are no event's, or their event has another payload: drop them.\n", refused, c.past)
	}
	if s.hidden > 0 {
		fmt.Fprintf(w, "Not counted: %s that somebody else looks at. They come back within five minutes.\n", messages(s.hidden))
	}
	if s.truncated {
		fmt.Fprintf(w, "These are of the first %d in the DLQ. There are more, and what matches there is meant, too.\n", maxPreview)
		return nil, nil, nil // what is missing may be among the others
	}
	result.NotFound = len(missing)
	return these, missing, nil
}

// change changes what was announced and no more: others may have given messages back since, that nobody agreed to.
func (c *dlqChange) change(cmd *cobra.Command, r resources, now time.Time, these announced, result *changed) error {
	total := result.Matched
	if these == nil {
		total = -1 // unknown
	}
	bar := newBar(cmd.ErrOrStderr(), total, c.verb)
	var mu sync.Mutex
	s := newScan(r, now, maxHeld)
	err := s.each(cmd.Context(), func(ctx context.Context, letters []letter) ([]letter, error) {
		var picked, gone []letter
		for _, l := range letters {
			if c.filter.match(l, now) && these.holds(l) {
				picked = append(picked, l)
			}
		}
		errs := c.finish(ctx, r, picked)
		mu.Lock()
		defer mu.Unlock()
		for i, l := range picked {
			if errs[i] == nil {
				gone = append(gone, l)
			} else {
				result.Failed++
				tell(cmd.ErrOrStderr(), bar, result.Failed, l, errs[i])
			}
		}
		result.Done += len(gone)
		_ = bar.Add(len(picked)) // a bar that can't be drawn must not stop the work
		return gone, ctx.Err()
	})
	_ = bar.Finish()
	result.Truncated = s.truncated
	if these == nil {
		result.Hidden = s.hidden
	} else if err == nil {
		result.Unseen = result.Matched - result.Done - result.Failed
	}
	return err
}

// finish applies the change to a page, even if the command is stopped meanwhile: it leaves no event half done.
func (c *dlqChange) finish(ctx context.Context, r resources, picked []letter) []error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	return c.apply(ctx, r, picked)
}

// maxTold is how many failures are told one by one.
const maxTold = 10

func tell(w io.Writer, bar *progressbar.ProgressBar, n int, l letter, err error) {
	if n > maxTold {
		return
	}
	_ = bar.Clear()
	fmt.Fprintf(w, "%s: %v\n", l.id(), err)
	if n == maxTold {
		fmt.Fprintln(w, "Further failures are only counted.")
	}
}

func (c *dlqChange) print(w io.Writer, result changed) error {
	if c.asJSON {
		return json.NewEncoder(w).Encode(result)
	}
	if !c.dryRun {
		_, err := fmt.Fprintf(w, "%s %s, %d failed.\n", messages(result.Done), c.past, result.Failed)
		return err
	}
	text := fmt.Sprintf("Nothing was changed; %s would be %s", messages(result.Matched-result.Failed), c.past)
	if result.Failed > 0 {
		text += fmt.Sprintf(", %d would fail", result.Failed)
	}
	_, err := fmt.Fprintln(w, text+".")
	return err
}
