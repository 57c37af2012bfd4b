package dynamodb

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// condition builds a condition expression. Each term requires that an attribute has a value or is
// absent.
type condition struct {
	terms  []string
	names  map[string]string
	values map[string]types.AttributeValue
}

func newCondition() *condition {
	return &condition{names: make(map[string]string), values: make(attributes)}
}

func (c *condition) expression() string { return strings.Join(c.terms, " AND ") }

func (c *condition) equal(name string, value types.AttributeValue) {
	c.names["#"+name], c.values[":old_"+name] = name, value
	c.terms = append(c.terms, "#"+name+" = :old_"+name)
}

func (c *condition) equalOrAbsent(name string, value types.AttributeValue, absent bool) {
	if !absent {
		c.equal(name, value)
		return
	}
	c.names["#"+name] = name
	c.terms = append(c.terms, "attribute_not_exists(#"+name+")")
}

// text requires that the attribute has the value. If value is "", the attribute must be absent.
func (c *condition) text(name, value string) {
	c.equalOrAbsent(name, text(value), value == "")
}

// time requires that the attribute has the value. If value is the zero time, the attribute must be
// absent.
func (c *condition) time(name string, value time.Time) {
	c.equalOrAbsent(name, timestamp(value), value.IsZero())
}

// count requires that the attribute has the value. If value is 0, the attribute must be absent.
func (c *condition) count(name string, value int) {
	c.equalOrAbsent(name, number(int64(value)), value == 0)
}

// tries requires that the item has these tries.
func (c *condition) tries(tries pipeline.Tries) {
	c.count("failures", tries.Failures)
	c.count("crashes", tries.Crashes)
	c.text("begunMessage", tries.Begun.MessageID)
	c.count("begunAttempt", tries.Begun.Attempt)
	c.time("begunUntil", tries.Begun.Until)
}

// generation requires that the item has the given replay id and number of redrives.
func (c *condition) generation(replay pipeline.Replay) {
	c.text("replayId", replay.ID)
	c.count("redrives", replay.Redrives)
}
