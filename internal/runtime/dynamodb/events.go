// Package dynamodb keeps the lifecycle of events in Amazon DynamoDB.
package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Items keeps the items of events: it is each of the pipeline's ports to them.
type Items struct {
	client     *dynamodb.Client
	table      string
	consistent bool
}

// NewItems is the events table of that name.
func NewItems(cfg aws.Config, table string) Items {
	return Items{client: dynamodb.NewFromConfig(cfg), table: table, consistent: true}
}

// EventuallyConsistent is the same table, but GetMany's items may be stale, at half the price.
func (e Items) EventuallyConsistent() Items {
	e.consistent = false
	return e
}

// Create stores the item unless the event has one that has not expired.
func (e Items) Create(ctx context.Context, item pipeline.Item) (old pipeline.Item, err error) {
	_, err = e.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &e.table,
		Item:      marshal(item),
		// Time to live deletes late, and an idempotency key must be free again when it has expired.
		ConditionExpression:                 aws.String("attribute_not_exists(pk) OR expiresAt < :now"),
		ExpressionAttributeValues:           map[string]types.AttributeValue{":now": number(item.EnqueuedAt.Unix())},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var exists *types.ConditionalCheckFailedException
	if errors.As(err, &exists) {
		if old, err = unmarshal(exists.Item); err != nil {
			return pipeline.Item{}, err
		}
		return old, pipeline.ErrExists
	}
	if err != nil {
		return pipeline.Item{}, fmt.Errorf("put item of event %s: %w", item.ID, err)
	}
	return pipeline.Item{}, nil
}

// Find returns an event's item as it was a moment ago. Such reads share the load of an item that all ask for.
func (e Items) Find(ctx context.Context, id string) (pipeline.Item, error) {
	return e.get(ctx, id, false)
}

// Get returns an event's item as it is now: a client that has its 202 must not be told that its event is unknown.
// pipeline.ErrNotFound: there is none.
func (e Items) Get(ctx context.Context, id string) (pipeline.Item, error) {
	return e.get(ctx, id, true)
}

func (e Items) get(ctx context.Context, id string, consistent bool) (pipeline.Item, error) {
	out, err := e.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &e.table, Key: key(id), ConsistentRead: &consistent})
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
func (e Items) GetMany(ctx context.Context, ids []string) (map[string]pipeline.Item, error) {
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

func (e Items) batchGet(ctx context.Context, keys []map[string]types.AttributeValue, items map[string]pipeline.Item) error {
	request := map[string]types.KeysAndAttributes{
		// A worker that reads a PROCESSED or FAILED that is no longer true would drop an event sent again.
		e.table: {Keys: keys, ConsistentRead: &e.consistent},
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
