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
	DelaySeconds                  *number
	MaximumMessageSize            *number
	MessageRetentionPeriod        *number
	ReceiveMessageWaitTimeSeconds *number
	VisibilityTimeout             *number
	RedrivePolicy                 document
	KmsMasterKeyId                string
}

func createQueue(c *creation, in queueProperties) (values, error) {
	if in.FifoQueue {
		return c.skip(" with FifoQueue")
	}
	config, err := in.config(c.name(in.QueueName, 80))
	if err != nil {
		return values{}, err
	}
	queue, err := c.SQS.CreateQueue(config)
	if err != nil {
		return values{}, err
	}
	c.iam.addResource(queue.ARN())
	c.encrypt(queue.ARN(), in.KmsMasterKeyId)
	return newValues(queue.URL(),
		"Arn", queue.ARN(), "QueueName", queue.Name(), "QueueUrl", queue.URL()), nil
}

// config returns the configuration of the queue. It returns an error if a property violates SQS's
// limits.
func (in queueProperties) config(name string) (sqs.QueueConfig, error) {
	config := sqs.QueueConfig{
		Name:             name,
		Delay:            in.DelaySeconds.seconds(),
		MessageRetention: in.MessageRetentionPeriod.seconds(),
		ReceiveWaitTime:  in.ReceiveMessageWaitTimeSeconds.seconds(),
		MaxMessageSize:   in.MaximumMessageSize.int(),
	}
	if in.VisibilityTimeout != nil {
		config.VisibilityTimeout = new(in.VisibilityTimeout.seconds())
	}
	limits := []limit{
		{"DelaySeconds", in.DelaySeconds, 0, 900},
		{"MaximumMessageSize", in.MaximumMessageSize, 1 << 10, 1 << 20},
		{"MessageRetentionPeriod", in.MessageRetentionPeriod, 60, 1_209_600},
		{"ReceiveMessageWaitTimeSeconds", in.ReceiveMessageWaitTimeSeconds, 0, 20},
		{"VisibilityTimeout", in.VisibilityTimeout, 0, 43_200},
	}
	if in.RedrivePolicy != nil {
		var policy struct {
			DeadLetterTargetArn string `json:"deadLetterTargetArn"`
			MaxReceiveCount     number `json:"maxReceiveCount"`
		}
		if err := protocol.Decode(in.RedrivePolicy, &policy); err != nil {
			return config, fmt.Errorf("parse RedrivePolicy: %w", err)
		}
		config.DeadLetterQueue = policy.DeadLetterTargetArn
		config.MaxReceiveCount = policy.MaxReceiveCount.int()
		limits = append(limits, limit{"maxReceiveCount", &policy.MaxReceiveCount, 1, 1000})
	}
	return config, checkLimits(limits...)
}

type queuePolicyProperties struct {
	Queues         []string // URLs of the queues
	PolicyDocument document
}

func createQueuePolicy(c *creation, in queuePolicyProperties) (values, error) {
	for _, url := range in.Queues {
		arn := c.arn(sqs.Name, path.Base(url))
		if err := c.addResourcePolicy(arn, in.PolicyDocument); err != nil {
			return values{}, err
		}
	}
	return newValues(c.uniqueSuffix()), nil
}
