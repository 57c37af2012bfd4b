package dynamodb

import (
	"cmp"
	"reflect"
	"slices"
)

// Item holds attributes by their name. Once stored it is never changed, only replaced.
type Item = map[string]value

// decode is an attribute's value, one of the types below. A nil value is an attribute that is not there.
type value interface {
	typeName() string // as DynamoDB abbreviates it: S, N, B, …
}

type (
	stringValue string
	numberValue string // in the form that canonicalNumber gives
	binaryValue string
	boolValue   bool
	nullValue   struct{}
	mapValue    map[string]value
	listValue   []value
	setValue    struct {
		setType string   // SS, NS or BS
		members []string // sorted, each once; numbers in canonical form
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

// equal compares within a type; values of different types, and absent ones, are unequal.
func equal(a, b value) bool {
	switch a.(type) {
	case nil:
		return false
	case stringValue, numberValue, binaryValue, boolValue, nullValue:
		return a == b
	}
	return reflect.DeepEqual(a, b)
}

// compare orders two values of one type that has an order: S, N or B. It is false for all others.
func compare(a, b value) (int, bool) {
	switch a := a.(type) {
	case stringValue:
		b, ok := b.(stringValue)
		return cmp.Compare(a, b), ok
	case numberValue:
		b, ok := b.(numberValue)
		if !ok {
			return 0, false
		}
		return compareNumbers(string(a), string(b)), true
	case binaryValue:
		b, ok := b.(binaryValue)
		return cmp.Compare(a, b), ok
	}
	return 0, false
}

// newSet sorts the members. It is false if one is there twice.
func newSet(of string, members []string) (setValue, bool) {
	members = slices.Clone(members)
	slices.Sort(members)
	distinct := len(slices.Compact(slices.Clone(members))) == len(members)
	return setValue{of, members}, distinct
}

// memberText is a scalar in the form in which a set of its type holds it.
func (s setValue) memberText(v value) (string, bool) {
	if v == nil || v.typeName()+"S" != s.setType {
		return "", false
	}
	switch v := v.(type) {
	case stringValue:
		return string(v), true
	case numberValue:
		return string(v), true
	case binaryValue:
		return string(v), true
	}
	return "", false
}

// valueSize is what a value counts against the item limit, as DynamoDB documents it.
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
