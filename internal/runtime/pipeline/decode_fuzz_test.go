package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/badinput"
)

func TestDecodeType_HandlesBadInput(t *testing.T) {
	for _, c := range badinput.Bodies() {
		if len(c.Body) > badinput.MaxPayloadBytes {
			continue // Ingest checks the size first
		}
		_, err := DecodeType([]byte(c.Body))
		if (err == nil) != (c.Status == 202) || err != nil && ErrorCode(err) != Code(c.Code) {
			t.Errorf("%s: got %v, want %d %s", c.Name, err, c.Status, c.Code)
		}
		if err == nil != isAcceptable([]byte(c.Body)) && c.Status != 422 {
			t.Errorf("%s: DecodeType returns %v, but acceptable disagrees", c.Name, err)
		}
	}
}

// FuzzDecode compares DecodeType with another JSON decoder. It also checks that accepted bodies can
// become records.
func FuzzDecode(f *testing.F) {
	for _, c := range badinput.Bodies() {
		if len(c.Body) < 4096 { // long bodies slow the fuzzer down and are tested above
			f.Add([]byte(c.Body))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		eventType, err := DecodeType(body)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Code == "" || e.Detail == "" {
				t.Fatalf("the error has no code or no detail: %#v", err)
			}
			if e.Code != MissingEventType && e.Code != InvalidEventType && isAcceptable(body) {
				t.Fatalf("DecodeType rejects a body that the other decoder accepts: %v", err)
			}
			return
		}
		if !isAcceptable(body) {
			t.Fatal("DecodeType accepts a body that the other decoder rejects")
		}
		output, err := Transform(t.Context(), nil, Event{Type: eventType}, 1, body)
		if err != nil {
			t.Fatalf("DecodeType accepts a body that can't become a record: %v", err)
		}
		line, err := NewRecords(Event{Type: eventType}, output, testNow).Lines()
		if err != nil || bytes.Count(line, []byte("\n")) != 1 || !utf8.Valid(line) {
			t.Fatalf("the record is %q, %v", line, err)
		}
	})
}

// isAcceptable reports whether a body follows all rules of DecodeType except those for eventType.
// It uses another JSON decoder than DecodeType.
func isAcceptable(body []byte) bool {
	if !utf8.Valid(body) || loneSurrogate(string(body)) {
		return false
	}
	tokens := json.NewDecoder(bytes.NewReader(body))
	tokens.UseNumber()
	first, err := tokens.Token()
	if err != nil || first != json.Delim('{') || !readValue(tokens, first, 1) {
		return false
	}
	_, err = tokens.Token()
	return err == io.EOF
}

func readValue(tokens *json.Decoder, first json.Token, depth int) bool {
	switch value := first.(type) {
	case json.Number:
		_, err := strconv.ParseFloat(value.String(), 64)
		return err == nil
	case json.Delim:
		if depth > 64 {
			return false
		}
		seen := make(map[json.Token]bool)
		for tokens.More() {
			next, err := tokens.Token()
			if err == nil && value == '{' {
				if seen[next] {
					return false
				}
				seen[next] = true
				next, err = tokens.Token()
			}
			if err != nil || !readValue(tokens, next, depth+1) {
				return false
			}
		}
		_, err := tokens.Token()
		return err == nil
	}
	return true
}

var (
	surrogatePair = regexp.MustCompile(`(?i)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})`)
	surrogate     = regexp.MustCompile(`(?i)\\ud[89a-f]`)
)

func loneSurrogate(text string) bool {
	text = strings.ReplaceAll(text, `\\`, "--") // each remaining backslash begins an escape
	return surrogate.MatchString(surrogatePair.ReplaceAllString(text, "--"))
}
