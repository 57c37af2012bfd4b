package eventpipeline_test

import (
	"fmt"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// Resource policies allow only three things:
//   - S3 may deliver the access logs of a bucket of this account.
//   - EventBridge may move notifications of the pipeline's bus to the DLQ for notifications.
//   - In stages with DESTROY, the CDK function may empty the buckets.
func TestResourcePolicies_AllowNoConfusedDeputy(t *testing.T) {
	for name, s := range map[string]synth.Template{
		"nil props": synth.DefaultPipeline(t),
		"dev":       synth.Stage(t, "dev"),
		"prod":      synth.Stage(t, "prod"),
		"local":     synth.Stage(t, "local"),
	} {
		const events = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:"
		want := []synth.Statement{{
			Effect: "Allow", Principal: map[string]any{"Service": "events.amazonaws.com"},
			Actions:   []string{"sqs:SendMessage"},
			Resources: []string{"${NotificationDeadLetterQueue.Arn}"},
			Condition: map[string]any{"ArnLike": map[string]any{"aws:SourceArn": []any{
				events + "rule/${EventBus}/*", events + "event-bus/${EventBus}",
			}}},
		}}
		for prefix, bucket := range map[string]string{"bronze": "BronzeBucket",
			"silver": "SilverBucket"} {
			want = append(want, synth.Statement{
				Effect:    "Allow",
				Principal: map[string]any{"Service": "logging.s3.amazonaws.com"},
				Actions:   []string{"s3:PutObject"},
				Resources: []string{"${ServerAccessLogsBucket.Arn}/" + prefix + "/*"},
				Condition: map[string]any{
					"ArnEquals":    map[string]any{"aws:SourceArn": "${" + bucket + ".Arn}"},
					"StringEquals": map[string]any{"aws:SourceAccount": "${AWS::AccountId}"},
				},
			})
		}
		if name == "dev" || name == "local" {
			for _, bucket := range synth.Buckets {
				want = append(want, autoDelete(bucket))
			}
		}
		var got []synth.Statement
		policies := append(s.IDsOf("AWS::S3::BucketPolicy"), s.IDsOf("AWS::SQS::QueuePolicy")...)
		for _, id := range policies {
			for _, statement := range s.Resources[id].Statements(t) {
				if statement.Effect != "Deny" {
					got = append(got, statement)
				}
			}
		}
		if diff := cmp.Diff(want, got, anyOrder); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

var anyOrder = cmpopts.SortSlices(
	func(a, b synth.Statement) bool { return fmt.Sprint(a) < fmt.Sprint(b) })

// autoDelete returns the statement that allows the CDK function to empty a bucket.
func autoDelete(bucket string) synth.Statement {
	return synth.Statement{
		Effect: "Allow", Principal: map[string]any{"AWS": "${" + cleanerRole + ".Arn}"},
		Actions: []string{
			"s3:DeleteObject",
			"s3:DeleteObjectVersion",
			"s3:GetBucketPolicy",
			"s3:GetBucketTagging",
			"s3:ListBucketVersions",
			"s3:PutBucketPolicy",
		},
		Resources: []string{"${" + bucket + ".Arn}", "${" + bucket + ".Arn}/*"},
	}
}
