package eventpipeline_test

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

// OldestMessageAlarm fires if a message waits half an hour. DeadLettersAlarm fires if the DLQ has
// ten messages.
func ExampleAlarmThresholds() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	eventpipeline.NewEventPipeline(stack, jsii.String("Events"), &eventpipeline.EventPipelineProps{
		AlarmThresholds: &eventpipeline.AlarmThresholds{
			DeadLetters:   jsii.Number(10),
			OldestMessage: awscdk.Duration_Minutes(jsii.Number(30)),
		},
	})
	app.Synth(nil)
}

// DeadLettersAlarm notifies the operator on call. The other alarms have no action.
func ExampleEventPipeline_DeadLettersAlarm() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	pager := awssns.NewTopic(stack, jsii.String("Pager"), nil)

	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	pipeline.DeadLettersAlarm().AddAlarmAction(awscloudwatchactions.NewSnsAction(pager))
	app.Synth(nil)
}

// An alarm fires if the API accepted no event for an hour.
func ExampleEventPipeline_MetricAccepted() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)

	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	hourly := &awscloudwatch.MetricOptions{Period: awscdk.Duration_Hours(jsii.Number(1))}
	pipeline.MetricAccepted(hourly).CreateAlarm(stack, jsii.String("NothingAccepted"),
		&awscloudwatch.CreateAlarmOptions{
			Threshold:          jsii.Number(1),
			EvaluationPeriods:  jsii.Number(1),
			ComparisonOperator: awscloudwatch.ComparisonOperator_LESS_THAN_THRESHOLD,
			TreatMissingData:   awscloudwatch.TreatMissingData_BREACHING,
		})
	app.Synth(nil)
}

// A dashboard of the app shows the number of failed events and the number of messages in the DLQ.
func ExampleEventPipeline_MetricFailed() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	dashboard := awscloudwatch.NewDashboard(stack, jsii.String("Dashboard"), nil)

	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	dashboard.AddWidgets(awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{
		Left: &[]awscloudwatch.IMetric{pipeline.MetricFailed(nil), pipeline.MetricDeadLetters(nil)},
	}))
	app.Synth(nil)
}

// A second alarm on the DLQ fires at 100 messages.
func ExampleEventPipeline_MetricDeadLetters() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)

	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	pipeline.MetricDeadLetters(nil).CreateAlarm(stack, jsii.String("ManyFailed"),
		&awscloudwatch.CreateAlarmOptions{
			Threshold:         jsii.Number(100),
			EvaluationPeriods: jsii.Number(1),
		})
	app.Synth(nil)
}
