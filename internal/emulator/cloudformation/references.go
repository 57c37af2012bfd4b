package cloudformation

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// reference matches a dynamic reference, such as {{resolve:ssm:/shop/bus:1}}. Its groups match the
// service and the text after the service.
var reference = regexp.MustCompile(`\{\{resolve:([^:{}]*):?([^{}]*)\}\}`)

// dynamicReferences replaces dynamic references with the values of parameters and secrets. It
// changes lists and objects in place.
func (r *Resolver) dynamicReferences(value any) (any, error) {
	switch v := value.(type) {
	case []any:
		for i := range v {
			var err error
			if v[i], err = r.dynamicReferences(v[i]); err != nil {
				return nil, prependPath(fmt.Sprintf("[%d]", i), err)
			}
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			var err error
			if v[key], err = r.dynamicReferences(v[key]); err != nil {
				return nil, prependPath(key, err)
			}
		}
	case string:
		var first error
		text := reference.ReplaceAllStringFunc(v, func(match string) string {
			groups := reference.FindStringSubmatch(match)
			value, err := r.dynamicReference(groups[1], groups[2])
			if errors.Is(err, errNoValue) {
				return match
			}
			if err != nil {
				first = cmp.Or(first, fmt.Errorf("resolve %s: %w", match, err))
			}
			return value
		})
		return text, first
	}
	return value, nil
}

// errNoValue means that the local platform has no value for a reference. The reference then stays
// unresolved. So an app starts even if its secrets are outside of the app.
var errNoValue = errors.New("no value for the reference")

func (r *Resolver) dynamicReference(service, parts string) (string, error) {
	switch service {
	case "ssm":
		return r.ssmParameter(parts)
	case "secretsmanager":
		return r.secretValue(parts)
	}
	return "", errNoValue
}

// arnParts is the number of parts in the ARN of a secret.
const arnParts = 7

// secretValue returns the value to which a reference refers. The reference has the form
// ID:SecretString:KEY:STAGE:VERSION. Only ID is required. ID is the name or ARN of the secret.
func (r *Resolver) secretValue(text string) (string, error) {
	parts := strings.Split(text, ":")
	n := 1
	if parts[0] == "arn" {
		n = min(arnParts, len(parts))
	}
	id := strings.Join(parts[:n], ":")
	parts = append(parts[n:], "", "", "", "")
	kind, key, stage, version := parts[0], parts[1], parts[2], parts[3]
	switch {
	case id == "" || strings.Join(parts[4:], "") != "":
		return "", errors.New("the reference must have the form " +
			"{{resolve:secretsmanager:ID:SecretString:KEY:STAGE:VERSION}}")
	case kind != "" && kind != "SecretString":
		return "", fmt.Errorf("the part after the secret's id must be SecretString, got %q", kind)
	case stage != "" && version != "":
		return "", errors.New("the reference must not have both a version stage and a version id")
	case r.Secret == nil:
		return "", errNoValue
	}
	value, err := r.Secret(id, version, stage)
	if err != nil {
		return "", errNoValue
	}
	if key == "" {
		return value, nil
	}
	var members map[string]jsontext.Value
	if err := jsonv2.Unmarshal([]byte(value), &members); err != nil {
		return "", fmt.Errorf("the value of the secret %s must be a JSON object", id)
	}
	member, ok := members[key]
	if !ok {
		return "", fmt.Errorf("the value of the secret %s must have the key %q", id, key)
	}
	var s string
	if jsonv2.Unmarshal(member, &s) == nil && member.Kind() == '"' {
		return s, nil
	}
	return string(member), nil // such as a number
}
