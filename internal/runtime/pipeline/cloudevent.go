package pipeline

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"mime"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/jsonpointer"
)

// CloudEvent holds the required attributes of a CloudEvent. Its Type is the event's type.
type CloudEvent struct {
	ID     string
	Source string
	Type   string
}

// DecodeCloudEvent returns the attributes of a CloudEvent in the JSON format, version 1.0. All
// errors are client errors. The body must follow:
//
//   - version 1.0.2 of the CloudEvents specification
//   - the rules of DecodeType, except those for eventType
func DecodeCloudEvent(body []byte) (CloudEvent, error) {
	attributes := cloudEventAttributes{}
	var invalid *Error
	err := decodeObject(body, func(name string, value json.RawMessage) {
		if err := attributes.add(name, value); err != nil && invalid == nil {
			invalid = err
		}
	})
	if err != nil {
		return CloudEvent{}, err
	}
	for _, name := range []string{"specversion", "id", "source", "type"} {
		if _, present := attributes[name]; !present {
			return CloudEvent{}, Errorf(InvalidCloudEvent,
				"The CloudEvent has no %s, which is required.", name)
		}
	}
	if invalid != nil {
		return CloudEvent{}, invalid
	}
	_, hasData := attributes["data"]
	_, hasBase64 := attributes["data_base64"]
	if hasData && hasBase64 {
		return CloudEvent{}, Errorf(InvalidCloudEvent,
			"The CloudEvent must not have both data and data_base64.")
	}
	event := CloudEvent{attributes["id"], attributes["source"], attributes["type"]}
	if !ValidType(event.Type) {
		err := Errorf(InvalidEventType,
			"The type of the CloudEvent must be a string that matches %s.", typePattern)
		err.Pointer = "/type"
		return CloudEvent{}, err
	}
	return event, nil
}

// key returns the idempotency key of the event. It contains a space, which checkKey rejects in a
// client's key. It therefore differs from every client's key.
func (e CloudEvent) key() string {
	sum := sha256.Sum256([]byte(e.Source + "\x00" + e.ID)) // Source and ID contain no NUL
	return "cloudevent " + hex.EncodeToString(sum[:])
}

// cloudEventAttributes maps data, data_base64 and the attributes that are not null to their text.
// The text is "" for data, and for each value that is not a string.
type cloudEventAttributes map[string]string

var null = []byte("null")

// add adds a member of the JSON object. It returns an error if the member is invalid.
func (a cloudEventAttributes) add(name string, value json.RawMessage) *Error {
	switch {
	case name == "data": // can be null
		a[name] = ""
		return nil
	case name != "data_base64" && !validAttributeName(name):
		return attributeError(name,
			"The name of an attribute must contain only lower-case letters and digits")
	case name != "data_base64" && bytes.Equal(value, null): // null means the same as no attribute
		return nil
	}
	isString := value[0] == '"'
	var text string
	if isString {
		_ = json.Unmarshal(value, &text) // can't fail: the JSON is well formed
	}
	a[name] = text
	rule, known := attributeRules[name]
	switch {
	case known && (!isString || !rule.valid(text)):
		return attributeError(name, rule.text)
	case known:
	case isString && !validAttributeText(text):
		return attributeError(name, "An extension attribute must not contain control characters")
	case !isString && !isBooleanOrInteger(value):
		return attributeError(name,
			"An extension attribute must be a string, a boolean or a 32-bit integer")
	}
	return nil
}

// attributeRules maps the names of the specification's attributes to the rules for their values.
var attributeRules = map[string]struct {
	text  string
	valid func(text string) bool
}{
	"specversion": {`specversion must be "1.0"`, func(s string) bool { return s == "1.0" }},
	"id":          {"id must be a non-empty string", validNonEmpty},
	"source":      {"source must be a non-empty URI reference", validURIReference},
	"type":        {"type must be a non-empty string", validNonEmpty},
	"subject":     {"subject must be a non-empty string", validNonEmpty},
	"time":        {"time must be a time in RFC 3339 format", validTime},
	"dataschema":  {"dataschema must be an absolute URI", validURI},
	"datacontenttype": {"datacontenttype must be a media type", func(s string) bool {
		media, _, err := mime.ParseMediaType(s)
		return err == nil && strings.Contains(media, "/")
	}},
	"data_base64": {"data_base64 must be a string in base64", func(s string) bool {
		_, err := base64.StdEncoding.DecodeString(s)
		return err == nil
	}},
}

func attributeError(name, rule string) *Error {
	err := Errorf(InvalidCloudEvent, "%s.", rule)
	if pointer := jsonpointer.New(name); len(pointer) <= maxPointerBytes {
		err.Pointer = pointer
	}
	return err
}

func validAttributeName(name string) bool {
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// validAttributeText reports whether the specification's type String allows all characters of text.
func validAttributeText(text string) bool {
	for _, c := range text {
		if unicode.IsControl(c) || unicode.Is(unicode.Noncharacter_Code_Point, c) {
			return false
		}
	}
	return true
}

// validNonEmpty reports whether text is a valid attribute that contains more than white space.
func validNonEmpty(text string) bool {
	return strings.TrimSpace(text) != "" && validAttributeText(text)
}

// outsideURI holds printable ASCII characters that RFC 3986 does not allow in a URI.
const outsideURI = " <>\"{}|\\^`"

// validURIReference reports whether text is a URI reference that is not empty. It allows unencoded
// characters outside ASCII, because many senders use them.
func validURIReference(text string) bool {
	_, err := url.Parse(text)
	return err == nil && validNonEmpty(text) && !strings.ContainsAny(text, outsideURI)
}

func validURI(text string) bool {
	uri, err := url.Parse(text)
	return err == nil && uri.IsAbs() && validURIReference(text)
}

// validTime reports whether text is a time in RFC 3339 format, which allows t and z in lower case.
func validTime(text string) bool {
	return new(time.Time).UnmarshalText([]byte(strings.ToUpper(text))) == nil
}

func isBooleanOrInteger(value json.RawMessage) bool {
	text := string(value)
	_, err := strconv.ParseInt(text, 10, 32)
	return err == nil || text == "true" || text == "false"
}
