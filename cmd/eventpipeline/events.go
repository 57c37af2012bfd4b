package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/events"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/timeflag"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

type eventsFlags struct {
	stack                stackFlags
	eventType, caller    string
	status, since, until string
	limit                int
	follow, asJSON       bool
}

func newEventsCommand() *cobra.Command {
	var f eventsFlags
	cmd := &cobra.Command{
		Use:   "events",
		Short: "List events, and watch new ones",
		Long: `Lists the events of a pipeline, the newest first. A second line says why an
event failed, and marks batches and events that were filtered, redriven or
replayed.

With --follow it prints the events of the last minute, and then each event when
the event arrives and when its status changes, until Ctrl-C.

The command lists the keys of each hour in Bronze and reads the items of the
events. For a pipeline with many events, set --type, --since and --until.

A time is 2026-11-23T07:30:00Z, a day such as 2026-11-23 (its start, in UTC), or
an age such as 24h or 7d.`,
		Example: `  eventpipeline events
  eventpipeline events --follow
  eventpipeline events --status FAILED --since 24h
  eventpipeline events --stack event-driven-cloud-platform-dev --type demo
  eventpipeline events --json | jq -r .eventId`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.stack.add(cmd)
	flags := cmd.Flags()
	addRequiredValue(flags, &f.eventType, "type", "only events of this type")
	addRequiredValue(flags, &f.status, "status", "only ENQUEUED, PROCESSED or FAILED events")
	addRequiredValue(flags, &f.caller, "caller", "only events of this caller")
	addRequiredValue(flags, &f.since, "since", "only events received from this time on "+
		"(default: 1h; with --follow: 1m)")
	addRequiredValue(flags, &f.until, "until", "only events received before this time")
	flags.IntVar(&f.limit, "limit", 100, "maximum number of listed events; 0 means no limit")
	flags.BoolVarP(&f.follow, "follow", "f", false, "print events when they arrive or change")
	flags.BoolVar(&f.asJSON, "json", false, "print one line of JSON per event")
	return cmd
}

func (f *eventsFlags) run(cmd *cobra.Command) error {
	q, err := f.query(time.Now())
	if err != nil {
		return usageError{err}
	}
	p, err := f.stack.find(cmd.Context())
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	show := f.printer(out)
	if f.follow {
		return f.followEvents(cmd.Context(), p, q, show)
	}
	count := 0
	for item, err := range events.Search(cmd.Context(), p, q) {
		if err != nil {
			return err
		}
		if count++; f.limit > 0 && count > f.limit {
			fmt.Fprintf(cmd.ErrOrStderr(),
				"There are more than %d events; set --limit, --since or --until.\n",
				f.limit)
			break
		}
		if err := show(item); err != nil {
			return err
		}
	}
	if count == 0 {
		fmt.Fprintf(tty.Wrap(cmd.ErrOrStderr()), "No event matches. The search began at %s; "+
			"set --since 24h for more.\n", q.Since.Local().Format(time.DateTime))
	}
	return nil
}

// query returns the query that the flags describe.
func (f *eventsFlags) query(now time.Time) (q events.Query, err error) {
	q.Type, q.Caller, q.Status = f.eventType, f.caller, pipeline.Status(strings.ToUpper(f.status))
	switch q.Status {
	case "", pipeline.Enqueued, pipeline.Processed, pipeline.Failed:
	default:
		return q, fmt.Errorf("--status must be ENQUEUED, PROCESSED or FAILED, got %q", f.status)
	}
	if q.Type != "" {
		if err := checkType(q.Type); err != nil {
			return q, err
		}
	}
	switch {
	case f.limit < 0:
		return q, fmt.Errorf("--limit must be at least 0, got %d", f.limit)
	case f.follow && f.until != "":
		return q, errors.New("--follow and --until can't be combined")
	case f.since == "" && f.follow:
		q.Since = now.Add(-time.Minute)
	case f.since == "":
		q.Since = now.Add(-time.Hour)
	default:
		if q.Since, err = timeflag.Parse(f.since, now); err != nil {
			return q, fmt.Errorf("--since: %w", err)
		}
	}
	if f.until != "" {
		if q.Until, err = timeflag.Parse(f.until, now); err != nil {
			return q, fmt.Errorf("--until: %w", err)
		}
	}
	if !q.Until.IsZero() && !q.Since.Before(q.Until) {
		return q, errors.New("--since must be before --until")
	}
	return q, nil
}

// listedEvent defines a line that "events --json" prints.
type listedEvent struct {
	EventID    string          `json:"eventId"`
	EventType  string          `json:"eventType"`
	Status     pipeline.Status `json:"status"`
	ReceivedAt time.Time       `json:"receivedAt"`
	Caller     string          `json:"caller,omitempty"`
	Count      int             `json:"count,omitempty"` // events of a batch
	Code       string          `json:"code,omitempty"`  // why the event failed
	Reason     string          `json:"reason,omitempty"`
}

// printer returns a function that prints an event. Before the first event of a day, the function
// prints the day.
func (f *eventsFlags) printer(out io.Writer) func(pipeline.Item) error {
	if f.asJSON {
		return func(item pipeline.Item) error {
			e := listedEvent{
				EventID: item.ID, EventType: item.Type, Status: item.Status,
				ReceivedAt: item.ReceivedAt, Caller: item.Caller,
			}
			if item.IsBatch() {
				e.Count = item.Events()
			}
			if item.Status == pipeline.Failed {
				e.Code, e.Reason = string(item.Failure.Code), item.Failure.Reason
			}
			return printJSON(out, e)
		}
	}
	day, colours := "", tty.ShowsColours(out)
	return func(item pipeline.Item) error {
		if d := item.ReceivedAt.Local().Format(time.DateOnly); d != day {
			day = d
			if _, err := fmt.Fprintln(out, day); err != nil {
				return err
			}
			if err := events.PrintHeader(out); err != nil {
				return err
			}
		}
		return events.NewRow(item).Print(out, colours)
	}
}

// followInterval is the time between two searches of --follow.
const followInterval = time.Second

// followEvents prints events until the context ends.
func (f *eventsFlags) followEvents(
	ctx context.Context, p deployment.Pipeline, q events.Query, show func(pipeline.Item) error,
) error {
	follower := events.NewFollower(p, q)
	for {
		items, err := follower.Next(ctx, time.Now())
		if err != nil {
			return err
		}
		for _, item := range items {
			if err := show(item); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(followInterval):
		}
	}
}
