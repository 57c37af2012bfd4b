package processor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/jsonpointer"
)

// describeMismatch describes the first value in payload that does not match T: its place, its kind,
// and the values that T accepts there. The description contains no values and no keys of maps,
// because it appears in the log and in the status.
func describeMismatch[T any](payload []byte) string {
	// This option adds the JSON pointer to the errors of types that decode themselves.
	err := jsonv2.Unmarshal(payload, new(T), decoding,
		jsonv1.ReportErrorsWithLegacySemantics(false))
	var wrong *jsonv2.SemanticError
	if !errors.As(err, &wrong) || wrong.GoType == nil {
		return fmt.Sprintf("decoding failed with a %T", err)
	}
	isInvalidType := wrong.JSONKind == jsontext.KindBeginObject &&
		wrong.GoType.Kind() == reflect.Struct && !decodesItself(wrong.GoType)
	if isInvalidType { // T is invalid, for example a tag is valid only in encoding/json
		return fmt.Sprintf("the mismatch can't be located, because %v", wrong.Err)
	}
	where, inString := locate(reflect.TypeFor[T](), wrong, payload)
	return fmt.Sprintf("%s must be %s, got %s", where, describeExpected(wrong, inString),
		describeReceived(wrong))
}

// locate returns the JSON pointer of a mismatch in a value of type t. In the pointer, * stands for
// each key of a map.
//
// inString is true if the value is inside a JSON string: as a map's key, or as a field with the tag
// option ",string".
func locate(
	t reflect.Type, wrong *jsonv2.SemanticError, payload []byte,
) (where string, inString bool) {
	var keys []string
	for key := range wrong.JSONPointer.Tokens() {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		inString = false
		switch field, ok := findField(t, key); {
		case ok:
			_, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			inString = slices.Contains(strings.Split(options, ","), "string")
			t = field.Type
		case t.Kind() == reflect.Slice, t.Kind() == reflect.Array:
			t = t.Elem()
		case t.Kind() == reflect.Map:
			key, t = "*", t.Elem()
		default:
			key, t = "*", reflect.TypeFor[any]()
		}
		keys = append(keys, key)
	}
	switch pointer := jsonpointer.New(keys...); {
	case pointer == "":
		return "the payload", false
	case isKey(payload[min(int(wrong.ByteOffset), len(payload)):]):
		return "the key " + pointer, true
	default:
		return pointer, inString
	}
}

// findField returns the field of t that receives the JSON member with the name.
func findField(t reflect.Type, name string) (field reflect.StructField, ok bool) {
	if t.Kind() != reflect.Struct || decodesItself(t) {
		return field, false
	}
	for _, field := range reflect.VisibleFields(t) {
		tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if tag == name || tag == "" && field.Name == name {
			return field, true
		}
	}
	return field, false
}

// isKey reports whether text begins with a member's name and a colon. An example is "price":1.
func isKey(text []byte) bool {
	decoder := jsontext.NewDecoder(bytes.NewReader(text))
	if _, err := decoder.ReadValue(); err != nil {
		return false
	}
	rest := bytes.TrimSpace(text[decoder.InputOffset():])
	return len(rest) > 0 && rest[0] == ':'
}

// describeExpected describes the JSON values that wrong.GoType accepts. If inString is true, these
// values must be in strings.
func describeExpected(wrong *jsonv2.SemanticError, inString bool) string {
	t := wrong.GoType
	switch t {
	case reflect.TypeFor[time.Time]():
		return "a time in the format of RFC 3339, such as 2026-11-23T07:30:00Z"
	case reflect.TypeFor[time.Duration]():
		return "an integer, the number of nanoseconds"
	case reflect.TypeFor[json.Number]():
		return "a number"
	case reflect.TypeFor[big.Int]():
		return "an integer"
	}
	if isScalar(t.Kind()) && !decodesItself(t) && inString {
		return "a string that contains " + expectedKind(t)
	}
	switch {
	case decodesJSON(t):
		return "a valid " + t.String()
	case decodesText(t):
		return "a string that is a valid " + t.String()
	}
	return expectedKind(t)
}

func isScalar(kind reflect.Kind) bool {
	return reflect.Bool <= kind && kind <= reflect.Float64 || kind == reflect.String
}

func expectedKind(t reflect.Type) string {
	switch kind := t.Kind(); kind {
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "a string in base64"
		}
		return "an array"
	case reflect.Array:
		return fmt.Sprintf("an array of length %d", t.Len())
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "a boolean"
	case reflect.Float32, reflect.Float64:
		return "a number in the range of " + kind.String()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		least := int64(-1) << (t.Bits() - 1)
		return fmt.Sprintf("an integer from %d to %d", least, -(least + 1))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Uintptr:
		return "an integer from 0 to " + strconv.FormatUint(1<<t.Bits()-1, 10)
	}
	return "absent, because the Go type " + t.String() + " can't be decoded"
}

// describeReceived describes the kind of the JSON value that did not match, without the value.
func describeReceived(wrong *jsonv2.SemanticError) string {
	isBigInt := wrong.GoType == reflect.TypeFor[big.Int]()
	switch wrong.JSONKind {
	case jsontext.KindNull:
		return "null"
	case jsontext.KindTrue, jsontext.KindFalse:
		return "a boolean"
	case jsontext.KindNumber:
		switch {
		case bytes.ContainsAny(wrong.JSONValue, ".eE") && wrong.GoType.Kind() < reflect.Float32:
			return "a number with a fraction or an exponent"
		case wrong.JSONValue != nil:
			return "a number outside this range"
		case isBigInt:
			return "another number"
		}
		return "a number"
	case jsontext.KindString:
		if wrong.Err != nil && !isBigInt {
			return "another string"
		}
		return "a string"
	case jsontext.KindBeginArray, jsontext.KindEndArray:
		if wrong.GoType.Kind() == reflect.Array {
			return "an array of another length"
		}
		return "an array"
	case jsontext.KindBeginObject:
		return "an object"
	}
	return "a value"
}
