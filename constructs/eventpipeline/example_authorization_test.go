package eventpipeline_test

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

// An API is open in a stage for trying things out. Synth warns of it until somebody says why it may be.
func ExampleAuthorization() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Sandbox"), nil)
	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), &eventpipeline.EventPipelineProps{
		Authorization: eventpipeline.AuthorizationOpenToAnyoneOnTheInternet,
	})
	awscdk.Annotations_Of(pipeline).AcknowledgeWarning(jsii.String(eventpipeline.OpenApiWarning), jsii.String("it has no data of anybody's"))
	app.Synth(nil)
}

// Whoever has a token of a user pool's may post events or read their status, as its scopes say.
func ExampleJwtAuthorizerProps() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	eventpipeline.NewEventPipeline(stack, jsii.String("Events"), &eventpipeline.EventPipelineProps{
		JwtAuthorizer: &eventpipeline.JwtAuthorizerProps{
			Issuer:       jsii.String("https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI"),
			Audience:     jsii.Strings("3example23456789"),
			IngestScopes: jsii.Strings("events/write"),
			StatusScopes: jsii.Strings("events/read"),
		},
	})
	app.Synth(nil)
}

// A function of yours lets in whoever has a key of a partner's, and its answer holds for a minute.
func ExampleLambdaAuthorizerProps() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	partners := awslambda.Function_FromFunctionName(stack, jsii.String("Function"), jsii.String("partners"))
	eventpipeline.NewEventPipeline(stack, jsii.String("Events"), &eventpipeline.EventPipelineProps{
		LambdaAuthorizer: &eventpipeline.LambdaAuthorizerProps{
			Handler:         partners,
			IdentitySource:  jsii.Strings("$request.header.X-Partner-Key"),
			ResultsCacheTtl: awscdk.Duration_Minutes(jsii.Number(1)),
		},
	})
	app.Synth(nil)
}
