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

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Finish stores an item that is PROCESSED or FAILED. If the event already has an item, that item
// must be ENQUEUED and have the same generation (see pipeline.Replay). Otherwise Finish returns a
// *pipeline.TransitionError.
func (s Items) Finish(ctx context.Context, item pipeline.Item) error {
	state := newCondition()
	state.requireEqual("status", stringValue(string(pipeline.Enqueued)))
	state.requireGeneration(item.Replay)
	return s.update(ctx, item, state)
}

// SetTries replaces the tries of an ENQUEUED event. A stored item must be ENQUEUED, with the
// generation and the tries of item. Otherwise SetTries returns a *pipeline.TransitionError.
func (s Items) SetTries(ctx context.Context, item pipeline.Item, tries pipeline.Tries) error {
	state := newCondition()
	state.requireEqual("status", stringValue(string(pipeline.Enqueued)))
	state.requireGeneration(item.Replay)
	state.requireTries(item.Tries)
	item.Tries = tries
	return s.update(ctx, item, state,
		"failures", "crashes", "begunMessage", "begunAttempt", "begunUntil")
}

// update writes the attributes of item to the stored item, which must meet the condition state. If
// no item is stored, update creates one.
//
// Other stored attributes keep their values. But update deletes an attribute of the list replaced
// if item does not have it.
func (s Items) update(
	ctx context.Context, item pipeline.Item, state *condition, replaced ...string,
) error {
	update := dynamodb.UpdateItemInput{
		TableName: &s.table,
		Key:       itemKey(item.ID),
		ConditionExpression: aws.String(
			"attribute_not_exists(pk) OR (" + state.expression() + ")"),
		ExpressionAttributeNames:            state.names,
		ExpressionAttributeValues:           state.values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	next := marshal(item)
	delete(next, "pk")
	var sets []string
	for _, name := range slices.Sorted(maps.Keys(next)) {
		update.ExpressionAttributeNames["#"+name] = name
		update.ExpressionAttributeValues[":new_"+name] = next[name]
		sets = append(sets, "#"+name+" = :new_"+name)
	}
	expression := "SET " + strings.Join(sets, ", ")
	var removed []string
	for _, name := range replaced {
		if _, ok := next[name]; !ok {
			update.ExpressionAttributeNames["#"+name] = name
			removed = append(removed, "#"+name)
		}
	}
	if len(removed) > 0 {
		expression += " REMOVE " + strings.Join(removed, ", ")
	}
	update.UpdateExpression = &expression
	_, err := s.client.UpdateItem(ctx, &update)
	return transitionError(err, item)
}

// Move replaces the item old by the item next. If the stored item no longer has old's state, Move
// returns a *pipeline.TransitionError.
func (s Items) Move(ctx context.Context, old, next pipeline.Item) error {
	if err := pipeline.CheckMove(old, next); err != nil {
		return err
	}
	state := newCondition()
	state.requireEqual("status", stringValue(string(old.Status)))
	state.requireEqual("receivedAt", timeValue(old.ReceivedAt))
	state.requireEqual("s3Key", stringValue(old.Bronze.Key))
	state.requireGeneration(old.Replay)
	state.requireTime("enqueuedAt", old.EnqueuedAt)
	state.requireTime("processedAt", old.ProcessedAt)
	state.requireTime("failedAt", old.FailedAt)
	state.requireCount("reenqueues", old.Reenqueues)
	state.requireTries(old.Tries)
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                           &s.table,
		Item:                                marshal(next),
		ConditionExpression:                 aws.String(state.expression()),
		ExpressionAttributeNames:            state.names,
		ExpressionAttributeValues:           state.values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	return transitionError(err, next)
}

// transitionError converts the error of a failed condition to a *pipeline.TransitionError. next is
// the item that was not written.
func transitionError(err error, next pipeline.Item) error {
	var conflict *types.ConditionalCheckFailedException
	if errors.As(err, &conflict) {
		old, err := unmarshal(conflict.Item)
		if err != nil {
			return err
		}
		return &pipeline.TransitionError{From: old, To: next.Status}
	}
	if err != nil {
		return fmt.Errorf("write item of event %s: %w", next.ID, err)
	}
	return nil
}
