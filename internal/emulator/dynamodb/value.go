package dynamodb

import (
	"cmp"
	"reflect"
	"slices"
)

// Item maps attribute names to values. A stored item never changes: each write replaces it with a
// new item.
type Item = map[string]value

// value represents an attribute value. A nil value represents an absent attribute.
type value interface {
	typeName() string // DynamoDB's type descriptor: S, N, B, …
}

type (
	stringValue string
	numberValue string // in canonical form, see canonicalNumber
	binaryValue string
	boolValue   bool
	nullValue   struct{}
	mapValue    map[string]value
	listValue   []value
	setValue    struct {
		setType string   // SS, NS or BS
		members []string // sorted and distinct; numbers in canonical form
	}
)

func (stringValue) typeName() string { return "S" }
func (numberValue) typeName() string { return "N" }
func (binaryValue) typeName() string { return "B" }
func (boolValue) typeName() string   { return "BOOL" }
func (nullValue) typeName() string   { return "NULL" }
func (mapValue) typeName() string    { return "M" }
func (listValue) typeName() string   { return "L" }
func (s setValue) typeName() string  { return s.setType }

// equal reports whether both values are present and have the same type and content.
func equal(a, b value) bool {
	switch a.(type) {
	case nil:
		return false
	case stringValue, numberValue, binaryValue, boolValue, nullValue:
		return a == b
	}
	return reflect.DeepEqual(a, b)
}

// compare compares two values of the same type: S, N or B. It returns false for all other values.
func compare(a, b value) (int, bool) {
	n, isNumberA := a.(numberValue)
	m, isNumberB := b.(numberValue)
	if isNumberA && isNumberB {
		return compareNumbers(string(n), string(m)), true
	}
	x, y, ok := bothTexts(a, b)
	return cmp.Compare(x, y), ok
}

// bothTexts returns the contents of two strings or two binaries. It returns false for all other
// values.
func bothTexts(a, b value) (x, y string, ok bool) {
	switch a := a.(type) {
	case stringValue:
		b, ok := b.(stringValue)
		return string(a), string(b), ok
	case binaryValue:
		b, ok := b.(binaryValue)
		return string(a), string(b), ok
	}
	return "", "", false
}

// newSet returns a set with the members and reports whether the members are distinct.
func newSet(setType string, members []string) (setValue, bool) {
	members = slices.Clone(members)
	slices.Sort(members)
	distinct := len(slices.Compact(slices.Clone(members))) == len(members)
	return setValue{setType, members}, distinct
}

// memberText converts v to the form of the members in s.members. It returns false if v does not
// have the type of the set's members.
func (s setValue) memberText(v value) (string, bool) {
	if v == nil || v.typeName()+"S" != s.setType {
		return "", false
	}
	return reflect.ValueOf(v).String(), true
}

// valueSize returns the number of bytes that the value adds to the size of its item, by DynamoDB's
// rules.
func valueSize(v value) int {
	switch v := v.(type) {
	case stringValue:
		return len(v)
	case binaryValue:
		return len(v)
	case numberValue:
		return (len(v)+1)/2 + 1
	case setValue:
		total := 0
		for _, member := range v.members {
			if v.setType == "NS" {
				total += valueSize(numberValue(member))
				continue
			}
			total += len(member)
		}
		return total
	case mapValue:
		return 3 + itemSize(v) + len(v)
	case listValue:
		total := 3 + len(v)
		for _, element := range v {
			total += valueSize(element)
		}
		return total
	}
	return 1
}

func itemSize(item Item) int {
	total := 0
	for name, v := range item {
		total += len(name) + valueSize(v)
	}
	return total
}
