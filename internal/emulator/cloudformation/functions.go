package cloudformation

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// textAndValue splits an argument into its two elements, and resolves the first one. expected
// describes the two elements for an error message.
func (r *Resolver) textAndValue(argument any, expected string) (string, any, error) {
	parts, ok := argument.([]any)
	if !ok || len(parts) != 2 {
		return "", nil, fmt.Errorf("the argument must be %s, got %s", expected, describe(argument))
	}
	text, err := r.resolveString(parts[0])
	return text, parts[1], err
}

func (r *Resolver) join(argument any) (any, error) {
	separator, list, err := r.textAndValue(argument, "a separator and a list")
	if err != nil {
		return nil, err
	}
	texts, err := r.resolveStrings(list)
	return strings.Join(texts, separator), err
}

// resolveList resolves a value that must be a list.
func (r *Resolver) resolveList(value any) ([]any, error) {
	plain, err := r.resolve(value)
	if err != nil {
		return nil, err
	}
	list, ok := plain.([]any)
	switch {
	case !ok && r.isPlaceholder(value):
		return []any{plain}, nil
	case !ok:
		return nil, fmt.Errorf("the value must be a list, got %s", describe(plain))
	}
	return list, nil
}

// resolveStrings resolves a value that must be a list of strings. It omits elements that are
// AWS::NoValue.
func (r *Resolver) resolveStrings(value any) ([]string, error) {
	list, err := r.resolveList(value)
	if err != nil {
		return nil, err
	}
	return r.resolveEachString(list)
}

// resolveEachString resolves each element of a list as a string.
func (r *Resolver) resolveEachString(list []any) ([]string, error) {
	var texts []string
	for i, element := range list {
		text, err := r.resolveString(element)
		if err != nil {
			return nil, prependPath(fmt.Sprintf("[%d]", i), err)
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// variable matches the variables in the text of Fn::Sub: ${Name}, ${Id.Attribute} and ${!Literal}.
var variable = regexp.MustCompile(`\$\{([^}]*)\}`)

// substitution parses the argument of Fn::Sub: a string, or a list of a string and an object with
// variables.
func substitution(argument any) (text string, variables map[string]any, ok bool) {
	switch v := argument.(type) {
	case string:
		return v, nil, true
	case []any:
		if len(v) != 2 {
			return "", nil, false
		}
		text, isText := v[0].(string)
		variables, isObject := v[1].(map[string]any)
		return text, variables, isText && isObject
	}
	return "", nil, false
}

func (r *Resolver) sub(argument any) (any, error) {
	text, variables, ok := substitution(argument)
	if !ok {
		return nil, fmt.Errorf("the argument must be a string, or a list of a string "+
			"and an object, got %s", describe(argument))
	}
	var failure error
	result := variable.ReplaceAllStringFunc(text, func(match string) string {
		name := match[2 : len(match)-1]
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		value, err := r.substitute(strings.TrimSpace(name), variables)
		if err != nil && failure == nil {
			failure = prependPath(match, err)
		}
		return value
	})
	return result, failure
}

func (r *Resolver) substitute(name string, variables map[string]any) (string, error) {
	if value, ok := variables[name]; ok {
		return r.resolveString(value)
	}
	if strings.Contains(name, ".") {
		return r.resolveString(map[string]any{"Fn::GetAtt": name})
	}
	return r.resolveString(map[string]any{"Ref": name})
}

func (r *Resolver) selectOne(argument any) (any, error) {
	text, value, err := r.textAndValue(argument, "an index and a list")
	if err != nil {
		return nil, err
	}
	list, err := r.resolveList(value)
	if err != nil {
		return nil, err
	}
	index, err := strconv.Atoi(text)
	if err == nil && index >= len(list) && r.isPlaceholder(value) {
		index = len(list) - 1 // the value on AWS can have more elements
	}
	if err != nil || index < 0 || index >= len(list) {
		return nil, fmt.Errorf("index must be from 0 to %d, got %s", len(list)-1, text)
	}
	return list[index], nil
}

func (r *Resolver) split(argument any) (any, error) {
	separator, value, err := r.textAndValue(argument, "a separator and a string")
	if err != nil {
		return nil, err
	}
	text, err := r.resolveString(value)
	if err != nil {
		return nil, err
	}
	list := []any{}
	for part := range strings.SplitSeq(text, separator) {
		list = append(list, part)
	}
	return list, nil
}

func (r *Resolver) findInMap(argument any) (any, error) {
	parts, ok := argument.([]any)
	if !ok || len(parts) < 3 {
		const rule = "the argument must be a mapping, two keys and an optional default " +
			"value, got %s"
		return nil, fmt.Errorf(rule, describe(argument))
	}
	keys, err := r.resolveEachString(parts[:3])
	if err != nil {
		return nil, err
	}
	if value, ok := r.Template.Mappings[keys[0]][keys[1]][keys[2]]; ok {
		return value, nil
	}
	if len(parts) == 4 {
		if options, ok := parts[3].(map[string]any); ok && options["DefaultValue"] != nil {
			return r.resolve(options["DefaultValue"])
		}
	}
	return nil, fmt.Errorf("the template's Mappings have no entry %s", strings.Join(keys, "."))
}

func (r *Resolver) importValue(argument any) (any, error) {
	name, err := r.resolveString(argument)
	if err != nil {
		return nil, err
	}
	if value, ok := r.Exports[name]; ok {
		return value, nil
	}
	return nil, fmt.Errorf("no stack of this app exports %q; "+
		"exports of deployed stacks can't be imported locally", name)
}

// stackOutput resolves Fn::GetStackOutput to an output of another stack. The CDK writes this
// function for weak references between stacks.
func (r *Resolver) stackOutput(argument any) (any, error) {
	named, ok := argument.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the argument must have StackName and OutputName, got %s",
			describe(argument))
	}
	stack, err := r.resolveString(named["StackName"])
	if err != nil {
		return nil, prependPath("StackName", err)
	}
	output, err := r.resolveString(named["OutputName"])
	if err != nil {
		return nil, prependPath("OutputName", err)
	}
	if value, ok := r.Stacks[stack][output]; ok {
		return value, nil
	}
	return nil, fmt.Errorf("no earlier stack of this app has the name %q and the output %q; "+
		"add a dependency on the stack with this output", stack, output)
}

// verdict holds the value of a condition. known is false while the condition is being evaluated.
type verdict struct{ value, known bool }

func (r *Resolver) condition(name string) (bool, error) {
	if v, seen := r.conditions[name]; seen {
		if !v.known {
			return false, fmt.Errorf("condition %s must not refer to itself", name)
		}
		return v.value, nil
	}
	expression, ok := r.Template.Conditions[name]
	if !ok {
		return false, fmt.Errorf("the template has no condition %q", name)
	}
	if r.conditions == nil {
		r.conditions = map[string]verdict{}
	}
	r.conditions[name] = verdict{}
	value, err := r.evaluate(expression)
	if err != nil {
		delete(r.conditions, name)
		return false, fmt.Errorf("condition %s: %w", name, err)
	}
	r.conditions[name] = verdict{value, true}
	return value, nil
}

// evaluate evaluates an expression in the template's section Conditions.
func (r *Resolver) evaluate(expression any) (bool, error) {
	object, ok := expression.(map[string]any)
	if !ok || len(object) != 1 {
		return false, fmt.Errorf("the expression must be a condition function, got %s",
			describe(expression))
	}
	if name, ok := object["Condition"].(string); ok {
		return r.condition(name)
	}
	name, argument := intrinsic(object)
	operands, ok := argument.([]any)
	if !ok {
		return false, fmt.Errorf("the expression must be a condition function, got %s",
			describe(expression))
	}
	switch name {
	case "Fn::Equals":
		if len(operands) != 2 {
			return false, fmt.Errorf("Fn::Equals must have two values, got %d", len(operands))
		}
		pair, err := r.resolveEachString(operands)
		return err == nil && pair[0] == pair[1], err
	case "Fn::Not":
		if len(operands) != 1 {
			return false, fmt.Errorf("Fn::Not must have one condition, got %d", len(operands))
		}
		value, err := r.evaluate(operands[0])
		return !value, err
	case "Fn::And", "Fn::Or":
		values := make([]bool, len(operands))
		for i, operand := range operands {
			var err error
			if values[i], err = r.evaluate(operand); err != nil {
				return false, err
			}
		}
		if name == "Fn::And" {
			return !slices.Contains(values, false), nil
		}
		return slices.Contains(values, true), nil
	}
	return false, fmt.Errorf("the expression must be a condition function, got %s", name)
}

func (r *Resolver) ifElse(argument any) (any, error) {
	parts, ok := argument.([]any)
	if !ok || len(parts) != 3 {
		return nil, fmt.Errorf("the argument must be a condition and two values, got %s",
			describe(argument))
	}
	name, ok := parts[0].(string)
	if !ok {
		return nil, fmt.Errorf("the first element must be the name of a condition, got %s",
			describe(parts[0]))
	}
	met, err := r.condition(name)
	if err != nil {
		return nil, err
	}
	if met {
		return r.resolve(parts[1])
	}
	return r.resolve(parts[2])
}
