package format

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// whiteSpace holds the white space of JSON.
const whiteSpace = " \t\r\n"

// byteOrderMark is the character U+FEFF in UTF-8. RFC 8259 forbids it at the start of a body.
var byteOrderMark = []byte("\ufeff")

// isArray reports whether a JSON body is an array.
func isArray(body []byte) bool {
	body = bytes.TrimLeft(body, whiteSpace)
	return len(body) > 0 && body[0] == '['
}

// splitArray returns the elements of a JSON array.
func splitArray(body []byte) ([][]byte, error) {
	if err := checkStart(body); err != nil {
		return nil, err
	}
	if !json.Valid(body) {
		return nil, syntaxError(body)
	}
	if !isArray(body) {
		return nil, pipeline.Errorf(pipeline.NotAnArray,
			"The body must be a JSON array of events.")
	}
	var elements [][]byte
	depth, start := 0, 0
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '"':
			i = stringEnd(body, i)
		case '[', '{':
			if depth++; depth == 1 {
				start = i + 1
			}
			continue
		case ']', '}':
			depth--
		}
		if ends := depth == 0 && body[i] == ']' || depth == 1 && body[i] == ','; !ends {
			continue
		}
		element := bytes.Trim(body[start:i], whiteSpace)
		if len(element) == 0 { // the array is empty
			break
		}
		if len(elements) == pipeline.MaxBatchEvents {
			return nil, tooMany()
		}
		elements = append(elements, element[:len(element):len(element)])
		start = i + 1
	}
	return checkNotEmpty(elements)
}

// stringEnd returns the index of the quote that ends a string. The string begins at the index
// start. The body must be well-formed JSON.
func stringEnd(body []byte, start int) int {
	for i := start + 1; ; i++ {
		switch body[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
}

// splitLines returns the lines of a body without surrounding white space and without blank lines. A
// line ends with LF or CRLF. The last line can end without a line break.
func splitLines(body []byte) ([][]byte, error) {
	if err := checkStart(body); err != nil {
		return nil, err
	}
	var lines [][]byte
	for line := range bytes.SplitSeq(body, []byte("\n")) {
		line = bytes.Trim(line, whiteSpace)
		if len(line) == 0 {
			continue
		}
		if len(lines) == pipeline.MaxBatchEvents {
			return nil, tooMany()
		}
		lines = append(lines, line[:len(line):len(line)])
	}
	return checkNotEmpty(lines)
}

// checkStart returns an error if a body is empty or begins with a byte-order mark.
func checkStart(body []byte) error {
	if len(bytes.Trim(body, whiteSpace)) == 0 {
		return pipeline.Errorf(pipeline.EmptyBody,
			"The request has no body; send at least one event.")
	}
	if bytes.HasPrefix(body, byteOrderMark) {
		return pipeline.Errorf(pipeline.InvalidJSON,
			"The body begins with a byte-order mark; leave it out.")
	}
	return nil
}

func checkNotEmpty(events [][]byte) ([][]byte, error) {
	if len(events) == 0 {
		return nil, pipeline.Errorf(pipeline.EmptyBatch,
			"The batch has no event; send at least one.")
	}
	return events, nil
}

func tooMany() error {
	return pipeline.Errorf(pipeline.BatchTooLarge,
		"The batch has more than %d events; send them in several requests.",
		pipeline.MaxBatchEvents)
}

// syntaxError returns the error for a body that is not valid JSON, with the position if known.
func syntaxError(body []byte) error {
	var syntax *json.SyntaxError
	if err := json.Unmarshal(body, new(json.RawMessage)); errors.As(err, &syntax) {
		return pipeline.Errorf(pipeline.InvalidJSON,
			"The body is not valid JSON: the error is at or before byte %d.", syntax.Offset)
	}
	return pipeline.Errorf(pipeline.InvalidJSON, "The body is not valid JSON.")
}
