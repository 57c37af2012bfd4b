package eventpipeline_test

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/stacks"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

const cleanerRole = "CustomS3AutoDeleteObjectsCustomResourceProviderRole"

// Nobody may overwrite or delete payloads. In a stage with DESTROY, the CDK function that empties
// buckets is an exception.
func TestBronze_IsWriteOnce(t *testing.T) {
	for name, s := range map[string]synth.Template{
		"nil props":  synth.DefaultPipeline(t),
		stacks.Prod:  synth.Stage(t, stacks.Prod),
		stacks.Dev:   synth.Stage(t, stacks.Dev),
		stacks.Local: synth.Stage(t, stacks.Local),
	} {
		objects := []string{"${BronzeBucket.Arn}/*"}
		deleting := synth.Statement{
			Effect:    "Deny",
			Principal: synth.Everybody,
			Actions:   []string{"s3:DeleteObject", "s3:DeleteObjectVersion"},
			Resources: objects,
		}
		if name == stacks.Dev || name == stacks.Local {
			deleting.Condition = map[string]any{
				"ArnNotEquals": map[string]any{"aws:PrincipalArn": "${" + cleanerRole + ".Arn}"},
			}
		}
		want := []synth.Statement{
			{
				Effect:    "Deny",
				Principal: synth.Everybody,
				Actions:   []string{"s3:PutObject"},
				Resources: objects,
				Condition: map[string]any{"Null": map[string]any{"s3:if-none-match": "true"}},
			},
			{
				Effect:    "Deny",
				Principal: synth.Everybody,
				Actions:   []string{"s3:ReplicateDelete", "s3:ReplicateObject"},
				Resources: objects,
			},
			deleting,
		}
		statements := s.Resource(t, "BronzeBucketPolicy", "AWS::S3::BucketPolicy").Statements(t)
		if diff := cmp.Diff(want, statements[len(statements)-3:]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// An existing bucket can contain other objects. The statements must apply to bronze/ only.
func TestDenyOverwriting_MakesAnExistingBucketWriteOnce(t *testing.T) {
	stack := synth.NewStack(t)
	synth.Must(t, func() error {
		eventpipeline.DenyOverwriting(awss3.NewBucket(stack, jsii.String("Lake"), nil))
		return nil
	})
	objects := []string{"${Lake.Arn}/bronze/*"}
	want := []synth.Statement{
		{
			Effect:    "Deny",
			Principal: synth.Everybody,
			Actions:   []string{"s3:PutObject"},
			Resources: objects,
			Condition: map[string]any{"Null": map[string]any{"s3:if-none-match": "true"}},
		},
		{
			Effect:    "Deny",
			Principal: synth.Everybody,
			Actions:   []string{"s3:ReplicateDelete", "s3:ReplicateObject"},
			Resources: objects,
		},
		{
			Effect:    "Deny",
			Principal: synth.Everybody,
			Actions:   []string{"s3:DeleteObject", "s3:DeleteObjectVersion"},
			Resources: objects,
		},
	}
	policy := synth.Synthesize(t, stack).Resource(t, "LakePolicy", "AWS::S3::BucketPolicy")
	got := policy.Statements(t)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDenyOverwriting_RejectsAnImportedBucket(t *testing.T) {
	// With this context value, the construct's error does not fail the synthesis.
	stack := awscdk.NewStack(
		synth.NewApp(t, map[string]any{"@aws-cdk/core:annotationsInValidationReport": false}),
		jsii.String("Stack"),
		nil,
	)
	synth.Must(t, func() error {
		eventpipeline.DenyOverwriting(
			awss3.Bucket_FromBucketName(stack, jsii.String("Lake"), jsii.String("lake")))
		return nil
	})
	synth.Check(t, func() {
		assertions.Annotations_FromStack(stack).HasError(jsii.String("/Stack/Lake"),
			assertions.Match_StringLikeRegexp(jsii.String("^DenyOverwriting .* imported")))
	})
}

func TestBronze_MayHaveObjectLock(t *testing.T) {
	synth.DefaultPipeline(
		t,
	).Resource(t, "BronzeBucket", "AWS::S3::Bucket").
		Expect(t, `{"ObjectLockEnabled": null, "ObjectLockConfiguration": null}`)
	s := synth.Pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			BronzeObjectLock: awss3.ObjectLockRetention_Compliance(days(365)),
		}
	})
	s.Resource(t, "BronzeBucket", "AWS::S3::Bucket").Expect(t, `{
		"ObjectLockEnabled": true,
		"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled",
			"Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 365}}}
	}`)
	s.Resource(t, "SilverBucket", "AWS::S3::Bucket").
		Expect(t, `{"ObjectLockEnabled": null, "ObjectLockConfiguration": null}`)
}
