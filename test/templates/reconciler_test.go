package templates

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

func TestReconciler_RunsEvery15MinutesWithoutRetries(t *testing.T) {
	s := defaultPipeline(t)
	s.expectCount(t, "AWS::Events::Rule", 1)
	s.resource(t, "Schedule", "AWS::Events::Rule").expect(t, `{
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
	s := pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			ReconcilerInterval: hours(2), ReconcilerGracePeriod: seconds(600),
			ReconcilerMaxReenqueues: jsii.Number(7), QueueRetention: days(1),
		}
	})
	s.resource(t, "Schedule", "AWS::Events::Rule").
		expect(t, `{"ScheduleExpression": "rate(2 hours)", "State": "ENABLED"}`)
	s.environment(t, "ReconcilerFunction").expect(t, `{
		"RECONCILE_GRACE_SECONDS": "600", "RECONCILE_WINDOW_SECONDS": "87000", "MAX_REENQUEUES": "7"
	}`)
}

// Without the schedule, an operator can still invoke the function. The function needs its
// environment variables.
func TestReconciler_MayBeDisabled(t *testing.T) {
	s := pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			ReconcilerEnabled:       jsii.Bool(false),
			ReconcilerMaxReenqueues: jsii.Number(7),
		}
	})
	s.resource(t, "Schedule", "AWS::Events::Rule").expect(t, `{"State": "DISABLED"}`)
	s.environment(t, "ReconcilerFunction").expect(t, `{"MAX_REENQUEUES": "7"}`)
}

// After a crash of a worker, SQS delivers the messages again at the end of the visibility timeout.
// The reconciler must not enqueue the events earlier.
func TestReconciler_WaitsAtLeastForTheVisibilityTimeout(t *testing.T) {
	s := pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{VisibilityTimeout: hours(3)}
	})
	s.environment(t, "ReconcilerFunction").expect(t, `{"RECONCILE_GRACE_SECONDS": "10800"}`)
}
