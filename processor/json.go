package processor

import (
	"bytes"
	"context"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// InvalidPayload is the code of payloads that JSON rejects. The event's status shows it as
// rejected.invalid-payload.
const InvalidPayload = "invalid-payload"

// JSON returns a Func that decodes each payload into a T and calls fn. It rejects payloads that do
// not match T. It ignores members for which T has no field. If a member is null, its field keeps
// the zero value.
//
// JSON follows the rules of encoding/json, with three exceptions:
//
//   - The name of a field must match exactly. A field cents does not receive the member CENTS.
//   - An object must not contain a name twice. The API already rejects such an event.
//   - A Go array must have as many elements as the JSON array.
//
// A number in a field of type any becomes a float64, which keeps about 16 digits. To keep all
// digits, use json.Number. A type with a method UnmarshalJSON decodes its own value. That method
// must match names exactly, too.
//
// JSON panics if the json tag of a field contains one of these options of encoding/json/v2:
//
//   - case:ignore: the field would receive members that a schema does not check.
//   - format: the option is experimental, so a new Go version can change its effect.
func JSON[T any](fn func(ctx context.Context, event Event, payload T) (Record, error)) Func {
	checkTags(reflect.TypeFor[T](), make(map[reflect.Type]bool))
	return func(ctx context.Context, event Event) (Record, error) {
		var payload T
		if err := jsonv2.Unmarshal(event.Payload, &payload, decoding); err != nil {
			return Record{}, Reject(InvalidPayload,
				"The payload does not match the processor's type: %s.",
				describeMismatch[T](event.Payload))
		}
		return fn(ctx, event, payload)
	}
}

// decoding contains the rules of encoding/json, except for the three rules that the doc comment of
// JSON lists.
var decoding = jsonv2.JoinOptions(
	jsonv1.DefaultOptionsV1(),
	jsonv2.MatchCaseInsensitiveNames(false),
	jsontext.AllowDuplicateNames(false),
	jsonv1.UnmarshalArrayFromAnyLength(false),
	jsonv2.WithUnmarshalers(jsonv2.UnmarshalFromFunc(unmarshalNumber)),
)

var errNoNumber = errors.New("a json.Number must be a number, or a string that contains a number")

// unmarshalNumber decodes a number, or a string that contains a number, as a json.Number. Package
// jsonv2 supports json.Number only from Go 1.27.
func unmarshalNumber(decoder *jsontext.Decoder, number *json.Number) error {
	value, err := decoder.ReadValue()
	if err != nil {
		return err
	}
	text := value
	switch value.Kind() {
	case jsontext.KindNull:
		return nil
	case jsontext.KindString:
		if unquoted, err := jsontext.AppendUnquote(nil, value); err == nil {
			text = unquoted
		}
	}
	trimmed := len(bytes.TrimSpace(text)) == len(text)
	if text.Kind() != jsontext.KindNumber || !text.IsValid() || !trimmed {
		return &jsonv2.SemanticError{
			GoType: reflect.TypeFor[json.Number](), JSONKind: value.Kind(), Err: errNoNumber,
		}
	}
	*number = json.Number(text)
	return nil
}

// checkTags panics if the tag of a field has an option that JSON does not support. It checks t and
// the types that t contains. checked holds the types that it has visited.
func checkTags(t reflect.Type, checked map[reflect.Type]bool) {
	if checked[t] || decodesItself(t) {
		return
	}
	checked[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		checkTags(t.Elem(), checked)
	case reflect.Struct:
		for i := range t.NumField() {
			field := t.Field(i)
			_, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			for _, option := range []string{"case:ignore", "format:"} {
				if strings.Contains(options, option) {
					panic(fmt.Sprintf("processor.JSON: the json tag of field %s in type %s must "+
						"not contain the option %s: remove the option", field.Name, t, option))
				}
			}
			checkTags(field.Type, checked)
		}
	}
}

// decodesItself reports whether t has its own decoding method, such as UnmarshalText.
func decodesItself(t reflect.Type) bool { return decodesJSON(t) || decodesText(t) }

func decodesJSON(t reflect.Type) bool {
	pointer := reflect.PointerTo(t)
	return pointer.Implements(reflect.TypeFor[jsonv2.Unmarshaler]()) ||
		pointer.Implements(reflect.TypeFor[jsonv2.UnmarshalerFrom]())
}

func decodesText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}
