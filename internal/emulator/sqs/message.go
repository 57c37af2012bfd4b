package sqs

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Message represents a message. Receive sets ReceiptHandle and InvisibleUntil.
type Message struct {
	ID               string
	ReceiptHandle    string // valid until the message is received again
	Body             string
	Attributes       map[string]Attribute
	TraceHeader      string // X-Ray trace header, set by the sender
	GroupID          string // id of the message group, set by the sender
	Sender           string
	Sent             time.Time
	FirstReceived    time.Time
	InvisibleUntil   time.Time // end of the visibility timeout
	ReceiveCount     int       // includes this receive; a dead-letter queue continues the count
	DeadLetterSource string    // in a dead-letter queue: ARN of the source queue
}

// Attribute represents a message attribute, which has a type and either a string or a binary value.
type Attribute struct {
	DataType    string
	StringValue string `json:",omitempty"`
	BinaryValue []byte `json:",omitempty"`
}

func (a Attribute) isBinary() bool { return strings.HasPrefix(a.DataType, "Binary") }

// BodyMD5 returns the MD5 checksum of the body, as SQS sends it with the message.
func (m Message) BodyMD5() string {
	sum := md5.Sum([]byte(m.Body))
	return hex.EncodeToString(sum[:])
}

// SystemAttributes returns the attributes that SQS sets, by name. ReceiveMessage and Lambda's SQS
// events use the same names.
func (m Message) SystemAttributes() map[string]string {
	unixMilli := func(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
	out := map[string]string{
		"SenderId":                         m.Sender,
		"SentTimestamp":                    unixMilli(m.Sent),
		"ApproximateReceiveCount":          strconv.Itoa(m.ReceiveCount),
		"ApproximateFirstReceiveTimestamp": unixMilli(m.FirstReceived),
	}
	if m.TraceHeader != "" {
		out["AWSTraceHeader"] = m.TraceHeader
	}
	if m.GroupID != "" {
		out["MessageGroupId"] = m.GroupID
	}
	if m.DeadLetterSource != "" {
		out["DeadLetterQueueSourceArn"] = m.DeadLetterSource
	}
	return out
}

// AttributesMD5 returns the MD5 checksum of message attributes, as SQS sends it. It returns "" for
// no attributes.
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
	sum.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b))))
	sum.Write(b)
}

// size returns the message's size in bytes, as SQS's quota counts it: the body, and the names,
// types and values of the attributes.
func (m Message) size() int {
	n := len(m.Body)
	for name, a := range m.Attributes {
		n += len(name) + len(a.DataType) + len(a.StringValue) + len(a.BinaryValue)
	}
	return n
}

// validate checks that a message meets SQS's rules for sent messages. It does not check the size.
func (m Message) validate() error {
	if m.Body == "" {
		return missingParameter("MessageBody")
	}
	if !hasValidCharacters(m.Body) {
		return protocol.Errorf("InvalidMessageContents",
			"Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | "+
				"#x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")
	}
	if len(m.Attributes) > 10 {
		return invalidParameter("Number of message attributes [%d] exceeds the allowed "+
			"maximum [10].", len(m.Attributes))
	}
	for name, a := range m.Attributes {
		if err := a.validate(name); err != nil {
			return err
		}
	}
	if m.GroupID != "" && !groupPattern.MatchString(m.GroupID) {
		return invalidValue(m.GroupID, "MessageGroupId", "MessageGroupId can only include "+
			"alphanumeric and punctuation characters. 1 to 128 in length.")
	}
	return nil
}

// groupPattern matches 1 to 128 printable ASCII characters without spaces.
var groupPattern = regexp.MustCompile(`^[!-~]{1,128}$`)

// attributeName matches a name of valid length and with valid characters.
var attributeName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,256}$`)

func validAttributeName(name string) bool {
	lower := strings.ToLower(name)
	return attributeName.MatchString(name) && !strings.Contains("."+name+".", "..") &&
		!strings.HasPrefix(lower, "aws.") && !strings.HasPrefix(lower, "amazon.")
}

func (a Attribute) validate(name string) error {
	kind, _, _ := strings.Cut(a.DataType, ".")
	switch {
	case !validAttributeName(name):
		return invalidParameter("Message (user) attribute name %q must have 1 to 256 letters, "+
			"digits, '_', '-' or '.'. It must not start with AWS. or Amazon., start or end with "+
			"'.', or contain two '.' in a row.", name)
	case kind != "String" && kind != "Number" && kind != "Binary":
		return invalidParameter("The type of message (user) attribute '%s' is invalid. You must "+
			"use only the following supported type prefixes: Binary, Number, String.", name)
	case a.isBinary() && len(a.BinaryValue) == 0, !a.isBinary() && a.StringValue == "":
		return invalidParameter(
			"Message (user) attribute '%s' must contain a non-empty value of type '%s'.",
			name, kind)
	case !hasValidCharacters(a.StringValue):
		return protocol.Errorf("InvalidMessageContents",
			"Message (user) attribute '%s' holds invalid characters.", name)
	}
	if _, err := strconv.ParseFloat(a.StringValue, 64); kind == "Number" && err != nil {
		return invalidParameter(
			"Can't cast the value of message (user) attribute '%s' to a number.", name)
	}
	return nil
}

// hasValidCharacters reports whether s is valid UTF-8 and contains only characters of XML 1.0.
func hasValidCharacters(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	})
}

// newReceiptHandle returns a receipt handle. Each receive of a message returns a different handle,
// so that the queue can ignore an old handle.
func newReceiptHandle(queueARN, id string, receiveCount int) string {
	text := queueARN + " " + id + " " + strconv.Itoa(receiveCount)
	return base64.StdEncoding.EncodeToString([]byte(text))
}

// messageIDFromHandle returns the message id that a receipt handle contains.
func messageIDFromHandle(queueARN, receiptHandle string) (string, error) {
	text, err := base64.StdEncoding.DecodeString(receiptHandle)
	parts := strings.Split(string(text), " ")
	if err != nil || len(parts) != 3 || parts[0] != queueARN {
		return "", protocol.Errorf("ReceiptHandleIsInvalid", "The input receipt handle %q is "+
			"not a valid receipt handle of this queue.", receiptHandle)
	}
	return parts[1], nil
}
