package cloudformation

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Resolver resolves the intrinsic functions in a template. The engine adds the values of each new
// resource to Values.
type Resolver struct {
	Template   *Template
	Parameters map[string]string // a parameter that is not in the map has its default value
	Nested     bool              // whether another stack passes Parameters
	SSM        map[string]string // values of SSM parameters by name
	Secret     SecretFunc        // nil if there are no secrets
	Pseudo     Pseudo
	Values     map[string]ReturnValues      // values of created resources by logical id
	Exports    map[string]string            // values that other stacks export, by export name
	Stacks     map[string]map[string]string // outputs of other stacks, by stack name

	conditions map[string]verdict
}

// SecretFunc returns the value of a secret. id is the name or ARN of the secret. If version and
// stage are "", SecretFunc returns the current value.
type SecretFunc func(id, version, stage string) (string, error)

// Pseudo holds the values of the pseudo parameters, such as AWS::Region.
type Pseudo struct {
	Region, Account, StackName, StackID string
}

// ReturnValues holds the values of Ref and Fn::GetAtt for a resource.
type ReturnValues struct {
	Ref        string
	Attributes map[string]string // values of Fn::GetAtt by attribute name
	// Attribute returns the value of an attribute that is not in Attributes. It is nil if there are
	// no such attributes.
	Attribute func(name string) string
}

// noValue represents AWS::NoValue. The resolver removes it from lists and objects.
type noValue struct{}

// Properties resolves the named properties of a resource, or all properties if names is nil. An
// error contains the path of the failed property.
func (r *Resolver) Properties(resource Resource, names ...string) (map[string]any, error) {
	selected := resource.Properties
	if names != nil {
		selected = map[string]any{}
		for _, name := range names {
			if value, ok := resource.Properties[name]; ok {
				selected[name] = value
			}
		}
	}
	resolved, err := r.resolveMembers(selected)
	if err == nil {
		_, err = r.dynamicReferences(resolved)
	}
	if err != nil {
		return nil, prependPath("Properties", err)
	}
	return resolved, nil
}

// Metadata returns the metadata of a resource as JSON, or "" if it has none.
func (r *Resolver) Metadata(resource Resource) (string, error) {
	if resource.Metadata == nil {
		return "", nil
	}
	resolved, err := r.resolveMembers(resource.Metadata)
	if err != nil {
		return "", prependPath("Metadata", err)
	}
	data, err := json.Marshal(resolved)
	return string(data), err
}

// Exists reports whether the stack contains the resources and outputs with the named condition. It
// returns true for the name "", which means no condition.
func (r *Resolver) Exists(condition string) (bool, error) {
	if condition == "" {
		return true, nil
	}
	return r.condition(condition)
}

// ResolveOutputs resolves the outputs whose condition is true. It returns these outputs by name,
// and the exported ones by export name.
func (r *Resolver) ResolveOutputs() (outputs, exports map[string]string, err error) {
	outputs, exports = map[string]string{}, map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(r.Template.Outputs)) {
		if err := r.resolveOutput(name, outputs, exports); err != nil {
			return nil, nil, fmt.Errorf("output %s: %w", name, err)
		}
	}
	return outputs, exports, nil
}

func (r *Resolver) resolveOutput(name string, outputs, exports map[string]string) error {
	output := r.Template.Outputs[name]
	if exists, err := r.Exists(output.Condition); !exists {
		return err
	}
	value, err := r.resolveString(output.Value)
	if err != nil {
		return prependPath("Value", err)
	}
	outputs[name] = value
	if output.Export.Name == nil {
		return nil
	}
	export, err := r.resolveString(output.Export.Name)
	if err != nil {
		return prependPath("Export.Name", err)
	}
	exports[export] = value
	return nil
}

// resolve returns a copy of the value, with the results of intrinsic functions in place of the
// calls.
func (r *Resolver) resolve(value any) (any, error) {
	switch v := value.(type) {
	case []any:
		return r.resolveElements(v)
	case map[string]any:
		if name, argument := intrinsic(v); name != "" {
			plain, err := r.call(name, argument)
			if err != nil {
				return nil, prependPath(name, err)
			}
			return plain, nil
		}
		return r.resolveMembers(v)
	}
	return value, nil
}

func (r *Resolver) resolveElements(list []any) (any, error) {
	resolved := []any{}
	for i, element := range list {
		plain, err := r.resolve(element)
		if err != nil {
			return nil, prependPath(fmt.Sprintf("[%d]", i), err)
		}
		if plain != (any)(noValue{}) {
			resolved = append(resolved, plain)
		}
	}
	return resolved, nil
}

func (r *Resolver) resolveMembers(object map[string]any) (map[string]any, error) {
	resolved := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		plain, err := r.resolve(object[key])
		if err != nil {
			return nil, prependPath(key, err)
		}
		if plain != (any)(noValue{}) {
			resolved[key] = plain
		}
	}
	return resolved, nil
}

// resolveString resolves a value that must be a string. As in CloudFormation, it converts numbers
// and Booleans to strings.
func (r *Resolver) resolveString(value any) (string, error) {
	plain, err := r.resolve(value)
	if err != nil {
		return "", err
	}
	switch v := plain.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return fmt.Sprint(v), nil
	}
	return "", fmt.Errorf("the value must be a string, got %s", describe(plain))
}

// describe returns a value as JSON for an error message, or the value's type if the JSON is long.
func describe(value any) string {
	if _, ok := value.(noValue); ok {
		return "AWS::NoValue"
	}
	data, err := json.Marshal(value)
	if err != nil || len(data) > 80 {
		return fmt.Sprintf("a value of type %T", value)
	}
	return string(data)
}

// pathError contains an error and the path of the value that caused the error.
type pathError struct {
	path string
	err  error
}

func (e *pathError) Error() string { return e.path + ": " + e.err.Error() }
func (e *pathError) Unwrap() error { return e.err }

// prependPath adds step to the beginning of an error's path.
func prependPath(step string, err error) error {
	inner, ok := errors.AsType[*pathError](err)
	if !ok {
		return &pathError{step, err}
	}
	separator := "."
	if strings.HasPrefix(inner.path, "[") {
		separator = ""
	}
	return &pathError{step + separator + inner.path, inner.err}
}
