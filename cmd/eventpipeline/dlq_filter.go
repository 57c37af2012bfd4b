package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/dlq"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/timeflag"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// dlqFilter holds the flags that select messages of the DLQ.
type dlqFilter struct {
	dlq.Filter
	olderThan, newerThan string
}

func (f *dlqFilter) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&f.Codes, "code", nil,
		"only messages with one of these reason codes; none selects messages without a code")
	flags.StringSliceVar(&f.Types, "type", nil, "only events of these types")
	flags.StringSliceVar(&f.Statuses, "status", nil,
		"only messages of events with these statuses: ENQUEUED, PROCESSED, FAILED")
	addRequiredValue(flags, &f.olderThan, "older-than",
		"only messages older than this, such as 90m, 24h or 7d")
	addRequiredValue(flags, &f.newerThan, "newer-than", "only messages newer than this")
}

// parse validates the flags and the ids.
func (f *dlqFilter) parse(cmd *cobra.Command, ids []string) (err error) {
	for name, values := range map[string][]string{
		"code": f.Codes, "type": f.Types, "status": f.Statuses,
	} {
		if cmd.Flags().Changed(name) && len(values) == 0 {
			return fmt.Errorf("--%s must not be empty", name)
		}
	}
	for _, code := range f.Codes {
		if !dlq.IsCode(code) {
			return fmt.Errorf("--code: unknown code %q; docs/runbooks.md lists the codes%s",
				code, suggestCode(code))
		}
	}
	statuses := []pipeline.Status{pipeline.Enqueued, pipeline.Processed, pipeline.Failed}
	for _, status := range f.Statuses {
		if !slices.Contains(statuses, pipeline.Status(status)) {
			return fmt.Errorf("--status must be ENQUEUED, PROCESSED or FAILED, got %q", status)
		}
	}
	for _, id := range ids {
		if err := checkID("each ID", id); err != nil {
			return err
		}
	}
	f.IDs = ids
	if f.OlderThan, err = parseAge(f.olderThan); err != nil {
		return fmt.Errorf("--older-than: %w", err)
	}
	if f.NewerThan, err = parseAge(f.newerThan); err != nil {
		return fmt.Errorf("--newer-than: %w", err)
	}
	return nil
}

// parseAge parses the value of a flag. It returns nil if the flag is not set.
func parseAge(value string) (*time.Duration, error) {
	if value == "" {
		return nil, nil
	}
	age, err := timeflag.ParseAge(value)
	return &age, err
}

// suggestCode suggests the code "rejected."+word, if a processor can return this code. Otherwise it
// returns "".
func suggestCode(word string) string {
	if code := pipeline.NewRejection(word, "").Code; code != pipeline.InvalidOutput {
		return fmt.Sprintf("; did you mean the processor's code %s?", code)
	}
	return ""
}
