package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

func newDeadLetterQueue(scope constructs.Construct, p EventPipelineProps) awssqs.Queue {
	return awssqs.NewQueue(scope, jsii.String("DeadLetterQueue"), &awssqs.QueueProps{
		QueueName:       physicalName(p, "events-dlq"),
		RetentionPeriod: p.DeadLetterQueueRetention,
		Encryption:      awssqs.QueueEncryption_SQS_MANAGED,
		EnforceSSL:      jsii.Bool(true),
		RemovalPolicy:   p.RemovalPolicy,
	})
}

func newQueue(scope constructs.Construct, p EventPipelineProps, deadLetters awssqs.IQueue) awssqs.Queue {
	return awssqs.NewQueue(scope, jsii.String("Queue"), &awssqs.QueueProps{
		QueueName:         physicalName(p, "events"),
		RetentionPeriod:   p.QueueRetention,
		VisibilityTimeout: p.VisibilityTimeout,
		Encryption:        awssqs.QueueEncryption_SQS_MANAGED,
		EnforceSSL:        jsii.Bool(true),
		DeadLetterQueue:   &awssqs.DeadLetterQueue{Queue: deadLetters, MaxReceiveCount: p.MaxReceiveCount},
		RemovalPolicy:     p.RemovalPolicy,
	})
}
