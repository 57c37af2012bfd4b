package sqs

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// outgoing is a message as SendMessage and the entries of SendMessageBatch give it.
type outgoing struct {
	MessageBody             string
	DelaySeconds            *int
	MessageAttributes       map[string]Attribute
	MessageSystemAttributes map[string]Attribute
}

type sendMessageInput struct {
	QueueUrl string
	outgoing
}

type sendMessageOutput struct {
	MessageId                    string
	MD5OfMessageBody             string
	MD5OfMessageAttributes       string `json:",omitempty"`
	MD5OfMessageSystemAttributes string `json:",omitempty"`
}

func (s *Service) sendMessage(_ *http.Request, in *sendMessageInput) (*sendMessageOutput, error) {
	q, err := s.queueByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return q.sendOutgoing(in.outgoing)
}

func (q *Queue) sendOutgoing(out outgoing) (*sendMessageOutput, error) {
	delay := time.Duration(-1)
	if out.DelaySeconds != nil {
		delay = time.Duration(*out.DelaySeconds) * time.Second
		if delay < 0 || delay > 15*time.Minute {
			return nil, invalidParameter(*out.DelaySeconds, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.")
		}
	}
	for name := range out.MessageSystemAttributes {
		if name != "AWSTraceHeader" {
			return nil, protocol.Errorf("InvalidParameterValue", "Message system attribute name '%s' is invalid. Only AWSTraceHeader can be sent.", name)
		}
	}
	m, err := q.send(Message{
		Body:        out.MessageBody,
		Attributes:  out.MessageAttributes,
		TraceHeader: out.MessageSystemAttributes["AWSTraceHeader"].StringValue,
	}, delay)
	if err != nil {
		return nil, err
	}
	return &sendMessageOutput{m.ID, m.BodyMD5(), AttributesMD5(m.Attributes), AttributesMD5(out.MessageSystemAttributes)}, nil
}

type receiveMessageInput struct {
	QueueUrl                    string
	MaxNumberOfMessages         *int
	WaitTimeSeconds             *int
	VisibilityTimeout           *int
	AttributeNames              []string // the older name of MessageSystemAttributeNames
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
}

type receiveMessageOutput struct {
	Messages []receivedMessage `json:",omitempty"`
}

type receivedMessage struct {
	MessageId              string
	ReceiptHandle          string
	MD5OfBody              string
	Body                   string
	Attributes             map[string]string    `json:",omitempty"`
	MessageAttributes      map[string]Attribute `json:",omitempty"`
	MD5OfMessageAttributes string               `json:",omitempty"`
}

func (s *Service) receiveMessage(r *http.Request, in *receiveMessageInput) (*receiveMessageOutput, error) {
	q, err := s.queueByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	limit, wait, visibility, err := q.receiveParameters(in)
	if err != nil {
		return nil, err
	}
	messages, err := q.receive(r.Context(), limit, wait, visibility)
	if err != nil {
		return nil, err
	}
	out := &receiveMessageOutput{}
	for _, m := range messages {
		m.Attributes = selectAttributes(m.Attributes, in.MessageAttributeNames)
		out.Messages = append(out.Messages, receivedMessage{
			MessageId:              m.ID,
			ReceiptHandle:          m.ReceiptHandle,
			MD5OfBody:              m.BodyMD5(),
			Body:                   m.Body,
			Attributes:             selectSystemAttributes(m.SystemAttributes(), slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames)),
			MessageAttributes:      m.Attributes,
			MD5OfMessageAttributes: AttributesMD5(m.Attributes),
		})
	}
	return out, nil
}

func (q *Queue) receiveParameters(in *receiveMessageInput) (limit int, wait, visibility time.Duration, err error) {
	q.service.mu.Lock()
	limit, wait, visibility = 1, q.settings.ReceiveWait, -1
	q.service.mu.Unlock()
	if n := in.MaxNumberOfMessages; n != nil {
		if limit = *n; limit < 1 || limit > 10 {
			return 0, 0, 0, invalidParameter(limit, "MaxNumberOfMessages", "Must be between 1 and 10, if provided.")
		}
	}
	if n := in.WaitTimeSeconds; n != nil {
		if *n < 0 || *n > 20 {
			return 0, 0, 0, invalidParameter(*n, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided.")
		}
		wait = time.Duration(*n) * time.Second
	}
	if n := in.VisibilityTimeout; n != nil {
		if *n < 0 || *n > 43200 {
			return 0, 0, 0, invalidParameter(*n, "VisibilityTimeout", "Must be between 0 and 43200, if provided.")
		}
		visibility = time.Duration(*n) * time.Second
	}
	return limit, wait, visibility, nil
}

func selectSystemAttributes(all map[string]string, names []string) map[string]string {
	if slices.Contains(names, "All") {
		return all
	}
	maps.DeleteFunc(all, func(name, _ string) bool { return !slices.Contains(names, name) })
	return all
}

// selectAttributes picks message attributes by name, by "prefix.*", or all of them by "All" or ".*".
func selectAttributes(all map[string]Attribute, names []string) map[string]Attribute {
	chosen := map[string]Attribute{}
	for name, a := range all {
		if slices.ContainsFunc(names, func(pattern string) bool {
			prefix, isPrefix := strings.CutSuffix(pattern, ".*")
			return pattern == "All" || pattern == name || isPrefix && (prefix == "" || strings.HasPrefix(name, prefix))
		}) {
			chosen[name] = a
		}
	}
	return chosen
}

type deleteMessageInput struct{ QueueUrl, ReceiptHandle string }

func (s *Service) deleteMessage(_ *http.Request, in *deleteMessageInput) (*empty, error) {
	q, err := s.queueByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return &empty{}, q.deleteOne(in.ReceiptHandle)
}

func (q *Queue) deleteOne(receipt string) error {
	if receipt == "" {
		return protocol.Errorf("MissingParameter", "The request must contain the parameter ReceiptHandle.")
	}
	return q.Delete(receipt)
}

type changeVisibilityInput struct {
	QueueUrl          string
	ReceiptHandle     string
	VisibilityTimeout *int
}

func (s *Service) changeMessageVisibility(_ *http.Request, in *changeVisibilityInput) (*empty, error) {
	q, err := s.queueByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return &empty{}, q.changeVisibility(in.ReceiptHandle, in.VisibilityTimeout)
}

func (q *Queue) changeVisibility(receipt string, seconds *int) error {
	if receipt == "" {
		return protocol.Errorf("MissingParameter", "The request must contain the parameter ReceiptHandle.")
	}
	if seconds == nil {
		return protocol.Errorf("MissingParameter", "The request must contain the parameter VisibilityTimeout.")
	}
	return q.ChangeVisibility(receipt, time.Duration(*seconds)*time.Second)
}
