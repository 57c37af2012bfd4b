package sqs

import (
	"context"
	"errors"
	"net/http"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// ServeHTTP serves the SQS API.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := context.WithValue(r.Context(), headerKey{}, w.Header())
	s.JSONHandler.ServeHTTP(w, r.WithContext(ctx))
}

// headerKey is the context key for the header of the response. withQueryError adds a field to this
// header.
type headerKey struct{}

func (s *Service) operations() protocol.JSONHandler {
	operations := protocol.JSONHandler{
		"CreateQueue":                  protocol.Locked(&s.mu, s.createQueue),
		"DeleteQueue":                  queueOp(s, (*Queue).deleteQueue),
		"GetQueueUrl":                  protocol.Locked(&s.mu, s.getQueueURL),
		"ListQueues":                   protocol.NewOperation(s.listQueues),
		"ListDeadLetterSourceQueues":   queueOp(s, (*Queue).listDeadLetterSourceQueues),
		"GetQueueAttributes":           queueOp(s, (*Queue).getQueueAttributes),
		"SetQueueAttributes":           queueOp(s, (*Queue).setQueueAttributes),
		"PurgeQueue":                   queueOp(s, (*Queue).purgeQueue),
		"SendMessage":                  queueOp(s, (*Queue).sendMessage),
		"SendMessageBatch":             queueOp(s, (*Queue).sendMessageBatch),
		"ReceiveMessage":               protocol.NewOperation(s.receiveMessage),
		"DeleteMessage":                queueOp(s, (*Queue).deleteMessage),
		"DeleteMessageBatch":           queueOp(s, (*Queue).deleteMessageBatch),
		"ChangeMessageVisibility":      queueOp(s, (*Queue).changeMessageVisibility),
		"ChangeMessageVisibilityBatch": queueOp(s, (*Queue).changeMessageVisibilityBatch),
		"StartMessageMoveTask":         protocol.Locked(&s.mu, s.startMessageMoveTask),
		"ListMessageMoveTasks":         protocol.Locked(&s.mu, s.listMessageMoveTasks),
		"CancelMessageMoveTask":        protocol.Locked(&s.mu, s.cancelMessageMoveTask),
	}
	for name, operation := range operations {
		operations[name] = withQueryError(operation)
	}
	return operations
}

// queueURL contains the URL of the queue that a request names.
type queueURL struct{ QueueUrl string }

func (u queueURL) url() string { return u.QueueUrl }

// queueOp returns an operation that calls the method on the queue in the request.
func queueOp[In interface{ url() string }, Out any](
	s *Service, method func(*Queue, In) (*Out, error),
) protocol.Operation {
	return protocol.NewOperation(func(_ *http.Request, in *In) (*Out, error) {
		q, err := s.queueByURL((*in).url())
		if err != nil {
			return nil, err
		}
		return method(q, *in)
	})
}

// withQueryError adds the header x-amzn-query-error to error responses. The header contains the
// error's code in SQS's former query protocol.
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
	failure, ok := errors.AsType[*protocol.Error](err)
	if !ok {
		return "InternalFailure", "Receiver"
	}
	if code, ok := queryCodes[failure.Code]; ok {
		return code, "Sender"
	}
	return failure.Code, "Sender"
}

// empty represents the response of operations that return no data.
type empty struct{}

var (
	errQueueDoesNotExist = protocol.Errorf("QueueDoesNotExist",
		"The specified queue does not exist.")
	errOverLimit = protocol.Errorf("OverLimit",
		"Too many messages are in flight; delete some before you receive more.")
)

// queryCodes maps error codes to the codes of SQS's former query protocol, where the two differ.
// SQS sends the query protocol's code in the header x-amzn-query-error, and AWS SDKs report this
// code.
var queryCodes = map[string]string{
	"QueueDoesNotExist":            "AWS.SimpleQueueService.NonExistentQueue",
	"QueueNameExists":              "QueueAlreadyExists",
	"EmptyBatchRequest":            "AWS.SimpleQueueService.EmptyBatchRequest",
	"TooManyEntriesInBatchRequest": "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
	"BatchEntryIdsNotDistinct":     "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
	"BatchRequestTooLong":          "AWS.SimpleQueueService.BatchRequestTooLong",
	"InvalidBatchEntryId":          "AWS.SimpleQueueService.InvalidBatchEntryId",
	"MessageNotInflight":           "AWS.SimpleQueueService.MessageNotInflight",
}

func invalidParameter(format string, args ...any) *protocol.Error {
	return protocol.Errorf("InvalidParameterValue", format, args...)
}

func invalidValue(value any, parameter, reason string) *protocol.Error {
	return invalidParameter("Value %v for parameter %s is invalid. Reason: %s",
		value, parameter, reason)
}

// onlyForFIFO rejects a parameter that only FIFO queues accept.
func onlyForFIFO(value, parameter string) *protocol.Error {
	return invalidValue(value, parameter,
		"The request includes a parameter that is not valid for this queue type.")
}

func missingParameter(name string) *protocol.Error {
	return protocol.Errorf("MissingParameter", "The request must contain the parameter %s.", name)
}

func unknownAttribute(name string) *protocol.Error {
	return protocol.Errorf("InvalidAttributeName", "Unknown Attribute %s.", name)
}
