// Package cloudformation creates stacks from CloudFormation templates. It resolves parameters,
// conditions and intrinsic functions, and creates resources in the order of their references. A
// Provider creates each resource.
//
// Templates must be JSON, which the CDK writes. Macros (Transform) are not run, and Rules are not
// checked: both concern deployments to AWS.
package cloudformation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Template represents a parsed template. Its values are those of encoding/json, with json.Number
// for numbers.
type Template struct {
	Parameters map[string]Parameter
	Mappings   map[string]map[string]map[string]any
	Conditions map[string]any
	Resources  map[string]Resource
	Outputs    map[string]Output
}

// Parameter represents an entry of Parameters.
type Parameter struct {
	Type    string
	Default any // nil without one
}

// Resource represents an entry of Resources, unresolved.
type Resource struct {
	LogicalID  string `json:"-"`
	Type       string
	Properties map[string]any
	Metadata   map[string]any
	DependsOn  dependsOn
	Condition  string
}

// WrapError returns an error that names the resource.
func (r Resource) WrapError(err error) error {
	return fmt.Errorf("resource %s (%s): %w", r.LogicalID, r.Type, err)
}

// Output represents an entry of Outputs, unresolved.
type Output struct {
	Value     any
	Condition string
	Export    struct{ Name any } // Name is nil if the output is not exported
}

// dependsOn holds one or more logical ids.
type dependsOn []string

func (d *dependsOn) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*d = dependsOn{one}
		return nil
	}
	var several []string
	if err := json.Unmarshal(data, &several); err != nil {
		return errors.New("DependsOn must be a logical id or a list of them")
	}
	*d = several
	return nil
}

// Parse parses a template.
func Parse(data []byte) (*Template, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var t Template
	if err := decoder.Decode(&t); err != nil {
		return nil, fmt.Errorf("parse the template: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("parse the template: it has data after its end")
	}
	for id, resource := range t.Resources {
		if resource.Type == "" {
			return nil, fmt.Errorf("resource %s has no Type", id)
		}
		resource.LogicalID = id
		t.Resources[id] = resource
	}
	return &t, nil
}
