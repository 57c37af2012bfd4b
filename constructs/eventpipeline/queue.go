package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"
)

// Values of maxReceiveCount in a queue's redrive policy. This policy must not limit an event's
// tries, because SQS counts every delivery, also during an outage of another service. The worker
// function limits the tries itself, by the prop MaxReceiveCount.
const (
	maxReceives         = 1000 // SQS's maximum
	existingMaxReceives = 100  // minimum for an existing queue; an outage of an hour needs about 15
)

func newDeadLetterQueue(p *eventPipeline) awssqs.IQueue {
	if p.props.DeadLetterQueue != nil {
		return p.props.DeadLetterQueue
	}
	return createQueue(p, "DeadLetterQueue", &awssqs.QueueProps{
		QueueName:       p.physicalName("events-dlq"),
		RetentionPeriod: p.props.DeadLetterQueueRetention,
	})
}

func newQueue(p *eventPipeline) awssqs.IQueue {
	if p.props.Queue != nil {
		return p.props.Queue
	}
	return createQueue(p, "Queue", &awssqs.QueueProps{
		QueueName:         p.physicalName("events"),
		RetentionPeriod:   p.props.QueueRetention,
		VisibilityTimeout: p.props.VisibilityTimeout,
		DeadLetterQueue: &awssqs.DeadLetterQueue{
			Queue: p.deadLetterQueue, MaxReceiveCount: jsii.Number(maxReceives),
		},
	})
}

// createQueue creates a queue that rejects requests without TLS. Without a KMS key, SQS's own key
// encrypts the messages.
func createQueue(p *eventPipeline, id string, props *awssqs.QueueProps) awssqs.IQueue {
	props.EnforceSSL = jsii.Bool(true)
	props.RemovalPolicy = removalPolicy(p.props)
	props.Encryption = awssqs.QueueEncryption_SQS_MANAGED
	if key := p.props.QueueEncryptionKey; key != nil {
		props.Encryption, props.EncryptionMasterKey = awssqs.QueueEncryption_KMS, key
	}
	return awssqs.NewQueue(p, &id, props)
}

func newEventSource(p *eventPipeline) awslambda.EventSourceMapping {
	props := &awslambda.EventSourceMappingProps{
		Target:                  p.workerFunction,
		EventSourceArn:          p.queue.QueueArn(),
		BatchSize:               p.props.BatchSize,
		ReportBatchItemFailures: jsii.Bool(true),
	}
	if p.props.MinimumPollers == nil {
		props.MaxConcurrency = p.props.MaxConcurrency
	}
	if inSeconds(p.props.MaxBatchingWindow) > 0 {
		props.MaxBatchingWindow = p.props.MaxBatchingWindow
	}
	mapping := awslambda.NewEventSourceMapping(p, jsii.String("EventSource"), props)
	if p.props.MinimumPollers != nil {
		mapping.Node().DefaultChild().(awslambda.CfnEventSourceMapping).SetProvisionedPollerConfig(
			&awslambda.CfnEventSourceMapping_ProvisionedPollerConfigProperty{
				MinimumPollers: p.props.MinimumPollers, MaximumPollers: p.props.MaximumPollers,
			})
	}
	// Lambda rejects the mapping if the role does not have the permission to receive messages.
	mapping.Node().AddDependency(p.workerFunction.Role())
	return mapping
}

// newNotificationDeadLetterQueue creates the queue of notifications that EventBridge could not
// deliver or encrypt. SQS's own key encrypts the queue, so that EventBridge needs no permission for
// a KMS key.
func newNotificationDeadLetterQueue(p *eventPipeline) awssqs.IQueue {
	queue := awssqs.NewQueue(p, jsii.String("NotificationDeadLetterQueue"), &awssqs.QueueProps{
		QueueName:       p.physicalName("notifications-dlq"),
		RetentionPeriod: days(14), // SQS's maximum
		EnforceSSL:      jsii.Bool(true),
		Encryption:      awssqs.QueueEncryption_SQS_MANAGED,
		RemovalPolicy:   removalPolicy(p.props),
	})
	stack := awscdk.Stack_Of(p)
	sources := []*string{rulesOfBus(p)}
	if p.props.EventBus == nil {
		sources = append(sources, eventsARN(stack, "event-bus", *p.eventBus.EventBusName()))
	}
	queue.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: servicePrincipal("events.amazonaws.com"),
		Actions:    jsii.Strings("sqs:SendMessage"),
		Resources:  &[]*string{queue.QueueArn()},
		Conditions: &map[string]any{"ArnLike": map[string]any{"aws:SourceArn": sources}},
	}))
	if bus, ok := p.eventBus.Node().DefaultChild().(awsevents.CfnEventBus); ok &&
		p.props.EventBus == nil {
		bus.SetDeadLetterConfig(&awsevents.CfnEventBus_DeadLetterConfigProperty{
			Arn: queue.QueueArn(),
		})
	}
	return queue
}
