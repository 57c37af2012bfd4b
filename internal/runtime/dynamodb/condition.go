package dynamodb

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// condition builds a condition expression. Each term requires that an attribute equals a given
// value, or that the attribute is absent.
type condition struct {
	terms  []string
	names  map[string]string
	values map[string]types.AttributeValue
}

func newCondition() *condition {
	return &condition{names: make(map[string]string), values: make(attributes)}
}

func (c *condition) expression() string { return strings.Join(c.terms, " AND ") }

func (c *condition) requireEqual(name string, value types.AttributeValue) {
	c.names["#"+name], c.values[":old_"+name] = name, value
	c.terms = append(c.terms, "#"+name+" = :old_"+name)
}

func (c *condition) requireEqualOrAbsent(name string, value types.AttributeValue, absent bool) {
	if !absent {
		c.requireEqual(name, value)
		return
	}
	c.names["#"+name] = name
	c.terms = append(c.terms, "attribute_not_exists(#"+name+")")
}

// requireString requires that the attribute has the value. If value is "", the attribute must be
// absent.
func (c *condition) requireString(name, value string) {
	c.requireEqualOrAbsent(name, stringValue(value), value == "")
}

// requireTime requires that the attribute has the value. If value is the zero time, the attribute
// must be absent.
func (c *condition) requireTime(name string, value time.Time) {
	c.requireEqualOrAbsent(name, timeValue(value), value.IsZero())
}

// requireCount requires that the attribute has the value. If value is 0, the attribute must be
// absent.
func (c *condition) requireCount(name string, value int) {
	c.requireEqualOrAbsent(name, numberValue(int64(value)), value == 0)
}

// requireTries requires that the item has these tries.
func (c *condition) requireTries(tries pipeline.Tries) {
	c.requireCount("failures", tries.Failures)
	c.requireCount("crashes", tries.Crashes)
	c.requireString("begunMessage", tries.Begun.MessageID)
	c.requireCount("begunAttempt", tries.Begun.Attempt)
	c.requireTime("begunUntil", tries.Begun.Until)
}

// requireGeneration requires that the item has the given replay id and number of redrives.
func (c *condition) requireGeneration(replay pipeline.Replay) {
	c.requireString("replayId", replay.ID)
	c.requireCount("redrives", replay.Redrives)
}
