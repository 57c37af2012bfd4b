package emulator

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// number is a property that is a number. CloudFormation takes it as a string as well.
type number float64

func (n *number) UnmarshalJSON(data []byte) error {
	value, err := strconv.ParseFloat(strings.Trim(string(data), `"`), 64)
	if err != nil {
		return fmt.Errorf("%s is not a number", data)
	}
	*n = number(value)
	return nil
}

func (n number) seconds() time.Duration { return time.Duration(float64(n) * float64(time.Second)) }

// flag is a property that is true or false. CloudFormation takes it as a string as well.
type flag bool

func (f *flag) UnmarshalJSON(data []byte) error {
	value, err := strconv.ParseBool(strings.Trim(string(data), `"`))
	if err != nil {
		return fmt.Errorf("%s is not true or false", data)
	}
	*f = flag(value)
	return nil
}

// document is a property that is JSON: an object, or its text.
type document json.RawMessage

func (d *document) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		data = []byte(text)
	}
	*d = append(document(nil), data...)
	return nil
}

// decode fills a struct with resolved properties.
func decode(properties map[string]any, into any) error {
	data, err := json.Marshal(properties)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// fieldNames lists the fields of the struct that into points to: the names of the properties that it takes.
func fieldNames(into any) []string {
	var names []string
	for field := range reflect.TypeOf(into).Elem().Fields() {
		names = append(names, field.Name)
	}
	return names
}
