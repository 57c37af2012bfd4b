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
)

// documents are a bundle's schemas as values, by path.
type documents map[string]any

// explain says of an error of the library where in which file it is. name is the file that it was about to compile.
func (d documents) explain(name string, err error) error {
	var invalid *jsonschema.SchemaValidationError
	var validation *jsonschema.ValidationError
	if errors.As(err, &invalid) && errors.As(invalid.Err, &validation) {
		if file, fragment, ok := within(invalid.URL); ok {
			leaf := deepest(validation)
			return fmt.Errorf("%s#%s%s: %s", file, fragment, pointerTo(leaf.InstanceLocation), told(leaf))
		}
	}
	text := strings.ReplaceAll(err.Error(), root, "")
	for _, target := range targets(err) {
		if place := d.referrer(target); place != "" {
			return fmt.Errorf("%s: %s", place, text)
		}
	}
	return fmt.Errorf("%s: %s", name, text)
}

// deepest is the error that is the farthest inside the schema, the first of those: it tells the most.
func deepest(err *jsonschema.ValidationError) *jsonschema.ValidationError {
	best := err
	for _, cause := range err.Causes {
		if leaf := deepest(cause); len(best.Causes) > 0 || len(leaf.InstanceLocation) > len(best.InstanceLocation) {
			best = leaf
		}
	}
	return best
}

// told is an error's own sentence, without its place.
func told(leaf *jsonschema.ValidationError) string {
	_, sentence, ok := strings.Cut(leaf.Error(), "': ")
	if !ok {
		return leaf.Error()
	}
	return sentence
}

// targets are the addresses that the library could not resolve.
func targets(err error) []string {
	var load *jsonschema.LoadURLError
	var pointer *jsonschema.JSONPointerNotFoundError
	var anchor *jsonschema.AnchorNotFoundError
	switch {
	case errors.As(err, &load):
		return []string{load.URL}
	case errors.As(err, &pointer):
		return []string{pointer.URL}
	case errors.As(err, &anchor):
		return []string{anchor.Reference}
	}
	return nil
}

// referrer is the place of the first reference to target, as file#pointer.
func (d documents) referrer(target string) string {
	for _, name := range slices.Sorted(maps.Keys(d)) {
		base, err := url.Parse(address(name))
		if err != nil {
			continue
		}
		if pointer, ok := find(d[name], base, target, ""); ok {
			return name + "#" + pointer
		}
	}
	return ""
}

// find looks for a reference to target in value, whose references are relative to base.
func find(value any, base *url.URL, target, pointer string) (string, bool) {
	switch value := value.(type) {
	case []any:
		for i, element := range value {
			if at, ok := find(element, base, target, pointer+"/"+strconv.Itoa(i)); ok {
				return at, true
			}
		}
	case map[string]any:
		if id, ok := value["$id"].(string); ok {
			if u, err := base.Parse(id); err == nil {
				base = u
			}
		}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			at := pointer + "/" + escapeToken.Replace(key)
			if reference, ok := value[key].(string); ok && (key == "$ref" || key == "$dynamicRef") && leads(base, reference, target) {
				return at, true
			}
			if at, ok := find(value[key], base, target, at); ok {
				return at, true
			}
		}
	}
	return "", false
}

// leads tells whether a reference is to target, whose fragment counts if it has one.
func leads(base *url.URL, reference, target string) bool {
	u, err := base.Parse(reference)
	if err != nil {
		return false
	}
	if !strings.Contains(target, "#") {
		u.Fragment, u.RawFragment = "", ""
	}
	return u.String() == target
}
