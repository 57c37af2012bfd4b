package dynamodb

import (
	"encoding/json"
	"iter"
	"slices"
)

// maxPage limits the total size of the items that one Query or Scan reads, in bytes. It is 1 MB,
// as in DynamoDB.
const maxPage = 1 << 20

// readInput holds the parameters that Query and Scan share.
type readInput struct {
	placeholders
	legacyParameters
	TableName            string
	IndexName            string
	FilterExpression     *string
	ProjectionExpression *string
	Select               string
	Limit                *int
	ExclusiveStartKey    attributes
}

type pageOutput struct {
	Items            []attributes `json:",omitzero"` // nil if the request selects COUNT
	Count            int
	ScannedCount     int
	LastEvaluatedKey attributes `json:",omitzero"`
}

var selectValues = []string{"ALL_ATTRIBUTES", "COUNT", "SPECIFIC_ATTRIBUTES"}

func (in *readInput) check() error {
	switch {
	case in.IndexName != "":
		return validationError("The table does not have the specified index: %s", in.IndexName)
	case in.Limit != nil && *in.Limit < 1:
		return validationError("1 validation error detected: Value '%d' at 'limit' failed to "+
			"satisfy constraint: Member must have value greater than or equal to 1", *in.Limit)
	case in.Select != "" && !slices.Contains(selectValues, in.Select):
		return validationError("the local platform does not support Select %s; use one of %v",
			in.Select, selectValues)
	}
	return in.legacyParameters.check()
}

type scanInput struct {
	readInput
	Segment, TotalSegments json.RawMessage
}

func (s *Service) scan(in *scanInput) (*pageOutput, error) {
	if in.Segment != nil || in.TotalSegments != nil {
		return nil, validationError("the local platform does not support parallel scans; " +
			"omit Segment and TotalSegments")
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	t, bound, err := s.bindRead(&in.readInput, nil)
	if err != nil {
		return nil, err
	}
	start, err := in.startKey(t.Table)
	if err != nil {
		return nil, err
	}
	return in.collect(t, t.entriesFrom(start), start, bound)
}

type queryInput struct {
	readInput
	KeyConditionExpression *string
	ScanIndexForward       *bool
}

func (s *Service) query(in *queryInput) (*pageOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	if in.KeyConditionExpression == nil {
		return nil, validationError("Either the KeyConditions or KeyConditionExpression " +
			"parameter must be specified in the request.")
	}
	t, bound, err := s.bindRead(&in.readInput, in.KeyConditionExpression)
	if err != nil {
		return nil, err
	}
	partition, err := t.partitionValue(bound.keyCondition.condition, in.placeholders)
	if err != nil {
		return nil, err
	}
	start, err := in.startKey(t.Table)
	if err != nil {
		return nil, err
	}
	first := key{partition: partition}
	if in.ExclusiveStartKey == nil {
		start = first
	} else if start.partition != partition {
		return nil, validationError("The provided starting key is outside query boundaries " +
			"based on provided conditions")
	}
	if in.ScanIndexForward == nil || *in.ScanIndexForward {
		return in.collect(t, t.entriesOfPartition(start), start, bound)
	}
	entries := slices.Collect(t.entriesOfPartition(first))
	if in.ExclusiveStartKey != nil {
		entries = slices.DeleteFunc(entries, func(e entry) bool { return e.compare(start) > 0 })
	}
	slices.Reverse(entries)
	return in.collect(t, slices.Values(entries), start, bound)
}

// boundRead holds the expressions of a Query or Scan. An expression that the request omits is nil.
type boundRead struct{ keyCondition, filter, projection *expression }

// bindRead returns the table and the parsed expressions of a Query or Scan.
func (s *Service) bindRead(
	in *readInput, keyCondition *string,
) (t *table, bound boundRead, err error) {
	if t, err = s.table(in.TableName); err != nil {
		return nil, bound, err
	}
	expressions, err := in.bind(
		expressionText{keyExpression, keyCondition},
		expressionText{filterExpression, in.FilterExpression},
		expressionText{projectionExpression, in.ProjectionExpression},
	)
	if err != nil {
		return nil, bound, err
	}
	return t, boundRead{expressions[0], expressions[1], expressions[2]}, nil
}

// collect reads the entries and returns one page of items. The page omits the item with the key
// start, if the request has an ExclusiveStartKey. ScannedCount ignores the filter.
func (in *readInput) collect(
	t *table, entries iter.Seq[entry], start key, bound boundRead,
) (*pageOutput, error) {
	project, err := in.projection(bound.projection)
	if err != nil {
		return nil, err
	}
	out := &pageOutput{Items: []attributes{}}
	bytes := 0
	for e := range entries {
		if in.ExclusiveStartKey != nil && e.key == start {
			continue
		}
		item, err := t.read(e)
		if err != nil {
			return nil, err
		}
		if c := bound.keyCondition; c != nil && !c.condition.holds(in.scope(item)) {
			continue
		}
		out.ScannedCount++
		bytes += itemSize(item)
		if bound.filter == nil || bound.filter.condition.holds(in.scope(item)) {
			out.Count++
			out.Items = append(out.Items, project(item))
		}
		if bytes >= maxPage || in.Limit != nil && out.ScannedCount == *in.Limit {
			out.LastEvaluatedKey = e.attributes(t.Table)
			break
		}
	}
	if in.Select == "COUNT" {
		out.Items = nil
	}
	return out, nil
}

// startKey returns the request's ExclusiveStartKey, or a key that is less than all others.
func (in *readInput) startKey(t Table) (key, error) {
	if in.ExclusiveStartKey == nil {
		return key{}, nil
	}
	start, err := t.keyFromRequest(in.ExclusiveStartKey)
	if err != nil {
		return key{}, validationError("The provided starting key is invalid: " +
			"The provided key element does not match the schema")
	}
	return start, nil
}

// entriesOfPartition returns the entries with the same partition key as k, in ascending order. It
// skips the entries before k.
func (t *table) entriesOfPartition(k key) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		for e := range t.entriesFrom(k) {
			if e.partition != k.partition || !yield(e) {
				return
			}
		}
	}
}

// partitionValue validates the key condition of a Query and returns the partition key's value.
func (t Table) partitionValue(c condition, p placeholders) (value, error) {
	var partition value
	sortConditions := 0
	for _, part := range conjuncts(c) {
		attribute := keyAttribute(part, p)
		equals, _ := part.(comparison)
		switch {
		case attribute == t.PartitionKey.Name && equals.operator == "=":
			partition = equals.right.value(p.scope(nil))
		case attribute != "" && attribute == t.SortKey.Name:
			sortConditions++
		default:
			return nil, validationError("Query key condition not supported")
		}
	}
	if partition == nil {
		return nil, validationError("Query condition missed key schema element: %s",
			t.PartitionKey.Name)
	}
	if sortConditions > 1 {
		return nil, validationError(
			"KeyConditionExpressions must only contain one condition per key")
	}
	if partition.typeName() != t.PartitionKey.Type {
		return nil, validationError("One or more parameter values were invalid: " +
			"Condition parameter type does not match schema type")
	}
	return partition, nil
}

// conjuncts splits a condition at each AND and returns the parts.
func conjuncts(c condition) []condition {
	if and, ok := c.(andCondition); ok {
		return append(conjuncts(and.left), conjuncts(and.right)...)
	}
	return []condition{c}
}

// keyAttribute returns the name of the attribute that c compares, or "" if c is not allowed in a
// key condition.
func keyAttribute(c condition, p placeholders) string {
	var subject operand
	switch c := c.(type) {
	case comparison:
		if _, ok := c.right.(valueOperand); ok && c.operator != "<>" {
			subject = c.left
		}
	case betweenCondition:
		subject = c.operand
	case callCondition:
		if c.function == "begins_with" {
			subject = c.path
		}
	}
	attribute, ok := subject.(path)
	if !ok || len(attribute) != 1 {
		return ""
	}
	return attribute.resolve(p.ExpressionAttributeNames)[0].name
}
