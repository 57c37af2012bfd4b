package cloudformation

import (
	"fmt"
	"maps"
	"strings"
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

// StackDescription describes a stack, as DescribeStacks and ListStackResources do.
type StackDescription struct {
	Name      string
	ID        string // ARN
	ParentID  string // ID of the stack that it is nested in, or ""
	Created   time.Time
	Outputs   map[string]string
	Resources []StackResource // without those that a condition leaves out
}

// StackResource describes a resource of a stack.
type StackResource struct {
	LogicalID, PhysicalID, Type string
	Metadata                    string // JSON, "" if the resource has none
}

// Stack represents a stack while its resources are created, and afterwards.
type Stack struct {
	StackDescription
	Assets map[string]string // files and folders by S3 object key
	Nested map[string]*Stack // by logical id
	*Resolver
}

func (e *Engine) newStack(
	source cdkapp.Stack, template *Template, parentID string, parameters map[string]string,
) *Stack {
	id := fmt.Sprintf("arn:aws:cloudformation:%s:%s:stack/%s/%s", e.Region, e.Account, source.Name,
		strings.ToLower(UniqueSuffix(source.Name, "")))
	return &Stack{
		StackDescription: StackDescription{
			Name: source.Name, ID: id, ParentID: parentID, Created: e.Now(),
		},
		Assets: source.Assets,
		Nested: map[string]*Stack{},
		Resolver: &Resolver{
			Template:   template,
			Parameters: parameters,
			Pseudo:     Pseudo{e.Region, e.Account, source.Name, id},
			Values:     map[string]ReturnValues{},
			Exports:    e.exports,
			Stacks:     e.outputs,
		},
	}
}

// WithTemplate returns the stack with another template and assets. References resolve to the
// resources that exist: nothing is created.
func (s *Stack) WithTemplate(template *Template, assets map[string]string) *Stack {
	resolver := *s.Resolver
	resolver.Template, resolver.conditions = template, nil
	return &Stack{s.StackDescription, assets, s.Nested, &resolver}
}
