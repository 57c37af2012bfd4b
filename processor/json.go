package processor

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// InvalidPayload is the code with which JSON rejects payloads. It appears in the event's status as
// rejected.invalid-payload.
const InvalidPayload = "invalid-payload"

// JSON returns a Func that decodes each payload into a T with encoding/json, and calls fn. It
// ignores fields that T does not have, and rejects payloads that do not match T. A number in a
// field of type any becomes a float64, which keeps about 16 digits. To keep all digits, use
// json.Number.
func JSON[T any](fn func(ctx context.Context, event Event, payload T) (Record, error)) Func {
	return func(ctx context.Context, event Event) (Record, error) {
		var payload T
		if err := json.Unmarshal(event.Payload, &payload); err != nil {
			return Record{}, Reject(InvalidPayload,
				"The payload does not match the processor's type: %s.", mismatch(err))
		}
		return fn(ctx, event, payload)
	}
}

// mismatch describes a decoding error. It leaves out the values of the payload, because they must
// not appear in the log or in the status.
func mismatch(err error) string {
	var wrongType *json.UnmarshalTypeError
	var invalidTime *time.ParseError
	var invalidBase64 base64.CorruptInputError
	switch {
	case errors.As(err, &invalidTime):
		return "a time must have the format of RFC 3339, such as 2026-11-23T07:30:00Z"
	case errors.As(err, &invalidBase64):
		return "a string must be base64"
	case !errors.As(err, &wrongType):
		return fmt.Sprintf("decoding failed with a %T", err)
	}
	field := wrongType.Field
	if field == "" {
		field = "it"
	}
	got, _, _ := strings.Cut(wrongType.Value, " ") // "number" of "number 1.5"
	return fmt.Sprintf("%s must be %s, got the JSON type %s", field, jsonType(wrongType.Type), got)
}

// jsonType describes the JSON values that can be decoded into a Go type.
func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return jsonType(t.Elem())
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "a boolean"
	case reflect.Float32, reflect.Float64:
		return "a number in the range of " + t.Kind().String()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint,
		reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return "an integer in the range of " + t.Kind().String()
	}
	return "of another type"
}
