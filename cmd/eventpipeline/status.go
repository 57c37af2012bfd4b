package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/handler"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func newStatusCommand() *cobra.Command {
	var api apiFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status ID",
		Short: "Show the state of an event or a batch",
		Example: `  eventpipeline status 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001
  eventpipeline status 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001.17
  eventpipeline status --stack event-driven-cloud-platform-dev ID
  eventpipeline status --json ID | jq -r .status`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runStatus(cmd, &api, args[0], asJSON)
		},
	}
	api.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the API's response as one line of JSON")
	return cmd
}

func runStatus(cmd *cobra.Command, api *apiFlags, id string, asJSON bool) error {
	if api.url == "" && api.stack.pipeline == "" {
		// findForEvent selects the event's pipeline. Other errors than errInNoPipeline can be
		// ignored here, because api.client then fails too.
		_, err := api.stack.findForEvent(cmd.Context(), id)
		if err != nil && pipeline.ValidID(id) && errors.Is(err, errInNoPipeline) {
			return err
		}
	}
	c, err := api.client(cmd.Context(), client.Options{})
	if err != nil {
		return err
	}
	status, err := c.Status(cmd.Context(), id)
	if isNotFound(err) && api.url == "" && pipeline.ValidID(id) {
		status, err = statusFromTable(cmd, &api.stack, id, err)
	}
	if err != nil {
		return api.explain(err)
	}
	if asJSON {
		return printJSON(cmd.OutOrStdout(), status)
	}
	if err := printStatus(cmd.OutOrStdout(), status); err != nil {
		return err
	}
	if status.Silver != nil && api.url == "" { // record needs the stack, which --api does not name
		fmt.Fprintf(cmd.ErrOrStderr(), "See its record with: %s\n",
			suggestCommand("record", api.stack.String(), status.EventID))
	}
	return nil
}

// isNotFound reports whether the API answered that the caller has no such event.
func isNotFound(err error) bool {
	var problem *client.Problem
	return errors.As(err, &problem) && strings.HasSuffix(problem.Type, ":event-not-found")
}

// statusFromTable returns the event's state from the events table. Unlike the API, it shows events
// of other callers and of direct invocations. If it can't read the event, it returns notFound.
func statusFromTable(
	cmd *cobra.Command, stack *stackFlags, id string, notFound error,
) (status client.EventStatus, err error) {
	p, err := stack.find(cmd.Context())
	if err != nil {
		return status, notFound
	}
	item, err := pipeline.LookUp(cmd.Context(), p.Items(), id)
	if err != nil || item.Expired(time.Now()) {
		return status, notFound
	}
	text, err := json.Marshal(handler.NewEventStatus(item))
	if err != nil {
		return status, err
	}
	fmt.Fprintln(tty.Wrap(cmd.ErrOrStderr()), "Another caller sent this event, so the API does "+
		"not show it. This state is from the events table.")
	return status, json.Unmarshal(text, &status)
}

func printStatus(w io.Writer, s client.EventStatus) error {
	table := tty.NewTable(w)
	table.Field("event", s.EventID)
	table.Field("type", s.EventType)
	table.Field("batch", s.BatchID)
	if s.Count > 0 {
		table.Field("events", strconv.Itoa(s.Count))
	}
	table.Field("status", s.Status)
	table.Field("received", formatTime(s.ReceivedAt))
	if !s.EnqueuedAt.Equal(s.ReceivedAt) { // the event was enqueued again
		table.Field("enqueued", formatTime(s.EnqueuedAt))
	}
	if !s.ProcessedAt.IsZero() {
		table.Field("processed", fmt.Sprintf("%s (%s after it was enqueued)",
			formatTime(s.ProcessedAt), s.ProcessedAt.Sub(s.EnqueuedAt)))
	}
	table.Field("split off", strings.Join(s.SplitOff, " "))
	if s.Filtered != nil {
		table.Field("filtered", fmt.Sprintf("%s: %s", s.Filtered.Code, s.Filtered.Reason))
	}
	table.Field("failed", formatTime(s.FailedAt))
	if s.Failure != nil {
		table.Field("reason", fmt.Sprintf("%s: %s", s.Failure.Code, s.Failure.Reason))
	}
	table.Field("attempts", fmt.Sprint(s.Attempts))
	table.Field("replay", s.ReplayID)
	if s.Reenqueues > 0 {
		table.Field("reenqueued", fmt.Sprintf("%d (by the reconciler)", s.Reenqueues))
	}
	of := ""
	if s.BatchID != "" {
		of = ", the whole batch" // the hash is that of the batch, too
	}
	table.Field("payload", fmt.Sprintf("%d bytes%s", s.Bytes, of))
	table.Field("SHA-256", s.SHA256)
	table.Field("bronze", s3URL(pipeline.Location(s.Bronze)))
	if s.Silver != nil {
		table.Field("silver", s3URL(pipeline.Location(*s.Silver)))
	}
	return table.Flush()
}

// formatTime formats a time for users, with milliseconds. For the zero time, it returns "".
func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02T15:04:05.000Z07:00")
}

func s3URL(l pipeline.Location) string { return "s3://" + l.Bucket + "/" + l.Key }
