package dynamodb

import (
	"maps"
	"slices"
	"strconv"
)

// update represents a parsed UpdateExpression.
type update struct {
	set, add, delete []action
	remove           []path
}

// action assigns a value to a path. If the function value returns nil, the action removes the
// attribute.
type action struct {
	path  path
	value updateOperand
}

// updateOperand computes a value from the old item and the placeholders.
type updateOperand func(in scope) (value, error)

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
		out.set = append(out.set, action{target, p.parseSum()})
	case "REMOVE":
		out.remove = append(out.remove, target)
	case "ADD":
		operand := p.parseValue()
		out.add = append(out.add, action{target, func(in scope) (value, error) {
			return addValue(target.value(in), operand.value(in))
		}})
	case "DELETE":
		operand := p.parseValue()
		out.delete = append(out.delete, action{target, func(in scope) (value, error) {
			return subtractSet(target.value(in), operand.value(in))
		}})
	}
}

func (p *parser) parseSum() updateOperand {
	left := p.parseUpdateOperand()
	for _, operator := range []string{"+", "-"} {
		if p.acceptSymbol(operator) {
			right := p.parseUpdateOperand()
			return func(in scope) (value, error) {
				a, b, err := evaluate[numberValue](left, right, in)
				if err != nil {
					return nil, err
				}
				return addNumbers(a, b, operator == "-")
			}
		}
	}
	return left
}

func (p *parser) parseUpdateOperand() updateOperand {
	function, isCall := p.acceptCall("if_not_exists", "list_append")
	switch {
	case function == "if_not_exists":
		at := p.parsePath()
		fallback := p.parseLastArgument()
		return func(in scope) (value, error) {
			if v := at.value(in); v != nil {
				return v, nil
			}
			return fallback(in)
		}
	case isCall:
		left := p.parseUpdateOperand()
		right := p.parseLastArgument()
		return func(in scope) (value, error) {
			head, tail, err := evaluate[listValue](left, right, in)
			if err != nil {
				return nil, err
			}
			return slices.Concat(head, tail), nil
		}
	case p.peek().kind == tokenValue:
		v := p.parseValue()
		return func(in scope) (value, error) { return v.value(in), nil }
	}
	at := p.parsePath()
	return func(in scope) (value, error) {
		v := at.value(in)
		if v == nil {
			return nil, validationError("The provided expression refers to an attribute that " +
				"does not exist in the item")
		}
		return v, nil
	}
}

func (p *parser) parseLastArgument() updateOperand {
	p.expectSymbol(",")
	argument := p.parseUpdateOperand()
	p.expectSymbol(")")
	return argument
}

// evaluate computes the values of two operands. Both values must have the type T.
func evaluate[T value](left, right updateOperand, in scope) (a, b T, err error) {
	x, err := left(in)
	if err != nil {
		return a, b, err
	}
	y, err := right(in)
	if err != nil {
		return a, b, err
	}
	a, okA := x.(T)
	b, okB := y.(T)
	if !okA || !okB {
		err = validationError(incorrectOperand)
	}
	return a, b, err
}

// assignment represents an evaluated action with a resolved path. A nil value removes the attribute
// at the path.
type assignment struct {
	path  path
	value value
}

// apply returns the updated item and the updated paths. All operands refer to the old item, not to
// results of other actions.
func (u *update) apply(in scope) (Item, []path, error) {
	changes, err := u.assignments(in)
	if err != nil {
		return nil, nil, err
	}
	var paths []path
	for i, change := range changes {
		for _, other := range changes[:i] {
			if change.path.overlaps(other.path) {
				return nil, nil, overlapError(updateExpression, other.path, change.path)
			}
		}
		paths = append(paths, change.path)
	}
	updated := make(Item, len(in.item)+len(changes))
	maps.Copy(updated, in.item)
	for _, change := range changes {
		name := change.path[0].name
		v, err := setAt(updated[name], change.path[1:], change.value)
		if err != nil {
			return nil, nil, err
		}
		updated[name] = v
		if v == nil {
			delete(updated, name)
		}
	}
	return updated, paths, nil
}

func (u *update) assignments(in scope) ([]assignment, error) {
	var changes []assignment
	for _, action := range slices.Concat(u.set, u.add, u.delete) {
		v, err := action.value(in)
		if err != nil {
			return nil, err
		}
		changes = append(changes, assignment{action.path.resolve(in.names), v})
	}
	var removals []assignment
	for _, target := range u.remove {
		removals = append(removals, assignment{path: target.resolve(in.names)})
	}
	// Remove the elements with the highest list indexes first. Then the indexes of the other
	// removals stay valid.
	slices.SortStableFunc(removals, func(a, b assignment) int {
		return b.path[len(b.path)-1].index - a.path[len(a.path)-1].index
	})
	return append(changes, removals...), nil
}

// addValue returns the result of an ADD action: the sum of two numbers or the union of two sets. If
// old is nil, it returns the operand.
func addValue(old, operand value) (value, error) {
	switch operand := operand.(type) {
	case numberValue:
		if old == nil {
			return operand, nil
		}
		if n, ok := old.(numberValue); ok {
			return addNumbers(n, operand, false)
		}
	case setValue:
		if old == nil {
			return operand, nil
		}
		if set, ok := old.(setValue); ok && set.setType == operand.setType {
			union := slices.Concat(set.members, operand.members)
			slices.Sort(union)
			return setValue{set.setType, slices.Compact(union)}, nil
		}
	}
	return nil, validationError(incorrectOperand)
}

// subtractSet returns the result of a DELETE action: the members of old that are not in operand. It
// returns nil if old is nil or no members remain.
func subtractSet(old, operand value) (value, error) {
	removed, ok := operand.(setValue)
	if !ok {
		return nil, validationError(incorrectOperand)
	}
	if old == nil {
		return nil, nil
	}
	set, ok := old.(setValue)
	if !ok || set.setType != removed.setType {
		return nil, validationError(incorrectOperand)
	}
	rest := slices.DeleteFunc(slices.Clone(set.members), func(member string) bool {
		return slices.Contains(removed.members, member)
	})
	if len(rest) == 0 {
		return nil, nil
	}
	return setValue{set.setType, rest}, nil
}

// setAt returns a copy of v with newValue at the path. If newValue is nil, the copy has no value at
// the path.
func setAt(v value, at path, newValue value) (value, error) {
	if len(at) == 0 {
		return newValue, nil
	}
	first := at[0]
	inner := first.lookup(v, nil)
	if inner == nil && len(at) > 1 {
		return nil, validationError(invalidPath)
	}
	inner, err := setAt(inner, at[1:], newValue)
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
		changed := slices.Clone(v)
		switch {
		case first.index >= len(v) && inner == nil:
			return v, nil
		case first.index >= len(v):
			return append(changed, inner), nil
		case inner == nil:
			return slices.Delete(changed, first.index, first.index+1), nil
		}
		changed[first.index] = inner
		return changed, nil
	}
	return nil, validationError(invalidPath)
}

func numberOf(n int) value { return numberValue(strconv.Itoa(n)) }
