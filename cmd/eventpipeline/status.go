package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/handler"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func newStatusCommand() *cobra.Command {
	var api apiFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status EVENT_ID",
		Short: "Show the state of an event",
		Example: `  eventpipeline status 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001
  eventpipeline status --stack event-driven-cloud-platform-dev EVENT_ID
  eventpipeline status --json EVENT_ID | jq -r .status`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runStatus(cmd, &api, args[0], asJSON)
		},
	}
	api.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the API's answer as one line of JSON")
	return cmd
}

func runStatus(cmd *cobra.Command, api *apiFlags, id string, asJSON bool) error {
	c, err := api.client(cmd.Context(), 1)
	if err != nil {
		return err
	}
	status, err := c.Status(cmd.Context(), id)
	if err != nil {
		return api.explain(err)
	}
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(status)
	}
	if err := printStatus(cmd.OutOrStdout(), status); err != nil {
		return err
	}
	if status.Silver != nil && api.url == "" { // an API's URL does not name the table
		fmt.Fprintf(cmd.ErrOrStderr(), "See its record with: %s\n",
			suggestCommand("record", api.stack.String(), status.EventID))
	}
	return nil
}

func printStatus(w io.Writer, s handler.EventStatus) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, value string) { fmt.Fprintf(table, "%s\t%s\n", name, value) }
	row("event", s.EventID)
	row("type", s.EventType)
	row("status", string(s.Status))
	row("received", s.ReceivedAt.Format(time.RFC3339Nano))
	if !s.EnqueuedAt.Equal(s.ReceivedAt) { // enqueued again
		row("enqueued", s.EnqueuedAt.Format(time.RFC3339Nano))
	}
	if !s.ProcessedAt.IsZero() {
		row("processed", fmt.Sprintf("%s (%s after it was enqueued)",
			s.ProcessedAt.Format(time.RFC3339Nano), s.ProcessedAt.Sub(s.EnqueuedAt)))
	}
	if s.Filtered != (pipeline.Filtered{}) {
		row("dropped", fmt.Sprintf("%s: %s", s.Filtered.Code, s.Filtered.Reason))
	}
	if !s.FailedAt.IsZero() {
		row("failed", s.FailedAt.Format(time.RFC3339Nano))
	}
	if s.Failure != nil {
		row("reason", fmt.Sprintf("%s: %s", s.Failure.Code, s.Failure.Reason))
	}
	row("attempts", fmt.Sprint(s.Attempts))
	if s.ReplayID != "" {
		row("replay", s.ReplayID)
	}
	if s.Reenqueues > 0 {
		row("reenqueued", fmt.Sprintf("%d (by the reconciler)", s.Reenqueues))
	}
	row("payload", fmt.Sprintf("%d bytes, SHA-256 %s", s.Bytes, s.SHA256))
	row("bronze", s3URL(s.Bronze))
	if s.Silver != nil {
		row("silver", s3URL(*s.Silver))
	}
	return table.Flush()
}

func s3URL(l pipeline.Location) string { return "s3://" + l.Bucket + "/" + l.Key }
