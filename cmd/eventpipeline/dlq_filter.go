package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// dlqFilter selects messages of the DLQ.
type dlqFilter struct {
	ids                  []string
	codes, types         []string
	statuses             []string
	olderThan, newerThan string
	minAge, maxAge       time.Duration
}

func (f *dlqFilter) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&f.codes, "code", nil,
		"only messages with one of these reason codes; none selects messages without a code")
	flags.StringSliceVar(&f.types, "type", nil, "only events of these types")
	flags.StringSliceVar(&f.statuses, "status", nil,
		"only messages of events with these statuses: ENQUEUED, PROCESSED, FAILED")
	addRequiredValue(flags, &f.olderThan, "older-than",
		"only messages older than this, such as 90m, 24h or 7d")
	addRequiredValue(flags, &f.newerThan, "newer-than", "only messages newer than this")
}

// parse validates the flags and the ids.
func (f *dlqFilter) parse(cmd *cobra.Command, ids []string) (err error) {
	for name, values := range map[string][]string{
		"code": f.codes, "type": f.types, "status": f.statuses,
	} {
		if cmd.Flags().Changed(name) && len(values) == 0 {
			return fmt.Errorf("--%s must not be empty", name)
		}
	}
	for _, code := range f.codes {
		if !isFailureCode(pipeline.Code(code)) {
			return fmt.Errorf("--code: unknown code %q; docs/runbooks.md lists them%s",
				code, suggestCode(code))
		}
	}
	statuses := []pipeline.Status{pipeline.Enqueued, pipeline.Processed, pipeline.Failed}
	for _, status := range f.statuses {
		if !slices.Contains(statuses, pipeline.Status(status)) {
			return fmt.Errorf("--status must be ENQUEUED, PROCESSED or FAILED, got %q", status)
		}
	}
	for _, id := range ids {
		if !pipeline.ValidID(id) {
			return fmt.Errorf("invalid event or message id %q", id)
		}
	}
	f.ids = ids
	if f.olderThan != "" {
		if f.minAge, err = parseAge(f.olderThan); err != nil {
			return fmt.Errorf("--older-than: %w", err)
		}
	}
	if f.newerThan != "" {
		if f.maxAge, err = parseAge(f.newerThan); err != nil {
			return fmt.Errorf("--newer-than: %w", err)
		}
	}
	return nil
}

// isFailureCode reports whether a message of the DLQ can have the code. Without this check, a
// command with a misspelled code would select no message and report success.
func isFailureCode(code pipeline.Code) bool {
	switch code {
	case noCode, pipeline.Unavailable, pipeline.Internal, pipeline.NotFinished,
		pipeline.ProcessorError:
		return true
	}
	return pipeline.Permanent(code)
}

// suggestCode returns a suggestion if word is a processor's rejection code without its prefix, and
// otherwise "".
func suggestCode(word string) string {
	if code := pipeline.NewRejection(word, "").Code; code != pipeline.InvalidOutput {
		return fmt.Sprintf("; did you mean the processor's code %s?", code)
	}
	return ""
}

func (f *dlqFilter) empty() bool {
	return len(f.ids)+len(f.codes)+len(f.types)+len(f.statuses) == 0 &&
		f.olderThan == "" && f.newerThan == ""
}

func (f *dlqFilter) match(m dlqMessage, now time.Time) bool {
	age := now.Sub(m.failedAt())
	return contains(f.ids, m.EventID, m.MessageID) &&
		contains(f.codes, m.code()) &&
		contains(f.types, m.EventType) &&
		contains(f.statuses, string(m.status)) &&
		(f.olderThan == "" || age > f.minAge) &&
		(f.newerThan == "" || age < f.maxAge)
}

// contains reports whether the list is empty or contains one of the values.
func contains(list []string, values ...string) bool {
	return len(list) == 0 || slices.ContainsFunc(values, func(value string) bool {
		return slices.Contains(list, value)
	})
}
