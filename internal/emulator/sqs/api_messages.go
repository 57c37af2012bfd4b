package sqs

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// SQS's limits for parameters of requests, in seconds.
const (
	maxDelay             = 900
	maxVisibilityTimeout = 43200
)

// messageInput holds the parameters of SendMessage and of one entry in SendMessageBatch.
type messageInput struct {
	MessageBody             string
	DelaySeconds            *int
	MessageAttributes       map[string]Attribute
	MessageSystemAttributes map[string]Attribute
	MessageGroupId          *string
	MessageDeduplicationId  *string // only FIFO queues accept this parameter
}

type sendMessageInput struct {
	queueURL
	messageInput
}

type sendMessageOutput struct {
	MessageId                    string
	MD5OfMessageBody             string
	MD5OfMessageAttributes       string `json:",omitempty"`
	MD5OfMessageSystemAttributes string `json:",omitempty"`
}

func (q *Queue) sendMessage(in sendMessageInput) (*sendMessageOutput, error) {
	return q.sendInput(in.messageInput)
}

func (q *Queue) sendInput(in messageInput) (*sendMessageOutput, error) {
	delay := time.Duration(-1)
	if in.DelaySeconds != nil {
		if *in.DelaySeconds < 0 || *in.DelaySeconds > maxDelay {
			return nil, invalidValue(*in.DelaySeconds, "DelaySeconds",
				"DelaySeconds must be >= 0 and <= 900.")
		}
		delay = time.Duration(*in.DelaySeconds) * time.Second
	}
	for name := range in.MessageSystemAttributes {
		if name != "AWSTraceHeader" {
			return nil, invalidParameter("Message system attribute "+
				"name '%s' is invalid. Only AWSTraceHeader can be sent.", name)
		}
	}
	if id := in.MessageDeduplicationId; id != nil {
		return nil, onlyForFIFO(*id, "MessageDeduplicationId")
	}
	var group string
	if in.MessageGroupId != nil {
		if group = *in.MessageGroupId; group == "" {
			return nil, missingParameter("MessageGroupId")
		}
	}
	m, err := q.send(Message{
		Body:        in.MessageBody,
		Attributes:  in.MessageAttributes,
		TraceHeader: in.MessageSystemAttributes["AWSTraceHeader"].StringValue,
		GroupID:     group,
	}, delay)
	if err != nil {
		return nil, err
	}
	return &sendMessageOutput{
		MessageId:                    m.ID,
		MD5OfMessageBody:             m.BodyMD5(),
		MD5OfMessageAttributes:       AttributesMD5(m.Attributes),
		MD5OfMessageSystemAttributes: AttributesMD5(in.MessageSystemAttributes),
	}, nil
}

type receiveMessageInput struct {
	queueURL
	MaxNumberOfMessages         *int
	WaitTimeSeconds             *int
	VisibilityTimeout           *int
	AttributeNames              []string // deprecated name of MessageSystemAttributeNames
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
	ReceiveRequestAttemptId     *string // only FIFO queues accept this parameter
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

func (s *Service) receiveMessage(
	r *http.Request, in *receiveMessageInput,
) (*receiveMessageOutput, error) {
	q, err := s.queueByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	limit, wait, visibility, err := q.receiveParameters(*in)
	if err != nil {
		return nil, err
	}
	messages, err := q.receive(r.Context(), limit, wait, visibility)
	if errors.Is(err, context.Canceled) {
		// The client has closed its side of the connection, but can still read the response.
		messages, err = q.receive(context.WithoutCancel(r.Context()), limit, 0, visibility)
	}
	if err != nil {
		return nil, err
	}
	out := &receiveMessageOutput{}
	systemNames := slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames)
	for _, m := range messages {
		m.Attributes = selectAttributes(m.Attributes, in.MessageAttributeNames)
		out.Messages = append(out.Messages, receivedMessage{
			MessageId:              m.ID,
			ReceiptHandle:          m.ReceiptHandle,
			MD5OfBody:              m.BodyMD5(),
			Body:                   m.Body,
			Attributes:             selectSystemAttributes(m.SystemAttributes(), systemNames),
			MessageAttributes:      m.Attributes,
			MD5OfMessageAttributes: AttributesMD5(m.Attributes),
		})
	}
	return out, nil
}

func (q *Queue) receiveParameters(
	in receiveMessageInput,
) (limit int, wait, visibility time.Duration, err error) {
	q.service.mu.Lock()
	limit, wait, visibility = 1, q.settings.ReceiveWaitTime, -1
	q.service.mu.Unlock()
	if id := in.ReceiveRequestAttemptId; id != nil {
		return 0, 0, 0, onlyForFIFO(*id, "ReceiveRequestAttemptId")
	}
	if n := in.MaxNumberOfMessages; n != nil {
		if limit = *n; limit < 1 || limit > 10 {
			return 0, 0, 0, invalidValue(limit, "MaxNumberOfMessages",
				"Must be between 1 and 10, if provided.")
		}
	}
	if n := in.WaitTimeSeconds; n != nil {
		if *n < 0 || *n > 20 {
			return 0, 0, 0, invalidValue(*n, "WaitTimeSeconds",
				"Must be >= 0 and <= 20, if provided.")
		}
		wait = time.Duration(*n) * time.Second
	}
	if n := in.VisibilityTimeout; n != nil {
		if visibility, err = visibilityTimeout(*n); err != nil {
			return 0, 0, 0, err
		}
	}
	return limit, wait, visibility, nil
}

func selectSystemAttributes(attributes map[string]string, names []string) map[string]string {
	if !slices.Contains(names, "All") {
		maps.DeleteFunc(attributes, func(name, _ string) bool {
			return !slices.Contains(names, name)
		})
	}
	return attributes
}

// selectAttributes returns the attributes whose names match a pattern. A pattern is a name or
// "prefix.*". "All" and ".*" match all attributes.
func selectAttributes(attributes map[string]Attribute, patterns []string) map[string]Attribute {
	selected := map[string]Attribute{}
	for name, a := range attributes {
		if slices.ContainsFunc(patterns, func(pattern string) bool {
			prefix, isPrefix := strings.CutSuffix(pattern, ".*")
			return pattern == "All" || pattern == name ||
				isPrefix && strings.HasPrefix(name, prefix)
		}) {
			selected[name] = a
		}
	}
	return selected
}

type deleteMessageInput struct {
	queueURL
	ReceiptHandle string
}

func (q *Queue) deleteMessage(in deleteMessageInput) (*empty, error) {
	return &empty{}, q.deleteOne(in.ReceiptHandle)
}

func (q *Queue) deleteOne(receiptHandle string) error {
	if receiptHandle == "" {
		return missingParameter("ReceiptHandle")
	}
	return q.Delete(receiptHandle)
}

// visibilityInput holds the parameters of ChangeMessageVisibility and of one entry in
// ChangeMessageVisibilityBatch.
type visibilityInput struct {
	ReceiptHandle     string
	VisibilityTimeout *int
}

type changeVisibilityInput struct {
	queueURL
	visibilityInput
}

func (q *Queue) changeMessageVisibility(in changeVisibilityInput) (*empty, error) {
	return &empty{}, q.changeVisibility(in.visibilityInput)
}

func (q *Queue) changeVisibility(in visibilityInput) error {
	if in.ReceiptHandle == "" {
		return missingParameter("ReceiptHandle")
	}
	if in.VisibilityTimeout == nil {
		return missingParameter("VisibilityTimeout")
	}
	timeout, err := visibilityTimeout(*in.VisibilityTimeout)
	if err != nil {
		return err
	}
	return q.ChangeVisibility(in.ReceiptHandle, timeout)
}

// visibilityTimeout validates a number of seconds and returns it as a duration.
func visibilityTimeout(seconds int) (time.Duration, error) {
	if seconds < 0 || seconds > maxVisibilityTimeout {
		return 0, invalidValue(seconds, "VisibilityTimeout",
			"Must be between 0 and 43200, if provided.")
	}
	return time.Duration(seconds) * time.Second, nil
}
