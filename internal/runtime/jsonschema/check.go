package jsonschema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/violation"
)

// Unlocated is the keyword of a violation that Check did not locate.
const Unlocated = "schema"

// maxViolations limits the violations that Check returns.
const maxViolations = 10

// maxLocated is the size of the largest payload, in values, in which Check locates violations. In a
// larger payload, the violations can need more memory than the function has.
const maxLocated = 20000

// Check validates a payload, which must be valid JSON, against the schema of its type. known is
// false if the type has no schema. The only possible error is ErrTooComplex.
//
// Check returns at most ten violations, sorted by their pointers. If it can't locate them within
// the limits of time and memory, it returns one violation with the keyword Unlocated.
//
// Checks run one at a time.
func (s *Set) Check(
	eventType string, payload []byte,
) (violations []violation.Violation, known bool, err error) {
	schemas, known := s.types[eventType]
	if !known {
		return nil, false, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		panic(err) // the caller has checked that the payload is valid JSON
	}
	value, values := shortenNumbers(value)
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	s.budget.left = s.budget.max
	switch err := s.budget.validate(schemas.negation, value); {
	case err == ErrTooComplex:
		return nil, true, err
	case err != nil: // the payload violates the negation, so it matches the schema
		return nil, true, nil
	}
	if values > maxLocated {
		return unlocatedViolations(), true, nil
	}
	s.budget.left = maxLocating
	err = s.budget.validate(schemas.schema, value)
	if err == ErrTooComplex {
		return unlocatedViolations(), true, nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		panic(fmt.Sprintf("the payload matches both the schema and its negation: %v", err))
	}
	return firstViolations(invalid), true, nil
}

func unlocatedViolations() []violation.Violation {
	return []violation.Violation{{
		Keyword: Unlocated, Detail: "the payload is too large or too deep to find the place",
	}}
}

// maxDigits is the maximum length of a number that is validated exactly.
const maxDigits = 40

// shortenNumbers replaces each long number, and each number with an exponent, by a float. Otherwise
// the library would need hours for a number of a million digits.
//
// It returns the changed value and the number of values in it.
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
			float, _ := value.Float64() // the caller has checked that the number is in range
			return float, values
		}
	}
	return value, values
}
