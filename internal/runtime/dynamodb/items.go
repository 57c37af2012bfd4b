// Package dynamodb stores the state of events in Amazon DynamoDB.
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

// Items implements the domain's interfaces to the items of events.
type Items struct {
	client     *dynamodb.Client
	table      string
	consistent bool
}

// NewItems returns the items in a table.
func NewItems(cfg aws.Config, table string) Items {
	return Items{client: dynamodb.NewFromConfig(cfg), table: table, consistent: true}
}

// EventuallyConsistent returns the same items, but GetMany may return stale ones at half the price.
func (s Items) EventuallyConsistent() Items {
	s.consistent = false
	return s
}

// Create stores an item unless the event has one that has not expired; then it returns that item
// and pipeline.ErrExists.
func (s Items) Create(ctx context.Context, item pipeline.Item) (old pipeline.Item, err error) {
	now := number(item.EnqueuedAt.Unix())
	_, err = s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.table,
		Item:      marshal(item),
		// TTL deletes late, but an expired idempotency key must be free again.
		ConditionExpression: aws.String(
			"attribute_not_exists(pk) OR expiresAt < :now"),
		ExpressionAttributeValues:           attributes{":now": now},
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

// Find returns an event's item, which may be stale, or pipeline.ErrNotFound. An eventually
// consistent read scales better for an item that many requests ask for.
func (s Items) Find(ctx context.Context, id string) (pipeline.Item, error) {
	return s.get(ctx, id, false)
}

// Get returns an event's current item, or pipeline.ErrNotFound. The read is consistent, so that a
// client finds its event right after the 202.
func (s Items) Get(ctx context.Context, id string) (pipeline.Item, error) {
	return s.get(ctx, id, true)
}

func (s Items) get(ctx context.Context, id string, consistent bool) (pipeline.Item, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.table, Key: key(id), ConsistentRead: &consistent,
	})
	if err != nil {
		return pipeline.Item{}, fmt.Errorf("get item of event %s: %w", id, err)
	}
	if out.Item == nil {
		return pipeline.Item{}, pipeline.ErrNotFound
	}
	return unmarshal(out.Item)
}

// maxKeys equals DynamoDB's limit of items per BatchGetItem request.
const maxKeys = 100

// GetMany returns the items that exist, by event id.
func (s Items) GetMany(ctx context.Context, ids []string) (map[string]pipeline.Item, error) {
	items := make(map[string]pipeline.Item, len(ids))
	for batch := range slices.Chunk(ids, maxKeys) {
		keys := make([]map[string]types.AttributeValue, len(batch))
		for i, id := range batch {
			keys[i] = key(id)
		}
		if err := s.batchGet(ctx, keys, items); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// maxRounds limits the requests for keys that a throttled table leaves unprocessed.
const maxRounds = 3

// batchGet adds the items with the given keys to items.
func (s Items) batchGet(
	ctx context.Context, keys []map[string]types.AttributeValue, items map[string]pipeline.Item,
) error {
	// With a stale PROCESSED or FAILED, a worker would skip an event that was enqueued again.
	request := map[string]types.KeysAndAttributes{
		s.table: {Keys: keys, ConsistentRead: &s.consistent},
	}
	for range maxRounds {
		out, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: request})
		if err != nil {
			return fmt.Errorf("batch get items: %w", err)
		}
		for _, found := range out.Responses[s.table] {
			// Omit an item that can't be decoded, so that it does not fail the others. The
			// condition of Finish protects it.
			if item, err := unmarshal(found); err == nil {
				items[item.ID] = item
			}
		}
		if len(out.UnprocessedKeys) == 0 {
			return nil
		}
		request = out.UnprocessedKeys
	}
	return fmt.Errorf("batch get items: keys are unprocessed after %d requests", maxRounds)
}
