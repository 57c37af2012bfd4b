package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

func newDeadLetterQueue(scope constructs.Construct, p EventPipelineProps) awssqs.IQueue {
	if p.DeadLetterQueue != nil {
		return p.DeadLetterQueue
	}
	props := &awssqs.QueueProps{
		QueueName:       physicalName(p, "events-dlq"),
		RetentionPeriod: p.DeadLetterQueueRetention,
		EnforceSSL:      jsii.Bool(true),
		RemovalPolicy:   p.RemovalPolicy,
	}
	encryptQueue(props, p.QueueEncryptionKey)
	return awssqs.NewQueue(scope, jsii.String("DeadLetterQueue"), props)
}

func newQueue(scope constructs.Construct, p EventPipelineProps, deadLetters awssqs.IQueue) awssqs.IQueue {
	if p.Queue != nil {
		return p.Queue
	}
	props := &awssqs.QueueProps{
		QueueName:         physicalName(p, "events"),
		RetentionPeriod:   p.QueueRetention,
		VisibilityTimeout: p.VisibilityTimeout,
		EnforceSSL:        jsii.Bool(true),
		DeadLetterQueue:   &awssqs.DeadLetterQueue{Queue: deadLetters, MaxReceiveCount: p.MaxReceiveCount},
		RemovalPolicy:     p.RemovalPolicy,
	}
	encryptQueue(props, p.QueueEncryptionKey)
	return awssqs.NewQueue(scope, jsii.String("Queue"), props)
}
