package cloudformation

import (
	"fmt"
	"maps"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
)

// Engine creates the stacks of an app in one account and region.
type Engine struct {
	Region, Account string
	Provider        Provider
	Now             func() time.Time
	Stacks          []*Stack // each before those nested in it

	exports map[string]string            // by export name
	outputs map[string]map[string]string // by stack name
}

// Provider creates the resources of stacks.
type Provider interface {
	// Create creates a resource and returns the values by which other resources refer to it.
	Create(s *Stack, r Resource) (ReturnValues, error)
	// LocalURLs replaces the URLs that a text would have on AWS by local ones.
	LocalURLs(text string) string
}

// NewEngine returns an engine without stacks.
func NewEngine(region, account string, provider Provider, now func() time.Time) *Engine {
	return &Engine{
		Region: region, Account: account, Provider: provider, Now: now,
		exports: map[string]string{}, outputs: map[string]map[string]string{},
	}
}

// Create creates a stack of the app: its resources in the order of their references, then its
// outputs.
func (e *Engine) Create(source cdkapp.Stack) (*Stack, error) {
	return e.create(source, "", nil)
}

// CreateNested creates a stack that the resource of that logical id nests in parent.
func (e *Engine) CreateNested(
	parent *Stack, logicalID string, source cdkapp.Stack, parameters map[string]string,
) (*Stack, error) {
	nested, err := e.create(source, parent.ID, parameters)
	if err == nil {
		parent.Nested[logicalID] = nested
	}
	return nested, err
}

func (e *Engine) create(
	source cdkapp.Stack, parentID string, parameters map[string]string,
) (*Stack, error) {
	template, err := Parse(source.Template)
	if err != nil {
		return nil, err
	}
	ordered, err := template.Order()
	if err != nil {
		return nil, err
	}
	s := e.newStack(source, template, parentID, parameters)
	e.Stacks = append(e.Stacks, s)
	for _, r := range ordered {
		if err := e.createResource(s, r); err != nil {
			return nil, err
		}
	}
	outputs, exports, err := s.ResolveOutputs()
	if err != nil {
		return nil, err
	}
	for name, value := range outputs {
		outputs[name] = e.Provider.LocalURLs(value)
	}
	maps.Copy(e.exports, exports)
	e.outputs[s.Name], s.Outputs = outputs, outputs
	return s, nil
}

// createResource creates a resource unless its condition is false.
func (e *Engine) createResource(s *Stack, r Resource) error {
	exists, err := s.Exists(r.Condition)
	if err != nil {
		return fmt.Errorf("resource %s: %w", r.LogicalID, err)
	}
	if !exists {
		return nil
	}
	metadata, err := s.Metadata(r)
	if err != nil {
		return r.WrapError(err)
	}
	values, err := e.Provider.Create(s, r)
	if err != nil {
		return r.WrapError(err)
	}
	s.Values[r.LogicalID] = values
	s.Resources = append(s.Resources, StackResource{r.LogicalID, values.Ref, r.Type, metadata})
	return nil
}
