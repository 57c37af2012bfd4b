package resources

import (
	"maps"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
)

// registry names the handler of each resource type that the emulator creates.
var registry = map[string]handler{
	"AWS::ApiGatewayV2::Api":          {create: typed(createAPI)},
	"AWS::ApiGatewayV2::ApiMapping":   {create: typed(createAPIMapping)},
	"AWS::ApiGatewayV2::Authorizer":   {create: typed(createAuthorizer)},
	"AWS::ApiGatewayV2::DomainName":   {create: typed(createDomainName)},
	"AWS::ApiGatewayV2::Integration":  {create: typed(createIntegration)},
	"AWS::ApiGatewayV2::Route":        {create: typed(createRoute)},
	"AWS::ApiGatewayV2::Stage":        {create: typed(createStage)},
	"AWS::CloudFormation::Stack":      {create: typed(createNestedStack), compared: without("TemplateURL")},
	"AWS::DynamoDB::GlobalTable":      {create: typed(createTable)},
	"AWS::DynamoDB::Table":            {create: typed(createTable)},
	"AWS::Events::EventBus":           {create: typed(createBus)},
	"AWS::Events::Rule":               {create: typed(createRule)},
	"AWS::IAM::ManagedPolicy":         {create: createManagedPolicy},
	"AWS::IAM::Policy":                {create: createRolePolicy},
	"AWS::IAM::Role":                  {create: typed(createRole)},
	"AWS::IAM::RolePolicy":            {create: createRolePolicy},
	"AWS::KMS::Key":                   {create: typed(createKey)},
	"AWS::Lambda::Alias":              {create: typed(createAlias), compared: without("FunctionVersion")},
	"AWS::Lambda::EventSourceMapping": {create: typed(createMapping)},
	"AWS::Lambda::Function":           {create: typed(createFunction), compared: fixedOfFunction},
	"AWS::Lambda::Permission":         {create: typed(createPermission)},
	"AWS::Lambda::Version":            {create: typed(createVersion), noEffect: true},
	"AWS::Logs::LogGroup":             {create: typed(createLogGroup), noEffect: true},
	"AWS::S3::Bucket":                 {create: typed(createBucket)},
	"AWS::S3::BucketPolicy":           {create: typed(createBucketPolicy)},
	"AWS::SQS::Queue":                 {create: typed(createQueue)},
	"AWS::SQS::QueuePolicy":           {create: typed(createQueuePolicy)},
}

// handler creates resources of one type and compares their properties when the app is reloaded.
type handler struct {
	create createFunc
	// compared returns the properties that need a restart to change; nil: all properties.
	compared func(properties map[string]any) map[string]any
	// noEffect is true if no change needs a restart.
	noEffect bool
}

type createFunc func(*creation) (cloudformation.ReturnValues, error)

// typed returns a createFunc that decodes the properties named by the fields of P, and resolves no others.
func typed[P any](create func(*creation, P) (cloudformation.ReturnValues, error)) createFunc {
	return func(c *creation) (cloudformation.ReturnValues, error) {
		var properties P
		if err := decodeProperties(c.stack, c.resource, &properties); err != nil {
			return cloudformation.ReturnValues{}, err
		}
		return create(c, properties)
	}
}

// without returns a function that leaves out a property.
func without(name string) func(map[string]any) map[string]any {
	return func(properties map[string]any) map[string]any {
		rest := maps.Clone(properties)
		delete(rest, name)
		return rest
	}
}

// compared returns the properties of a resource that need a restart to change. It returns false if the
// resource may change without an effect.
func compared(r cloudformation.Resource) (map[string]any, bool) {
	h, ok := registry[r.Type]
	switch {
	case !ok, h.noEffect:
		return nil, false
	case h.compared == nil:
		return r.Properties, true
	}
	return h.compared(r.Properties), true
}
