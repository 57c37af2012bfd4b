package sqs

import (
	"context"
	"errors"
	"net/http"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/awsjson"
)

// ServeHTTP serves requests whose X-Amz-Target begins with "AmazonSQS.".
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), headerKey{}, w.Header())))
}

// headerKey finds the answer's header in a request's context, for the one thing that SQS adds to it.
type headerKey struct{}

// Operations are the names of the operations that it serves, in order.
func (s *Service) Operations() []string { return s.handler.Operations() }

func (s *Service) operations() awsjson.Handler {
	operations := awsjson.Handler{
		"CreateQueue":                  awsjson.Op(s.createQueue),
		"DeleteQueue":                  awsjson.Op(s.deleteQueue),
		"GetQueueUrl":                  awsjson.Op(s.getQueueURL),
		"ListQueues":                   awsjson.Op(s.listQueues),
		"ListDeadLetterSourceQueues":   awsjson.Op(s.listDeadLetterSourceQueues),
		"GetQueueAttributes":           awsjson.Op(s.getQueueAttributes),
		"SetQueueAttributes":           awsjson.Op(s.setQueueAttributes),
		"PurgeQueue":                   awsjson.Op(s.purgeQueue),
		"SendMessage":                  awsjson.Op(s.sendMessage),
		"SendMessageBatch":             awsjson.Op(s.sendMessageBatch),
		"ReceiveMessage":               awsjson.Op(s.receiveMessage),
		"DeleteMessage":                awsjson.Op(s.deleteMessage),
		"DeleteMessageBatch":           awsjson.Op(s.deleteMessageBatch),
		"ChangeMessageVisibility":      awsjson.Op(s.changeMessageVisibility),
		"ChangeMessageVisibilityBatch": awsjson.Op(s.changeMessageVisibilityBatch),
	}
	for name, operation := range operations {
		operations[name] = withQueryError(operation)
	}
	return operations
}

// withQueryError adds the header with the error's code in SQS's former protocol.
func withQueryError(operation awsjson.Operation) awsjson.Operation {
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
	var failure *awsjson.Error
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
