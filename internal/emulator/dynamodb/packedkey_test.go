package dynamodb

import (
	"slices"
	"strings"
	"testing"
)

// Unpacking returns the original key. Packed keys sort like the original keys.
func TestPackedKey_KeepsValueAndOrder(t *testing.T) {
	long := stringValue(strings.Repeat("x", maxPartitionKey))
	for types, keys := range map[[2]string][]key{
		{"S", "N"}: {
			{}, {partition: stringValue("a")},
			{stringValue("a"), numberValue("-10")}, {stringValue("a"), numberValue("-9")},
			{stringValue("a"), numberValue("2")}, {stringValue("a"), numberValue("10")},
			{stringValue("ab"), numberValue("-11")}, {long, numberValue("0")},
		},
		{"N", "B"}: {
			{numberValue("-1"), binaryValue("z")}, {numberValue("9"), binaryValue("a")},
			{numberValue("9"), binaryValue("a\x00")}, {numberValue("10"), binaryValue("\xff")},
		},
		{"B", ""}: {{partition: binaryValue("\x00")}, {partition: binaryValue("\x00\x00")}},
	} {
		table := Table{PartitionKey: Key{"p", types[0]}, SortKey: Key{"s", types[1]}}
		for i, k := range keys {
			if got := table.unpack(pack(k)); got != k {
				t.Errorf("got %v, want %v", got, k)
			}
			packed := pack(k)
			if i > 0 && table.comparePacked(pack(keys[i-1]), packed) >= 0 {
				t.Errorf("%v must be less than %v", keys[i-1], k)
			}
			if table.comparePacked(packed, packed) != 0 {
				t.Errorf("%v must be equal to itself", k)
			}
		}
		isSorted := slices.IsSortedFunc(keys, func(a, b key) int { return a.compare(b) })
		if !isSorted {
			t.Errorf("the keys of %v must be sorted", types)
		}
	}
}
