// Package cloudformation reads CloudFormation templates as CloudFormation does: parameters, conditions, intrinsic functions,
// and the order in which resources have to be made.
//
// Only JSON is read, which is what the CDK writes. Macros (Transform) are not run, and Rules are not checked: both are
// for CloudFormation's own side of a deployment.
package cloudformation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Template is a parsed template. Its values are as encoding/json makes them, with json.Number for numbers.
type Template struct {
	Parameters map[string]Parameter
	Mappings   map[string]map[string]map[string]any
	Conditions map[string]any
	Resources  map[string]Resource
	Outputs    map[string]Output
}

// Parameter is a value that whoever deploys may give.
type Parameter struct {
	Type    string
	Default any // nil if it has none
}

// Resource is one entry of Resources, unresolved.
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

// Output is one entry of Outputs, unresolved.
type Output struct {
	Value     any
	Condition string
	Export    struct{ Name any } // Name is nil if the output is not exported
}

// dependsOn is one logical id or a list of them.
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

// Parse reads a template.
func Parse(data []byte) (*Template, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var t Template
	if err := decoder.Decode(&t); err != nil {
		return nil, fmt.Errorf("parse the template: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("parse the template: there is something behind its end")
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
