package sqs

import (
	"context"
	"errors"
	"net/http"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// TargetPrefix is the prefix of X-Amz-Target in SQS's requests.
const TargetPrefix = "AmazonSQS"

// ServeHTTP serves the SQS API.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), headerKey{}, w.Header())))
}

// headerKey finds the answer's header in a request's context, for the one thing that SQS adds to it.
type headerKey struct{}

// Operations are the names of the operations that it serves, in order.
func (s *Service) Operations() []string { return s.handler.Operations() }

func (s *Service) operations() protocol.JSONHandler {
	operations := protocol.JSONHandler{
		"CreateQueue":                  protocol.NewOperation(s.createQueue),
		"DeleteQueue":                  protocol.NewOperation(s.deleteQueue),
		"GetQueueUrl":                  protocol.NewOperation(s.getQueueURL),
		"ListQueues":                   protocol.NewOperation(s.listQueues),
		"ListDeadLetterSourceQueues":   protocol.NewOperation(s.listDeadLetterSourceQueues),
		"GetQueueAttributes":           protocol.NewOperation(s.getQueueAttributes),
		"SetQueueAttributes":           protocol.NewOperation(s.setQueueAttributes),
		"PurgeQueue":                   protocol.NewOperation(s.purgeQueue),
		"SendMessage":                  protocol.NewOperation(s.sendMessage),
		"SendMessageBatch":             protocol.NewOperation(s.sendMessageBatch),
		"ReceiveMessage":               protocol.NewOperation(s.receiveMessage),
		"DeleteMessage":                protocol.NewOperation(s.deleteMessage),
		"DeleteMessageBatch":           protocol.NewOperation(s.deleteMessageBatch),
		"ChangeMessageVisibility":      protocol.NewOperation(s.changeMessageVisibility),
		"ChangeMessageVisibilityBatch": protocol.NewOperation(s.changeMessageVisibilityBatch),
	}
	for name, operation := range operations {
		operations[name] = withQueryError(operation)
	}
	return operations
}

// withQueryError adds the header with the error's code in SQS's former protocol.
func withQueryError(operation protocol.Operation) protocol.Operation {
	return func(r *http.Request, body []byte) (any, error) {
		out, err := operation(r, body)
		if err != nil {
			code, fault := queryCode(err)
			r.Context().Value(headerKey{}).(http.Header).Set("X-Amzn-Query-Error", code+";"+fault)
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

// empty is the answer of operations that have none.
type empty struct{}
