package resources

import "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/dynamodb"

type tableProperties struct {
	TableName            string
	KeySchema            []struct{ AttributeName, KeyType string }
	AttributeDefinitions []struct{ AttributeName, AttributeType string }
	// Only counted: the emulated DynamoDB has no secondary indexes and rejects requests that name
	// one.
	GlobalSecondaryIndexes  []any
	LocalSecondaryIndexes   []any
	TimeToLiveSpecification struct {
		AttributeName string
		Enabled       flag
	}
	SSESpecification struct{ KMSMasterKeyId string }
}

func createTable(c *creation, in tableProperties) (values, error) {
	table := in.table(c.name(in.TableName, 255))
	if err := c.DynamoDB.CreateTable(table); err != nil {
		return values{}, err
	}
	if n := len(in.GlobalSecondaryIndexes) + len(in.LocalSecondaryIndexes); n > 0 {
		c.reportNotRun("secondary index of "+table.Name, n)
	}
	arn := c.arn("dynamodb", "table/"+table.Name)
	c.encrypt(arn, in.SSESpecification.KMSMasterKeyId)
	return created(table.Name, "Arn", arn), nil
}

func (in tableProperties) table(name string) dynamodb.Table {
	types := map[string]string{}
	for _, a := range in.AttributeDefinitions {
		types[a.AttributeName] = a.AttributeType
	}
	table := dynamodb.Table{Name: name}
	for _, k := range in.KeySchema {
		key := dynamodb.Key{Name: k.AttributeName, Type: types[k.AttributeName]}
		if k.KeyType == "HASH" {
			table.PartitionKey = key
		} else {
			table.SortKey = key
		}
	}
	if in.TimeToLiveSpecification.Enabled {
		table.TTLAttribute = in.TimeToLiveSpecification.AttributeName
	}
	return table
}
