package resources

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// decode resolves the resource's properties and stores them in the struct *target. It skips
// properties for which the struct has no field.
func (c *creation) decode(target any) error {
	names := fieldNames(reflect.TypeOf(target).Elem())
	resolved, err := c.stack.Properties(c.resource, names...)
	if err != nil {
		return err
	}
	return decode(resolved, target)
}

func decode(properties map[string]any, target any) error {
	data, err := json.Marshal(properties)
	if err != nil {
		return err
	}
	return jsonv2.Unmarshal(data, target, numbersAndFlagsAsStrings)
}

// numbersAndFlagsAsStrings accepts numbers and Booleans as strings, as CloudFormation does.
var numbersAndFlagsAsStrings = jsonv2.WithUnmarshalers(jsonv2.UnmarshalFromFunc(
	func(d *jsontext.Decoder, text *string) error {
		switch d.PeekKind() {
		case '0', 't', 'f':
			value, err := d.ReadValue()
			*text = string(value)
			return err
		}
		return errors.ErrUnsupported // jsonv2 then decodes the value itself
	}))

func fieldNames(structType reflect.Type) []string {
	names := []string{} // not nil, because Properties would resolve all properties for nil
	for field := range structType.Fields() {
		names = append(names, field.Name)
	}
	return names
}

// number represents a numeric property. Like CloudFormation, it also accepts a string.
type number float64

func (n *number) UnmarshalJSON(data []byte) error {
	value, err := strconv.ParseFloat(strings.Trim(string(data), `"`), 64)
	if err != nil {
		return fmt.Errorf("value must be a number, got %s", data)
	}
	*n = number(value)
	return nil
}

// seconds returns the number of seconds as a duration, or 0 if the property is absent.
func (n *number) seconds() time.Duration {
	if n == nil {
		return 0
	}
	return time.Duration(float64(*n) * float64(time.Second))
}

// int returns the number without its fraction, or 0 if the property is absent.
func (n *number) int() int {
	if n == nil {
		return 0
	}
	return int(*n)
}

// limit represents AWS's limit for a numeric property.
type limit struct {
	property    string
	value       *number // nil if the property is absent
	least, most int
}

// checkLimits returns an error if a property violates its limit. The emulated services treat 0 as
// an absent value, so only this check can reject 0.
func checkLimits(limits ...limit) error {
	for _, l := range limits {
		if l.value == nil {
			continue
		}
		n := float64(*l.value)
		if n < float64(l.least) || n > float64(l.most) || n != math.Trunc(n) {
			return fmt.Errorf("%s must be an integer from %d to %d, got %v",
				l.property, l.least, l.most, n)
		}
	}
	return nil
}

// flag represents a Boolean property. Like CloudFormation, it also accepts a string.
type flag bool

func (f *flag) UnmarshalJSON(data []byte) error {
	value, err := strconv.ParseBool(strings.Trim(string(data), `"`))
	if err != nil {
		return fmt.Errorf("value must be true or false, got %s", data)
	}
	*f = flag(value)
	return nil
}

// document represents a JSON property. In a template, it is an object or a string with JSON.
type document json.RawMessage

func (d *document) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		data = []byte(text)
	}
	*d = append(document(nil), data...)
	return nil
}
