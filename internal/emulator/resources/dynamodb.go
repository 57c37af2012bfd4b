package resources

import "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/dynamodb"

type tableProperties struct {
	TableName            string
	KeySchema            []dynamodb.KeyElement
	AttributeDefinitions []dynamodb.AttributeDefinition
	// The emulated DynamoDB has no secondary indexes. createTable only reports their number.
	GlobalSecondaryIndexes  []any
	LocalSecondaryIndexes   []any
	TimeToLiveSpecification struct {
		AttributeName string
		Enabled       flag
	}
	SSESpecification sseSpecification
	Replicas         []struct { // only for a GlobalTable, which has the keys here
		Region           string
		SSESpecification sseSpecification
	}
}

type sseSpecification struct{ KMSMasterKeyId string }

func createTable(c *creation, in tableProperties) (values, error) {
	name := c.name(in.TableName, 255)
	table := dynamodb.NewTable(name, in.KeySchema, in.AttributeDefinitions)
	if in.TimeToLiveSpecification.Enabled {
		table.TTLAttribute = in.TimeToLiveSpecification.AttributeName
	}
	if err := c.DynamoDB.CreateTable(table); err != nil {
		return values{}, err
	}
	if n := len(in.GlobalSecondaryIndexes) + len(in.LocalSecondaryIndexes); n > 0 {
		c.reportNotRun("secondary index of "+name, n)
	}
	arn := c.arn(dynamodb.Name, "table/"+name)
	c.encrypt(arn, in.SSESpecification.KMSMasterKeyId)
	for _, replica := range in.Replicas {
		if replica.Region == c.Region {
			c.encrypt(arn, replica.SSESpecification.KMSMasterKeyId)
		}
	}
	return newValues(name, "Arn", arn), nil
}
