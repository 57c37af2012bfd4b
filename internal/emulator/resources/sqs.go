package resources

import (
	"fmt"
	"path"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

type queueProperties struct {
	QueueName                     string
	FifoQueue                     flag
	DelaySeconds                  number
	MaximumMessageSize            number
	MessageRetentionPeriod        number
	ReceiveMessageWaitTimeSeconds number
	VisibilityTimeout             number
	RedrivePolicy                 document
	KmsMasterKeyId                string
}

func createQueue(c *creation, in queueProperties) (values, error) {
	if in.FifoQueue {
		return c.skip(" with FifoQueue")
	}
	config := sqs.QueueConfig{
		Name:              c.name(in.QueueName, 80),
		VisibilityTimeout: in.VisibilityTimeout.seconds(),
		Delay:             in.DelaySeconds.seconds(),
		MessageRetention:  in.MessageRetentionPeriod.seconds(),
		ReceiveWaitTime:   in.ReceiveMessageWaitTimeSeconds.seconds(),
		MaxMessageSize:    int(in.MaximumMessageSize),
	}
	if in.RedrivePolicy != nil {
		var policy struct {
			DeadLetterTargetArn string `json:"deadLetterTargetArn"`
			MaxReceiveCount     number `json:"maxReceiveCount"`
		}
		if err := protocol.Decode(in.RedrivePolicy, &policy); err != nil {
			return values{}, fmt.Errorf("parse RedrivePolicy: %w", err)
		}
		config.DeadLetterQueue = policy.DeadLetterTargetArn
		config.MaxReceiveCount = int(policy.MaxReceiveCount)
	}
	queue, err := c.SQS.CreateQueue(config)
	if err != nil {
		return values{}, err
	}
	c.iam.addResource(queue.ARN())
	c.encrypt(queue.ARN(), in.KmsMasterKeyId)
	return created(queue.URL(),
		"Arn", queue.ARN(), "QueueName", queue.Name(), "QueueUrl", queue.URL()), nil
}

type queuePolicyProperties struct {
	Queues         []string // URLs of the queues
	PolicyDocument document
}

func createQueuePolicy(c *creation, in queuePolicyProperties) (values, error) {
	for _, url := range in.Queues {
		arn := c.arn("sqs", path.Base(url))
		if err := c.addResourcePolicy(arn, in.PolicyDocument); err != nil {
			return values{}, err
		}
	}
	return created(c.suffix()), nil
}
