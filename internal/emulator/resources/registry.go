package resources

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/lambda"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/logs"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/s3"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/secretsmanager"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

// Services holds the emulated services. Handlers create resources with them.
type Services struct {
	S3             *s3.Service
	DynamoDB       *dynamodb.Service
	SQS            *sqs.Service
	EventBridge    *eventbridge.Service
	Lambda         *lambda.Service
	Logs           *logs.Service
	SecretsManager *secretsmanager.Service
}

// registry maps resource types to handlers. It contains the types that the emulator creates.
var registry = map[string]handler{
	"AWS::ApiGatewayV2::Api":          newHandler(createAPI),
	"AWS::ApiGatewayV2::ApiMapping":   newHandler(createAPIMapping),
	"AWS::ApiGatewayV2::Authorizer":   newHandler(createAuthorizer),
	"AWS::ApiGatewayV2::DomainName":   newHandler(createDomainName),
	"AWS::ApiGatewayV2::Integration":  newHandler(createIntegration),
	"AWS::ApiGatewayV2::Route":        newHandler(createRoute),
	"AWS::ApiGatewayV2::Stage":        newHandler(createStage),
	nestedStackType:                   newHandler(createNestedStack).withFixed(omit("TemplateURL")),
	"AWS::DynamoDB::GlobalTable":      newHandler(createTable),
	"AWS::DynamoDB::Table":            newHandler(createTable),
	"AWS::Events::EventBus":           newHandler(createBus),
	"AWS::Events::Rule":               newHandler(createRule),
	"AWS::IAM::ManagedPolicy":         newHandler(createManagedPolicy),
	"AWS::IAM::Policy":                newHandler(createRolePolicy),
	"AWS::IAM::Role":                  newHandler(createRole),
	"AWS::IAM::RolePolicy":            newHandler(createRolePolicy),
	"AWS::KMS::Key":                   newHandler(createKey),
	"AWS::Lambda::Alias":              newHandler(createAlias).withFixed(omit("FunctionVersion")),
	"AWS::Lambda::EventSourceMapping": newHandler(createMapping),
	"AWS::Lambda::Function":           newHandler(createFunction).withFixed(fixedOfFunction),
	"AWS::Lambda::Permission":         newHandler(createPermission),
	"AWS::Lambda::Version":            newHandler(createVersion).withFixed(nil),
	"AWS::Logs::LogGroup":             newHandler(createLogGroup).withFixed(nil),
	"AWS::S3::Bucket":                 newHandler(createBucket),
	"AWS::S3::BucketPolicy":           newHandler(createBucketPolicy),
	"AWS::SSM::Parameter":             newHandler(createSSMParameter),
	"AWS::SecretsManager::Secret":     newHandler(createSecret),
	"AWS::SQS::Queue":                 newHandler(createQueue),
	"AWS::SQS::QueuePolicy":           newHandler(createQueuePolicy),
}

// handler creates the resources of one type. It also selects the properties that a reload compares.
type handler struct {
	create func(*creation) (values, error)
	// fixed selects the properties that a reload can't change. It is nil if there are none.
	fixed func(properties map[string]any) map[string]any
}

// newHandler returns a handler that decodes a resource's properties into a P. It resolves only
// the properties with the names of P's fields. A change of any property needs a restart.
func newHandler[P any](create func(*creation, P) (values, error)) handler {
	return handler{
		create: func(c *creation) (values, error) {
			var properties P
			if err := c.decode(&properties); err != nil {
				return values{}, err
			}
			return create(c, properties)
		},
		fixed: func(properties map[string]any) map[string]any { return properties },
	}
}

// withFixed returns a copy of the handler that uses the given function for the field fixed.
func (h handler) withFixed(fixed func(map[string]any) map[string]any) handler {
	h.fixed = fixed
	return h
}

// omit returns a function that selects all properties except one.
func omit(name string) func(map[string]any) map[string]any {
	return func(properties map[string]any) map[string]any {
		rest := maps.Clone(properties)
		delete(rest, name)
		return rest
	}
}

// fixedProperties returns the resource's properties that a reload can't change. It returns false if
// there are none.
func fixedProperties(r cloudformation.Resource) (map[string]any, bool) {
	h := registry[r.Type]
	if h.fixed == nil {
		return nil, false
	}
	return h.fixed(r.Properties), true
}

// values is a short name for the type that every handler returns.
type values = cloudformation.ReturnValues

// creation holds the resource that a handler creates, and the resource's stack.
type creation struct {
	*Provider
	stack    *cloudformation.Stack
	resource cloudformation.Resource
}

// newValues returns values with the Ref and the attributes. pairs consists of attribute names, each
// followed by its value.
func newValues(ref string, pairs ...string) values {
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

// uniqueSuffix returns 12 upper-case characters that are different for each resource.
func (c *creation) uniqueSuffix() string {
	return cloudformation.UniqueSuffix(c.stack.Name, c.resource.LogicalID)
}

// id returns a lower-case id in the style of API Gateway. length is at most 12.
func (c *creation) id(length int) string { return strings.ToLower(c.uniqueSuffix()[:length]) }

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
