package eventpipeline_test

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

func TestQueues_AreEncryptedAndRedriveToTheDLQ(t *testing.T) {
	s := synth.DefaultPipeline(t)
	s.ExpectCount(t, "AWS::SQS::Queue", 3)
	s.Resource(t, "NotificationDeadLetterQueue", "AWS::SQS::Queue").Expect(t, `{
		"SqsManagedSseEnabled": true, "KmsMasterKeyId": null,
		"MessageRetentionPeriod": 1209600, "RedrivePolicy": null
	}`)
	s.Resource(t, "Queue", "AWS::SQS::Queue").Expect(t, `{
		"SqsManagedSseEnabled": true,
		"MessageRetentionPeriod": 345600,
		"VisibilityTimeout": 180,
		"RedrivePolicy": {"deadLetterTargetArn": "${DeadLetterQueue.Arn}", "maxReceiveCount": 1000}
	}`)
	s.Resource(t, "DeadLetterQueue", "AWS::SQS::Queue").Expect(t, `{
		"SqsManagedSseEnabled": true,
		"MessageRetentionPeriod": 1209600,
		"RedrivePolicy": null
	}`)
}

func TestQueues_RejectRequestsWithoutTLS(t *testing.T) {
	s := synth.DefaultPipeline(t)
	for _, queue := range []string{"Queue", "DeadLetterQueue"} {
		r := s.Resource(t, queue+"Policy", "AWS::SQS::QueuePolicy")
		r.Expect(t, `{"Queues": ["${`+queue+`}"]}`)
		want := []synth.Statement{
			{
				Effect:    "Deny",
				Principal: synth.Everybody,
				Actions:   []string{"sqs:*"},
				Resources: []string{"${" + queue + ".Arn}"},
				Condition: map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
			},
		}
		if diff := cmp.Diff(want, r.Statements(t)); diff != "" {
			t.Errorf("policy of %s (-want +got):\n%s", queue, diff)
		}
	}
}

func TestQueue_AppliesProps(t *testing.T) {
	s := synth.Pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			QueueRetention:           days(2),
			DeadLetterQueueRetention: days(5),
			VisibilityTimeout:        seconds(1000),
			MaxReceiveCount:          jsii.Number(7),
		}
	})
	s.Resource(t, "Queue", "AWS::SQS::Queue").Expect(t, `{
		"MessageRetentionPeriod": 172800,
		"VisibilityTimeout": 1000,
		"RedrivePolicy": {"deadLetterTargetArn": "${DeadLetterQueue.Arn}", "maxReceiveCount": 1000}
	}`)
	s.Resource(t, "DeadLetterQueue", "AWS::SQS::Queue").
		Expect(t, `{"MessageRetentionPeriod": 432000}`)
	s.Environment(t, "WorkerFunction").Expect(t, `{"MAX_RECEIVE_COUNT": "7"}`)
}

func TestQueue_DerivesTheVisibilityTimeout(t *testing.T) {
	s := synth.Pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			WorkerFunction:    &functionOptions{Timeout: seconds(100)},
			MaxBatchingWindow: seconds(20),
		}
	})
	s.Resource(t, "Queue", "AWS::SQS::Queue").Expect(t, `{"VisibilityTimeout": 620}`)
}
