package emulator

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/lambda"
)

// provisioned is a stack as it was made when the platform started.
type provisioned struct {
	stack    Stack
	resolver *cloudformation.Resolver
	nested   map[string]provisioned // by logical id
}

// runningFunction is a function and the asset that its folder holds.
type runningFunction struct {
	lambda.Function
	asset string
}

// difference is what a newly synthesized app asks for beyond what runs.
type difference struct {
	functions map[string]runningFunction // to be replaced, by stack and logical id
	restart   []string                   // what only a restart brings: resources and other parts of templates
	held      []string                   // functions, by name, that keep their code until then
}

// reloadable are the properties of functions that are changed while the platform runs.
var reloadable = []string{"Code", "MemorySize", "Timeout", "Environment"}

// compare finds what to reload: functions whose code or settings are new. A function whose new code may need what is not
// there before a restart keeps its old one, so that no event fails for it: one that refers to a new resource, or whose
// policies changed.
func (p *provisioner) compare(stacks []cdkapp.Stack) (difference, error) {
	d := difference{functions: map[string]runningFunction{}}
	old := map[string]provisioned{}
	for _, s := range p.templates {
		old[s.stack.Name] = s
	}
	for _, s := range stacks {
		was, ok := old[s.Name]
		if !ok {
			d.restart = append(d.restart, "stack "+s.Name)
			continue
		}
		delete(old, s.Name)
		if err := p.compareStack(was, s, false, &d); err != nil {
			return difference{}, fmt.Errorf("stack %s: %w", s.Name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(old)) {
		d.restart = append(d.restart, "stack "+name)
	}
	return d, nil
}

// compareStack adds to d what is new of a stack. With hold all of its functions keep their code.
func (p *provisioner) compareStack(was provisioned, s cdkapp.Stack, hold bool, d *difference) error {
	now, err := cloudformation.Parse(s.Template)
	if err != nil {
		return err
	}
	ordered, err := now.Order() // nested stacks come before functions that need their outputs
	if err != nil {
		return err
	}
	before := was.resolver.Template
	changed := changedResources(before, now)
	d.needRestart(s.Name, before, now, changed)
	missing := missingFor(before, now, changed)
	outer := p.making
	defer func() { p.making = outer }()
	p.making = making{current: s, nested: was.nested, resolver: &cloudformation.Resolver{
		Template: now, Parameters: was.resolver.Parameters, Pseudo: was.resolver.Pseudo, Made: was.resolver.Made, Exports: p.exports, Stacks: p.outputs,
	}}
	for _, r := range ordered {
		held := hold || changed[r.LogicalID] != "" || slices.ContainsFunc(now.Needs(r), func(needed string) bool { return missing[needed] })
		switch r.Type {
		case nestedStack:
			n := len(d.restart)
			if err := p.compareNested(r, held, d); err != nil {
				return err
			}
			missing[r.LogicalID] = missing[r.LogicalID] || len(d.restart) > n
		case "AWS::Lambda::Function":
			if err := p.compareFunction(r, held, d); err != nil {
				return err
			}
		}
	}
	return nil
}

// needRestart notes what only a restart brings of a stack.
func (d *difference) needRestart(stack string, before, now *cloudformation.Template, changed map[string]string) {
	for _, id := range slices.Sorted(maps.Keys(changed)) {
		d.restart = append(d.restart, fmt.Sprintf("%s (%s)", id, changed[id]))
	}
	for _, part := range []struct {
		name     string
		old, new any
	}{
		{"Parameters", before.Parameters, now.Parameters},
		{"Mappings", before.Mappings, now.Mappings},
		{"Conditions", before.Conditions, now.Conditions},
		{"Outputs", before.Outputs, now.Outputs},
	} {
		if !reflect.DeepEqual(part.old, part.new) {
			d.restart = append(d.restart, part.name+" of stack "+stack)
		}
	}
}

// compareNested compares a nested stack, if it runs.
func (p *provisioner) compareNested(r cloudformation.Resource, hold bool, d *difference) error {
	was, ok := p.nested[r.LogicalID]
	if !ok {
		return nil
	}
	inner, err := p.inner(r)
	if err != nil {
		return err
	}
	if err := p.compareStack(was, inner, hold, d); err != nil {
		return failed(r, err)
	}
	return nil
}

// compareFunction adds a function that runs to d, if it is another now.
func (p *provisioner) compareFunction(r cloudformation.Resource, hold bool, d *difference) error {
	key := p.current.Name + "/" + r.LogicalID
	running, ok := p.running[key]
	if !ok {
		return nil
	}
	if hold {
		d.held = append(d.held, running.Name)
		return nil
	}
	next, err := p.next(r, running)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(next, running) {
		d.functions[key] = next
	}
	return nil
}

// next is the function as the template has it now. Code that did not change stays where it is.
func (p *provisioner) next(r cloudformation.Resource, running runningFunction) (runningFunction, error) {
	var in functionProperties
	if err := p.properties(r, &in); err != nil {
		return runningFunction{}, err
	}
	function, err := p.lambdaFunction(r, in)
	if err != nil {
		return runningFunction{}, failed(r, err)
	}
	if in.Code.S3Key == running.asset {
		function.Dir = running.Dir
	}
	return runningFunction{function, in.Code.S3Key}, nil
}

// changedResources are the resources that are new, gone or have other properties, with their types; only those that have
// an effect here, and of functions only what can't be reloaded.
func changedResources(before, now *cloudformation.Template) map[string]string {
	changed := map[string]string{}
	for id, old := range before.Resources {
		if _, kept := now.Resources[id]; !kept && hasEffect(old) {
			changed[id] = old.Type
		}
	}
	for id, r := range now.Resources {
		old, ok := before.Resources[id]
		if ok && old.Type == r.Type && old.Condition == r.Condition && reflect.DeepEqual(fixed(old), fixed(r)) {
			continue
		}
		if hasEffect(r) {
			changed[id] = r.Type
		}
	}
	return changed
}

// hasEffect tells whether a resource is more than a note here. Versions are: there is one deployment of each function.
func hasEffect(r cloudformation.Resource) bool {
	_, ok := makers[r.Type]
	return ok && r.Type != "AWS::Lambda::Version" && r.Type != "AWS::Logs::LogGroup"
}

// fixed are the properties of a resource that can't be reloaded and have an effect.
func fixed(r cloudformation.Resource) map[string]any {
	switch r.Type {
	case "AWS::Lambda::Function":
		properties := map[string]any{}
		for _, name := range fieldNames(&functionProperties{}) {
			if value, ok := r.Properties[name]; ok && !slices.Contains(reloadable, name) {
				properties[name] = value
			}
		}
		return properties
	case "AWS::Lambda::Alias":
		properties := maps.Clone(r.Properties)
		delete(properties, "FunctionVersion") // another one with each code
		return properties
	case nestedStack:
		properties := maps.Clone(r.Properties)
		delete(properties, "TemplateURL") // what is new in it is seen there
		return properties
	}
	return r.Properties
}

// missingFor are the resources whose users may need what is not there: new ones, and those that a changed policy is
// about, such as a function's role.
func missingFor(before, now *cloudformation.Template, changed map[string]string) map[string]bool {
	missing := map[string]bool{}
	for id, kind := range changed {
		_, old := before.Resources[id]
		isPolicy := strings.HasSuffix(kind, "Policy") || strings.HasPrefix(kind, "AWS::IAM::")
		if old && !isPolicy {
			continue
		}
		missing[id] = true
		for _, t := range []*cloudformation.Template{before, now} {
			for _, needed := range t.Needs(t.Resources[id]) {
				if isPolicy && strings.HasPrefix(t.Resources[needed].Type, "AWS::IAM::") {
					missing[needed] = true
				}
			}
		}
	}
	return missing
}
