// Package cloudformation creates stacks from CloudFormation templates in JSON, the format that the
// CDK writes. It resolves parameters, conditions and intrinsic functions. It calls a [Provider] to
// create each resource.
//
// The package ignores macros (Transform) and Rules, which matter only for deployments to AWS.
package cloudformation

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Template represents a parsed template. Its values have the types that encoding/json decodes, with
// numbers of type json.Number.
type Template struct {
	Parameters map[string]Parameter
	Mappings   map[string]map[string]map[string]any
	Conditions map[string]any
	Resources  map[string]Resource
	Outputs    map[string]Output

	order           []string          // logical ids of Resources in the order of the template
	assetParameters map[string]string // values of the parameters that locate assets
}

// Resource represents an entry of the section Resources. Its intrinsic functions are unresolved.
type Resource struct {
	LogicalID  string `json:"-"`
	Type       string
	Properties map[string]any
	Metadata   map[string]any
	DependsOn  dependsOn
	Condition  string
}

// WrapError adds the resource's logical id and type to an error.
func (r Resource) WrapError(err error) error {
	return fmt.Errorf("resource %s (%s): %w", r.LogicalID, r.Type, err)
}

// Output represents an entry of the section Outputs. Its intrinsic functions are unresolved.
type Output struct {
	Value     any
	Condition string
	Export    struct{ Name any } // Name is nil if the output is not exported
}

// dependsOn holds the logical ids in DependsOn. In JSON, DependsOn is a string or a list.
type dependsOn []string

func (d *dependsOn) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*d = dependsOn{one}
		return nil
	}
	var several []string
	if err := json.Unmarshal(data, &several); err != nil {
		return errors.New("DependsOn must be a logical id or a list of logical ids")
	}
	*d = several
	return nil
}

// Parse parses a template.
func Parse(data []byte) (*Template, error) {
	var t Template
	if err := protocol.DecodeNumbers(data, &t); err != nil {
		return nil, fmt.Errorf("parse the template: %w", err)
	}
	var err error
	if t.order, err = resourceOrder(data); err != nil {
		return nil, fmt.Errorf("parse the template: %w", err)
	}
	for id, resource := range t.Resources {
		if resource.Type == "" {
			return nil, fmt.Errorf("resource %s must have a Type", id)
		}
		resource.LogicalID = id
		t.Resources[id] = resource
	}
	return &t, nil
}
