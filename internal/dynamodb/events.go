// Package dynamodb keeps the lifecycle of events in Amazon DynamoDB.
package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/pipeline"
)

// Events is a pipeline.ItemCreator and pipeline.ItemStore, and finds an event by its id.
type Events struct {
	client *dynamodb.Client
	table  string
}

// NewEvents is the events table of that name.
func NewEvents(cfg aws.Config, table string) Events {
	return Events{client: dynamodb.NewFromConfig(cfg), table: table}
}

// Create stores the item of a new event.
func (e Events) Create(ctx context.Context, item pipeline.Item) error {
	_, err := e.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:           &e.table,
		Item:                marshal(item),
		ConditionExpression: aws.String("attribute_not_exists(pk)"),
	})
	var exists *types.ConditionalCheckFailedException
	if errors.As(err, &exists) {
		return pipeline.ErrExists
	}
	if err != nil {
		return fmt.Errorf("put item of event %s: %w", item.ID, err)
	}
	return nil
}

// Get returns an event's item as it is now. pipeline.ErrNotFound: there is none.
func (e Events) Get(ctx context.Context, id string) (pipeline.Item, error) {
	out, err := e.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &e.table,
		Key:       key(id),
		// A client that has its 202 must not be told that its event is unknown.
		ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return pipeline.Item{}, fmt.Errorf("get item of event %s: %w", id, err)
	}
	if out.Item == nil {
		return pipeline.Item{}, pipeline.ErrNotFound
	}
	return unmarshal(out.Item)
}

// maxKeys is DynamoDB's limit "BatchGetItem: items per request".
const maxKeys = 100

// GetMany returns the items that exist, by event id.
func (e Events) GetMany(ctx context.Context, ids []string) (map[string]pipeline.Item, error) {
	items := make(map[string]pipeline.Item, len(ids))
	for chunk := range slices.Chunk(ids, maxKeys) {
		keys := make([]map[string]types.AttributeValue, len(chunk))
		for i, id := range chunk {
			keys[i] = key(id)
		}
		if err := e.batchGet(ctx, keys, items); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// maxRounds bounds how often keys that a throttled table left unprocessed are asked for again.
const maxRounds = 3

func (e Events) batchGet(ctx context.Context, keys []map[string]types.AttributeValue, items map[string]pipeline.Item) error {
	request := map[string]types.KeysAndAttributes{
		// A PROCESSED or FAILED that is no longer true would make the worker drop or refuse an event sent again.
		e.table: {Keys: keys, ConsistentRead: aws.Bool(true)},
	}
	for range maxRounds {
		out, err := e.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: request})
		if err != nil {
			return fmt.Errorf("batch get items: %w", err)
		}
		for _, found := range out.Responses[e.table] {
			// An item that can't be read must not fail the others: it counts as absent, and Finish's condition guards it.
			if item, err := unmarshal(found); err == nil {
				items[item.ID] = item
			}
		}
		if len(out.UnprocessedKeys) == 0 {
			return nil
		}
		request = out.UnprocessedKeys
	}
	return errors.New("batch get items: the table left keys unprocessed")
}

// Finish moves an event to PROCESSED or FAILED if it is ENQUEUED or has no item.
func (e Events) Finish(ctx context.Context, item pipeline.Item) error {
	attributes := marshal(item)
	delete(attributes, "pk")
	update := dynamodb.UpdateItemInput{
		TableName:                           &e.table,
		Key:                                 key(item.ID),
		ConditionExpression:                 aws.String("attribute_not_exists(pk) OR #status = :enqueued"),
		ExpressionAttributeNames:            map[string]string{"#status": "status"},
		ExpressionAttributeValues:           map[string]types.AttributeValue{":enqueued": text(string(pipeline.Enqueued))},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	var sets []string
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		update.ExpressionAttributeNames["#"+name] = name
		update.ExpressionAttributeValues[":"+name] = attributes[name]
		sets = append(sets, "#"+name+" = :"+name)
	}
	update.UpdateExpression = aws.String("SET " + strings.Join(sets, ", "))

	_, err := e.client.UpdateItem(ctx, &update)
	var conflict *types.ConditionalCheckFailedException
	if errors.As(err, &conflict) {
		old, err := unmarshal(conflict.Item)
		if err != nil {
			return err
		}
		return &pipeline.TransitionError{EventID: item.ID, From: old.Status, To: item.Status}
	}
	if err != nil {
		return fmt.Errorf("update item of event %s: %w", item.ID, err)
	}
	return nil
}
