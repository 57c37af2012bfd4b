package jsonschema

import (
	"errors"
	"reflect"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// MaxSteps is how much work a payload may make. A step is about a microsecond of a core: one for each time that a schema
// looks at a value, and more for what steps says. A schema that refers to itself in several alternatives looks at all that
// is below again for each of them, so that twenty levels take a million steps.
const MaxSteps = 1_000_000

// maxLocating is how many steps the place of a breach may take: the library keeps each breach that it comes by.
const maxLocating = 100_000

// ErrTooComplex says that a payload makes more work than MaxSteps.
var ErrTooComplex = errors.New("holding the payload against its type's schema takes too many steps")

// budget counts the steps of the check that is under way.
type budget struct {
	mu   sync.Mutex // one check at a time
	max  int
	left int
}

// validate holds a value against a schema; its error is the library's, or ErrTooComplex. The library can't be stopped
// but by a panic: it holds nothing that would have to be given back.
func (b *budget) validate(schema *jsonschema.Schema, value any) (err error) {
	defer func() {
		if thrown := recover(); thrown == ErrTooComplex {
			err = ErrTooComplex
		} else if thrown != nil {
			panic(thrown)
		}
	}()
	return schema.Validate(value)
}

// count has each of the schemas that can be reached from one take its steps. A format is what the library asks for before
// it goes on to members, elements and other schemas.
func (b *budget) count(schema *jsonschema.Schema, counted map[*jsonschema.Schema]bool) {
	if counted[schema] {
		return
	}
	counted[schema] = true
	for _, next := range reachable(reflect.ValueOf(schema).Elem()) {
		b.count(next, counted)
	}
	format := jsonschema.Format{Validate: func(any) error { return nil }}
	if schema.Format != nil {
		format = *schema.Format
	}
	schema.Format = &jsonschema.Format{Name: format.Name, Validate: func(value any) error {
		if b.left -= steps(schema, value); b.left < 0 {
			panic(ErrTooComplex)
		}
		return format.Validate(value)
	}}
}

// steps are what it takes a schema to look at a value, without the schemas that it passes parts of it to.
func steps(schema *jsonschema.Schema, value any) int {
	n := 1
	switch value := value.(type) {
	case string:
		n += len(value) / 64
		if schema.Pattern != nil {
			n += len(value) / 8
		}
		if schema.Format.Name != "" { // regex is the slowest
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
			n += size(value)
		}
	}
	return n
}

// size is how many values there are in one, and 64 bytes of text count as one.
func size(value any) int {
	n := 1
	switch value := value.(type) {
	case string:
		n += len(value) / 64
	case map[string]any:
		for _, member := range value {
			n += size(member)
		}
	case []any:
		for _, element := range value {
			n += size(element)
		}
	}
	return n
}

// reachable are the schemas to which a part of a compiled schema leads. The library has no way to list them; those that a
// $dynamicRef may lead to are in fields that it does not export.
func reachable(part reflect.Value) []*jsonschema.Schema {
	var found []*jsonschema.Schema
	switch part.Kind() {
	case reflect.Pointer:
		if part.Type() == reflect.TypeFor[*jsonschema.Schema]() && !part.IsNil() {
			return []*jsonschema.Schema{(*jsonschema.Schema)(part.UnsafePointer())}
		}
		if part.Type() == reflect.TypeFor[*jsonschema.DynamicRef]() {
			return reachable(part.Elem())
		}
	case reflect.Interface:
		return reachable(part.Elem())
	case reflect.Slice:
		for i := range part.Len() {
			found = append(found, reachable(part.Index(i))...)
		}
	case reflect.Map:
		for entries := part.MapRange(); entries.Next(); {
			found = append(found, reachable(entries.Value())...)
		}
	case reflect.Struct:
		for i := range part.NumField() {
			found = append(found, reachable(part.Field(i))...)
		}
	}
	return found
}
