package eventpipeline_test

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

// The worker function sends OpenTelemetry traces through the ADOT collector, which is a layer.
func ExampleFunctionOptions_tracing() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	collector := awslambda.LayerVersion_FromLayerVersionArn(stack, jsii.String("Collector"),
		jsii.String("arn:aws:lambda:eu-central-1:901920570463:layer:aws-otel-collector-arm64-"+
			"ver-0-117-0:1"))

	eventpipeline.NewEventPipeline(stack, jsii.String("Events"), &eventpipeline.EventPipelineProps{
		WorkerFunction: &eventpipeline.FunctionOptions{
			Layers: &[]awslambda.ILayerVersion{collector},
			Environment: &map[string]*string{
				"OTEL_SERVICE_NAME":           jsii.String("orders-worker"),
				"OTEL_EXPORTER_OTLP_ENDPOINT": jsii.String("http://localhost:4317"),
			},
		},
	})
	app.Synth(nil)
}
