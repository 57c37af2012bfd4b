package jsonschema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Unlocated replaces the keyword of a violation that was not located.
const Unlocated = "schema"

// maxLocated limits the values of a payload whose first violation is located. The library collects
// all violations with their places before it returns: for a megabyte of zeros, that takes more
// memory than the function has.
const maxLocated = 20000

// Check validates a payload, which must be valid JSON, against the schema of its type. known is
// false if the type has no schema. For an invalid payload, keyword and pointer locate the first
// violation; if locating takes too long, keyword is Unlocated and pointer is empty. The error is
// ErrTooComplex. Checks run one at a time.
func (s *Set) Check(
	eventType string, payload []byte,
) (pointer, keyword string, known bool, err error) {
	schemas, known := s.types[eventType]
	if !known {
		return "", "", false, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		panic(err) // the caller has validated the JSON
	}
	value, values := shortenNumbers(value)
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	s.budget.left = s.budget.max
	switch err := s.budget.validate(schemas.negation, value); {
	case err == ErrTooComplex:
		return "", "", true, err
	case err != nil: // the payload violates the negation, so it is valid
		return "", "", true, nil
	}
	if values > maxLocated {
		return "", Unlocated, true, nil
	}
	s.budget.left = maxLocating
	err = s.budget.validate(schemas.schema, value)
	if err == ErrTooComplex {
		return "", Unlocated, true, nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		panic(fmt.Sprintf("the payload matches both the schema and its negation: %v", err))
	}
	first := firstViolation(invalid)
	return first.pointer, first.keyword, true, nil
}

// maxDigits limits the length of numbers that are compared exactly.
const maxDigits = 40

// shortenNumbers rounds long numbers to floats, in place, and counts the values. The library
// computes with all digits: a megabyte of them, or an exponent of a billion, would take hours.
func shortenNumbers(value any) (shortened any, values int) {
	values = 1
	switch value := value.(type) {
	case map[string]any:
		for key, member := range value {
			shortened, n := shortenNumbers(member)
			value[key] = shortened
			values += n
		}
	case []any:
		for i, element := range value {
			shortened, n := shortenNumbers(element)
			value[i] = shortened
			values += n
		}
	case json.Number:
		if len(value) > maxDigits || strings.ContainsAny(value.String(), "eE") {
			float, _ := value.Float64() // in range: the caller has checked it
			return float, values
		}
	}
	return value, values
}
