package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Finish moves an event to PROCESSED or FAILED if it is ENQUEUED in the item's generation or has no item.
func (e Items) Finish(ctx context.Context, item pipeline.Item) error {
	attributes := marshal(item)
	delete(attributes, "pk")
	state := newCondition()
	state.equal("status", text(string(pipeline.Enqueued)))
	state.generation(item.Replay)
	update := dynamodb.UpdateItemInput{
		TableName:                           &e.table,
		Key:                                 key(item.ID),
		ConditionExpression:                 aws.String("attribute_not_exists(pk) OR (" + state.expression() + ")"),
		ExpressionAttributeNames:            state.names,
		ExpressionAttributeValues:           state.values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	var sets []string
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		update.ExpressionAttributeNames["#"+name] = name
		update.ExpressionAttributeValues[":new_"+name] = attributes[name]
		sets = append(sets, "#"+name+" = :new_"+name)
	}
	update.UpdateExpression = aws.String("SET " + strings.Join(sets, ", "))
	_, err := e.client.UpdateItem(ctx, &update)
	return transition(err, item)
}

// Move writes to in place of from, if the item is in from's state still.
func (e Items) Move(ctx context.Context, from, to pipeline.Item) error {
	if err := pipeline.CheckMove(from, to); err != nil {
		return err
	}
	state := newCondition()
	state.equal("status", text(string(from.Status)))
	state.equal("receivedAt", timestamp(from.ReceivedAt))
	state.equal("s3Key", text(from.Bronze.Key))
	state.generation(from.Replay)
	state.time("enqueuedAt", from.EnqueuedAt)
	state.time("processedAt", from.ProcessedAt)
	state.time("failedAt", from.FailedAt)
	state.count("reenqueues", from.Reenqueues)
	_, err := e.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                           &e.table,
		Item:                                marshal(to),
		ConditionExpression:                 aws.String(state.expression()),
		ExpressionAttributeNames:            state.names,
		ExpressionAttributeValues:           state.values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	return transition(err, to)
}

// transition makes a failed condition a *pipeline.TransitionError.
func transition(err error, to pipeline.Item) error {
	var conflict *types.ConditionalCheckFailedException
	if errors.As(err, &conflict) {
		old, err := unmarshal(conflict.Item)
		if err != nil {
			return err
		}
		return &pipeline.TransitionError{From: old, To: to.Status}
	}
	if err != nil {
		return fmt.Errorf("write item of event %s: %w", to.ID, err)
	}
	return nil
}

// condition is what must hold of an item: that attributes have a value, or that they are absent.
type condition struct {
	terms  []string
	names  map[string]string
	values map[string]types.AttributeValue
}

func newCondition() *condition {
	return &condition{names: make(map[string]string), values: make(map[string]types.AttributeValue)}
}

func (c *condition) expression() string { return strings.Join(c.terms, " AND ") }

func (c *condition) equal(name string, value types.AttributeValue) {
	c.names["#"+name], c.values[":old_"+name] = name, value
	c.terms = append(c.terms, "#"+name+" = :old_"+name)
}

func (c *condition) absent(name string) {
	c.names["#"+name] = name
	c.terms = append(c.terms, "attribute_not_exists(#"+name+")")
}

// text asks for the text, and for "" that there is none.
func (c *condition) text(name, value string) {
	if value == "" {
		c.absent(name)
		return
	}
	c.equal(name, text(value))
}

// time asks for the time, and for the zero time that there is none.
func (c *condition) time(name string, value time.Time) {
	if value.IsZero() {
		c.absent(name)
		return
	}
	c.equal(name, timestamp(value))
}

// count asks for the number, and for 0 that there is none.
func (c *condition) count(name string, value int) {
	if value == 0 {
		c.absent(name)
		return
	}
	c.equal(name, number(int64(value)))
}

func (c *condition) generation(replay pipeline.Replay) {
	c.text("replayId", replay.ID)
	c.count("redrives", replay.Redrives)
}
