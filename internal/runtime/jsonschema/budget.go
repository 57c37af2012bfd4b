package jsonschema

import (
	"errors"
	"reflect"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// maxSteps limits the work per payload, because some schemas double the work at each level of the
// payload. The function countSteps counts the steps. A step takes about a microsecond of CPU time.
const maxSteps = 1_000_000

// maxLocating limits the steps for locating violations. It is lower than maxSteps, because each
// located violation needs memory.
const maxLocating = 100_000

// ErrTooComplex reports that validating a payload takes more than maxSteps.
var ErrTooComplex = errors.New("validating the payload takes more steps than the limit")

// budget counts the steps of the current check.
type budget struct {
	mu   sync.Mutex // held during a check
	max  int
	left int // steps that remain for the current check
}

// validate validates a value against a schema. It returns the error of the library, or
// ErrTooComplex.
//
// Only a panic can stop the library. When no steps are left, the library calls a function that
// panics (see count).
func (b *budget) validate(schema *jsonschema.Schema, value any) (err error) {
	defer func() {
		if cause := recover(); cause == ErrTooComplex {
			err = ErrTooComplex
		} else if cause != nil {
			panic(cause)
		}
	}()
	return schema.Validate(value)
}

// count replaces the keyword "format" of a schema and of all schemas to which it refers. The new
// "format" works in two steps:
//
//   - It subtracts the schema's steps from b.left, and panics if too few are left.
//   - It checks the old "format".
//
// The library checks "format" before the members and elements of a value.
func (b *budget) count(schema *jsonschema.Schema, counted map[*jsonschema.Schema]bool) {
	if counted[schema] {
		return
	}
	counted[schema] = true
	for _, next := range subschemas(reflect.ValueOf(schema).Elem()) {
		b.count(next, counted)
	}
	format := jsonschema.Format{Validate: func(any) error { return nil }}
	if schema.Format != nil {
		format = *schema.Format
	}
	schema.Format = &jsonschema.Format{Name: format.Name, Validate: func(value any) error {
		if b.left -= countSteps(schema, value); b.left < 0 {
			panic(ErrTooComplex)
		}
		return format.Validate(value)
	}}
}

// countSteps returns the steps that a schema takes for a value. The steps of subschemas are not
// included.
func countSteps(schema *jsonschema.Schema, value any) int {
	n := 1
	switch value := value.(type) {
	case string:
		n += len(value) / 64
		if schema.Pattern != nil {
			n += len(value) / 8
		}
		if schema.Format.Name != "" { // the slowest format is regex
			n += len(value)
		}
	case map[string]any:
		n += len(value) / 2
		for name := range value {
			n += len(name) * (1 + 8*len(schema.PatternProperties)) / 64
		}
	case []any:
		n += len(value) / 2
		if schema.UniqueItems {
			n += countValues(value)
		}
	}
	return n
}

// countValues counts a value and all values in it. Each 64 bytes of a string count as another
// value.
func countValues(value any) int {
	n := 1
	switch value := value.(type) {
	case string:
		n += len(value) / 64
	case map[string]any:
		for _, member := range value {
			n += countValues(member)
		}
	case []any:
		for _, element := range value {
			n += countValues(element)
		}
	}
	return n
}

// subschemas returns the schemas to which a value refers. The value is a compiled schema or a field
// of one. subschemas uses reflection, because some references are in unexported fields
// ($dynamicRef).
func subschemas(part reflect.Value) []*jsonschema.Schema {
	var found []*jsonschema.Schema
	switch part.Kind() {
	case reflect.Pointer:
		if part.Type() == reflect.TypeFor[*jsonschema.Schema]() && !part.IsNil() {
			return []*jsonschema.Schema{(*jsonschema.Schema)(part.UnsafePointer())}
		}
		if part.Type() == reflect.TypeFor[*jsonschema.DynamicRef]() {
			return subschemas(part.Elem())
		}
	case reflect.Interface:
		return subschemas(part.Elem())
	case reflect.Slice:
		for i := range part.Len() {
			found = append(found, subschemas(part.Index(i))...)
		}
	case reflect.Map:
		for entries := part.MapRange(); entries.Next(); {
			found = append(found, subschemas(entries.Value())...)
		}
	case reflect.Struct:
		for i := range part.NumField() {
			found = append(found, subschemas(part.Field(i))...)
		}
	}
	return found
}
