package resources

import (
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
)

// values is short for what every handler returns.
type values = cloudformation.ReturnValues

// creation represents the creation of one resource.
type creation struct {
	*Provider
	stack    *cloudformation.Stack
	resource cloudformation.Resource
}

// name returns the name that the properties give, or a generated one of at most maxLength characters.
func (c *creation) name(fromProperties string, maxLength int) string {
	if fromProperties != "" {
		return fromProperties
	}
	return c.stack.PhysicalName(c.resource.LogicalID, maxLength)
}

// suffix returns 12 upper-case characters that differ by resource.
func (c *creation) suffix() string { return c.stack.UniqueSuffix(c.resource.LogicalID) }

// id returns a lower-case id of at most 12 characters, like those of API Gateway.
func (c *creation) id(length int) string { return strings.ToLower(c.suffix()[:length]) }

// skip reports that the resource is not run. Other resources may refer to it: to the name that it would
// have, and to an ARN and other attributes made of that name.
func (c *creation) skip(reason string) (values, error) {
	c.reportNotRun(reason, 1)
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
	return values{Ref: ref, Attribute: func(attribute string) (string, bool) {
		if strings.HasSuffix(attribute, "Arn") {
			return arn, true
		}
		return name + "/" + attribute, true
	}}, nil
}

// refIsARN lists types that are not run, that often appear beside a pipeline, and whose Ref is their ARN.
var refIsARN = []string{
	"AWS::CertificateManager::Certificate",
	"AWS::Lambda::LayerVersion",
	"AWS::SNS::Topic",
	"AWS::SecretsManager::Secret",
	"AWS::StepFunctions::StateMachine",
}
