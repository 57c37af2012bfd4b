package sqs

import (
	"context"
	"errors"
	"net/http"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// TargetPrefix identifies SQS's requests in the X-Amz-Target header.
const TargetPrefix = "AmazonSQS"

// ServeHTTP serves the SQS API.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), headerKey{}, w.Header())))
}

// headerKey finds the response header in a request's context, for the query error code.
type headerKey struct{}

// Operations returns the names of the supported operations, sorted.
func (s *Service) Operations() []string { return s.handler.Operations() }

func (s *Service) operations() protocol.JSONHandler {
	operations := protocol.JSONHandler{
		"CreateQueue":                  protocol.NewOperation(s.createQueue),
		"DeleteQueue":                  queueOp(s, (*Queue).deleteQueue),
		"GetQueueUrl":                  protocol.NewOperation(s.getQueueURL),
		"ListQueues":                   protocol.NewOperation(s.listQueues),
		"ListDeadLetterSourceQueues":   queueOp(s, (*Queue).listDeadLetterSourceQueues),
		"GetQueueAttributes":           queueOp(s, (*Queue).getQueueAttributes),
		"SetQueueAttributes":           queueOp(s, (*Queue).setQueueAttributes),
		"PurgeQueue":                   queueOp(s, (*Queue).purgeQueue),
		"SendMessage":                  queueOp(s, (*Queue).sendMessage),
		"SendMessageBatch":             queueOp(s, (*Queue).sendMessageBatch),
		"ReceiveMessage":               queueOp(s, (*Queue).receiveMessage),
		"DeleteMessage":                queueOp(s, (*Queue).deleteMessage),
		"DeleteMessageBatch":           queueOp(s, (*Queue).deleteMessageBatch),
		"ChangeMessageVisibility":      queueOp(s, (*Queue).changeMessageVisibility),
		"ChangeMessageVisibilityBatch": queueOp(s, (*Queue).changeMessageVisibilityBatch),
	}
	for name, operation := range operations {
		operations[name] = withQueryError(operation)
	}
	return operations
}

// queueURL names the queue in the input of an operation.
type queueURL struct{ QueueUrl string }

func (u queueURL) url() string { return u.QueueUrl }

// queueOp returns an operation that calls a method of the queue that the input names.
func queueOp[In interface{ url() string }, Out any](
	s *Service, method func(*Queue, context.Context, In) (*Out, error),
) protocol.Operation {
	return protocol.NewOperation(func(r *http.Request, in *In) (*Out, error) {
		q, err := s.queueByURL((*in).url())
		if err != nil {
			return nil, err
		}
		return method(q, r.Context(), *in)
	})
}

// withQueryError sends an error's code in SQS's former query protocol as a header.
func withQueryError(operation protocol.Operation) protocol.Operation {
	return func(r *http.Request, body []byte) (any, error) {
		out, err := operation(r, body)
		if err != nil {
			code, fault := queryCode(err)
			header := r.Context().Value(headerKey{}).(http.Header)
			header.Set("X-Amzn-Query-Error", code+";"+fault)
		}
		return out, err
	}
}

func queryCode(err error) (code, fault string) {
	var failure *protocol.Error
	if !errors.As(err, &failure) {
		return "InternalFailure", "Receiver"
	}
	if code, ok := queryCodes[failure.Code]; ok {
		return code, "Sender"
	}
	return failure.Code, "Sender"
}

// empty represents the output of operations that return nothing.
type empty struct{}
