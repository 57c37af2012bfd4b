package templates

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

func TestQueues_AreEncryptedAndRedriveToTheDLQ(t *testing.T) {
	s := defaultPipeline(t)
	s.expectCount(t, "AWS::SQS::Queue", 3)
	s.resource(t, "NotificationDeadLetterQueue", "AWS::SQS::Queue").expect(t, `{
		"SqsManagedSseEnabled": true, "KmsMasterKeyId": null,
		"MessageRetentionPeriod": 1209600, "RedrivePolicy": null
	}`)
	s.resource(t, "Queue", "AWS::SQS::Queue").expect(t, `{
		"SqsManagedSseEnabled": true,
		"MessageRetentionPeriod": 345600,
		"VisibilityTimeout": 180,
		"RedrivePolicy": {"deadLetterTargetArn": "${DeadLetterQueue.Arn}", "maxReceiveCount": 1000}
	}`)
	s.resource(t, "DeadLetterQueue", "AWS::SQS::Queue").expect(t, `{
		"SqsManagedSseEnabled": true,
		"MessageRetentionPeriod": 1209600,
		"RedrivePolicy": null
	}`)
}

func TestQueues_RejectRequestsWithoutTLS(t *testing.T) {
	s := defaultPipeline(t)
	for _, queue := range []string{"Queue", "DeadLetterQueue"} {
		r := s.resource(t, queue+"Policy", "AWS::SQS::QueuePolicy")
		r.expect(t, `{"Queues": ["${`+queue+`}"]}`)
		want := []statement{
			{
				Effect:    "Deny",
				Principal: everybody,
				Actions:   []string{"sqs:*"},
				Resources: []string{"${" + queue + ".Arn}"},
				Condition: map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
			},
		}
		if diff := cmp.Diff(want, r.statements(t)); diff != "" {
			t.Errorf("policy of %s (-want +got):\n%s", queue, diff)
		}
	}
}

func TestQueue_AppliesProps(t *testing.T) {
	s := pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			QueueRetention:           days(2),
			DeadLetterQueueRetention: days(5),
			VisibilityTimeout:        seconds(1000),
			MaxReceiveCount:          jsii.Number(7),
		}
	})
	s.resource(t, "Queue", "AWS::SQS::Queue").expect(t, `{
		"MessageRetentionPeriod": 172800,
		"VisibilityTimeout": 1000,
		"RedrivePolicy": {"deadLetterTargetArn": "${DeadLetterQueue.Arn}", "maxReceiveCount": 1000}
	}`)
	s.resource(t, "DeadLetterQueue", "AWS::SQS::Queue").
		expect(t, `{"MessageRetentionPeriod": 432000}`)
	s.environment(t, "WorkerFunction").expect(t, `{"MAX_RECEIVE_COUNT": "7"}`)
}

func TestQueue_DerivesTheVisibilityTimeout(t *testing.T) {
	s := pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			WorkerFunction:    &functionOptions{Timeout: seconds(100)},
			MaxBatchingWindow: seconds(20),
		}
	})
	s.resource(t, "Queue", "AWS::SQS::Queue").expect(t, `{"VisibilityTimeout": 620}`)
}
