package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
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
			contract.BronzeBucket:           p.bronzeBucket.BucketName(),
			contract.SilverBucket:           p.silverBucket.BucketName(),
			contract.EventsTable:            p.eventsTable.TableName(),
			contract.QueueURL:               p.queue.QueueUrl(),
			contract.DeadLetterQueueURL:     p.deadLetterQueue.QueueUrl(),
			contract.EventBusName:           p.eventBus.EventBusName(),
			contract.ReconcileGraceSeconds:  jsii.String(text(seconds(props.ReconcilerGracePeriod))),
			contract.ReconcileWindowSeconds: jsii.String(text(window)),
			contract.MaxReenqueues:          jsii.String(text(*props.ReconcilerMaxReenqueues)),
			contract.StatusRetentionDays:    jsii.String(text(days(props.StatusRetention))),
			contract.LogLevel:               props.LogLevel,
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
