package sqs

import (
	"errors"
	"net/http"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// batchOutput answers a batch: each entry succeeds or fails for itself, and the request as a whole succeeds.
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

type sendBatchInput struct {
	QueueUrl string
	Entries  []sendBatchEntry
}

type sendBatchEntry struct {
	entryID
	outgoing
}

type sentEntry struct {
	entryID
	sendMessageOutput
}

func (s *Service) sendMessageBatch(_ *http.Request, in *sendBatchInput) (*batchOutput[sentEntry], error) {
	q, err := s.queueByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	size := 0
	for _, e := range in.Entries {
		size += Message{Body: e.MessageBody, Attributes: e.MessageAttributes}.size()
	}
	if size > maxMessageSize {
		return nil, protocol.Errorf("BatchRequestTooLong", "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxMessageSize, size)
	}
	return processEntries(in.Entries, func(e sendBatchEntry) (sentEntry, error) {
		out, err := q.sendOutgoing(e.outgoing)
		if err != nil {
			return sentEntry{}, err
		}
		return sentEntry{e.entryID, *out}, nil
	})
}

type deleteBatchInput struct {
	QueueUrl string
	Entries  []deleteBatchEntry
}

type deleteBatchEntry struct {
	entryID
	ReceiptHandle string
}

func (s *Service) deleteMessageBatch(_ *http.Request, in *deleteBatchInput) (*batchOutput[entryID], error) {
	q, err := s.queueByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return processEntries(in.Entries, func(e deleteBatchEntry) (entryID, error) {
		return e.entryID, q.deleteOne(e.ReceiptHandle)
	})
}

type changeVisibilityBatchInput struct {
	QueueUrl string
	Entries  []changeVisibilityBatchEntry
}

type changeVisibilityBatchEntry struct {
	entryID
	ReceiptHandle     string
	VisibilityTimeout *int
}

func (s *Service) changeMessageVisibilityBatch(_ *http.Request, in *changeVisibilityBatchInput) (*batchOutput[entryID], error) {
	q, err := s.queueByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return processEntries(in.Entries, func(e changeVisibilityBatchEntry) (entryID, error) {
		return e.entryID, q.changeVisibility(e.ReceiptHandle, e.VisibilityTimeout)
	})
}

// processEntries does a batch entry by entry. Only a batch that is wrong as a whole is an error.
func processEntries[In interface{ id() string }, Out any](entries []In, do func(In) (Out, error)) (*batchOutput[Out], error) {
	if err := validateBatch(entries); err != nil {
		return nil, err
	}
	out := &batchOutput[Out]{}
	for _, e := range entries {
		done, err := do(e)
		if err == nil {
			out.Successful = append(out.Successful, done)
			continue
		}
		code, fault := queryCode(err)
		failed := failedEntry{Id: e.id(), SenderFault: fault == "Sender", Code: code, Message: err.Error()}
		var failure *protocol.Error
		if errors.As(err, &failure) {
			failed.Message = failure.Message
		}
		out.Failed = append(out.Failed, failed)
	}
	return out, nil
}

func validateBatch[In interface{ id() string }](entries []In) error {
	switch {
	case len(entries) == 0:
		return protocol.Errorf("EmptyBatchRequest", "There should be at least one entry in the request.")
	case len(entries) > 10:
		return protocol.Errorf("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent %d.", len(entries))
	}
	seen := map[string]bool{}
	for _, e := range entries {
		if validateName(e.id()) != nil {
			return protocol.Errorf("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "+
				"It can be at most 80 letters long. Got %q.", e.id())
		}
		if seen[e.id()] {
			return protocol.Errorf("BatchEntryIdsNotDistinct", "Id %s repeated.", e.id())
		}
		seen[e.id()] = true
	}
	return nil
}
