package cloudformation

import (
	"fmt"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
)

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
