package jsonschema

import (
	"cmp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/jsonpointer"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/violation"
)

// firstViolations returns the first violations without repetitions. It sorts them because the
// library visits members in random order.
func firstViolations(err *jsonschema.ValidationError) []violation.Violation {
	found := violationsOf(err)
	slices.SortFunc(found, func(a, b violation.Violation) int {
		return cmp.Or(strings.Compare(a.Pointer, b.Pointer), strings.Compare(a.Keyword, b.Keyword),
			strings.Compare(a.Detail, b.Detail))
	})
	found = slices.Compact(found)
	return slices.Clip(found[:min(len(found), maxViolations)])
}

// violationsOf returns the violations that err reports. A violated anyOf or oneOf is one violation,
// because only the sender knows which alternative was intended.
func violationsOf(err *jsonschema.ValidationError) []violation.Violation {
	switch err.ErrorKind.(type) {
	case *kind.Schema, *kind.Group, *kind.Reference, *kind.AllOf:
		if len(err.Causes) == 0 {
			break
		}
		var found []violation.Violation
		for _, cause := range err.Causes {
			found = append(found, violationsOf(cause)...)
		}
		return found
	}
	at := func(detail string, names ...string) violation.Violation {
		location := append(slices.Clone(err.InstanceLocation), names...)
		return violation.Violation{
			Pointer: jsonpointer.New(location...), Keyword: violatedKeyword(err), Detail: detail,
		}
	}
	var found []violation.Violation
	switch k := err.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			found = append(found, at(notAllowed, name))
		}
	case *kind.Required:
		for _, name := range k.Missing {
			found = append(found, at(describeMissing(name)))
		}
	case *kind.DependentRequired:
		for _, name := range k.Missing {
			found = append(found, at(describeMissing(name)+", which "+quote(k.Prop)+" requires"))
		}
	case *kind.PropertyNames:
		found = append(found, at("the schema does not allow this name", k.Property))
	default:
		found = append(found, at(describe(err)))
	}
	return found
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

// namedSubschemas lists the keywords whose value is an object or an array of schemas.
var namedSubschemas = []string{
	"properties", "patternProperties", "dependentSchemas", "prefixItems",
}

// parentKeyword returns the keyword whose value contains the schema at a URL. This value is the
// schema itself, or an object or array of schemas. For the schema of a whole file, it returns
// "false".
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
