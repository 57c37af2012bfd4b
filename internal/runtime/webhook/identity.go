package webhook

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/jsonpointer"
)

// maxTypeLength is the maximum length of an event type; see contract.EventTypePattern.
const maxTypeLength = 64

// EventType returns the type of a request's event: the source's prefix, a period, and the sender's
// name for the type. It returns "" if the request has no type. payload is JSON.
//
// The characters that an event type allows are letters, digits, period, underscore and hyphen. A
// slash becomes a period, and any other character becomes an underscore. In a longer type, a hash
// replaces the end.
func (s Source) EventType(headers map[string]string, payload []byte) string {
	name := s.scheme().eventType(headers, payload)
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

// DeliveryKey returns a key that is the same for all requests that repeat a delivery. If the
// request has no delivery id, the key is a hash of the body, so that at least an identical request
// is recognized.
func (s Source) DeliveryKey(headers map[string]string, payload []byte) string {
	if id := s.scheme().deliveryID(headers, payload); id != "" {
		return "id " + id
	}
	sum := sha256.Sum256(payload)
	return "body " + hex.EncodeToString(sum[:])
}

// lookup returns the string or the number at a JSON pointer. It returns "" for all other values. A
// pointer also leads into strings that contain JSON, such as the field payload of Slack's forms.
func lookup(payload []byte, pointer string) string {
	value := json.RawMessage(payload)
	for _, key := range jsonpointer.Split(pointer) {
		if value = member(value, key); value == nil {
			return ""
		}
	}
	var text string
	switch {
	case len(value) == 0:
		return ""
	case value[0] == '"':
		_ = json.Unmarshal(value, &text) // stays "" if the JSON is invalid
	case value[0] == '-' || '0' <= value[0] && value[0] <= '9':
		text = string(value)
	}
	return text
}

// member returns a member of an object or an element of an array, or nil.
func member(value json.RawMessage, key string) json.RawMessage {
	value = bytes.TrimLeft(value, " \t\r\n")
	var text string
	if len(value) > 0 && value[0] == '"' && json.Unmarshal(value, &text) == nil {
		value = json.RawMessage(strings.TrimLeft(text, " \t\r\n"))
	}
	if len(value) == 0 {
		return nil
	}
	if value[0] == '[' {
		var elements []json.RawMessage
		index, err := strconv.Atoi(key)
		if err != nil || json.Unmarshal(value, &elements) != nil || index < 0 ||
			index >= len(elements) {
			return nil
		}
		return elements[index]
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(value, &members) != nil {
		return nil
	}
	return members[key]
}

// printable replaces characters that could harm a log, a terminal or a message.
func printable(c rune) rune {
	if c == utf8.RuneError || !unicode.IsPrint(c) {
		return ' '
	}
	return c
}
