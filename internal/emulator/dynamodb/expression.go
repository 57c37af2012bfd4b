package dynamodb

import (
	"slices"
	"sync"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// The kinds of expression. Error messages contain these names.
const (
	conditionExpression  = "ConditionExpression"
	filterExpression     = "FilterExpression"
	keyExpression        = "KeyConditionExpression"
	projectionExpression = "ProjectionExpression"
	updateExpression     = "UpdateExpression"
)

// parsedExpressions caches parsed expressions, because programs send the same few expressions
// repeatedly.
var parsedExpressions = expressionCache{entries: map[[2]string]*expression{}}

// maxCachedExpressions limits the size of the cache, because a client can send a new expression in
// each request.
const maxCachedExpressions = 1000

type expressionCache struct {
	mu      sync.RWMutex
	entries map[[2]string]*expression // by kind and text
}

func (c *expressionCache) parse(kind, text string) (*expression, error) {
	id := [2]string{kind, text}
	c.mu.RLock()
	cached, ok := c.entries[id]
	c.mu.RUnlock()
	if ok {
		return cached, nil
	}
	e, err := parse(kind, text)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= maxCachedExpressions {
		clear(c.entries)
	}
	c.entries[id] = e
	return e, nil
}

// placeholders maps the placeholders in a request's expressions to attribute names and values.
type placeholders struct {
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues attributes
}

func (p placeholders) scope(item Item) scope {
	return scope{item, p.ExpressionAttributeNames, p.ExpressionAttributeValues}
}

type expressionText struct {
	kind string
	text *string
}

// bind parses a request's expressions. A nil text yields a nil expression. bind returns an error if
// a placeholder is undefined or unused.
func (p placeholders) bind(texts ...expressionText) ([]*expression, error) {
	if p.ExpressionAttributeNames != nil && len(p.ExpressionAttributeNames) == 0 {
		return nil, validationError("ExpressionAttributeNames must not be empty")
	}
	if p.ExpressionAttributeValues != nil && len(p.ExpressionAttributeValues) == 0 {
		return nil, validationError("ExpressionAttributeValues must not be empty")
	}
	bound := make([]*expression, len(texts))
	var names, values []string
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
				return nil, validationError("Invalid %s: An expression attribute name used in the "+
					"document path is not defined; attribute name: %s", t.kind, name)
			}
		}
		for _, v := range e.values {
			if _, ok := p.ExpressionAttributeValues[v]; !ok {
				return nil, validationError("Invalid %s: An expression attribute value used in "+
					"expression is not defined; attribute value: %s", t.kind, v)
			}
		}
		bound[i], names, values = e, append(names, e.names...), append(values, e.values...)
	}
	for name := range p.ExpressionAttributeNames {
		if !slices.Contains(names, name) {
			return nil, validationError("Value provided in ExpressionAttributeNames unused in "+
				"expressions: keys: {%s}", name)
		}
	}
	for v := range p.ExpressionAttributeValues {
		if !slices.Contains(values, v) {
			return nil, validationError("Value provided in ExpressionAttributeValues unused in "+
				"expressions: keys: {%s}", v)
		}
	}
	return bound, nil
}

// projection returns a function that projects items. If e is nil, the function returns the whole
// item.
func (p placeholders) projection(e *expression) (func(Item) Item, error) {
	if e == nil {
		return func(item Item) Item { return item }, nil
	}
	var paths []path
	for _, unresolved := range e.paths {
		resolved := unresolved.resolve(p.ExpressionAttributeNames)
		for _, other := range paths {
			if resolved.overlaps(other) {
				return nil, overlapError(projectionExpression, other, resolved)
			}
		}
		paths = append(paths, resolved)
	}
	return func(item Item) Item { return project(item, paths) }, nil
}

func overlapError(kind string, one, two path) error {
	return validationError("Invalid %s: Two document paths overlap with each other; "+
		"must remove or rewrite one of these paths; path one: %s, path two: %s", kind, one, two)
}

// validationError returns DynamoDB's error for an invalid request.
func validationError(format string, args ...any) *protocol.Error {
	return protocol.Errorf("ValidationException", format, args...)
}
