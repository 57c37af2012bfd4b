package eventpipeline_test

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

func TestWorkerEntry_IsRelativeToTheWorkingDirectory(t *testing.T) {
	t.Chdir(synth.Root + "/examples/own-processor")
	s := synth.Pipeline(
		t,
		func(awscdk.Stack) *props { return &props{WorkerEntry: jsii.String("./functions/orders")} },
	)
	s.Environment(t, "WorkerFunction").Expect(t, `{"SILVER_BUCKET": "${SilverBucket}"}`)
}
