package dynamodb

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// condition builds a condition expression: each attribute has a given value, or is absent.
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

// text requires the string; "" requires that the attribute is absent.
func (c *condition) text(name, value string) {
	c.equalOrAbsent(name, text(value), value == "")
}

// time requires the time; the zero time requires that the attribute is absent.
func (c *condition) time(name string, value time.Time) {
	c.equalOrAbsent(name, timestamp(value), value.IsZero())
}

// count requires the number; 0 requires that the attribute is absent.
func (c *condition) count(name string, value int) {
	c.equalOrAbsent(name, number(int64(value)), value == 0)
}

func (c *condition) generation(replay pipeline.Replay) {
	c.text("replayId", replay.ID)
	c.count("redrives", replay.Redrives)
}
