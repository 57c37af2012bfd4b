package templates

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/stacks"
)

const cleanerRole = "CustomS3AutoDeleteObjectsCustomResourceProviderRole"

// Nobody may overwrite or delete a payload; in a stack that is to leave nothing the bucket cleaner may delete it.
func TestBronze_IsWriteOnce(t *testing.T) {
	for name, s := range map[string]synthesized{
		"nil props": standard(t), stacks.Prod: stage(t, stacks.Prod), stacks.Dev: stage(t, stacks.Dev), stacks.Local: stage(t, stacks.Local),
	} {
		objects := []string{"${BronzeBucket.Arn}/*"}
		deleting := statement{Effect: "Deny", Principal: everybody, Actions: []string{"s3:DeleteObject", "s3:DeleteObjectVersion"}, Resources: objects}
		if name == stacks.Dev || name == stacks.Local {
			deleting.Condition = map[string]any{"ArnNotEquals": map[string]any{"aws:PrincipalArn": "${" + cleanerRole + ".Arn}"}}
		}
		want := []statement{
			{Effect: "Deny", Principal: everybody, Actions: []string{"s3:PutObject"}, Resources: objects,
				Condition: map[string]any{"Null": map[string]any{"s3:if-none-match": "true"}}},
			deleting,
		}
		statements := s.resource(t, "BronzeBucketPolicy", "AWS::S3::BucketPolicy").statements(t)
		if diff := cmp.Diff(want, statements[len(statements)-2:]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestBronze_IsLockedWhenAskedTo(t *testing.T) {
	standard(t).resource(t, "BronzeBucket", "AWS::S3::Bucket").expect(t, `{"ObjectLockEnabled": null, "ObjectLockConfiguration": null}`)
	s := pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{BronzeObjectLock: awss3.ObjectLockRetention_Compliance(days(365))}
	})
	s.resource(t, "BronzeBucket", "AWS::S3::Bucket").expect(t, `{
		"ObjectLockEnabled": true,
		"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 365}}}
	}`)
	s.resource(t, "SilverBucket", "AWS::S3::Bucket").expect(t, `{"ObjectLockEnabled": null, "ObjectLockConfiguration": null}`)
}

// The statements of resources that allow anybody anything, in any stage: the cleaner's alone, by name.
func TestResourcePolicies_AllowTheCleanerAlone(t *testing.T) {
	want := map[string][]string{
		stacks.Prod:  nil,
		stacks.Dev:   {"BronzeBucketPolicy", "SilverBucketPolicy"},
		stacks.Local: {"BronzeBucketPolicy", "SilverBucketPolicy"},
	}
	for _, name := range stages {
		s, allowing := stage(t, name), []string(nil)
		for _, id := range append(s.of("AWS::S3::BucketPolicy"), s.of("AWS::SQS::QueuePolicy")...) {
			for _, statement := range s.resources[id].statements(t) {
				if statement.Effect == "Deny" {
					continue
				}
				allowing = append(allowing, id)
				bucket := strings.TrimSuffix(id, "Policy")
				if diff := cmp.Diff(cleaning(bucket), statement); diff != "" {
					t.Errorf("stage %s: %s allows (-want +got):\n%s", name, id, diff)
				}
			}
		}
		slices.Sort(allowing)
		if diff := cmp.Diff(want[name], allowing); diff != "" {
			t.Errorf("stage %s: policies that allow something (-want +got):\n%s", name, diff)
		}
	}
}

// cleaning is what the cleaner may do: each action that CDK's function calls.
func cleaning(bucket string) statement {
	return statement{
		Effect: "Allow", Principal: map[string]any{"AWS": "${" + cleanerRole + ".Arn}"},
		Actions: []string{
			"s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetBucketPolicy", "s3:GetBucketTagging", "s3:ListBucketVersions", "s3:PutBucketPolicy",
		},
		Resources: []string{"${" + bucket + ".Arn}", "${" + bucket + ".Arn}/*"},
	}
}
