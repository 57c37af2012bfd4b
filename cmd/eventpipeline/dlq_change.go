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
	Failed    int  `json:"failed"`    // stay in the DLQ
	NotFound  int  `json:"notFound"`  // ids that were given and that no message matches
	Truncated bool `json:"truncated"` // there may be more that match: not all could be looked at
	DryRun    bool `json:"dryRun"`

	stopped bool // by Ctrl-C
}

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
	missing, err := c.preview(cmd, r, now, &result)
	if err != nil {
		return err
	}
	if c.dryRun || result.Matched == 0 && !result.Truncated {
		return errors.Join(c.print(cmd.OutOrStdout(), result), notFound(missing))
	}
	if err := confirm(cmd, c.yes, fmt.Sprintf("These are to be %s, in stack %s. Go on?", c.past, r.Stack)); err != nil {
		return err
	}
	err = c.change(cmd, r, now, &result)
	if errors.Is(err, context.Canceled) {
		result.stopped = true
		fmt.Fprintln(cmd.ErrOrStderr(), "Stopped. What was not done stays in the DLQ: run it again to go on.")
	} else if err == nil && result.Failed > 0 {
		err = fmt.Errorf("%s could not be %s and stay in the DLQ", messages(result.Failed), c.past)
	}
	return errors.Join(c.print(cmd.OutOrStdout(), result), err, notFound(missing))
}

func notFound(ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return fmt.Errorf("no message in the DLQ matches %s", strings.Join(ids, ", "))
}

// preview says what matches, as far as it looks, and returns the ids that were given and that no message matches.
func (c *dlqChange) preview(cmd *cobra.Command, r resources, now time.Time, result *changed) (missing []string, err error) {
	var mu sync.Mutex
	var counted tally
	missing = slices.Clone(c.filter.ids)
	s := newScan(r, now, maxPreview)
	err = s.each(cmd.Context(), func(_ context.Context, letters []letter) ([]letter, error) {
		mu.Lock()
		defer mu.Unlock()
		for _, l := range letters {
			if c.filter.match(l, now) {
				counted.add(l)
				missing = slices.DeleteFunc(missing, func(id string) bool { return id == l.EventID || id == l.MessageID })
			}
		}
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	result.Matched, result.Truncated = counted.total, s.truncated
	w := cmd.ErrOrStderr()
	if err := counted.print(w); err != nil {
		return nil, err
	}
	printHidden(w, s.hidden)
	if s.truncated {
		fmt.Fprintf(w, "These are of the first %d in the DLQ. There are more, and what matches there is meant, too.\n", maxPreview)
		return nil, nil // what is missing may be among the others
	}
	result.NotFound = len(missing)
	return missing, nil
}

func (c *dlqChange) change(cmd *cobra.Command, r resources, now time.Time, result *changed) error {
	total := result.Matched
	if result.Truncated {
		total = -1 // unknown
	}
	bar := newBar(cmd.ErrOrStderr(), total, c.verb)
	var mu sync.Mutex
	s := newScan(r, now, maxHeld)
	err := s.each(cmd.Context(), func(ctx context.Context, letters []letter) ([]letter, error) {
		var picked, gone []letter
		for _, l := range letters {
			if c.filter.match(l, now) {
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
	if c.dryRun {
		_, err := fmt.Fprintf(w, "Nothing was changed; %s would be %s.\n", messages(result.Matched), c.past)
		return err
	}
	if result.Truncated {
		printTruncated(w, maxHeld)
	}
	fmt.Fprintf(w, "%s %s, %d failed.\n", messages(result.Done), c.past, result.Failed)
	if unseen := result.Matched - result.Done - result.Failed; unseen > 0 && !result.Truncated && !result.stopped {
		fmt.Fprintf(w, "%s did not come up again: somebody else has them at the moment, or they are gone. Run it again to see.\n", messages(unseen))
	}
	return nil
}
