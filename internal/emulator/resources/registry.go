package resources

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
)

// registry maps resource types to handlers. It contains the types that the emulator creates.
var registry = map[string]handler{
	"AWS::ApiGatewayV2::Api":          typed(createAPI),
	"AWS::ApiGatewayV2::ApiMapping":   typed(createAPIMapping),
	"AWS::ApiGatewayV2::Authorizer":   typed(createAuthorizer),
	"AWS::ApiGatewayV2::DomainName":   typed(createDomainName),
	"AWS::ApiGatewayV2::Integration":  typed(createIntegration),
	"AWS::ApiGatewayV2::Route":        typed(createRoute),
	"AWS::ApiGatewayV2::Stage":        typed(createStage),
	nestedStackType:                   typed(createNestedStack).comparing(without("TemplateURL")),
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
	"AWS::SSM::Parameter":             typed(createSSMParameter),
	"AWS::SecretsManager::Secret":     typed(createSecret),
	"AWS::SQS::Queue":                 typed(createQueue),
	"AWS::SQS::QueuePolicy":           typed(createQueuePolicy),
}

// handler creates the resources of one type. It also selects the properties that a reload compares.
type handler struct {
	create func(*creation) (values, error)
	// compared selects the properties that a reload can't change. It is nil if there are none.
	compared func(properties map[string]any) map[string]any
}

// typed returns a handler that decodes a resource's properties into a P. It resolves only the
// properties with the names of P's fields. A change of any property needs a restart.
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

// comparing returns a copy of the handler that uses the given function for the field compared.
func (h handler) comparing(compared func(map[string]any) map[string]any) handler {
	h.compared = compared
	return h
}

// without returns a function that selects all properties except one.
func without(name string) func(map[string]any) map[string]any {
	return func(properties map[string]any) map[string]any {
		rest := maps.Clone(properties)
		delete(rest, name)
		return rest
	}
}

// compared returns the resource's properties that a reload can't change. It returns false if there
// are none.
func compared(r cloudformation.Resource) (map[string]any, bool) {
	h := registry[r.Type]
	if h.compared == nil {
		return nil, false
	}
	return h.compared(r.Properties), true
}

// values is a short name for the type that every handler returns.
type values = cloudformation.ReturnValues

// creation holds the resource that a handler creates, and the resource's stack.
type creation struct {
	*Provider
	stack    *cloudformation.Stack
	resource cloudformation.Resource
}

// created returns values with the Ref and the attributes. pairs alternates the names and the values
// of the attributes.
func created(ref string, pairs ...string) values {
	v := values{Ref: ref, Attributes: map[string]string{}}
	for i := 0; i < len(pairs); i += 2 {
		v.Attributes[pairs[i]] = pairs[i+1]
	}
	return v
}

// name returns fromProperties, the name in the resource's properties. If it is "", name returns a
// generated name of at most maxLength characters.
func (c *creation) name(fromProperties string, maxLength int) string {
	generated := cloudformation.PhysicalName(c.stack.Name, c.resource.LogicalID, maxLength)
	return cmp.Or(fromProperties, generated)
}

// suffix returns 12 upper-case characters that are different for each resource.
func (c *creation) suffix() string {
	return cloudformation.UniqueSuffix(c.stack.Name, c.resource.LogicalID)
}

// id returns a lower-case id in the style of API Gateway. length is at most 12.
func (c *creation) id(length int) string { return strings.ToLower(c.suffix()[:length]) }

// uuid returns a UUID that is different for each resource.
func (c *creation) uuid() string {
	path := []byte(c.stack.Name + "/" + c.resource.LogicalID)
	return uuid.NewSHA1(uuid.NameSpaceURL, path).String()
}

// skip adds the resource's type and detail to the result of NotRun. Other resources can refer to
// the skipped resource. So skip returns plausible values for its name and attributes.
func (c *creation) skip(detail string) (values, error) {
	c.reportNotRun(c.resource.Type+detail, 1)
	name := c.name("", 64)
	if parts := strings.Split(c.resource.Type, "::"); len(parts) == 3 {
		// Most types have a property "<type>Name" or "Name".
		for _, property := range []string{parts[2] + "Name", "Name"} {
			resolved, err := c.stack.Properties(c.resource, property)
			if text, ok := resolved[property].(string); err == nil && ok {
				name = text
			}
		}
	}
	a := c.attributes(name, "")
	if slices.Contains(refIsARN, c.resource.Type) {
		return values{Ref: a.arn, Attribute: a.value}, nil
	}
	return values{Ref: name, Attribute: a.value}, nil
}

// refIsARN lists resource types whose Ref is an ARN. The emulator does not run these resources, but
// apps with a pipeline often contain them.
var refIsARN = []string{
	"AWS::CertificateManager::Certificate",
	"AWS::Lambda::LayerVersion",
	"AWS::SNS::Topic",
	"AWS::StepFunctions::StateMachine",
}
