package resources

import (
	"maps"

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
