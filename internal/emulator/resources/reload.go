package resources

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
)

// Difference describes the differences between a newly synthesized app and the running app.
type Difference struct {
	Functions []Replacement
	Restart   []string // changed resources and template sections that need a restart
	Held      []string // names of the functions that keep their old code until a restart
}

// Replacement represents a function whose code or settings changed.
type Replacement struct{ running, next *function }

// Compare compares newly synthesized stacks with the running stacks. A function keeps its old code
// if its new version needs a restart, for example because its role's policy changed.
func (p *Provider) Compare(sources []cdkapp.Stack) (Difference, error) {
	var d Difference
	running := map[string]*cloudformation.Stack{}
	for _, s := range p.Engine.Stacks {
		if s.ParentID == "" {
			running[s.Name] = s
		}
	}
	for _, source := range sources {
		s, ok := running[source.Name]
		if !ok {
			d.Restart = append(d.Restart, "stack "+source.Name)
			continue
		}
		delete(running, source.Name)
		if err := p.compareStack(s, source, false, &d); err != nil {
			return Difference{}, fmt.Errorf("stack %s: %w", source.Name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(running)) {
		d.Restart = append(d.Restart, "stack "+name)
	}
	slices.SortFunc(d.Functions, func(a, b Replacement) int {
		return strings.Compare(a.running.path(), b.running.path())
	})
	return d, nil
}

func (f *function) path() string { return f.stack + "/" + f.logicalID }

// compareStack adds the changes of a stack to d. If hold is set, the stack's functions keep their
// old code.
func (p *Provider) compareStack(
	s *cloudformation.Stack, source cdkapp.Stack, hold bool, d *Difference,
) error {
	next, err := s.WithTemplate(source)
	if err != nil {
		return err
	}
	template := next.Template
	// Order returns a nested stack before the functions that refer to its outputs.
	ordered, err := template.Order()
	if err != nil {
		return err
	}
	changes := cloudformation.Compare(s.Template, template, fixedProperties)
	d.Restart = append(d.Restart, describeChanges(changes)...)
	for _, section := range changes.Sections() {
		d.Restart = append(d.Restart, section+" of stack "+s.Name)
	}
	missing := changes.Missing()
	for _, r := range ordered {
		held := hold || changes.Resources[r.LogicalID] != "" ||
			slices.ContainsFunc(template.Needs(r), func(id string) bool { return missing[id] })
		restarts := len(d.Restart)
		if err := p.compareResource(&creation{p, next, r}, held, d); err != nil {
			return r.WrapError(err)
		}
		missing[r.LogicalID] = missing[r.LogicalID] || len(d.Restart) > restarts
	}
	return nil
}

// compareResource adds the changes of a running function or nested stack to d. It ignores other
// resources. If hold is set, functions keep their old code.
func (p *Provider) compareResource(c *creation, hold bool, d *Difference) error {
	if nested := c.stack.Nested[c.resource.LogicalID]; nested != nil {
		var in nestedStackProperties
		if err := c.decode(&in); err != nil {
			return err
		}
		source, err := c.nestedSource(in.TemplateURL)
		if err != nil {
			return err
		}
		return p.compareStack(nested, source, hold, d)
	}
	f := p.functionOf(c.stack, c.resource)
	if f == nil {
		return nil
	}
	if hold {
		d.Held = append(d.Held, f.Name)
		return nil
	}
	next, err := f.updatedFunction(c)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(next, f) {
		d.Functions = append(d.Functions, Replacement{f, next})
	}
	return nil
}

// Replace replaces a running function with its new version, and returns the function's name.
func (p *Provider) Replace(r Replacement) (name string, err error) {
	if err := p.Lambda.CreateFunction(r.next.Function); err != nil {
		return "", fmt.Errorf("replace %s: %w", r.next.Name, err)
	}
	*r.running = *r.next
	return r.next.Name, nil
}
