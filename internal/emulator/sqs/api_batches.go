package sqs

import (
	"errors"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// batchOutput represents the response to a batch, with a result for each entry. The request
// succeeds even if entries fail.
type batchOutput[T any] struct {
	Successful []T           `json:",omitempty"`
	Failed     []failedEntry `json:",omitempty"`
}

type failedEntry struct {
	Id          string
	SenderFault bool
	Code        string
	Message     string `json:",omitempty"`
}

type entryID struct{ Id string }

func (e entryID) id() string { return e.Id }

type batchInput[Entry any] struct {
	queueURL
	Entries []Entry
}

type sendEntry struct {
	entryID
	messageInput
}

type sentEntry struct {
	entryID
	sendMessageOutput
}

func (q *Queue) sendMessageBatch(in batchInput[sendEntry]) (*batchOutput[sentEntry], error) {
	size := 0
	for _, e := range in.Entries {
		size += Message{Body: e.MessageBody, Attributes: e.MessageAttributes}.size()
	}
	if size > maxMessageSize {
		return nil, protocol.Errorf("BatchRequestTooLong",
			"Batch requests cannot be longer than %d bytes. You have sent %d bytes.",
			maxMessageSize, size)
	}
	return processEntries(in.Entries, func(e sendEntry) (sentEntry, error) {
		out, err := q.sendInput(e.messageInput)
		if err != nil {
			return sentEntry{}, err
		}
		return sentEntry{e.entryID, *out}, nil
	})
}

type deleteEntry struct {
	entryID
	ReceiptHandle string
}

func (q *Queue) deleteMessageBatch(in batchInput[deleteEntry]) (*batchOutput[entryID], error) {
	return processEntries(in.Entries, func(e deleteEntry) (entryID, error) {
		return e.entryID, q.deleteOne(e.ReceiptHandle)
	})
}

type changeVisibilityEntry struct {
	entryID
	visibilityInput
}

func (q *Queue) changeMessageVisibilityBatch(
	in batchInput[changeVisibilityEntry],
) (*batchOutput[entryID], error) {
	return processEntries(in.Entries, func(e changeVisibilityEntry) (entryID, error) {
		return e.entryID, q.changeVisibility(e.visibilityInput)
	})
}

// processEntries calls process for each entry and collects the results, including errors. It
// returns an error only for an invalid batch.
func processEntries[In interface{ id() string }, Out any](
	entries []In, process func(In) (Out, error),
) (*batchOutput[Out], error) {
	if err := validateBatch(entries); err != nil {
		return nil, err
	}
	out := &batchOutput[Out]{}
	for _, e := range entries {
		result, err := process(e)
		if err == nil {
			out.Successful = append(out.Successful, result)
			continue
		}
		code, fault := queryCode(err)
		failed := failedEntry{e.id(), fault == "Sender", code, err.Error()}
		if failure, ok := errors.AsType[*protocol.Error](err); ok {
			failed.Message = failure.Message
		}
		out.Failed = append(out.Failed, failed)
	}
	return out, nil
}

func validateBatch[In interface{ id() string }](entries []In) error {
	switch {
	case len(entries) == 0:
		return protocol.Errorf("EmptyBatchRequest",
			"There should be at least one entry in the request.")
	case len(entries) > 10:
		return protocol.Errorf("TooManyEntriesInBatchRequest",
			"Maximum number of entries per request are 10. You have sent %d.", len(entries))
	}
	seen := map[string]bool{}
	for _, e := range entries {
		if validateName(e.id()) != nil {
			return protocol.Errorf("InvalidBatchEntryId",
				"A batch entry id can only contain alphanumeric characters, hyphens and "+
					"underscores. It can be at most 80 letters long. Got %q.", e.id())
		}
		if seen[e.id()] {
			return protocol.Errorf("BatchEntryIdsNotDistinct", "Id %s repeated.", e.id())
		}
		seen[e.id()] = true
	}
	return nil
}
