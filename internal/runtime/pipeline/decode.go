package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/jsonpointer"
)

// DecodeType returns the eventType of a request body. All errors are client errors. The body must
// be a JSON object (RFC 8259) with:
//
//   - valid UTF-8, without unpaired surrogates
//   - no duplicate key in an object
//   - no number beyond the range of float64
//   - at most maxDepth levels
func DecodeType(body []byte) (string, error) {
	var value json.RawMessage
	err := decodeObject(body, func(name string, v json.RawMessage) {
		if name == "eventType" {
			value = v
		}
	})
	if err != nil {
		return "", err
	}
	if value == nil {
		return "", Errorf(MissingEventType,
			`The payload has no eventType; add one, such as {"eventType":"order.created"}.`)
	}
	var eventType string
	if value[0] != '"' || json.Unmarshal(value, &eventType) != nil || !ValidType(eventType) {
		err := Errorf(InvalidEventType, "eventType must be a string that matches %s.", typePattern)
		err.Pointer = "/eventType"
		return "", err
	}
	return eventType, nil
}

// decodeObject checks a request body against the rules of DecodeType. It calls fn with each member
// of the outermost object.
func decodeObject(body []byte, fn func(name string, value json.RawMessage)) error {
	if len(bytes.Trim(body, whiteSpace)) == 0 {
		return Errorf(EmptyBody,
			"The request has no body; send a JSON object with an eventType.")
	}
	scan, err := scanObject(body, fn)
	switch {
	case err != nil:
		return err
	case scan.surrogate != nil:
		return scan.surrogate
	case scan.overflow != nil:
		return scan.overflow
	}
	return nil
}

// whiteSpace holds the white space of JSON. Other space characters, such as U+00A0, are invalid.
const whiteSpace = " \t\r\n"

// maxDepth is the maximum depth of a payload's objects and arrays.
const maxDepth = 64

// maxPointerBytes limits the JSON pointer in an error, because clients choose the keys in it.
const maxPointerBytes = 256

// byteOrderMark holds U+FEFF in UTF-8. Some editors write these bytes at the start of a file, but
// RFC 8259 forbids them.
var byteOrderMark = []byte("\ufeff")

// scanObject checks that body is a JSON object. It calls fn, if not nil, with each member of the
// object.
func scanObject(
	body []byte, fn func(name string, value json.RawMessage),
) (*scanner, *Error) {
	if bytes.HasPrefix(body, byteOrderMark) {
		return nil, Errorf(InvalidJSON, "The event begins with a byte-order mark; leave it out.")
	}
	if !utf8.Valid(body) {
		return nil, Errorf(InvalidJSON, "The event is not valid UTF-8.")
	}
	if err := json.Unmarshal(body, new(json.RawMessage)); err != nil {
		return nil, Errorf(InvalidJSON, "The event is not valid JSON%s.", describePosition(err))
	}
	s := &scanner{data: body, member: fn}
	s.skipSpace()
	if s.data[s.pos] != '{' {
		return nil, Errorf(NotAnObject,
			`The event must be a JSON object, such as {"eventType":"order.created"}.`)
	}
	if err := s.readValue(1); err != nil {
		return nil, err
	}
	return s, nil
}

func describePosition(err error) string {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return ": the error is at or before byte " + strconv.FormatInt(syntax.Offset, 10)
	}
	return ""
}

// scanner finds errors that encoding/json tolerates in well-formed JSON, such as duplicate keys.
type scanner struct {
	data   []byte
	pos    int
	path   []step                                   // path to the value at pos
	member func(name string, value json.RawMessage) // receives members of the outermost object

	// The first error of each kind, or nil. Bronze can hold payloads with these errors, because
	// older versions accepted them.
	surrogate *Error // unpaired surrogate
	overflow  *Error // number beyond the range of float64
}

func (s *scanner) readValue(depth int) *Error {
	switch s.data[s.pos] {
	case '{':
		return s.readObject(depth)
	case '[':
		return s.readArray(depth)
	case '"':
		s.readString()
	default:
		s.readScalar()
	}
	return nil
}

func (s *scanner) readObject(depth int) *Error {
	if depth > maxDepth {
		return s.error(InvalidJSON, "The event nests deeper than %d levels.", maxDepth)
	}
	keys := make(map[string]struct{})
	for s.enter(); s.data[s.pos] != '}'; s.next() {
		key := s.readString()
		s.path = append(s.path, step{key: key})
		if _, twice := keys[key]; twice {
			return s.error(InvalidJSON, "The event has a duplicate key in an object.")
		}
		keys[key] = struct{}{}
		s.skipSpace()
		s.pos++ // the colon
		s.skipSpace()
		start := s.pos
		if err := s.readValue(depth + 1); err != nil {
			return err
		}
		s.path = s.path[:len(s.path)-1]
		if depth == 1 && s.member != nil {
			s.member(key, s.data[start:s.pos])
		}
	}
	s.pos++
	return nil
}

func (s *scanner) readArray(depth int) *Error {
	if depth > maxDepth {
		return s.error(InvalidJSON, "The event nests deeper than %d levels.", maxDepth)
	}
	s.path = append(s.path, step{inArray: true})
	for s.enter(); s.data[s.pos] != ']'; s.next() {
		if err := s.readValue(depth + 1); err != nil {
			return err
		}
		s.path[len(s.path)-1].index++
	}
	s.path = s.path[:len(s.path)-1]
	s.pos++
	return nil
}

// enter moves past an opening bracket or brace to the first element.
func (s *scanner) enter() {
	s.pos++
	s.skipSpace()
}

// next moves past the comma after an element, if there is one.
func (s *scanner) next() {
	s.skipSpace()
	if s.data[s.pos] == ',' {
		s.pos++
		s.skipSpace()
	}
}

func (s *scanner) skipSpace() {
	for s.pos < len(s.data) && strings.IndexByte(whiteSpace, s.data[s.pos]) >= 0 {
		s.pos++
	}
}

// readString moves past a string and returns its value.
func (s *scanner) readString() string {
	start, escaped := s.pos, false
	for s.pos++; s.data[s.pos] != '"'; s.pos++ {
		if s.data[s.pos] == '\\' {
			escaped = true
			s.pos++
		}
	}
	s.pos++
	if !escaped {
		return string(s.data[start+1 : s.pos-1])
	}
	if s.surrogate == nil && !SurrogatesPaired(s.data[start:s.pos]) {
		s.surrogate = s.error(InvalidJSON,
			"The event has an unpaired surrogate in the string that ends at byte %d.", s.pos)
	}
	var text string
	_ = json.Unmarshal(s.data[start:s.pos], &text) // can't fail: the JSON is well formed
	return text
}

// SurrogatesPaired reports whether each \u escape of a surrogate in well-formed JSON belongs to a
// pair. encoding/json silently replaces unpaired surrogates by U+FFFD.
func SurrogatesPaired(text []byte) bool {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++ // to the escaped character
		if text[i] != 'u' || !utf16.IsSurrogate(codeUnit(text[i:])) {
			continue
		}
		low := i + 6 // as in \ud83d\ude00
		if low >= len(text) || text[low-1] != '\\' || text[low] != 'u' ||
			utf16.DecodeRune(codeUnit(text[i:]), codeUnit(text[low:])) == utf8.RuneError {
			return false
		}
		i = low
	}
	return true
}

// codeUnit returns the UTF-16 code unit of an escape such as u00e9.
func codeUnit(text []byte) rune {
	n, _ := strconv.ParseUint(string(text[1:5]), 16, 16) // can't fail: the JSON is well formed
	return rune(n)
}

// readScalar moves past a number, true, false or null.
func (s *scanner) readScalar() {
	start := s.pos
	for s.pos < len(s.data) && strings.IndexByte(",]}"+whiteSpace, s.data[s.pos]) < 0 {
		s.pos++
	}
	if c := s.data[start]; s.overflow != nil || c == 't' || c == 'f' || c == 'n' {
		return
	}
	if _, err := strconv.ParseFloat(string(s.data[start:s.pos]), 64); err != nil {
		s.overflow = s.error(NumberOutOfRange,
			"The event has a number beyond the range of a 64-bit float, at byte %d.", start)
	}
}

// error returns an Error that points at the current value.
func (s *scanner) error(code Code, format string, args ...any) *Error {
	err := Errorf(code, format, args...)
	var keys []string
	for _, step := range s.path {
		if step.inArray {
			step.key = strconv.Itoa(step.index)
		}
		keys = append(keys, step.key)
	}
	if pointer := jsonpointer.New(keys...); len(pointer) <= maxPointerBytes {
		err.Pointer = pointer
	}
	return err
}

// step represents one step of a path: an index of an array or a key of an object.
type step struct {
	inArray bool
	index   int
	key     string
}
