package jsonschema

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/jsonpointer"
)

// documents maps the path of a schema to the decoded schema.
type documents map[string]any

// explain adds the position of a compile error to the beginning of the error's text, in the form
// "file#pointer: ". The parameter name is the path of the compiled file.
func (d documents) explain(name string, err error) error {
	var invalid *jsonschema.SchemaValidationError
	var validation *jsonschema.ValidationError
	if errors.As(err, &invalid) && errors.As(invalid.Err, &validation) {
		if file, fragment, ok := splitURL(invalid.URL); ok {
			leaf := deepestError(validation)
			pointer := fragment + jsonpointer.New(leaf.InstanceLocation...)
			return fmt.Errorf("%s#%s: %s", file, pointer, withoutPlace(leaf))
		}
	}
	text := strings.ReplaceAll(err.Error(), root, "")
	if target := unresolvedReference(err); target != "" {
		if place := d.firstReference(target); place != "" {
			return fmt.Errorf("%s: %s", place, text)
		}
	}
	return fmt.Errorf("%s: %s", name, text)
}

// deepestError returns the error that is deepest in the schema. If several are equally deep, it
// returns the first.
func deepestError(err *jsonschema.ValidationError) *jsonschema.ValidationError {
	best := err
	for _, cause := range err.Causes {
		leaf := deepestError(cause)
		if len(best.Causes) > 0 || len(leaf.InstanceLocation) > len(best.InstanceLocation) {
			best = leaf
		}
	}
	return best
}

// withoutPlace returns the text of an error without the position at its beginning.
func withoutPlace(leaf *jsonschema.ValidationError) string {
	_, text, ok := strings.Cut(leaf.Error(), "': ")
	if !ok {
		return leaf.Error()
	}
	return text
}

// unresolvedReference returns the reference that the library could not resolve, or "" for other
// errors.
func unresolvedReference(err error) string {
	var load *jsonschema.LoadURLError
	var pointer *jsonschema.JSONPointerNotFoundError
	var anchor *jsonschema.AnchorNotFoundError
	switch {
	case errors.As(err, &load):
		return load.URL
	case errors.As(err, &pointer):
		return pointer.URL
	case errors.As(err, &anchor):
		return anchor.Reference
	}
	return ""
}

// firstReference returns the position of the first reference to target, in the form "file#pointer",
// or "".
func (d documents) firstReference(target string) string {
	for _, name := range slices.Sorted(maps.Keys(d)) {
		base, err := url.Parse(fileURL(name))
		if err != nil {
			continue
		}
		if pointer, ok := findReference(d[name], base, target, ""); ok {
			return name + "#" + pointer
		}
	}
	return ""
}

// findReference returns the JSON pointer of the first reference to target in a value. The parameter
// pointer is the JSON pointer of the value. References are relative to the URL base.
func findReference(value any, base *url.URL, target, pointer string) (string, bool) {
	switch value := value.(type) {
	case []any:
		for i, element := range value {
			found, ok := findReference(element, base, target, pointer+"/"+strconv.Itoa(i))
			if ok {
				return found, true
			}
		}
	case map[string]any:
		if id, ok := value["$id"].(string); ok {
			if u, err := base.Parse(id); err == nil {
				base = u
			}
		}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			at := pointer + jsonpointer.New(key)
			reference, ok := value[key].(string)
			isReference := ok && (key == "$ref" || key == "$dynamicRef")
			if isReference && resolvesTo(base, reference, target) {
				return at, true
			}
			if found, ok := findReference(value[key], base, target, at); ok {
				return found, true
			}
		}
	}
	return "", false
}

// resolvesTo reports whether a reference refers to target. If target has no fragment, resolvesTo
// ignores the fragment of the reference.
func resolvesTo(base *url.URL, reference, target string) bool {
	u, err := base.Parse(reference)
	if err != nil {
		return false
	}
	if !strings.Contains(target, "#") {
		u.Fragment, u.RawFragment = "", ""
	}
	return u.String() == target
}
