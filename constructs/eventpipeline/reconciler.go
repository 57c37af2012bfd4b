package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/env"
)

func newReconcilerFunction(p *eventPipeline) (awslambda.Function, awslogs.LogGroup) {
	props := p.props
	// Nothing older than that can still be on the queue when the first run begins.
	window := seconds(props.QueueRetention) + seconds(props.ReconcilerGracePeriod)
	fn, log := newFunction(p, "Reconciler", "reconciler", awslambda.FunctionOptions{
		Description: jsii.String("Heals what crashes left: enqueues stuck events again"),
		MemorySize:  props.ReconcilerMemorySize,
		Timeout:     props.ReconcilerTimeout,
		Layers:      props.ReconcilerLayers,

		ReservedConcurrentExecutions: props.ReconcilerReservedConcurrentExecutions,
		Environment: withVariables(map[string]*string{
			env.BronzeBucket:           p.bronzeBucket.BucketName(),
			env.SilverBucket:           p.silverBucket.BucketName(),
			env.EventsTable:            p.eventsTable.TableName(),
			env.QueueURL:               p.queue.QueueUrl(),
			env.DeadLetterQueueURL:     p.deadLetterQueue.QueueUrl(),
			env.EventBusName:           p.eventBus.EventBusName(),
			env.ReconcileGraceSeconds:  jsii.String(text(seconds(props.ReconcilerGracePeriod))),
			env.ReconcileWindowSeconds: jsii.String(text(window)),
			env.MaxReenqueues:          jsii.String(text(*props.ReconcilerMaxReenqueues)),
			env.StatusRetentionDays:    jsii.String(text(days(props.StatusRetention))),
			env.LogLevel:               props.LogLevel,
		}, props.ReconcilerEnvironment),
	})
	grantReconciler(p, fn.Role())
	return fn, log
}

// newSchedule runs the reconciler. A run that fails is not tried again: the next one does its work.
func newSchedule(p *eventPipeline) awsevents.Rule {
	return awsevents.NewRule(p, jsii.String("Schedule"), &awsevents.RuleProps{
		RuleName:    physicalName(p.props, "reconcile"),
		Description: jsii.String("Runs the reconciler"),
		Enabled:     p.props.ReconcilerEnabled,
		Schedule:    awsevents.Schedule_Rate(p.props.ReconcilerInterval),
		Targets: &[]awsevents.IRuleTarget{awseventstargets.NewLambdaFunction(p.reconcilerFunction, &awseventstargets.LambdaFunctionProps{
			RetryAttempts: jsii.Number(0),
			MaxEventAge:   p.props.ReconcilerInterval,
		})},
	})
}
