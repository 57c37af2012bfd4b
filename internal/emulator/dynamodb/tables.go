package dynamodb

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

type tableInput struct{ TableName string }

// KeyElement names an attribute of a table's key. Its KeyType is HASH or RANGE.
type KeyElement struct{ AttributeName, KeyType string }

// AttributeDefinition defines the type of an attribute: S, N or B.
type AttributeDefinition struct{ AttributeName, AttributeType string }

// NewTable returns the definition of a table. schema and definitions describe the table's key in
// the form of DynamoDB's API.
func NewTable(name string, schema []KeyElement, definitions []AttributeDefinition) Table {
	types := map[string]string{}
	for _, d := range definitions {
		types[d.AttributeName] = d.AttributeType
	}
	table := Table{Name: name}
	for _, element := range schema {
		k := Key{element.AttributeName, types[element.AttributeName]}
		if element.KeyType == "HASH" {
			table.PartitionKey = k
		} else {
			table.SortKey = k
		}
	}
	return table
}

type createTableInput struct {
	TableName              string
	KeySchema              []KeyElement
	AttributeDefinitions   []AttributeDefinition
	GlobalSecondaryIndexes []json.RawMessage
	LocalSecondaryIndexes  []json.RawMessage
	StreamSpecification    *struct{ StreamEnabled *bool }
}

type tableDescription struct {
	TableName            string
	TableArn             string
	TableStatus          string
	CreationDateTime     float64
	KeySchema            []KeyElement
	AttributeDefinitions []AttributeDefinition
	BillingModeSummary   struct{ BillingMode string }
	ItemCount            int
	TableSizeBytes       int
}

type tableDescriptionOutput struct {
	TableDescription *tableDescription `json:",omitempty"` // set by CreateTable and DeleteTable
	Table            *tableDescription `json:",omitempty"` // set by DescribeTable
}

var tableNamePattern = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)

func (s *Service) createTable(in *createTableInput) (*tableDescriptionOutput, error) {
	name := s.tableName(in.TableName)
	if !tableNamePattern.MatchString(name) {
		return nil, validationError("1 validation error detected: Value '%s' at 'tableName' "+
			"failed to satisfy constraint: Member must match %s", name, tableNamePattern)
	}
	if len(in.GlobalSecondaryIndexes) > 0 || len(in.LocalSecondaryIndexes) > 0 {
		return nil, validationError("the local platform does not support secondary indexes")
	}
	if stream := in.StreamSpecification; stream != nil {
		err := checkRequired("streamSpecification.",
			member{"streamEnabled", stream.StreamEnabled != nil})
		if err != nil {
			return nil, err
		}
		if *stream.StreamEnabled {
			return nil, validationError("the local platform does not support streams")
		}
	}
	if err := checkKeySchema(in.KeySchema); err != nil {
		return nil, err
	}
	if len(in.AttributeDefinitions) != len(in.KeySchema) {
		return nil, validationError("One or more parameter values were invalid: Number of " +
			"attributes in KeySchema does not exactly match number of attributes defined in " +
			"AttributeDefinitions")
	}
	t, err := s.addTable(NewTable(name, in.KeySchema, in.AttributeDefinitions))
	if err != nil {
		return nil, err
	}
	return &tableDescriptionOutput{TableDescription: s.describe(t, "ACTIVE")}, nil
}

// checkKeySchema checks that the key consists of a HASH element and at most one RANGE element.
func checkKeySchema(schema []KeyElement) error {
	if len(schema) < 1 || len(schema) > 2 {
		return validationError("1 validation error detected: Value at 'keySchema' failed to "+
			"satisfy constraint: Member must have 1 or 2 elements, got %d", len(schema))
	}
	for i, element := range schema {
		path := fmt.Sprintf("keySchema.%d.member.", i+1)
		err := checkRequired(path, member{"attributeName", element.AttributeName != ""},
			member{"keyType", element.KeyType != ""})
		if err != nil {
			return err
		}
	}
	if schema[0].KeyType != "HASH" {
		return validationError(
			"Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
	}
	if len(schema) == 2 && schema[1].KeyType != "RANGE" {
		return validationError(
			"Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
	}
	return nil
}

func (s *Service) describeTable(in *tableInput) (*tableDescriptionOutput, error) {
	t, err := s.table(in.TableName)
	if err != nil {
		return nil, err
	}
	return &tableDescriptionOutput{Table: s.describe(t, "ACTIVE")}, nil
}

func (s *Service) describe(t *table, status string) *tableDescription {
	out := &tableDescription{
		TableName:        t.Name,
		TableArn:         s.tableARN(t.Name),
		TableStatus:      status,
		CreationDateTime: float64(t.Created.UnixMilli()) / 1000,
		ItemCount:        t.index.Len(),
		TableSizeBytes:   t.size,
	}
	out.BillingModeSummary.BillingMode = "PAY_PER_REQUEST"
	for i, k := range t.keys() {
		out.KeySchema = append(out.KeySchema, KeyElement{k.Name, []string{"HASH", "RANGE"}[i]})
		out.AttributeDefinitions = append(out.AttributeDefinitions,
			AttributeDefinition{k.Name, k.Type})
	}
	return out
}

type listTablesInput struct {
	ExclusiveStartTableName string
	Limit                   *int
}

type listTablesOutput struct {
	TableNames             []string
	LastEvaluatedTableName string `json:",omitempty"`
}

// maxListedTables is the maximum and the default page size of ListTables.
const maxListedTables = 100

func (s *Service) listTables(in *listTablesInput) (*listTablesOutput, error) {
	limit := maxListedTables
	if in.Limit != nil {
		limit = *in.Limit
	}
	if limit < 1 || limit > maxListedTables {
		return nil, validationError("1 validation error detected: Value '%d' at 'limit' failed to "+
			"satisfy constraint: Member must be from 1 to %d", limit, maxListedTables)
	}
	out := &listTablesOutput{TableNames: []string{}}
	for _, name := range slices.Sorted(maps.Keys(s.tables)) {
		if name <= in.ExclusiveStartTableName {
			continue
		}
		if len(out.TableNames) == limit {
			out.LastEvaluatedTableName = out.TableNames[limit-1]
			break
		}
		out.TableNames = append(out.TableNames, name)
	}
	return out, nil
}

func (s *Service) deleteTable(in *tableInput) (*tableDescriptionOutput, error) {
	t, err := s.table(in.TableName)
	if err != nil {
		return nil, err
	}
	var keys []string
	for e := range t.entriesFrom(key{}) {
		keys = append(keys, e.String())
	}
	// Delete the items before the table. Otherwise, after a crash between the two steps, a new
	// table with the same name gets the old items.
	if err := t.records.Delete(keys...); err != nil {
		return nil, fmt.Errorf("delete the items of table %s: %w", t.Name, err)
	}
	if err := s.tableRecords.Delete(t.Name); err != nil {
		return nil, fmt.Errorf("delete table %s: %w", t.Name, err)
	}
	for e := range t.entriesFrom(key{}) {
		t.values.Delete(e.at)
	}
	delete(s.tables, t.Name)
	return &tableDescriptionOutput{TableDescription: s.describe(t, "DELETING")}, nil
}

type timeToLive struct {
	AttributeName string
	Enabled       bool
}

type updateTimeToLiveInput struct {
	TableName               string
	TimeToLiveSpecification struct {
		AttributeName string
		Enabled       *bool
	}
}

type updateTimeToLiveOutput struct{ TimeToLiveSpecification timeToLive }

func (s *Service) updateTimeToLive(in *updateTimeToLiveInput) (*updateTimeToLiveOutput, error) {
	err := checkRequired("timeToLiveSpecification.",
		member{"attributeName", in.TimeToLiveSpecification.AttributeName != ""},
		member{"enabled", in.TimeToLiveSpecification.Enabled != nil})
	if err != nil {
		return nil, err
	}
	t, err := s.table(in.TableName)
	if err != nil {
		return nil, err
	}
	requested := timeToLive{
		in.TimeToLiveSpecification.AttributeName, *in.TimeToLiveSpecification.Enabled,
	}
	switch {
	case requested.Enabled && t.TTLAttribute != "":
		return nil, validationError("TimeToLive is already enabled")
	case !requested.Enabled && t.TTLAttribute == "":
		return nil, validationError("TimeToLive is already disabled")
	}
	attribute := requested.AttributeName
	if !requested.Enabled {
		attribute = ""
	}
	if err := s.setTTL(t, attribute); err != nil {
		return nil, err
	}
	return &updateTimeToLiveOutput{requested}, nil
}

type describeTimeToLiveOutput struct {
	TimeToLiveDescription struct {
		TimeToLiveStatus string
		AttributeName    string `json:",omitempty"`
	}
}

func (s *Service) describeTimeToLive(in *tableInput) (*describeTimeToLiveOutput, error) {
	t, err := s.table(in.TableName)
	if err != nil {
		return nil, err
	}
	out := &describeTimeToLiveOutput{}
	out.TimeToLiveDescription.AttributeName = t.TTLAttribute
	out.TimeToLiveDescription.TimeToLiveStatus = "ENABLED"
	if t.TTLAttribute == "" {
		out.TimeToLiveDescription.TimeToLiveStatus = "DISABLED"
	}
	return out, nil
}

// legacyParameters holds the request parameters that DynamoDB has replaced with expressions. The
// service rejects requests with these parameters.
type legacyParameters struct {
	AttributesToGet, AttributeUpdates, ConditionalOperator, Expected json.RawMessage
	KeyConditions, QueryFilter, ScanFilter                           json.RawMessage
}

func (l legacyParameters) check() error {
	if len(slices.Concat(l.AttributesToGet, l.AttributeUpdates, l.ConditionalOperator, l.Expected,
		l.KeyConditions, l.QueryFilter, l.ScanFilter)) > 0 {
		return validationError("the local platform supports only expressions, " +
			"not legacy parameters (Expected, AttributesToGet, …)")
	}
	return nil
}

// conditionFailed returns the error for a failed condition. If returnItem is set, the error
// contains the item.
func conditionFailed(returnItem bool, item Item) *protocol.Error {
	failure := protocol.Errorf("ConditionalCheckFailedException",
		"The conditional request failed")
	if returnItem && item != nil {
		failure.Fields = map[string]any{"Item": attributes(item)}
	}
	return failure
}
