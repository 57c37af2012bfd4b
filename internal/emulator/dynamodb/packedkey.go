package dynamodb

import "cmp"

// packedKey holds a key in one string: the length of the partition key in two bytes, the partition
// key and the sort key. The zero key is the empty string.
type packedKey string

func pack(k key) packedKey {
	if k.partition == nil {
		return ""
	}
	partition, sort := textOf(k.partition), textOf(k.sort)
	b := make([]byte, 0, 2+len(partition)+len(sort))
	b = append(b, byte(len(partition)>>8), byte(len(partition))) // at most maxPartitionKey
	return packedKey(append(append(b, partition...), sort...))
}

// splitTexts returns the texts of the partition key and the sort key.
func (p packedKey) splitTexts() (partition, sort string) {
	if p == "" {
		return "", ""
	}
	end := 2 + int(p[0])<<8 + int(p[1])
	return string(p[2:end]), string(p[end:])
}

func (t Table) unpack(p packedKey) key {
	partition, sort := p.splitTexts()
	return key{valueOf(t.PartitionKey.Type, partition), valueOf(t.SortKey.Type, sort)}
}

// comparePacked compares the partition keys and then the sort keys, like key.compare.
func (t Table) comparePacked(a, b packedKey) int {
	partitionA, sortA := a.splitTexts()
	partitionB, sortB := b.splitTexts()
	return cmp.Or(compareTexts(t.PartitionKey.Type, partitionA, partitionB),
		compareTexts(t.SortKey.Type, sortA, sortB))
}

func compareTexts(keyType, a, b string) int {
	if keyType == "N" && a != "" && b != "" {
		return compareNumbers(a, b)
	}
	return cmp.Compare(a, b)
}

// textOf returns the text of a key attribute's value, or "" for nil.
func textOf(v value) string {
	switch v := v.(type) {
	case stringValue:
		return string(v)
	case numberValue:
		return string(v)
	case binaryValue:
		return string(v)
	}
	return ""
}

// valueOf returns the value of a key attribute, or nil for "".
func valueOf(keyType, text string) value {
	switch {
	case text == "":
		return nil
	case keyType == "N":
		return numberValue(text)
	case keyType == "B":
		return binaryValue(text)
	}
	return stringValue(text)
}
