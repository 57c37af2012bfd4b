package resources

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
)

// registry names the handler of each resource type that the emulator creates.
var registry = map[string]handler{
	"AWS::ApiGatewayV2::Api":          typed(createAPI),
	"AWS::ApiGatewayV2::ApiMapping":   typed(createAPIMapping),
	"AWS::ApiGatewayV2::Authorizer":   typed(createAuthorizer),
	"AWS::ApiGatewayV2::DomainName":   typed(createDomainName),
	"AWS::ApiGatewayV2::Integration":  typed(createIntegration),
	"AWS::ApiGatewayV2::Route":        typed(createRoute),
	"AWS::ApiGatewayV2::Stage":        typed(createStage),
	"AWS::CloudFormation::Stack":      typed(createNestedStack).comparing(without("TemplateURL")),
	"AWS::DynamoDB::GlobalTable":      typed(createTable),
	"AWS::DynamoDB::Table":            typed(createTable),
	"AWS::Events::EventBus":           typed(createBus),
	"AWS::Events::Rule":               typed(createRule),
	"AWS::IAM::ManagedPolicy":         typed(createManagedPolicy),
	"AWS::IAM::Policy":                typed(createRolePolicy),
	"AWS::IAM::Role":                  typed(createRole),
	"AWS::IAM::RolePolicy":            typed(createRolePolicy),
	"AWS::KMS::Key":                   typed(createKey),
	"AWS::Lambda::Alias":              typed(createAlias).comparing(without("FunctionVersion")),
	"AWS::Lambda::EventSourceMapping": typed(createMapping),
	"AWS::Lambda::Function":           typed(createFunction).comparing(fixedOfFunction),
	"AWS::Lambda::Permission":         typed(createPermission),
	"AWS::Lambda::Version":            typed(createVersion).comparing(nil),
	"AWS::Logs::LogGroup":             typed(createLogGroup).comparing(nil),
	"AWS::S3::Bucket":                 typed(createBucket),
	"AWS::S3::BucketPolicy":           typed(createBucketPolicy),
	"AWS::SQS::Queue":                 typed(createQueue),
	"AWS::SQS::QueuePolicy":           typed(createQueuePolicy),
}

// handler creates resources of one type and compares their properties when the app is reloaded.
type handler struct {
	create func(*creation) (values, error)
	// compared returns the properties that need a restart to change; nil if no change needs one.
	compared func(properties map[string]any) map[string]any
}

// typed returns a handler that decodes the properties named by the fields of P, and resolves no
// others. All properties of the resource need a restart to change.
func typed[P any](create func(*creation, P) (values, error)) handler {
	return handler{
		create: func(c *creation) (values, error) {
			var properties P
			if err := c.decode(&properties); err != nil {
				return values{}, err
			}
			return create(c, properties)
		},
		compared: func(properties map[string]any) map[string]any { return properties },
	}
}

func (h handler) comparing(compared func(map[string]any) map[string]any) handler {
	h.compared = compared
	return h
}

// without returns a function that leaves out a property.
func without(name string) func(map[string]any) map[string]any {
	return func(properties map[string]any) map[string]any {
		rest := maps.Clone(properties)
		delete(rest, name)
		return rest
	}
}

// compared returns the properties of a resource that need a restart to change. It returns false if
// the resource may change without an effect.
func compared(r cloudformation.Resource) (map[string]any, bool) {
	h := registry[r.Type]
	if h.compared == nil {
		return nil, false
	}
	return h.compared(r.Properties), true
}

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
