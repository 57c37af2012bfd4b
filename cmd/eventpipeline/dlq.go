package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/sqs"
)

func newDLQCommand() *cobra.Command {
	var stack stackFlags
	cmd := &cobra.Command{
		Use:   "dlq",
		Short: "See, redrive and drop the events in the dead-letter queue",
		Long: `The dead-letter queue (DLQ) holds the messages of events that failed; their payloads are safe in Bronze.

A message has the code of the reason for which it is there, such as unavailable or unprocessable-number; docs/runbooks.md
says what to do about each. One without a code (none) was put there by SQS itself, since the worker was killed or timed
out at each delivery.`,
		Example: `  eventpipeline dlq list
  eventpipeline dlq show 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001
  eventpipeline dlq redrive --code unavailable --dry-run
  eventpipeline dlq drop --type demo --older-than 7d`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	stack.add(cmd)
	cmd.AddCommand(newDLQListCommand(&stack), newDLQShowCommand(&stack), newDLQRedriveCommand(&stack), newDLQDropCommand(&stack))
	return cmd
}

// letter is a message of the DLQ with the event that it stands for.
type letter struct {
	sqs.ReceivedDeadLetter
	event  pipeline.Event  // zero if the message is none of ours
	status pipeline.Status // "" if the event has no item
	stale  bool            // the event's item is of another payload: its idempotency key was used again
}

func letterOf(l sqs.ReceivedDeadLetter, bronzeBucket string) letter {
	event, err := pipeline.ReadMessage(l.Body, bronzeBucket)
	if err != nil {
		return letter{ReceivedDeadLetter: l}
	}
	l.EventID, l.EventType = event.ID, event.Type
	return letter{ReceivedDeadLetter: l, event: event}
}

// id is the event's, or the message's if it is no event's.
func (l letter) id() string {
	if l.EventID == "" {
		return l.MessageID
	}
	return l.EventID
}

// noCode stands for the code of a message that SQS itself moved to the DLQ.
const noCode = "none"

func (l letter) code() string {
	if l.Failure.Code == "" {
		return noCode
	}
	return string(l.Failure.Code)
}

// since is when the message came to the DLQ or, if SQS moved it, when it came to the queue.
func (l letter) since() time.Time {
	if l.FailedAt.IsZero() {
		return l.SentAt
	}
	return l.FailedAt
}

// listedLetter is a letter as dlq list --json prints it.
type listedLetter struct {
	EventID   string          `json:"eventId,omitempty"`
	MessageID string          `json:"messageId,omitempty"`
	EventType string          `json:"eventType,omitempty"`
	Status    pipeline.Status `json:"status,omitempty"`
	Code      string          `json:"code,omitempty"`
	Reason    string          `json:"reason,omitempty"`
	Attempts  int             `json:"attempts,omitempty"`
	FailedAt  time.Time       `json:"failedAt,omitzero"`
	SentAt    time.Time       `json:"sentAt,omitzero"`
}

func (l letter) listed() listedLetter {
	return listedLetter{l.EventID, l.MessageID, l.EventType, l.status, l.code(), l.Failure.Reason, l.Attempts, l.FailedAt, l.SentAt}
}

// dlqFilter picks letters of the DLQ.
type dlqFilter struct {
	ids                  []string
	codes, types         []string
	statuses             []string
	olderThan, newerThan string
	older, newer         time.Duration
}

func (f *dlqFilter) add(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&f.codes, "code", nil, "only messages with this reason's code, or one of several; none is for those without")
	cmd.Flags().StringSliceVar(&f.types, "type", nil, "only events of this type, or one of several")
	cmd.Flags().StringSliceVar(&f.statuses, "status", nil, "only messages of events with this status, or one of several: ENQUEUED, PROCESSED, FAILED")
	cmd.Flags().Var(newRequiredValue(&f.olderThan), "older-than", "only messages that are there for longer, such as 90m, 24h or 7d")
	cmd.Flags().Var(newRequiredValue(&f.newerThan), "newer-than", "only messages that are there for a shorter time")
}

// canFail tells whether a message of the DLQ may have that code. One that is mistyped must not look like one that no
// message has.
func canFail(code pipeline.Code) bool {
	switch code {
	case noCode, pipeline.Unavailable, pipeline.Internal, pipeline.NotFinished, pipeline.ProcessorError:
		return true
	}
	return pipeline.Permanent(code)
}

// meant suggests the code of a rejection for the word in it that its processor gave.
func meant(word string) string {
	if code := pipeline.NewRejection(word, "").Code; code != pipeline.InvalidOutput {
		return fmt.Sprintf("; did you mean %s, a processor's?", code)
	}
	return ""
}

// check reads the flags and the ids.
func (f *dlqFilter) check(cmd *cobra.Command, ids []string) (err error) {
	if err := checkLists(cmd, "code", "type", "status"); err != nil {
		return usageError{err}
	}
	for _, code := range f.codes {
		if !canFail(pipeline.Code(code)) {
			return usageError{fmt.Errorf("--code %q is the code of no reason to fail; docs/runbooks.md lists them%s", code, meant(code))}
		}
	}
	for _, status := range f.statuses {
		if !slices.Contains([]pipeline.Status{pipeline.Enqueued, pipeline.Processed, pipeline.Failed}, pipeline.Status(status)) {
			return usageError{fmt.Errorf("--status %q is no status; give ENQUEUED, PROCESSED or FAILED", status)}
		}
	}
	for _, id := range ids {
		if !pipeline.ValidID(id) {
			return usageError{fmt.Errorf("%q is no id of an event or a message", id)}
		}
	}
	f.ids = ids
	if f.olderThan != "" {
		if f.older, err = parseAge(f.olderThan); err != nil {
			return usageError{fmt.Errorf("--older-than: %w", err)}
		}
	}
	if f.newerThan != "" {
		if f.newer, err = parseAge(f.newerThan); err != nil {
			return usageError{fmt.Errorf("--newer-than: %w", err)}
		}
	}
	return nil
}

func (f *dlqFilter) empty() bool {
	return len(f.ids)+len(f.codes)+len(f.types)+len(f.statuses) == 0 && f.olderThan == "" && f.newerThan == ""
}

func (f *dlqFilter) match(l letter, now time.Time) bool {
	age := now.Sub(l.since())
	return (len(f.ids) == 0 || slices.Contains(f.ids, l.EventID) || slices.Contains(f.ids, l.MessageID)) &&
		(len(f.codes) == 0 || slices.Contains(f.codes, l.code())) &&
		(len(f.types) == 0 || slices.Contains(f.types, l.EventType)) &&
		(len(f.statuses) == 0 || slices.Contains(f.statuses, string(l.status))) &&
		(f.olderThan == "" || age > f.older) &&
		(f.newerThan == "" || age < f.newer)
}

// openDLQ looks up what the commands of dlq need.
func openDLQ(cmd *cobra.Command, stack *stackFlags) (resources, error) {
	r, err := stack.open(cmd.Context())
	if err != nil {
		return resources{}, err
	}
	return r, r.need("BronzeBucketName", "EventsTableName", "QueueUrl", "DeadLetterQueueUrl")
}

// hiddenError says what a scan did not meet.
func hiddenError(hidden int) error {
	return fmt.Errorf("%s were left out: somebody else looks at them; they come back within five minutes, run it again then", messages(hidden))
}

// truncatedError says what a scan could not see.
func truncatedError(held int) error {
	return fmt.Errorf("there are more: SQS hides only so many messages at once, and %d were looked at; run it again in five minutes", held)
}
