package dynamodb

import (
	"maps"
	"slices"
	"strconv"
)

// parseUpdate is a parsed UpdateExpression.
type update struct {
	set    []setAction
	add    []valueAction
	delete []valueAction
	remove []path
}

type setAction struct {
	path  path
	value updateOperand
}

type valueAction struct {
	path  path
	value valueOperand
}

// parseUpdateOperand is what SET may have on its right: a path, a value, a function, or a sum or difference of two.
type updateOperand struct {
	function    string // "", if_not_exists, list_append, + or -
	path        path   // with "" and if_not_exists
	value       valueOperand
	left, right *updateOperand // right also with if_not_exists
}

const (
	incorrectOperand = "An operand in the update expression has an incorrect data type"
	invalidPath      = "The document path provided in the update expression is invalid for update"
)

func (p *parser) parseUpdate() *update {
	out := &update{}
	for clauses := map[string]bool{}; p.peek().kind != tokenEnd; {
		clause := ""
		for _, word := range []string{"SET", "REMOVE", "ADD", "DELETE"} {
			if p.acceptKeyword(word) {
				clause = word
			}
		}
		if clause == "" {
			p.failUnexpected()
			break
		}
		if clauses[clause] {
			p.fail("The %q section can only be used once in an update expression;", clause)
		}
		clauses[clause] = true
		for more := true; more; more = p.acceptSymbol(",") {
			p.parseAction(out, clause)
		}
	}
	return out
}

func (p *parser) parseAction(out *update, clause string) {
	target := p.parsePath()
	switch clause {
	case "SET":
		p.expectSymbol("=")
		out.set = append(out.set, setAction{target, p.parseSum()})
	case "REMOVE":
		out.remove = append(out.remove, target)
	case "ADD":
		out.add = append(out.add, valueAction{target, p.parseValue()})
	case "DELETE":
		out.delete = append(out.delete, valueAction{target, p.parseValue()})
	}
}

func (p *parser) parseSum() updateOperand {
	left := p.parseUpdateOperand()
	for _, operator := range []string{"+", "-"} {
		if p.acceptSymbol(operator) {
			right := p.parseUpdateOperand()
			return updateOperand{function: operator, left: &left, right: &right}
		}
	}
	return left
}

func (p *parser) parseUpdateOperand() updateOperand {
	function, ok := p.acceptCall("if_not_exists", "list_append")
	switch {
	case ok:
		out := updateOperand{function: function}
		if function == "if_not_exists" {
			out.path = p.parsePath()
		} else {
			left := p.parseUpdateOperand()
			out.left = &left
		}
		p.expectSymbol(",")
		right := p.parseUpdateOperand()
		out.right = &right
		p.expectSymbol(")")
		return out
	case p.peek().kind == tokenValue:
		return updateOperand{value: p.parseValue()}
	default:
		return updateOperand{path: p.parsePath()}
	}
}

func (o *updateOperand) eval(in scope) (value, error) {
	switch o.function {
	case "if_not_exists":
		if v := o.path.value(in); v != nil {
			return v, nil
		}
		return o.right.eval(in)
	case "":
		if o.value != "" {
			return o.value.value(in), nil
		}
		v := o.path.value(in)
		if v == nil {
			return nil, validationError("The provided expression refers to an attribute that does not exist in the item")
		}
		return v, nil
	}
	left, err := o.left.eval(in)
	if err != nil {
		return nil, err
	}
	right, err := o.right.eval(in)
	if err != nil {
		return nil, err
	}
	if o.function == "list_append" {
		head, okHead := left.(listValue)
		tail, okTail := right.(listValue)
		if !okHead || !okTail {
			return nil, validationError(incorrectOperand)
		}
		return slices.Concat(head, tail), nil
	}
	a, okA := left.(numberValue)
	b, okB := right.(numberValue)
	if !okA || !okB {
		return nil, validationError(incorrectOperand)
	}
	return addNumbers(a, b, o.function == "-")
}

// assignment is a change that has been worked out: a nil value removes what is at the resolved path.
type assignment struct {
	path  path
	value value
}

// apply gives the updated item and the paths that were touched. Every operand is read from the item as it was.
func (u *update) apply(in scope) (Item, []path, error) {
	changes, err := u.assignments(in)
	if err != nil {
		return nil, nil, err
	}
	var touched []path
	for i, change := range changes {
		for _, other := range changes[:i] {
			if change.path.covers(other.path) || other.path.covers(change.path) {
				return nil, nil, validationError("Invalid UpdateExpression: Two document paths overlap with each other; "+
					"must remove or rewrite one of these paths; path one: %s, path two: %s", other.path, change.path)
			}
		}
		touched = append(touched, change.path)
	}
	var updated value = mapValue(in.item)
	for _, change := range changes {
		if updated, err = setAt(updated, change.path, change.value); err != nil {
			return nil, nil, err
		}
	}
	return Item(updated.(mapValue)), touched, nil
}

func (u *update) assignments(in scope) ([]assignment, error) {
	var changes []assignment
	for _, action := range u.set {
		v, err := action.value.eval(in)
		if err != nil {
			return nil, err
		}
		changes = append(changes, assignment{action.path.resolve(in.names), v})
	}
	for _, action := range u.add {
		v, err := addValue(action.path.value(in), action.value.value(in))
		if err != nil {
			return nil, err
		}
		changes = append(changes, assignment{action.path.resolve(in.names), v})
	}
	for _, action := range u.delete {
		v, err := subtractSet(action.path.value(in), action.value.value(in))
		if err != nil {
			return nil, err
		}
		changes = append(changes, assignment{action.path.resolve(in.names), v})
	}
	var removals []assignment
	for _, target := range u.remove {
		removals = append(removals, assignment{path: target.resolve(in.names)})
	}
	// From the back of a list, so that the indexes of what is still to be removed stay right.
	slices.SortStableFunc(removals, func(a, b assignment) int {
		return b.path[len(b.path)-1].index - a.path[len(a.path)-1].index
	})
	return append(changes, removals...), nil
}

// addValue is what ADD makes of the attribute there, if any.
func addValue(old, more value) (value, error) {
	switch more := more.(type) {
	case numberValue:
		if old == nil {
			return more, nil
		}
		if n, ok := old.(numberValue); ok {
			return addNumbers(n, more, false)
		}
	case setValue:
		if old == nil {
			return more, nil
		}
		if set, ok := old.(setValue); ok && set.setType == more.setType {
			union := slices.Concat(set.members, more.members)
			slices.Sort(union)
			return setValue{set.setType, slices.Compact(union)}, nil
		}
	}
	return nil, validationError(incorrectOperand)
}

// subtractSet is what DELETE leaves of the set there: nil if nothing.
func subtractSet(old, less value) (value, error) {
	members, ok := less.(setValue)
	if !ok {
		return nil, validationError(incorrectOperand)
	}
	if old == nil {
		return nil, nil
	}
	set, ok := old.(setValue)
	if !ok || set.setType != members.setType {
		return nil, validationError(incorrectOperand)
	}
	left := slices.DeleteFunc(slices.Clone(set.members), func(member string) bool {
		return slices.Contains(members.members, member)
	})
	if len(left) == 0 {
		return nil, nil
	}
	return setValue{set.setType, left}, nil
}

// setAt gives a copy of v with the value at the path, or without what is there if the value is nil.
func setAt(v value, at path, to value) (value, error) {
	if len(at) == 0 {
		return to, nil
	}
	first := at[0]
	inner := first.lookup(v, nil)
	if inner == nil && len(at) > 1 {
		return nil, validationError(invalidPath)
	}
	inner, err := setAt(inner, at[1:], to)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case mapValue:
		if first.isIndex {
			return nil, validationError(invalidPath)
		}
		changed := maps.Clone(v)
		if inner == nil {
			delete(changed, first.name)
			return changed, nil
		}
		if changed == nil {
			changed = mapValue{}
		}
		changed[first.name] = inner
		return changed, nil
	case listValue:
		if !first.isIndex {
			return nil, validationError(invalidPath)
		}
		switch {
		case first.index >= len(v) && inner == nil:
			return v, nil
		case first.index >= len(v):
			return append(slices.Clone(v), inner), nil
		case inner == nil:
			return slices.Delete(slices.Clone(v), first.index, first.index+1), nil
		}
		changed := slices.Clone(v)
		changed[first.index] = inner
		return changed, nil
	}
	return nil, validationError(invalidPath)
}

func numberOf(n int) value { return numberValue(strconv.Itoa(n)) }
