package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	Truncated bool `json:"truncated"` // there may be more that match: not all could be looked at
	DryRun    bool `json:"dryRun"`
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
	if result.Matched, result.Truncated, err = c.preview(cmd, r, now); err != nil {
		return err
	}
	if c.dryRun || result.Matched == 0 && !result.Truncated {
		return c.print(cmd.OutOrStdout(), result)
	}
	if err := confirm(cmd, c.yes, fmt.Sprintf("These are to be %s, in stack %s. Go on?", c.past, r.Stack)); err != nil {
		return err
	}
	err = c.change(cmd, r, now, &result)
	if printErr := c.print(cmd.OutOrStdout(), result); err == nil {
		err = printErr
	}
	if err == nil && result.Failed > 0 {
		return fmt.Errorf("%s could not be %s and stay in the DLQ", messages(result.Failed), c.past)
	}
	return err
}

// preview says what matches, as far as it looks.
func (c *dlqChange) preview(cmd *cobra.Command, r resources, now time.Time) (matched int, truncated bool, err error) {
	var mu sync.Mutex
	var counted tally
	s := newScan(r, now, maxPreview)
	err = s.each(cmd.Context(), func(_ context.Context, letters []letter) ([]letter, error) {
		mu.Lock()
		defer mu.Unlock()
		for _, l := range letters {
			if c.filter.match(l, now) {
				counted.add(l)
			}
		}
		return nil, nil
	})
	if err != nil {
		return 0, false, err
	}
	w := cmd.ErrOrStderr()
	if err := counted.print(w); err != nil {
		return 0, false, err
	}
	if s.truncated {
		fmt.Fprintf(w, "These are of the first %d in the DLQ. There are more, and what matches there is meant, too.\n", maxPreview)
	}
	return counted.total, s.truncated, nil
}

func (c *dlqChange) change(cmd *cobra.Command, r resources, now time.Time, result *changed) error {
	bar := newBar(cmd.ErrOrStderr(), -1, c.verb)
	var mu sync.Mutex
	s := newScan(r, now, maxHeld)
	err := s.each(cmd.Context(), func(ctx context.Context, letters []letter) ([]letter, error) {
		var picked, gone []letter
		for _, l := range letters {
			if c.filter.match(l, now) {
				picked = append(picked, l)
			}
		}
		errs := c.apply(ctx, r, picked)
		mu.Lock()
		defer mu.Unlock()
		for i, l := range picked {
			if errs[i] == nil {
				gone = append(gone, l)
			} else if ctx.Err() == nil { // otherwise it was stopped
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
	if c.dryRun || result.Matched == 0 && !result.Truncated {
		_, err := fmt.Fprintf(w, "Nothing was changed; %s would be %s.\n", messages(result.Matched), c.past)
		return err
	}
	if result.Truncated {
		printTruncated(w, maxHeld)
	}
	fmt.Fprintf(w, "%s %s, %d failed.\n", messages(result.Done), c.past, result.Failed)
	if unseen := result.Matched - result.Done - result.Failed; unseen > 0 && !result.Truncated {
		fmt.Fprintf(w, "%s did not come up again: somebody else has them at the moment, or they are gone. Run it again to see.\n", messages(unseen))
	}
	return nil
}
