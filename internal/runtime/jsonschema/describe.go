package jsonschema

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/jsonpointer"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/terminal"
)

// These constants limit the length of a description.
const (
	maxValues       = 10  // allowed values that it lists
	maxAlternatives = 3   // alternatives of anyOf or oneOf that it describes
	maxText         = 200 // bytes of a value or a pattern in the schema
)

const notAllowed = "the schema does not allow this property"

// describe returns the requirement that a value violates, such as "the value must be null". The
// text contains values of the schema, but none of the payload.
func describe(err *jsonschema.ValidationError) string {
	switch k := err.ErrorKind.(type) {
	case *kind.Type:
		return fmt.Sprintf("the value must be of type %s, got %s",
			strings.Join(k.Want, " or "), k.Got)
	case *kind.Enum:
		return "the value must be " + describeAllowed(k.Want)
	case *kind.Const:
		return "the value must be " + quote(k.Want)
	case *kind.Format:
		return "the string must have the format " + quote(k.Want)
	case *kind.Pattern:
		return "the string must match the pattern " + quote(k.Want)
	case *kind.MinLength:
		return describeLength("the string", "at least", k.Want, "character", k.Got)
	case *kind.MaxLength:
		return describeLength("the string", "at most", k.Want, "character", k.Got)
	case *kind.MinItems:
		return describeLength("the array", "at least", k.Want, "element", k.Got)
	case *kind.MaxItems:
		return describeLength("the array", "at most", k.Want, "element", k.Got)
	case *kind.MinProperties:
		return describeLength("the object", "at least", k.Want, "member", k.Got)
	case *kind.MaxProperties:
		return describeLength("the object", "at most", k.Want, "member", k.Got)
	case *kind.MinContains:
		return describeLength("the array", "at least", k.Want, "matching element", len(k.Got))
	case *kind.MaxContains:
		return describeLength("the array", "at most", k.Want, "matching element", len(k.Got))
	case *kind.Contains:
		return "the array must have a matching element"
	case *kind.UniqueItems:
		return fmt.Sprintf("the elements must differ, but %d and %d are equal", k.Duplicates[0],
			k.Duplicates[1])
	case *kind.Minimum:
		return "the number must be at least " + formatNumber(k.Want)
	case *kind.Maximum:
		return "the number must be at most " + formatNumber(k.Want)
	case *kind.ExclusiveMinimum:
		return "the number must be greater than " + formatNumber(k.Want)
	case *kind.ExclusiveMaximum:
		return "the number must be less than " + formatNumber(k.Want)
	case *kind.MultipleOf:
		return "the number must be a multiple of " + formatNumber(k.Want)
	case *kind.Not:
		return "the value must not match the schema of \"not\""
	case *kind.FalseSchema:
		return notAllowed
	case *kind.AnyOf:
		return describeAlternatives(err, "anyOf")
	case *kind.OneOf:
		if len(k.Subschemas) > 1 {
			return "the value must match only one alternative of oneOf, but matches several"
		}
		return describeAlternatives(err, "oneOf")
	}
	return "the value violates the keyword " + quote(violatedKeyword(err))
}

func describeMissing(name string) string { return "the property " + quote(name) + " is missing" }

// describeAllowed returns a text that lists the allowed values.
func describeAllowed(values []any) string {
	if len(values) == 1 {
		return quote(values[0])
	}
	var texts []string
	for _, value := range values[:min(len(values), maxValues)] {
		texts = append(texts, quote(value))
	}
	text := "one of " + strings.Join(texts, ", ")
	if more := len(values) - len(texts); more > 0 {
		text += fmt.Sprintf(" and %d more values", more)
	}
	return text
}

func describeLength(subject, bound string, want int, unit string, got int) string {
	if want != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%s must have %s %d %s, got %d", subject, bound, want, unit, got)
}

// describeAlternatives describes a violation of the keyword anyOf or oneOf. It names the first
// violation of each alternative.
func describeAlternatives(err *jsonschema.ValidationError, keyword string) string {
	var texts []string
	for _, cause := range err.Causes[:min(len(err.Causes), maxAlternatives)] {
		first := firstViolations(cause)[0]
		text := first.Detail
		if first.Pointer != jsonpointer.New(err.InstanceLocation...) {
			text += ", at " + quote(first.Pointer)
		}
		texts = append(texts, text)
	}
	text := "the value matches no alternative of " + keyword
	if len(texts) == 0 {
		return text
	}
	text += ": " + strings.Join(texts, "; or ")
	if more := len(err.Causes) - len(texts); more > 0 {
		text += fmt.Sprintf("; and %d more alternatives", more)
	}
	return shorten(text, 3*maxText)
}

// formatNumber returns a number of the schema as a decimal.
func formatNumber(n *big.Rat) string {
	if n.IsInt() {
		return shorten(n.Num().String(), maxText)
	}
	float, _ := n.Float64()
	return fmt.Sprint(float)
}

// quote returns a value of the schema as JSON. It escapes control characters.
func quote(value any) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // the value was read from JSON
	}
	return shorten(terminal.Escape(strings.TrimSuffix(text.String(), "\n")), maxText)
}

// shorten cuts a text that has more than max bytes. It does not split a character.
func shorten(text string, max int) string {
	if len(text) <= max {
		return text
	}
	for !utf8.RuneStart(text[max]) {
		max--
	}
	return text[:max] + "…"
}
