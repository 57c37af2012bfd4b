package cloudformation

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
)

// Parameter represents an entry of a template's section Parameters.
type Parameter struct {
	Type    string
	Default any // nil if the parameter has no default

	AllowedPattern       string
	AllowedValues        []any
	MinLength, MaxLength any // numbers, or strings that contain a number
	MinValue, MaxValue   any
}

// ssmValue matches a parameter type whose value is the name of an SSM parameter. The group in
// parentheses matches the SSM parameter's type.
var ssmValue = regexp.MustCompile(`^AWS::SSM::Parameter::Value<(.+)>$`)

const placeholderImage = "ami-00000000000000000"

// MissingParameterError reports that a template uses a parameter that has no value.
type MissingParameterError struct {
	Stack  string
	Nested bool
	// Names are the parameters of the stack that have neither a value nor a default.
	Names []string
	// SSM is the name of the missing SSM parameter, or "" if no SSM parameter is missing.
	SSM string
}

func (e *MissingParameterError) Error() string {
	if e.SSM != "" {
		return fmt.Sprintf("the SSM parameter %s must have a value on the local platform", e.SSM)
	}
	if e.Nested {
		return fmt.Sprintf("the nested stack %s must get values for these parameters from its "+
			"parent, because they have no default: %s", e.Stack, strings.Join(e.Names, ", "))
	}
	return fmt.Sprintf("these parameters of stack %s must have a value, because they have no "+
		"default: %s", e.Stack, strings.Join(e.Names, ", "))
}

// parameterValue returns the value of a template's parameter.
func (r *Resolver) parameterValue(id string, p Parameter) (any, error) {
	value, passed := r.Parameters[id]
	if !passed {
		if p.Default == nil {
			return nil, r.missingParameters()
		}
		var err error
		if value, err = r.resolveString(p.Default); err != nil {
			return nil, fmt.Errorf("parameter %s: %w", id, err)
		}
	}
	kind := p.Type
	if match := ssmValue.FindStringSubmatch(p.Type); match != nil {
		kind = match[1]
		name := value
		var err error
		value, err = r.ssmParameter(name)
		if err != nil && kind == "AWS::EC2::Image::Id" {
			return placeholderImage, nil // only EC2 uses images, and the emulator does not run EC2
		}
		if err != nil {
			return nil, err
		}
	}
	if !isList(kind) {
		return value, nil
	}
	list := []any{}
	for _, element := range splitList(value) {
		list = append(list, element)
	}
	return list, nil
}

// isList reports whether the values of a parameter type are lists.
func isList(parameterType string) bool {
	return parameterType == "CommaDelimitedList" || strings.HasPrefix(parameterType, "List<")
}

// splitList returns the elements of a list that is passed as a string.
func splitList(value string) []string {
	list := strings.Split(value, ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

func (r *Resolver) missingParameters() error {
	var names []string
	for _, id := range slices.Sorted(maps.Keys(r.Template.Parameters)) {
		_, passed := r.Parameters[id]
		if !passed && r.Template.Parameters[id].Default == nil {
			names = append(names, id)
		}
	}
	return &MissingParameterError{Stack: r.Pseudo.StackName, Nested: r.Nested, Names: names}
}

// ssmParameter returns the value of an SSM parameter. A name can end with ":" and a version. If the
// version has no value, ssmParameter returns the value of the name without the version.
func (r *Resolver) ssmParameter(name string) (string, error) {
	unversioned, _, _ := strings.Cut(name, ":")
	for _, known := range []string{name, unversioned} {
		if value, ok := r.SSM[known]; ok {
			return value, nil
		}
	}
	return "", &MissingParameterError{Stack: r.Pseudo.StackName, SSM: name}
}

// check validates the user's value of the parameter by CloudFormation's rules. In a list, each
// element must follow the rules.
func (p Parameter) check(value string) error {
	if !isList(p.Type) {
		return p.checkElement(value)
	}
	for _, element := range splitList(value) {
		if err := p.checkElement(element); err != nil {
			return err
		}
	}
	return nil
}

func (p Parameter) checkElement(value string) error {
	if p.Type == "Number" || p.Type == "List<Number>" {
		if _, err := strconv.ParseFloat(value, 64); err != nil {
			return fmt.Errorf("must be a number, got %q", value)
		}
	}
	if len(p.AllowedValues) > 0 {
		var allowed []string
		for _, v := range p.AllowedValues {
			allowed = append(allowed, fmt.Sprint(v))
		}
		if !slices.Contains(allowed, value) {
			return fmt.Errorf("must be one of %s, got %q", strings.Join(allowed, ", "), value)
		}
	}
	// Skip patterns that only Java supports, because Go cannot compile them.
	pattern, err := regexp.Compile("^(?:" + p.AllowedPattern + ")$")
	if p.AllowedPattern != "" && err == nil && !pattern.MatchString(value) {
		return fmt.Errorf("must match %s, got %q", p.AllowedPattern, value)
	}
	length := float64(utf8.RuneCountInString(value))
	number, err := strconv.ParseFloat(value, 64)
	if err != nil {
		number = math.NaN() // compares as false with every bound
	}
	below := func(value, bound float64) bool { return value < bound }
	above := func(value, bound float64) bool { return value > bound }
	for _, limit := range []struct {
		bound    any
		value    float64
		violates func(value, bound float64) bool
		rule     string
	}{
		{p.MinLength, length, below, "have at least %s characters"},
		{p.MaxLength, length, above, "have at most %s characters"},
		{p.MinValue, number, below, "be at least %s"},
		{p.MaxValue, number, above, "be at most %s"},
	} {
		text := fmt.Sprint(limit.bound)
		bound, err := strconv.ParseFloat(text, 64)
		if err == nil && limit.violates(limit.value, bound) {
			return fmt.Errorf("must "+limit.rule+", got %q", text, value)
		}
	}
	return nil
}

// Parameters maps parameters to the user's values. A key is a parameter's name, or STACK:NAME for
// the parameter of one stack.
type Parameters map[string]string

// Check returns an error if a key is not a parameter of the stacks.
func (p Parameters) Check(sources []cdkapp.Stack) error {
	known := map[string]bool{}
	var names []string
	for _, source := range sources {
		template, err := parseStack(source)
		if err != nil {
			return fmt.Errorf("stack %s: %w", source.Name, err)
		}
		for name := range template.Parameters {
			qualified := source.Name + ":" + name
			known[name], known[qualified] = true, true
			if name != bootstrapVersion {
				names = append(names, qualified)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(p)) {
		if !known[key] {
			slices.Sort(names)
			return &UnknownParameterError{Key: key, Known: names}
		}
	}
	return nil
}

// bootstrapVersion is a parameter that the CDK adds to each stack. Only the CDK CLI uses it.
const bootstrapVersion = "BootstrapVersion"

// UnknownParameterError reports a key of Parameters that is not a parameter of the stacks.
type UnknownParameterError struct {
	Key   string
	Known []string // keys of the parameters of all stacks
}

func (e *UnknownParameterError) Error() string {
	if len(e.Known) == 0 {
		return fmt.Sprintf("the stacks of this app have no parameters, got a value for %s", e.Key)
	}
	return fmt.Sprintf("a parameter must be one of %s, got %s",
		strings.Join(e.Known, ", "), e.Key)
}

// forStack returns the values of a stack's parameters, by parameter name. The key STACK:NAME takes
// precedence over the key NAME.
func (p Parameters) forStack(stack string, template *Template) (map[string]string, error) {
	values := map[string]string{}
	for name, parameter := range template.Parameters {
		value, ok := p[stack+":"+name]
		if !ok {
			value, ok = p[name]
		}
		if !ok {
			continue
		}
		if err := parameter.check(value); err != nil {
			return nil, fmt.Errorf("parameter %s of stack %s %w", name, stack, err)
		}
		values[name] = value
	}
	return values, nil
}
