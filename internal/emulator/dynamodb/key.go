package dynamodb

import (
	"cmp"
	"slices"
)

// DynamoDB's quotas on the size of key attributes, in bytes.
const (
	maxPartitionKey = 2048
	maxSortKey      = 1024
)

// key holds the values of an item's partition key and sort key. The sort key is nil if the table
// has none.
type key struct {
	partition value
	sort      value
}

// compare compares the partition keys and then the sort keys. A nil value is less than all other
// values.
func (k key) compare(other key) int {
	return cmp.Or(compareKeyValues(k.partition, other.partition),
		compareKeyValues(k.sort, other.sort))
}

func compareKeyValues(a, b value) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	result, _ := compare(a, b)
	return result
}

// String encodes the key. The store keeps the item under this string.
func (k key) String() string {
	var out []byte
	out = appendValue(out, k.partition)
	if k.sort != nil {
		out = appendValue(out, k.sort)
	}
	return string(out)
}

// attributes returns an item that contains only the key attributes.
func (k key) attributes(table Table) Item {
	item := Item{table.PartitionKey.Name: k.partition}
	if k.sort != nil {
		item[table.SortKey.Name] = k.sort
	}
	return item
}

func (t Table) keys() []Key {
	if t.SortKey.Name == "" {
		return []Key{t.PartitionKey}
	}
	return []Key{t.PartitionKey, t.SortKey}
}

// keyOfItem validates and returns the key of a whole item.
func (t Table) keyOfItem(item Item) (key, error) {
	for _, k := range t.keys() {
		v, ok := item[k.Name]
		if !ok {
			return key{}, validationError("One or more parameter values were invalid: "+
				"Missing the key %s in the item", k.Name)
		}
		if v.typeName() != k.Type {
			return key{}, validationError("One or more parameter values were invalid: Type "+
				"mismatch for key %s expected: %s actual: %s", k.Name, k.Type, v.typeName())
		}
	}
	return t.validKey(item)
}

// keyFromRequest validates and returns the key in a request. The request must contain exactly the
// table's key attributes.
func (t Table) keyFromRequest(item Item) (key, error) {
	matches := len(item) == len(t.keys()) && !slices.ContainsFunc(t.keys(), func(k Key) bool {
		v, ok := item[k.Name]
		return !ok || v.typeName() != k.Type
	})
	if !matches {
		return key{}, validationError("The provided key element does not match the schema")
	}
	return t.validKey(item)
}

func (t Table) validKey(item Item) (key, error) {
	for i, k := range t.keys() {
		v := item[k.Name]
		length, limit := valueSize(v), maxPartitionKey
		if i > 0 {
			limit = maxSortKey
		}
		if length == 0 {
			kind := "string"
			if k.Type == "B" {
				kind = "binary"
			}
			return key{}, validationError("One or more parameter values are not valid. "+
				"The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s",
				kind, k.Name)
		}
		if length > limit {
			return key{}, validationError("One or more parameter values were invalid: "+
				"Size of key %s has exceeded the maximum size limit of %d bytes", k.Name, limit)
		}
	}
	found := key{partition: item[t.PartitionKey.Name]}
	if t.SortKey.Name != "" {
		found.sort = item[t.SortKey.Name]
	}
	return found, nil
}

// isKey reports whether the named attribute is part of the table's key.
func (t Table) isKey(name string) bool {
	return slices.ContainsFunc(t.keys(), func(k Key) bool { return k.Name == name })
}
