package jsonschema

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// Set holds the compiled schemas of event types.
type Set struct {
	types  map[string]compiled
	budget *budget
}

// compiled holds the schema of an event type, and the negation of this schema.
//
// Check validates the negation first. This needs little memory, because the library reports at most
// one violation of a negation.
type compiled struct{ schema, negation *jsonschema.Schema }

// draft is the URL of the only supported draft of JSON Schema.
const draft = "https://json-schema.org/draft/2020-12/schema"

// root is the prefix that turns the paths of a bundle into URLs. Schemas can then refer to each
// other by relative paths.
const root = "schema:///"

var typePattern = regexp.MustCompile(contract.EventTypePattern)

// Compile compiles a bundle. It loads nothing from outside the bundle. The compiled schemas also
// check the keyword "format".
//
// The error contains a line for each invalid schema, with the position in its file.
func Compile(bundle Bundle) (*Set, error) {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	compiler.UseLoader(noLoader{})
	documents := make(documents)
	var invalid []error
	for _, name := range slices.Sorted(maps.Keys(bundle)) {
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(bundle[name]))
		if err == nil {
			documents[name] = document
			err = addDocument(compiler, name, document)
		}
		if err != nil {
			invalid = append(invalid, fmt.Errorf("%s: %w", name, err))
		}
	}
	if err := errors.Join(invalid...); err != nil {
		return nil, err
	}
	set := &Set{types: make(map[string]compiled), budget: &budget{max: maxSteps}}
	counted := make(map[*jsonschema.Schema]bool)
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		schema, err := compiler.Compile(fileURL(name))
		if err != nil {
			invalid = append(invalid, documents.explain(name, err))
			continue
		}
		if path.Dir(name) == "." {
			negation := compileNegation(compiler, name)
			set.types[strings.TrimSuffix(name, ".json")] = compiled{schema, negation}
			set.budget.count(negation, counted)
		}
	}
	// The library reports an error of a shared schema once for each schema that refers to it.
	invalid = slices.CompactFunc(invalid, func(a, b error) bool { return a.Error() == b.Error() })
	if err := errors.Join(invalid...); err != nil {
		return nil, err
	}
	return set, nil
}

// addDocument registers a document under its path, and also under its absolute $id if it has one.
func addDocument(compiler *jsonschema.Compiler, name string, document any) error {
	eventType := strings.TrimSuffix(name, ".json")
	if path.Dir(name) == "." && !typePattern.MatchString(eventType) {
		return fmt.Errorf("%q is not a valid event type: name the file <eventType>.json, "+
			"or move it to a subfolder if other schemas refer to it", eventType)
	}
	members, _ := document.(map[string]any)
	if used, ok := members["$schema"]; ok && used != draft {
		return fmt.Errorf("/$schema must be %s or absent, got %v", draft, used)
	}
	if id, _ := members["$id"].(string); id != "" {
		if u, err := url.Parse(id); err == nil && u.IsAbs() {
			if err := compiler.AddResource(id, document); err != nil {
				return fmt.Errorf("/$id: %w", err)
			}
		}
	}
	return compiler.AddResource(fileURL(name), document)
}

func compileNegation(compiler *jsonschema.Compiler, name string) *jsonschema.Schema {
	negation := "not:" + fileURL(name)
	document := map[string]any{"not": map[string]any{"$ref": fileURL(name)}}
	if err := compiler.AddResource(negation, document); err != nil {
		panic(err) // no document has such a URL
	}
	return compiler.MustCompile(negation)
}

// fileURL returns the URL of a path in the bundle.
func fileURL(name string) string { return root + (&url.URL{Path: name}).EscapedPath() }

// splitURL returns the path and the fragment of a schema URL. ok is false if the URL is not in the
// bundle.
func splitURL(schemaURL string) (name, fragment string, ok bool) {
	u, err := url.Parse(schemaURL)
	if err != nil || !strings.HasPrefix(schemaURL, root) {
		return "", "", false
	}
	return strings.TrimPrefix(u.Path, "/"), u.Fragment, true
}

// noLoader rejects references to schemas outside the bundle, such as files or URLs.
type noLoader struct{}

func (noLoader) Load(string) (any, error) {
	return nil, errors.New("a $ref must refer to an existing file in the schema folder")
}
