package dynamodb

import (
	"slices"
	"sync"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// The kinds of expression, as errors call them.
const (
	conditionExpression  = "ConditionExpression"
	filterExpression     = "FilterExpression"
	keyExpression        = "KeyConditionExpression"
	projectionExpression = "ProjectionExpression"
	updateExpression     = "UpdateExpression"
)

// parsedExpressions keeps expressions by kind and text: a program uses the same few again and again.
var parsedExpressions = expressionCache{entries: map[[2]string]*expression{}}

// maxCachedExpressions bounds the cache against a client that writes its values into its expressions.
const maxCachedExpressions = 1000

type expressionCache struct {
	mu      sync.RWMutex
	entries map[[2]string]*expression
}

func (c *expressionCache) parse(kind, text string) (*expression, error) {
	id := [2]string{kind, text}
	c.mu.RLock()
	known, ok := c.entries[id]
	c.mu.RUnlock()
	if ok {
		return known, nil
	}
	fresh, err := parse(kind, text)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= maxCachedExpressions {
		clear(c.entries)
	}
	c.entries[id] = fresh
	return fresh, nil
}

// placeholders are the parts of a request that its expressions refer to.
type placeholders struct {
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues attributes
}

func (p placeholders) scope(item Item) scope {
	return scope{item, p.ExpressionAttributeNames, Item(p.ExpressionAttributeValues)}
}

// bind parses a request's expressions, of which a nil text gives a nil expression. Every placeholder in them must be
// given, and every one given must be in them.
func (p placeholders) bind(texts ...expressionText) ([]*expression, error) {
	bound := make([]*expression, len(texts))
	for i, t := range texts {
		if t.text == nil {
			continue
		}
		e, err := parsedExpressions.parse(t.kind, *t.text)
		if err != nil {
			return nil, err
		}
		for _, name := range e.names {
			if _, ok := p.ExpressionAttributeNames[name]; !ok {
				return nil, validationError("Invalid %s: An expression attribute name used in the document path is not defined; attribute name: %s", t.kind, name)
			}
		}
		for _, v := range e.values {
			if _, ok := p.ExpressionAttributeValues[v]; !ok {
				return nil, validationError("Invalid %s: An expression attribute value used in expression is not defined; attribute value: %s", t.kind, v)
			}
		}
		bound[i] = e
	}
	for name := range p.ExpressionAttributeNames {
		if !slices.ContainsFunc(bound, func(e *expression) bool { return e != nil && slices.Contains(e.names, name) }) {
			return nil, validationError("Value provided in ExpressionAttributeNames unused in expressions: keys: {%s}", name)
		}
	}
	for v := range p.ExpressionAttributeValues {
		if !slices.ContainsFunc(bound, func(e *expression) bool { return e != nil && slices.Contains(e.values, v) }) {
			return nil, validationError("Value provided in ExpressionAttributeValues unused in expressions: keys: {%s}", v)
		}
	}
	return bound, nil
}

type expressionText struct {
	kind string
	text *string
}

// projection gives the function that cuts items down to what the expression names: all of them if it is nil.
func (p placeholders) projection(e *expression) (func(Item) Item, error) {
	if e == nil {
		return func(item Item) Item { return item }, nil
	}
	var paths []path
	for _, unresolved := range e.paths {
		at := unresolved.resolve(p.ExpressionAttributeNames)
		for _, other := range paths {
			if at.covers(other) || other.covers(at) {
				return nil, validationError("Invalid %s: Two document paths overlap with each other; "+
					"must remove or rewrite one of these paths; path one: %s, path two: %s", projectionExpression, other, at)
			}
		}
		paths = append(paths, at)
	}
	return func(item Item) Item { return project(item, paths) }, nil
}

// validationError is DynamoDB's answer to a request that makes no sense.
func validationError(format string, args ...any) *protocol.Error {
	return protocol.Errorf("ValidationException", format, args...)
}
