package eventsource

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

// maxPayload is the maximum size of an invocation's payload in bytes: Lambda's quota.
const maxPayload = 6 << 20

// batch holds the messages of an invocation.
type batch struct {
	messages []sqs.Message
	payload  []byte // SQS event
}

// record represents a message in an SQS event. The fields are in Lambda's order.
type record struct {
	MessageID              string                     `json:"messageId"`
	ReceiptHandle          string                     `json:"receiptHandle"`
	Body                   string                     `json:"body"`
	Attributes             map[string]string          `json:"attributes"`
	MessageAttributes      map[string]recordAttribute `json:"messageAttributes"`
	MD5OfMessageAttributes string                     `json:"md5OfMessageAttributes,omitempty"`
	MD5OfBody              string                     `json:"md5OfBody"`
	EventSource            string                     `json:"eventSource"`
	EventSourceARN         string                     `json:"eventSourceARN"`
	Region                 string                     `json:"awsRegion"`
}

type recordAttribute struct {
	StringValue      string   `json:"stringValue,omitempty"`
	BinaryValue      []byte   `json:"binaryValue,omitempty"`
	StringListValues []string `json:"stringListValues"` // always empty: SQS has no lists
	BinaryListValues [][]byte `json:"binaryListValues"`
	DataType         string   `json:"dataType"`
}

const (
	eventStart = `{"Records":[`
	eventEnd   = `]}`
)

// batches groups messages into batches. The payload of a batch has at most maxPayload bytes.
func (m Mapping) batches(messages []sqs.Message) ([]batch, error) {
	var out []batch
	for _, message := range messages {
		text, err := m.encode(message)
		if err != nil {
			return out, fmt.Errorf("encode message %s: %w", message.ID, err)
		}
		last := len(out) - 1
		if last < 0 || len(out[last].payload)+len(",")+len(text)+len(eventEnd) > maxPayload {
			out = append(out, batch{payload: []byte(eventStart)})
			last++
		} else {
			out[last].payload = append(out[last].payload, ',')
		}
		out[last].payload = append(out[last].payload, text...)
		out[last].messages = append(out[last].messages, message)
	}
	for i := range out {
		out[i].payload = append(out[i].payload, eventEnd...)
	}
	return out, nil
}

func (m Mapping) encode(message sqs.Message) ([]byte, error) {
	attributes := map[string]recordAttribute{}
	for name, a := range message.Attributes {
		attributes[name] = recordAttribute{a.StringValue, a.BinaryValue, []string{}, [][]byte{},
			a.DataType}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // escaping makes an angle bracket six times as large
	err := encoder.Encode(record{
		MessageID:              message.ID,
		ReceiptHandle:          message.ReceiptHandle,
		Body:                   message.Body,
		Attributes:             message.SystemAttributes(),
		MessageAttributes:      attributes,
		MD5OfMessageAttributes: sqs.AttributesMD5(message.Attributes),
		MD5OfBody:              message.BodyMD5(),
		EventSource:            "aws:sqs",
		EventSourceARN:         m.Queue.ARN(),
		Region:                 m.Region,
	})
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}
