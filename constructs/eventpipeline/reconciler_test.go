package eventpipeline_test

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

func TestReconciler_RunsEvery15MinutesWithoutRetries(t *testing.T) {
	s := synth.DefaultPipeline(t)
	s.ExpectCount(t, "AWS::Events::Rule", 1)
	s.Resource(t, "Schedule", "AWS::Events::Rule").Expect(t, `{
		"ScheduleExpression": "rate(15 minutes)",
		"State": "ENABLED",
		"EventPattern": null,
		"Targets": [{
			"Arn": "${ReconcilerFunction.Arn}",
			"Id": "Target0",
			"RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 900}
		}]
	}`)
}

func TestReconciler_AppliesProps(t *testing.T) {
	s := synth.Pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			ReconcilerInterval: hours(2), ReconcilerGracePeriod: seconds(600),
			ReconcilerMaxReenqueues: jsii.Number(7), QueueRetention: days(1),
		}
	})
	s.Resource(t, "Schedule", "AWS::Events::Rule").
		Expect(t, `{"ScheduleExpression": "rate(2 hours)", "State": "ENABLED"}`)
	s.Environment(t, "ReconcilerFunction").Expect(t, `{
		"RECONCILE_GRACE_SECONDS": "600", "RECONCILE_WINDOW_SECONDS": "87000", "MAX_REENQUEUES": "7"
	}`)
}

// Without the schedule, an operator can still invoke the function. The function needs its
// environment variables.
func TestReconciler_MayBeDisabled(t *testing.T) {
	s := synth.Pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			ReconcilerEnabled:       jsii.Bool(false),
			ReconcilerMaxReenqueues: jsii.Number(7),
		}
	})
	s.Resource(t, "Schedule", "AWS::Events::Rule").Expect(t, `{"State": "DISABLED"}`)
	s.Environment(t, "ReconcilerFunction").Expect(t, `{"MAX_REENQUEUES": "7"}`)
}

// After a crash of a worker, SQS delivers the messages again at the end of the visibility timeout.
// The reconciler must not enqueue the events earlier.
func TestReconciler_WaitsAtLeastForTheVisibilityTimeout(t *testing.T) {
	s := synth.Pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{VisibilityTimeout: hours(3)}
	})
	s.Environment(t, "ReconcilerFunction").Expect(t, `{"RECONCILE_GRACE_SECONDS": "10800"}`)
}
