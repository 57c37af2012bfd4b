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

// MaxDepth is how deep a payload's objects and arrays may nest.
const MaxDepth = 64

// maxPointer bounds what an answer repeats of the path to a mistake: it is made of the client's own keys.
const maxPointer = 256

// DecodeType checks that body is a JSON object as the platform accepts it (RFC 8259, and stricter: UTF-8 throughout, no
// half of a surrogate pair, no key twice in an object, no number that no float64 holds, no deeper than MaxDepth) and
// returns its eventType. Its errors are the client's.
func DecodeType(body []byte) (string, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return "", Errorf(EmptyBody, "The request has no body; send a JSON object with an eventType.")
	}
	scan, err := scanObject(body)
	if err != nil {
		return "", err
	}
	if scan.surrogate != nil {
		return "", scan.surrogate
	}
	if scan.overflow != nil {
		return "", scan.overflow
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

// byteOrderMark is U+FEFF in UTF-8, which some editors put before a text; RFC 8259 has no place for it.
var byteOrderMark = []byte("\ufeff")

// scanObject checks the whole of body and notes what the pipeline needs to know of it.
func scanObject(body []byte) (*scanner, *Error) {
	if bytes.HasPrefix(body, byteOrderMark) {
		return nil, Errorf(InvalidJSON, "The body begins with a byte-order mark; leave it out.")
	}
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
	path      []step          // to the value at pos
	eventType json.RawMessage // the value of the outermost object's eventType

	// What ingest refuses, but accepted once, so that Bronze may hold it: the first of each.
	surrogate *Error // half a surrogate pair, which is no character
	overflow  *Error // a number that no float64 holds
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
		return s.error(InvalidJSON, "The body nests deeper than %d levels.", MaxDepth)
	}
	keys := make(map[string]struct{})
	for s.open(); s.data[s.pos] != '}'; s.next() {
		key := s.string()
		s.path = append(s.path, step{key: key})
		if _, twice := keys[key]; twice {
			return s.error(InvalidJSON, "The body has a key twice in one object.")
		}
		keys[key] = struct{}{}
		s.space()
		s.pos++ // the colon
		s.space()
		start := s.pos
		if err := s.value(depth + 1); err != nil {
			return err
		}
		s.path = s.path[:len(s.path)-1]
		if depth == 1 && key == "eventType" {
			s.eventType = s.data[start:s.pos]
		}
	}
	s.pos++
	return nil
}

func (s *scanner) array(depth int) *Error {
	if depth > MaxDepth {
		return s.error(InvalidJSON, "The body nests deeper than %d levels.", MaxDepth)
	}
	s.path = append(s.path, step{inArray: true})
	for s.open(); s.data[s.pos] != ']'; s.next() {
		if err := s.value(depth + 1); err != nil {
			return err
		}
		s.path[len(s.path)-1].index++
	}
	s.path = s.path[:len(s.path)-1]
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
	if s.surrogate == nil && !SurrogatesPaired(s.data[start:s.pos]) {
		s.surrogate = s.error(InvalidJSON, "The body has half a surrogate pair, which is no character, in the string that ends at byte %d.", s.pos)
	}
	var text string
	_ = json.Unmarshal(s.data[start:s.pos], &text) // known to be well formed
	return text
}

// SurrogatesPaired tells whether each \u escape of a surrogate in well-formed JSON is half of a pair. What is not, encoding/json
// would replace by U+FFFD without a word.
func SurrogatesPaired(text []byte) bool {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++ // at what is escaped
		if text[i] != 'u' || !utf16.IsSurrogate(unit(text[i:])) {
			continue
		}
		low := i + 6 // as in \ud83d\ude00
		if low >= len(text) || text[low-1] != '\\' || text[low] != 'u' ||
			utf16.DecodeRune(unit(text[i:]), unit(text[low:])) == utf8.RuneError {
			return false
		}
		i = low
	}
	return true
}

// unit is the UTF-16 code unit of text that begins as in u00e9.
func unit(text []byte) rune {
	n, _ := strconv.ParseUint(string(text[1:5]), 16, 16) // known to be well formed
	return rune(n)
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
		s.overflow = s.error(NumberOutOfRange, "The body has a number that no 64-bit float holds, at byte %d.", start)
	}
}

// error is an Error at the value where the scanner is.
func (s *scanner) error(code Code, format string, args ...any) *Error {
	err := Errorf(code, format, args...)
	for _, step := range s.path {
		err.Pointer += step.token()
	}
	if len(err.Pointer) > maxPointer {
		err.Pointer = ""
	}
	return err
}

// step leads from a value to one inside it.
type step struct {
	inArray bool
	index   int
	key     string
}

// token is the step's part of a JSON pointer (RFC 6901).
func (s step) token() string {
	if s.inArray {
		return "/" + strconv.Itoa(s.index)
	}
	return jsonpointer.New(s.key)
}
