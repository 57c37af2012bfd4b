package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	jsonv2 "github.com/go-json-experiment/json"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Checkpoints stores the reconciler's checkpoint in the events table, as JSON in one attribute.
type Checkpoints struct {
	client *dynamodb.Client
	table  string
}

// NewCheckpoints returns a store that keeps the checkpoint in the table.
func NewCheckpoints(cfg aws.Config, table string) Checkpoints {
	return Checkpoints{client: dynamodb.NewFromConfig(cfg), table: table}
}

// checkpointKey is the key of the checkpoint. No event has this key.
var checkpointKey = attributes{"pk": text("CHECKPOINT#reconciler")}

// Load returns the checkpoint. Before the first run, it returns the zero Checkpoint.
func (c Checkpoints) Load(ctx context.Context) (pipeline.Checkpoint, error) {
	out, err := c.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &c.table, Key: checkpointKey, ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return pipeline.Checkpoint{}, fmt.Errorf("get the reconciler's checkpoint: %w", err)
	}
	var checkpoint pipeline.Checkpoint
	if value, ok := out.Item["checkpoint"].(*types.AttributeValueMemberS); ok {
		if err := jsonv2.Unmarshal([]byte(value.Value), &checkpoint); err != nil {
			return pipeline.Checkpoint{}, fmt.Errorf("decode the reconciler's checkpoint: %w", err)
		}
	}
	return checkpoint, nil
}

// Save stores next if the stored checkpoint equals old. Otherwise it returns pipeline.ErrChanged.
func (c Checkpoints) Save(ctx context.Context, old, next pipeline.Checkpoint) error {
	before, err := json.Marshal(old)
	if err != nil {
		return fmt.Errorf("encode the reconciler's checkpoint: %w", err)
	}
	after, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("encode the reconciler's checkpoint: %w", err)
	}
	put := dynamodb.PutItemInput{
		TableName: &c.table,
		Item: attributes{
			"pk": checkpointKey["pk"], "checkpoint": text(string(after)),
		},
		ConditionExpression:       aws.String("#checkpoint = :old"),
		ExpressionAttributeNames:  map[string]string{"#checkpoint": "checkpoint"},
		ExpressionAttributeValues: attributes{":old": text(string(before))},
	}
	if old == (pipeline.Checkpoint{}) {
		put.ConditionExpression = aws.String("attribute_not_exists(pk)")
		put.ExpressionAttributeNames, put.ExpressionAttributeValues = nil, nil
	}
	_, err = c.client.PutItem(ctx, &put)
	var changed *types.ConditionalCheckFailedException
	if errors.As(err, &changed) {
		return pipeline.ErrChanged
	}
	if err != nil {
		return fmt.Errorf("put the reconciler's checkpoint: %w", err)
	}
	return nil
}
