package jsonschema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Set is the compiled schemas of event types.
type Set struct {
	types  map[string]compiled
	budget *budget
}

// compiled is a type's schema, and the one that holds for whatever the first does not.
type compiled struct{ schema, not *jsonschema.Schema }

// draft is the only one that schemas may be written in.
const draft = "https://json-schema.org/draft/2020-12/schema"

// root is where a bundle's paths are URLs, so that schemas can refer to each other by relative ones.
const root = "schema:///"

// typePattern is the domain's rule for event types.
var typePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]{0,63}$`)

// Compile makes a bundle ready for use. Nothing outside of it is ever loaded. Formats are asserted. Its error has a line
// for each mistake, with the file and where in it.
func Compile(bundle Bundle) (*Set, error) {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	compiler.UseLoader(nowhere{})
	documents := make(documents)
	var mistakes []error
	for _, name := range slices.Sorted(maps.Keys(bundle)) {
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(bundle[name]))
		if err == nil {
			documents[name] = document
			err = add(compiler, name, document)
		}
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("%s: %w", name, err))
		}
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	set := &Set{types: make(map[string]compiled), budget: &budget{max: MaxSteps}}
	counted := make(map[*jsonschema.Schema]bool)
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		schema, err := compiler.Compile(address(name))
		if err != nil {
			mistakes = append(mistakes, documents.explain(name, err))
		}
		if err == nil && path.Dir(name) == "." {
			of := compiled{schema, opposite(compiler, name)}
			set.types[strings.TrimSuffix(name, ".json")] = of
			set.budget.count(of.not, counted)
		}
	}
	// A mistake in a schema that others refer to is found with each of them.
	mistakes = slices.CompactFunc(mistakes, func(a, b error) bool { return a.Error() == b.Error() })
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	return set, nil
}

// add makes a document known by its path and, if it has one, by its $id.
func add(compiler *jsonschema.Compiler, name string, document any) error {
	if eventType := strings.TrimSuffix(name, ".json"); path.Dir(name) == "." && !typePattern.MatchString(eventType) {
		return fmt.Errorf("no event has the type %q; name the file <eventType>.json, or put it into a folder if other schemas refer to it", eventType)
	}
	members, _ := document.(map[string]any)
	if used, ok := members["$schema"]; ok && used != draft {
		return fmt.Errorf("/$schema: %v is not supported; take %s or leave it out", used, draft)
	}
	if id, _ := members["$id"].(string); id != "" {
		if u, err := url.Parse(id); err == nil && u.IsAbs() {
			if err := compiler.AddResource(id, document); err != nil {
				return fmt.Errorf("/$id: %w", err)
			}
		}
	}
	return compiler.AddResource(address(name), document)
}

func opposite(compiler *jsonschema.Compiler, name string) *jsonschema.Schema {
	negated := "not:" + address(name)
	err := compiler.AddResource(negated, map[string]any{"not": map[string]any{"$ref": address(name)}})
	if err != nil {
		panic(err) // no document has such an address
	}
	return compiler.MustCompile(negated)
}

// address is a path of the bundle as URL.
func address(name string) string { return root + (&url.URL{Path: name}).EscapedPath() }

// nowhere loads nothing: no network, and no file outside of the folder.
type nowhere struct{}

func (nowhere) Load(string) (any, error) { return nil, errors.New("it is not in the folder") }

// Unlocated stands for the keyword where none was looked for.
const Unlocated = "schema"

// maxLocated is how many values a payload may have for its first breach to be looked for. The library notes each breach
// with its place before it tells of the first, which for a megabyte of zeros takes more memory than a function has.
const maxLocated = 20000

// Check holds a payload, which is valid JSON, against its type's schema. known is false if there is none. If the payload
// breaks it, keyword is the schema's and pointer the place in the payload, a JSON pointer, of the first breach there is;
// where that would take too much to find, the keyword is Unlocated, and the pointer is to the whole. Its error is
// ErrTooComplex. Only one check runs at a time.
func (s *Set) Check(eventType string, payload []byte) (pointer, keyword string, known bool, err error) {
	of, known := s.types[eventType]
	if !known {
		return "", "", false, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		panic(err) // the caller has seen that it is JSON
	}
	value, values := bounded(value)
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	s.budget.left = s.budget.max
	switch err := s.budget.validate(of.not, value); {
	case err == ErrTooComplex:
		return "", "", true, err
	case err != nil: // it is not the opposite of a good one
		return "", "", true, nil
	}
	if values > maxLocated {
		return "", Unlocated, true, nil
	}
	s.budget.left = maxLocating
	err = s.budget.validate(of.schema, value)
	if err == ErrTooComplex {
		return "", Unlocated, true, nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		panic(fmt.Sprintf("the schema's opposite holds, and so does the schema: %v", err))
	}
	first := firstBreach(invalid)
	return first.pointer, first.keyword, true, nil
}

// maxDigits is how long a number may be to be held against a schema exactly.
const maxDigits = 40

// bounded replaces long numbers by the floats that they round to, and counts the values: the library computes with all
// digits, and a megabyte of them, or an exponent of a billion, would take it for ever.
func bounded(value any) (same any, values int) {
	values = 1
	switch value := value.(type) {
	case map[string]any:
		for key, member := range value {
			replaced, n := bounded(member)
			value[key] = replaced
			values += n
		}
	case []any:
		for i, element := range value {
			replaced, n := bounded(element)
			value[i] = replaced
			values += n
		}
	case json.Number:
		if len(value) > maxDigits || strings.ContainsAny(value.String(), "eE") {
			float, _ := value.Float64() // in range, as the caller has seen
			return float, values
		}
	}
	return value, values
}
