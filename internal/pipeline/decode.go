package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxDepth is how deep a payload's objects and arrays may nest.
const MaxDepth = 64

// maxPointer bounds what an answer repeats of the path to a mistake: it is made of the client's own keys.
const maxPointer = 256

// DecodeType checks that body is a JSON object as the platform accepts it (RFC 8259, and stricter: UTF-8 throughout, no
// key twice in an object, no deeper than MaxDepth) and returns its eventType. Its errors are the client's.
func DecodeType(body []byte) (string, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return "", Errorf(EmptyBody, "The request has no body; send a JSON object with an eventType.")
	}
	scan, err := scanObject(body)
	if err != nil {
		return "", err
	}
	if scan.eventType == nil {
		return "", Errorf(MissingEventType, `The payload has no eventType; add one, such as {"eventType":"order.created"}.`)
	}
	var eventType string
	if json.Unmarshal(scan.eventType, &eventType) != nil || scan.eventType[0] != '"' || !typePattern.MatchString(eventType) {
		err := Errorf(InvalidEventType, "eventType must be a string that matches %s.", typePattern)
		err.Pointer = "/eventType"
		return "", err
	}
	return eventType, nil
}

// scanObject checks the whole of body and notes what the pipeline needs to know of it.
func scanObject(body []byte) (*scanner, *Error) {
	if !utf8.Valid(body) {
		return nil, Errorf(InvalidJSON, "The body is not valid UTF-8.")
	}
	if err := json.Unmarshal(body, new(json.RawMessage)); err != nil {
		return nil, Errorf(InvalidJSON, "The body is not valid JSON%s.", position(err))
	}
	s := &scanner{data: body}
	s.space()
	if s.data[s.pos] != '{' {
		return nil, Errorf(NotAnObject, "The body must be a JSON object, such as {\"eventType\":\"order.created\"}.")
	}
	if err := s.value(1); err != nil {
		if len(err.Pointer) > maxPointer {
			err.Pointer = ""
		}
		return nil, err
	}
	return s, nil
}

func position(err error) string {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return ": the mistake is at or before byte " + strconv.FormatInt(syntax.Offset, 10)
	}
	return ""
}

// scanner walks JSON that is known to be well formed, so that it need only look at what encoding/json lets pass.
type scanner struct {
	data      []byte
	pos       int
	eventType json.RawMessage // the value of the outermost object's eventType
	overflow  *Error          // the first number that no float64 holds
}

func (s *scanner) value(depth int) *Error {
	switch s.data[s.pos] {
	case '{':
		return s.object(depth)
	case '[':
		return s.array(depth)
	case '"':
		s.string()
	default:
		s.scalar()
	}
	return nil
}

func (s *scanner) object(depth int) *Error {
	if depth > MaxDepth {
		return Errorf(InvalidJSON, "The body nests deeper than %d levels.", MaxDepth)
	}
	keys := make(map[string]struct{})
	for s.open(); s.data[s.pos] != '}'; s.next() {
		key := s.string()
		if _, twice := keys[key]; twice {
			return within(key, Errorf(InvalidJSON, "The body has a key twice in one object."))
		}
		keys[key] = struct{}{}
		s.space()
		s.pos++ // the colon
		s.space()
		start := s.pos
		if err := s.value(depth + 1); err != nil {
			return within(key, err)
		}
		if depth == 1 && key == "eventType" {
			s.eventType = s.data[start:s.pos]
		}
	}
	s.pos++
	return nil
}

func (s *scanner) array(depth int) *Error {
	if depth > MaxDepth {
		return Errorf(InvalidJSON, "The body nests deeper than %d levels.", MaxDepth)
	}
	i := 0
	for s.open(); s.data[s.pos] != ']'; s.next() {
		if err := s.value(depth + 1); err != nil {
			return within(strconv.Itoa(i), err)
		}
		i++
	}
	s.pos++
	return nil
}

// open steps over a bracket or brace to what is first inside it.
func (s *scanner) open() {
	s.pos++
	s.space()
}

// next steps over the comma, if any, behind an element.
func (s *scanner) next() {
	s.space()
	if s.data[s.pos] == ',' {
		s.pos++
		s.space()
	}
}

func (s *scanner) space() {
	for s.pos < len(s.data) && strings.IndexByte(" \t\r\n", s.data[s.pos]) >= 0 {
		s.pos++
	}
}

// string steps over a string and returns what it says.
func (s *scanner) string() string {
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
	var text string
	_ = json.Unmarshal(s.data[start:s.pos], &text) // known to be well formed
	return text
}

// scalar steps over a number, true, false or null.
func (s *scanner) scalar() {
	start := s.pos
	for s.pos < len(s.data) && strings.IndexByte(",]} \t\r\n", s.data[s.pos]) < 0 {
		s.pos++
	}
	if c := s.data[start]; s.overflow != nil || c == 't' || c == 'f' || c == 'n' {
		return
	}
	if _, err := strconv.ParseFloat(string(s.data[start:s.pos]), 64); err != nil {
		s.overflow = Errorf(UnprocessableNumber, "The payload holds a number that no 64-bit float holds, at byte %d.", start)
	}
}

// within notes that the error lies under key of the value it came from.
func within(key string, err *Error) *Error {
	err.Pointer = "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key) + err.Pointer
	return err
}
