package jsonschema

import (
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/jsonpointer"
)

// violation represents a value that violates a keyword. pointer is the JSON pointer of the value.
type violation struct{ pointer, keyword string }

func (v violation) before(other violation) bool {
	return v.pointer < other.pointer || v.pointer == other.pointer && v.keyword < other.keyword
}

// firstViolation returns the first violation, in the order of pointer and keyword. It sorts because
// the library visits members in random order. It reports a violated anyOf or oneOf as a whole,
// because it can't know which alternative the sender meant.
func firstViolation(err *jsonschema.ValidationError) violation {
	switch err.ErrorKind.(type) {
	case *kind.Schema, *kind.Group, *kind.Reference, *kind.AllOf:
		if len(err.Causes) == 0 {
			break
		}
		first := firstViolation(err.Causes[0])
		for _, cause := range err.Causes[1:] {
			if next := firstViolation(cause); next.before(first) {
				first = next
			}
		}
		return first
	}
	location := err.InstanceLocation
	if additional, ok := err.ErrorKind.(*kind.AdditionalProperties); ok {
		location = append(slices.Clone(location), slices.Min(additional.Properties))
	}
	return violation{jsonpointer.New(location...), violatedKeyword(err)}
}

// violatedKeyword returns the keyword that err reports.
func violatedKeyword(err *jsonschema.ValidationError) string {
	if path := err.ErrorKind.KeywordPath(); len(path) > 0 {
		return path[0]
	}
	switch err.ErrorKind.(type) {
	case *kind.Not:
		return "not"
	case *kind.FalseSchema:
		return parentKeyword(err.SchemaURL)
	}
	return "$ref" // the schema refers to itself endlessly
}

// namedSubschemas lists the keywords whose value contains several schemas, each with a name or an
// index.
var namedSubschemas = []string{
	"properties", "patternProperties", "dependentSchemas", "prefixItems",
}

// parentKeyword returns the keyword whose value is, or contains, the schema at a URL.
func parentKeyword(schemaURL string) string {
	_, fragment, _ := strings.Cut(schemaURL, "#")
	tokens := strings.Split(fragment, "/")
	if n := len(tokens); n > 2 && slices.Contains(namedSubschemas, tokens[n-2]) {
		return tokens[n-2]
	}
	if last := tokens[len(tokens)-1]; last != "" {
		return last
	}
	return "false"
}
