package resources

import (
	"cmp"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
)

// values abbreviates the type that every handler returns.
type values = cloudformation.ReturnValues

// creation represents the creation of one resource.
type creation struct {
	*Provider
	stack    *cloudformation.Stack
	resource cloudformation.Resource
}

// created returns a Ref and attributes, which pairs lists by name and value.
func created(ref string, pairs ...string) values {
	v := values{Ref: ref, Attributes: map[string]string{}}
	for i := 0; i < len(pairs); i += 2 {
		v.Attributes[pairs[i]] = pairs[i+1]
	}
	return v
}

// decode fills the struct that into points to with the properties named by its fields.
func (c *creation) decode(into any) error { return decodeProperties(c.stack, c.resource, into) }

// name returns the name that the properties give, or a generated one of at most maxLength
// characters.
func (c *creation) name(fromProperties string, maxLength int) string {
	generated := cloudformation.PhysicalName(c.stack.Name, c.resource.LogicalID, maxLength)
	return cmp.Or(fromProperties, generated)
}

// suffix returns 12 upper-case characters that differ by resource.
func (c *creation) suffix() string {
	return cloudformation.UniqueSuffix(c.stack.Name, c.resource.LogicalID)
}

// id returns a lower-case id of at most 12 characters, like those of API Gateway.
func (c *creation) id(length int) string { return strings.ToLower(c.suffix()[:length]) }

// skip reports that the resource is not run: its type, and detail behind it. Other resources may
// refer to it: to the name that it would have, and to an ARN and other attributes made of that
// name.
func (c *creation) skip(detail string) (values, error) {
	c.reportNotRun(c.resource.Type+detail, 1)
	name := c.name("", 64)
	service := "custom"
	if parts := strings.Split(c.resource.Type, "::"); len(parts) == 3 {
		service = strings.ToLower(parts[1])
		// Most types have a property "<type>Name" or "Name".
		for _, property := range []string{parts[2] + "Name", "Name"} {
			resolved, err := c.stack.Properties(c.resource, property)
			if text, ok := resolved[property].(string); err == nil && ok {
				name = text
			}
		}
	}
	arn := c.arn(service, name)
	ref := name
	if slices.Contains(refIsARN, c.resource.Type) {
		ref = arn
	}
	return values{Ref: ref, Attribute: func(attribute string) string {
		if strings.HasSuffix(attribute, "Arn") {
			return arn
		}
		return name + "/" + attribute
	}}, nil
}

// refIsARN lists types that are not run, that often appear beside a pipeline, and whose Ref is
// their ARN.
var refIsARN = []string{
	"AWS::CertificateManager::Certificate",
	"AWS::Lambda::LayerVersion",
	"AWS::SNS::Topic",
	"AWS::SecretsManager::Secret",
	"AWS::StepFunctions::StateMachine",
}
