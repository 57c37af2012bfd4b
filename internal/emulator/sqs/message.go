package sqs

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Message is a message as a receive hands it out.
type Message struct {
	ID               string
	ReceiptHandle    string // deletes the message, or changes its visibility, until it is received again
	Body             string
	Attributes       map[string]Attribute
	TraceHeader      string // X-Ray's, given by the sender
	Sender           string
	Sent             time.Time
	FirstReceived    time.Time
	InvisibleUntil   time.Time // by this receive, unless its visibility is changed
	ReceiveCount     int       // this receive included; a redrive does not reset it
	DeadLetterSource string    // ARN of the queue that a redrive took the message from
}

// Attribute is a message attribute: a type, and the value in one of the other fields.
type Attribute struct {
	DataType    string
	StringValue string `json:",omitempty"`
	BinaryValue []byte `json:",omitempty"`
}

func (a Attribute) isBinary() bool { return strings.HasPrefix(a.DataType, "Binary") }

// BodyMD5 is the checksum that SQS sends along with a body.
func (m Message) BodyMD5() string {
	sum := md5.Sum([]byte(m.Body))
	return hex.EncodeToString(sum[:])
}

// SystemAttributes are what SQS itself knows of a message, in the form of ReceiveMessage and of a Lambda's SQS event.
func (m Message) SystemAttributes() map[string]string {
	out := map[string]string{
		"SenderId":                         m.Sender,
		"SentTimestamp":                    strconv.FormatInt(m.Sent.UnixMilli(), 10),
		"ApproximateReceiveCount":          strconv.Itoa(m.ReceiveCount),
		"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.FirstReceived.UnixMilli(), 10),
	}
	if m.TraceHeader != "" {
		out["AWSTraceHeader"] = m.TraceHeader
	}
	if m.DeadLetterSource != "" {
		out["DeadLetterQueueSourceArn"] = m.DeadLetterSource
	}
	return out
}

// AttributesMD5 is the checksum that SQS sends along with message attributes; none have an empty one.
func AttributesMD5(attributes map[string]Attribute) string {
	if len(attributes) == 0 {
		return ""
	}
	sum := md5.New()
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		writeWithLength(sum, []byte(name))
		writeWithLength(sum, []byte(a.DataType))
		if a.isBinary() {
			sum.Write([]byte{2})
			writeWithLength(sum, a.BinaryValue)
		} else {
			sum.Write([]byte{1})
			writeWithLength(sum, []byte(a.StringValue))
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func writeWithLength(sum hash.Hash, b []byte) {
	var length [4]byte
	binary.BigEndian.PutUint32(length[:], uint32(len(b)))
	sum.Write(length[:])
	sum.Write(b)
}

// valueSize is what counts against the message size: the body and its attributes' names, types and values.
func (m Message) size() int {
	n := len(m.Body)
	for name, a := range m.Attributes {
		n += len(name) + len(a.DataType) + len(a.StringValue) + len(a.BinaryValue)
	}
	return n
}

// validate refuses what SQS refuses to be sent.
func (m Message) validate() error {
	if m.Body == "" {
		return protocol.Errorf("MissingParameter", "The request must contain the parameter MessageBody.")
	}
	if !hasValidCharacters(m.Body) {
		return protocol.Errorf("InvalidMessageContents", "Invalid characters found. Valid unicode characters are "+
			"#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")
	}
	if len(m.Attributes) > 10 {
		return protocol.Errorf("InvalidParameterValue", "Number of message attributes [%d] exceeds the allowed maximum [10].", len(m.Attributes))
	}
	for name, a := range m.Attributes {
		if err := a.validate(name); err != nil {
			return err
		}
	}
	return nil
}

func (a Attribute) validate(name string) error {
	kind, _, _ := strings.Cut(a.DataType, ".")
	switch {
	case name == "" || len(name) > 256:
		return protocol.Errorf("InvalidParameterValue", "Message (user) attribute name %q must be 1 to 256 characters long.", name)
	case kind != "String" && kind != "Number" && kind != "Binary":
		return protocol.Errorf("InvalidParameterValue", "The type of message (user) attribute '%s' is invalid. "+
			"You must use only the following supported type prefixes: Binary, Number, String.", name)
	case a.isBinary() && len(a.BinaryValue) == 0, !a.isBinary() && a.StringValue == "":
		return protocol.Errorf("InvalidParameterValue", "Message (user) attribute '%s' must contain a non-empty value of type '%s'.", name, kind)
	case !hasValidCharacters(a.StringValue):
		return protocol.Errorf("InvalidMessageContents", "Message (user) attribute '%s' holds invalid characters.", name)
	}
	if _, err := strconv.ParseFloat(a.StringValue, 64); kind == "Number" && err != nil {
		return protocol.Errorf("InvalidParameterValue", "Can't cast the value of message (user) attribute '%s' to a number.", name)
	}
	return nil
}

// hasValidCharacters reports whether SQS takes the text: XML 1.0's characters.
func hasValidCharacters(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	})
}
