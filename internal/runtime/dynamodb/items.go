// Package dynamodb stores the state of events in Amazon DynamoDB.
package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	smithytime "github.com/aws/smithy-go/time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Items implements the interfaces through which package pipeline reads and writes items.
type Items struct {
	client     *dynamodb.Client
	table      string
	consistent bool
}

// NewItems returns the items that are stored in the table.
func NewItems(cfg aws.Config, table string) Items {
	return Items{client: dynamodb.NewFromConfig(cfg), table: table, consistent: true}
}

// EventuallyConsistent returns the same items, but GetMany then uses eventually consistent reads.
// Such a read costs half as much and can return stale items.
func (s Items) EventuallyConsistent() Items {
	s.consistent = false
	return s
}

// Create stores an item. If the event already has an item that has not expired, Create returns that
// item and pipeline.ErrExists.
func (s Items) Create(ctx context.Context, item pipeline.Item) (old pipeline.Item, err error) {
	now := numberValue(item.EnqueuedAt.Unix())
	_, err = s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.table,
		Item:      marshal(item),
		// TTL deletes expired items late. An expired item must not block its idempotency key.
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

// Find returns an event's item, or pipeline.ErrNotFound. The read is eventually consistent. It can
// return a stale item, but it scales better than Get.
func (s Items) Find(ctx context.Context, id string) (pipeline.Item, error) {
	return s.get(ctx, id, false)
}

// Get returns an event's current item, or pipeline.ErrNotFound. The read is strongly consistent, so
// that a client finds its event immediately after the response 202.
func (s Items) Get(ctx context.Context, id string) (pipeline.Item, error) {
	return s.get(ctx, id, true)
}

func (s Items) get(ctx context.Context, id string, consistent bool) (pipeline.Item, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.table, Key: itemKey(id), ConsistentRead: &consistent,
	})
	if err != nil {
		return pipeline.Item{}, fmt.Errorf("get item of event %s: %w", id, err)
	}
	if out.Item == nil {
		return pipeline.Item{}, pipeline.ErrNotFound
	}
	return unmarshal(out.Item)
}

// maxKeys is DynamoDB's limit of keys per BatchGetItem request.
const maxKeys = 100

// GetMany returns the events' items by event id. An event without an item has no entry. Several
// requests run in parallel.
func (s Items) GetMany(ctx context.Context, ids []string) (map[string]pipeline.Item, error) {
	batches := slices.Collect(slices.Chunk(ids, maxKeys))
	found, errs := make([]map[string]pipeline.Item, len(batches)), make([]error, len(batches))
	var running sync.WaitGroup
	for n, batch := range batches {
		keys := make([]map[string]types.AttributeValue, len(batch))
		for i, id := range batch {
			keys[i] = itemKey(id)
		}
		found[n] = make(map[string]pipeline.Item, len(batch))
		running.Go(func() { errs[n] = s.batchGet(ctx, keys, found[n]) })
	}
	running.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	items := make(map[string]pipeline.Item, len(ids))
	for _, batch := range found {
		maps.Copy(items, batch)
	}
	return items, nil
}

// errUnprocessed reports that a throttled table did not process all keys of a request.
var errUnprocessed = errors.New("DynamoDB throttled the request and did not process all keys")

// batchGet reads the items with the keys and adds them to items. It requests unprocessed keys
// again. The number of attempts and the delays are those of the SDK's retries.
func (s Items) batchGet(
	ctx context.Context, keys []map[string]types.AttributeValue, items map[string]pipeline.Item,
) error {
	// The worker uses consistent reads. A stale read can return PROCESSED or FAILED for an event
	// that was enqueued again. The worker would then skip the event.
	request := map[string]types.KeysAndAttributes{
		s.table: {Keys: keys, ConsistentRead: &s.consistent},
	}
	retryer := s.client.Options().Retryer
	for attempt := 1; ; attempt++ {
		out, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: request})
		if err != nil {
			return fmt.Errorf("batch get items: %w", err)
		}
		for _, found := range out.Responses[s.table] {
			// An item that can't be decoded is left out, and the other items are returned.
			if item, err := unmarshal(found); err == nil {
				items[item.ID] = item
			}
		}
		if len(out.UnprocessedKeys) == 0 {
			return nil
		}
		request = out.UnprocessedKeys
		if attempt == retryer.MaxAttempts() {
			return fmt.Errorf("batch get items: %w after %d requests", errUnprocessed, attempt)
		}
		delay, err := retryer.RetryDelay(attempt, errUnprocessed)
		if err == nil {
			err = smithytime.SleepWithContext(ctx, delay)
		}
		if err != nil {
			return fmt.Errorf("batch get items: %w: %w", errUnprocessed, err)
		}
	}
}
