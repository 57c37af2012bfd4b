package cloudformation

import (
	"fmt"
	"slices"
)

// verdict holds the value of a condition. known is false while it is evaluated.
type verdict struct{ value, known bool }

func (r *Resolver) condition(name string) (bool, error) {
	if v, seen := r.conditions[name]; seen {
		if !v.known {
			return false, fmt.Errorf("condition %s refers to itself", name)
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

// evaluate evaluates an expression of Conditions.
func (r *Resolver) evaluate(expression any) (bool, error) {
	object, ok := expression.(map[string]any)
	if !ok || len(object) != 1 {
		return false, fmt.Errorf("must be a condition function, got %s", describe(expression))
	}
	if name, ok := object["Condition"].(string); ok {
		return r.condition(name)
	}
	name, argument := intrinsic(object)
	operands, ok := argument.([]any)
	if !ok {
		return false, fmt.Errorf("must be a condition function, got %s", describe(expression))
	}
	switch name {
	case "Fn::Equals":
		if len(operands) != 2 {
			return false, fmt.Errorf("Fn::Equals must have two values, got %d", len(operands))
		}
		pair, err := r.textEach(operands)
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
	return false, fmt.Errorf("%s is not a condition function", name)
}

func (r *Resolver) ifElse(argument any) (any, error) {
	parts, ok := argument.([]any)
	if !ok || len(parts) != 3 {
		return nil, fmt.Errorf("must be a condition and two values, got %s", describe(argument))
	}
	name, ok := parts[0].(string)
	if !ok {
		return nil, fmt.Errorf("must be the name of a condition, got %s", describe(parts[0]))
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
