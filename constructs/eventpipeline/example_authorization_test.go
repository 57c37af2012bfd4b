package eventpipeline_test

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

// An open API is acceptable only in a sandbox. Synth adds a warning until the app acknowledges it
// with a reason.
func ExampleAuthorization() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Sandbox"), nil)
	props := &eventpipeline.EventPipelineProps{
		Authorization: eventpipeline.AuthorizationOpenToAnyoneOnTheInternet,
	}
	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), props)
	awscdk.Annotations_Of(pipeline).AcknowledgeWarning(
		jsii.String(eventpipeline.OpenApiWarning), jsii.String("the sandbox stores test data only"))
	app.Synth(nil)
}

// Users of a Cognito user pool need the scope events/write to post events. To read the status of
// events, they need events/read.
func ExampleJwtAuthorizerProps() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	issuer := "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI"
	eventpipeline.NewEventPipeline(stack, jsii.String("Events"), &eventpipeline.EventPipelineProps{
		JwtAuthorizer: &eventpipeline.JwtAuthorizerProps{
			Issuer:       &issuer,
			Audience:     jsii.Strings("3example23456789"),
			IngestScopes: jsii.Strings("events/write"),
			StatusScopes: jsii.Strings("events/read"),
		},
	})
	app.Synth(nil)
}

// A Lambda function authorizes partners by a key. API Gateway caches the function's responses for a
// minute.
func ExampleLambdaAuthorizerProps() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	partners := awslambda.Function_FromFunctionName(
		stack, jsii.String("Function"), jsii.String("partners"))
	eventpipeline.NewEventPipeline(stack, jsii.String("Events"), &eventpipeline.EventPipelineProps{
		LambdaAuthorizer: &eventpipeline.LambdaAuthorizerProps{
			Handler:         partners,
			IdentitySource:  jsii.Strings("$request.header.X-Partner-Key"),
			ResultsCacheTtl: awscdk.Duration_Minutes(jsii.Number(1)),
		},
	})
	app.Synth(nil)
}
