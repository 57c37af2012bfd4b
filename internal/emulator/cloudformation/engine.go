package cloudformation

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Engine creates the stacks of an app in one account and region.
type Engine struct {
	Region, Account string
	Provider        Provider
	Now             func() time.Time
	Parameters      Parameters        // values for parameters of stacks that are not nested
	SSM             map[string]string // values of SSM parameters by name, also of those in stacks
	Secret          SecretFunc        // nil if there are no secrets
	Stacks          []*Stack          // a stack comes before the stacks that are nested in it

	exports map[string]string            // by export name
	outputs map[string]map[string]string // by stack name
}

// Provider creates the resources of stacks.
type Provider interface {
	// Create creates a resource. It returns the values of Ref and Fn::GetAtt for the resource.
	Create(s *Stack, r Resource) (ReturnValues, error)
	// LocalURLs returns the text with local URLs in place of AWS URLs.
	LocalURLs(text string) string
}

// NewEngine returns an engine without stacks.
func NewEngine(region, account string, provider Provider, now func() time.Time) *Engine {
	return &Engine{
		Region: region, Account: account, Provider: provider, Now: now,
		SSM:     map[string]string{},
		exports: map[string]string{}, outputs: map[string]map[string]string{},
	}
}

// Create creates a stack of the app. It creates each resource after the resources to which this
// resource refers. Then it resolves the outputs.
func (e *Engine) Create(source cdkapp.Stack) (*Stack, error) {
	template, err := parseStack(source)
	if err != nil {
		return nil, err
	}
	parameters, err := e.Parameters.forStack(source.Name, template)
	if err != nil {
		return nil, err
	}
	return e.create(source, template, "", parameters)
}

// CreateNested creates a stack that is nested in parent. logicalID is the id of the parent's
// AWS::CloudFormation::Stack resource.
func (e *Engine) CreateNested(
	parent *Stack, logicalID string, source cdkapp.Stack, parameters map[string]string,
) (*Stack, error) {
	template, err := parseStack(source)
	if err != nil {
		return nil, err
	}
	nested, err := e.create(source, template, parent.ID, parameters)
	if err == nil {
		parent.Nested[logicalID] = nested
	}
	return nested, err
}

func (e *Engine) create(
	source cdkapp.Stack, template *Template, parentID string, parameters map[string]string,
) (*Stack, error) {
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

// createResource creates a resource. It skips a resource whose condition is false.
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

// StackDescription holds the data that the CloudFormation API returns about a stack.
type StackDescription struct {
	Name      string
	ID        string // ARN
	ParentID  string // ID of the stack in which this stack is nested, or ""
	Created   time.Time
	Body      []byte // template
	Outputs   map[string]string
	Resources []StackResource // without resources whose condition is false
}

// StackResource describes a resource of a stack.
type StackResource struct {
	LogicalID, PhysicalID, Type string
	Metadata                    string // JSON; "" if the resource has no metadata
}

// Stack represents a stack of the app. While the engine creates the stack, it adds the resources
// and outputs.
type Stack struct {
	StackDescription
	Assets map[string]string // S3 object key → path of the file or folder
	Nested map[string]*Stack // nested stacks by the logical id of their resource
	*Resolver
}

func (e *Engine) newStack(
	source cdkapp.Stack, template *Template, parentID string, parameters map[string]string,
) *Stack {
	id := protocol.ARN("cloudformation", e.Region, e.Account,
		"stack/"+source.Name+"/"+strings.ToLower(UniqueSuffix(source.Name, "")))
	return &Stack{
		StackDescription: StackDescription{
			Name: source.Name, ID: id, ParentID: parentID, Created: e.Now(), Body: source.Template,
		},
		Assets: source.Assets,
		Nested: map[string]*Stack{},
		Resolver: &Resolver{
			Template:   template,
			Parameters: parameters,
			Nested:     parentID != "",
			SSM:        e.SSM,
			Secret:     e.Secret,
			Pseudo:     Pseudo{e.Region, e.Account, source.Name, id},
			Values:     map[string]ReturnValues{},
			Exports:    e.exports,
			Stacks:     e.outputs,
		},
	}
}

// WithTemplate returns a copy of the stack with a newly synthesized template and its assets. It
// creates no resources: references resolve to the existing ones.
func (s *Stack) WithTemplate(source cdkapp.Stack) (*Stack, error) {
	template, err := parseStack(source)
	if err != nil {
		return nil, err
	}
	resolver := *s.Resolver
	resolver.Template, resolver.conditions = template, nil
	return &Stack{s.StackDescription, source.Assets, s.Nested, &resolver}, nil
}

// parseStack parses the template of a stack.
func parseStack(source cdkapp.Stack) (*Template, error) {
	template, err := Parse(source.Template)
	if err != nil {
		return nil, err
	}
	template.assetParameters = source.AssetParameters
	for name := range source.AssetParameters { // the names change with each build
		delete(template.Parameters, name)
	}
	return template, nil
}

// PhysicalName returns a name like CloudFormation's, with at most maxLength characters: the stack's
// name, the logical id and a suffix. The name is the same in each run, so the next run finds the
// resource's stored state.
func PhysicalName(stack, logicalID string, maxLength int) string {
	suffix := UniqueSuffix(stack, logicalID)
	available := maxLength - len(suffix) - 2
	// First shorten the logical id, but not below half of the available length. Then shorten the
	// stack's name.
	if n := max(available/2, available-len(stack)); len(logicalID) > n {
		logicalID = logicalID[:n]
	}
	if n := available - len(logicalID); len(stack) > n {
		stack = strings.TrimRight(stack[:n], "-")
	}
	return stack + "-" + logicalID + "-" + suffix
}

// UniqueSuffix returns 12 characters that are derived from the stack's name and the logical id.
func UniqueSuffix(stack, logicalID string) string {
	sum := sha256.Sum256([]byte(stack + "/" + logicalID))
	return base32.StdEncoding.EncodeToString(sum[:])[:12]
}
