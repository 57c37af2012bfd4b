package eventpipeline_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

func TestRemovalPolicy_RetainsUnlessItIsDestroy(t *testing.T) {
	for _, policy := range []awscdk.RemovalPolicy{
		"", awscdk.RemovalPolicy_RETAIN, awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE,
	} {
		s := synth.Pipeline(t, func(awscdk.Stack) *props { return &props{RemovalPolicy: policy} })
		policies := s.IDsOf("AWS::S3::BucketPolicy")
		for _, id := range slices.Concat(synth.StatefulResources, policies) {
			s.ExpectRetained(t, id)
		}
		s.Resource(t, "EventsTable", "AWS::DynamoDB::Table").
			Expect(t, `{"DeletionProtectionEnabled": false}`)
		s.ExpectCount(t, "Custom::S3AutoDeleteObjects", 0)
	}
}
