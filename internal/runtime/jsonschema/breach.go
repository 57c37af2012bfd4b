package jsonschema

import (
	"net/url"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// breach is where a value breaks a schema.
type breach struct{ pointer, keyword string }

func (b breach) before(other breach) bool {
	return b.pointer < other.pointer || b.pointer == other.pointer && b.keyword < other.keyword
}

// firstBreach is the first by pointer and keyword: the library goes through members in random order. Whoever breaks an
// anyOf or oneOf breaks each of its schemas, and which of them was meant nobody knows: it is told as a whole.
func firstBreach(err *jsonschema.ValidationError) breach {
	switch err.ErrorKind.(type) {
	case *kind.Schema, *kind.Group, *kind.Reference, *kind.AllOf:
		if len(err.Causes) == 0 {
			break
		}
		first := firstBreach(err.Causes[0])
		for _, cause := range err.Causes[1:] {
			if next := firstBreach(cause); next.before(first) {
				first = next
			}
		}
		return first
	}
	location := err.InstanceLocation
	if additional, ok := err.ErrorKind.(*kind.AdditionalProperties); ok {
		location = append(slices.Clone(location), slices.Min(additional.Properties))
	}
	return breach{pointerTo(location), keywordOf(err)}
}

// keywordOf is the schema's keyword that was broken.
func keywordOf(err *jsonschema.ValidationError) string {
	if path := err.ErrorKind.KeywordPath(); len(path) > 0 {
		return path[0]
	}
	switch err.ErrorKind.(type) {
	case *kind.Not:
		return "not"
	case *kind.FalseSchema:
		return holder(err.SchemaURL)
	}
	return "$ref" // a cycle
}

// holder is the keyword that holds the schema at an address.
func holder(address string) string {
	_, fragment, _ := strings.Cut(address, "#")
	tokens := strings.Split(fragment, "/")
	if len(tokens) > 2 && slices.Contains([]string{"properties", "patternProperties", "dependentSchemas", "prefixItems"}, tokens[len(tokens)-2]) {
		return tokens[len(tokens)-2]
	}
	if last := tokens[len(tokens)-1]; last != "" {
		return last
	}
	return "false"
}

var escapeToken = strings.NewReplacer("~", "~0", "/", "~1")

// pointerTo is a location as JSON pointer (RFC 6901).
func pointerTo(location []string) string {
	var pointer strings.Builder
	for _, token := range location {
		pointer.WriteString("/" + escapeToken.Replace(token))
	}
	return pointer.String()
}

// within cuts an address of a bundle's schema into its path and its fragment.
func within(address string) (name, fragment string, ok bool) {
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(address, root) {
		return "", "", false
	}
	return strings.TrimPrefix(u.Path, "/"), u.Fragment, true
}
