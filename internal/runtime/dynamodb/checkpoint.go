package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

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
var checkpointKey = attributes{"pk": stringValue("CHECKPOINT#reconciler")}

// Load returns the checkpoint. Before the first run, it returns the zero Checkpoint.
func (c Checkpoints) Load(ctx context.Context) (pipeline.Checkpoint, error) {
	out, err := c.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &c.table, Key: checkpointKey, ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return pipeline.Checkpoint{}, fmt.Errorf("get the reconciler's checkpoint: %w", err)
	}
	return decodeCheckpoint(out.Item)
}

// Save replaces the checkpoint old with the checkpoint next. If another checkpoint is stored, Save
// returns pipeline.ErrChanged.
//
// A newer version of the pipeline can have added fields to the stored checkpoint. Save ignores
// these fields when it compares.
func (c Checkpoints) Save(ctx context.Context, old, next pipeline.Checkpoint) error {
	before, err := json.Marshal(old)
	if err != nil {
		return fmt.Errorf("encode the reconciler's checkpoint: %w", err)
	}
	after, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("encode the reconciler's checkpoint: %w", err)
	}
	if old == (pipeline.Checkpoint{}) {
		before = nil
	}
	stored, err := c.replace(ctx, string(before), string(after))
	if !errors.Is(err, pipeline.ErrChanged) {
		return err
	}
	found, decodeErr := decodeCheckpoint(stored)
	if decodeErr != nil {
		return decodeErr
	}
	if found != old {
		return err
	}
	_, err = c.replace(ctx, storedText(stored), string(after))
	return err
}

// replace stores the text after if the stored text equals before. The value "" of before means that
// no text is stored. If another text is stored, replace returns the stored item and
// pipeline.ErrChanged.
func (c Checkpoints) replace(
	ctx context.Context, before, after string,
) (stored attributes, err error) {
	state := newCondition()
	state.requireString("checkpoint", before)
	put := dynamodb.PutItemInput{
		TableName:                           &c.table,
		Item:                                maps.Clone(checkpointKey),
		ConditionExpression:                 aws.String(state.expression()),
		ExpressionAttributeNames:            state.names,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	put.Item["checkpoint"] = stringValue(after)
	if len(state.values) > 0 { // DynamoDB rejects an empty map
		put.ExpressionAttributeValues = state.values
	}
	_, err = c.client.PutItem(ctx, &put)
	var changed *types.ConditionalCheckFailedException
	if errors.As(err, &changed) {
		return changed.Item, pipeline.ErrChanged
	}
	if err != nil {
		return nil, fmt.Errorf("put the reconciler's checkpoint: %w", err)
	}
	return nil, nil
}

func decodeCheckpoint(item attributes) (checkpoint pipeline.Checkpoint, err error) {
	stored := storedText(item)
	if stored == "" {
		return pipeline.Checkpoint{}, nil
	}
	if err := jsonv2.Unmarshal([]byte(stored), &checkpoint); err != nil {
		return pipeline.Checkpoint{}, fmt.Errorf("decode the reconciler's checkpoint: %w", err)
	}
	return checkpoint, nil
}

// storedText returns the JSON of the item's checkpoint, or "" if the item has no checkpoint.
func storedText(item attributes) string {
	r := reader{attributes: item}
	return r.readString("checkpoint")
}
