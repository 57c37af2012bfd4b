package eventpipeline

import (
	"reflect"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// maybeToken are the props that are texts and may be known to CloudFormation alone; what is checked of a text is not then.
var maybeToken = map[string]bool{"DomainName": true, "DomainMappingKey": true}

// known is props without what synth can't know, such as a CfnParameter's value: other props and the functions' variables
// follow from numbers and durations, so that each such prop is a mistake. Nil props stay nil.
func (m *mistakes) known(props *EventPipelineProps) *EventPipelineProps {
	if props == nil {
		return nil
	}
	p := *props
	fields := reflect.ValueOf(&p).Elem()
	for i := range fields.NumField() {
		field, name := fields.Field(i), fields.Type().Field(i).Name
		if maybeToken[name] || !isToken(field) {
			continue
		}
		m.unless(false, "%s is a token, whose value only CloudFormation knows; give a value that is known at synth, such as one of the app's context", name)
		field.SetZero()
	}
	return &p
}

// isToken tells whether a prop is a number, duration or text that synth can't know.
func isToken(field reflect.Value) bool {
	if field.IsZero() {
		return false
	}
	switch value := field.Interface().(type) {
	case awscdk.Duration:
		return *value.IsUnresolved()
	case *float64:
		return numberUnresolved(value)
	case *string:
		return unresolved(value)
	}
	return field.Kind() == reflect.String && unresolved(jsii.String(field.String()))
}

// numberUnresolved tells whether the number is known only to CloudFormation; nil is not.
func numberUnresolved(n *float64) bool { return n != nil && *awscdk.Token_IsUnresolved(*n) }
