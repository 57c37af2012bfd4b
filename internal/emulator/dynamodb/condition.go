package dynamodb

import (
	"reflect"
	"slices"
	"strings"
)

// scope holds the data that an expression needs: an item, and a name or a value for each
// placeholder. The item is nil if it does not exist.
type scope struct {
	item   Item
	names  map[string]string
	values Item
}

// condition represents a parsed condition, filter or key condition.
type condition interface {
	holds(in scope) bool
}

// operand represents one side of a condition.
type operand interface {
	// value returns the operand's value, or nil if the item lacks the attribute.
	value(in scope) value
}

type (
	valueOperand string // name of a :placeholder
	sizeOperand  struct{ path path }
)

func (p path) value(in scope) value         { return p.lookup(in.item, in.names) }
func (v valueOperand) value(in scope) value { return in.values[string(v)] }

func (s sizeOperand) value(in scope) value {
	switch v := s.path.value(in).(type) {
	case stringValue, binaryValue, listValue, mapValue:
		return numberOf(reflect.ValueOf(v).Len())
	case setValue:
		return numberOf(len(v.members))
	}
	return nil
}

type (
	orCondition  struct{ left, right condition }
	andCondition struct{ left, right condition }
	notCondition struct{ inner condition }
	comparison   struct {
		operator    string
		left, right operand
	}
	betweenCondition struct{ operand, low, high operand }
	inCondition      struct {
		operand operand
		list    []operand
	}
	callCondition struct {
		function string
		path     path
		argument operand
	}
)

func (c orCondition) holds(in scope) bool  { return c.left.holds(in) || c.right.holds(in) }
func (c andCondition) holds(in scope) bool { return c.left.holds(in) && c.right.holds(in) }
func (c notCondition) holds(in scope) bool { return !c.inner.holds(in) }

// holds reports whether the comparison is true. If the types differ or an attribute is absent, only
// the comparison <> is true.
func (c comparison) holds(in scope) bool {
	left, right := c.left.value(in), c.right.value(in)
	switch c.operator {
	case "=":
		return equal(left, right)
	case "<>":
		return !equal(left, right)
	}
	order, ok := compare(left, right)
	if !ok {
		return false
	}
	switch c.operator {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	default:
		return order >= 0
	}
}

func (c betweenCondition) holds(in scope) bool {
	v := c.operand.value(in)
	low, okLow := compare(c.low.value(in), v)
	high, okHigh := compare(v, c.high.value(in))
	return okLow && okHigh && low <= 0 && high <= 0
}

func (c inCondition) holds(in scope) bool {
	v := c.operand.value(in)
	return slices.ContainsFunc(c.list, func(o operand) bool { return equal(v, o.value(in)) })
}

func (c callCondition) holds(in scope) bool {
	v := c.path.value(in)
	switch c.function {
	case "attribute_exists":
		return v != nil
	case "attribute_not_exists":
		return v == nil
	}
	argument := c.argument.value(in)
	switch c.function {
	case "attribute_type":
		return v != nil && argument == stringValue(v.typeName())
	case "begins_with":
		text, prefix, ok := bothTexts(v, argument)
		return ok && strings.HasPrefix(text, prefix)
	default:
		return contains(v, argument)
	}
}

func contains(v, part value) bool {
	switch v := v.(type) {
	case setValue:
		member, ok := v.memberText(part)
		return ok && slices.Contains(v.members, member)
	case listValue:
		return slices.ContainsFunc(v, func(element value) bool { return equal(element, part) })
	}
	text, substring, ok := bothTexts(v, part)
	return ok && strings.Contains(text, substring)
}
