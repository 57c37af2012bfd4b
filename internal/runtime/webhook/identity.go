package webhook

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/jsonpointer"
)

// maxTypeLength is the maximum length of an event type. See contract.EventTypePattern.
const maxTypeLength = 64

// EventType returns the type of a request's event: the source's prefix, a period, and the sender's
// name for the type. It returns "" if the request has no type.
//
// An event type consists of letters, digits, periods, underscores and hyphens:
//
//   - A slash becomes a period. Any other character becomes an underscore.
//   - If the type has more than 64 characters, a hash replaces its end.
func (s Source) EventType(headers map[string]string, payload Payload) string {
	return s.TypeOf(s.scheme().eventType(headers, payload))
}

// TypeField returns where a request contains the type: in a header, or at a JSON pointer in the
// payload. At least one of the results is "".
func (s Source) TypeField() (header, pointer string) { return s.scheme().typeField() }

// TypeOf returns the event type for a type that the sender names. For "", it returns "".
func (s Source) TypeOf(name string) string {
	if name == "" {
		return ""
	}
	if s.Prefix != "" {
		name = s.Prefix + "." + name
	}
	cleaned := strings.Map(typeCharacter, name)
	if len(cleaned) <= maxTypeLength {
		return cleaned
	}
	sum := sha256.Sum256([]byte(name))
	end := "-" + hex.EncodeToString(sum[:4])
	return cleaned[:maxTypeLength-len(end)] + end
}

func typeCharacter(c rune) rune {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
		c == '.', c == '_', c == '-':
		return c
	case c == '/':
		return '.'
	}
	return '_'
}

// DeliveryKey returns a key that is the same for all requests that repeat a delivery. Without a
// delivery id, the key is a hash of the body. Identical requests then have the same key.
func (s Source) DeliveryKey(headers map[string]string, payload Payload) string {
	if id := s.scheme().deliveryID(headers, payload); id != "" {
		return "id " + id
	}
	sum := sha256.Sum256(payload.JSON)
	return "body " + hex.EncodeToString(sum[:])
}

// Payload is the body of a request as JSON.
type Payload struct {
	JSON    []byte
	members map[string]jsontext.Value // of the outermost object
}

// NewPayload returns a Payload with the JSON text. If the text is invalid, the Payload has only the
// members before the first error.
func NewPayload(json []byte) Payload { return Payload{json, members(json)} }

// lookup returns the string or the number at a JSON pointer, and "" for all other values.
//
// The pointer can refer to a value inside a string that contains JSON. For example, the field
// "payload" of Slack's forms is such a string.
func (p Payload) lookup(pointer string) string {
	keys := jsonpointer.Split(pointer)
	if len(keys) == 0 {
		return ""
	}
	value := p.members[keys[0]]
	for _, key := range keys[1:] {
		value = child(value, key)
	}
	switch value.Kind() {
	case jsontext.KindString:
		return unquote(value)
	case jsontext.KindNumber:
		return string(value)
	}
	return ""
}

// unquote returns the value of a JSON string.
func unquote(value jsontext.Value) string {
	unquoted, _ := jsontext.AppendUnquote(nil, value) // without the invalid part
	return string(unquoted)
}

// child returns a member of an object or an element of an array, or nil if value has no such child.
func child(value jsontext.Value, key string) jsontext.Value {
	if value.Kind() == jsontext.KindString {
		value = jsontext.Value(unquote(value))
	}
	if value.Kind() == jsontext.KindBeginArray {
		var elements []jsontext.Value
		index, err := strconv.Atoi(key)
		if err != nil || jsonv2.Unmarshal(value, &elements) != nil || index < 0 ||
			index >= len(elements) {
			return nil
		}
		return elements[index]
	}
	return members(value)[key]
}

// members returns the members of a JSON object, up to the first error. The values share the memory
// of object.
func members(object []byte) map[string]jsontext.Value {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(object),
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if decoder.PeekKind() != jsontext.KindBeginObject {
		return nil
	}
	_, _ = decoder.ReadToken() // can't fail after PeekKind
	found := map[string]jsontext.Value{}
	for decoder.PeekKind() == jsontext.KindString {
		name, err := decoder.ReadToken()
		if err != nil {
			break
		}
		key := name.String()
		value, err := decoder.ReadValue()
		if err != nil {
			break
		}
		end := decoder.InputOffset()
		found[key] = jsontext.Value(object[end-int64(len(value)) : end])
	}
	return found
}
