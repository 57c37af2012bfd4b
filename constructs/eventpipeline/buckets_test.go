package eventpipeline_test

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

func TestBuckets_ArePrivateEncryptedVersionedAndOwned(t *testing.T) {
	s := synth.DefaultPipeline(t)
	s.ExpectCount(t, "AWS::S3::Bucket", len(synth.Buckets))
	for _, id := range synth.Buckets {
		s.Resource(t, id, "AWS::S3::Bucket").Expect(t, `{
			"PublicAccessBlockConfiguration": {"BlockPublicAcls": true, "BlockPublicPolicy": true,
				"IgnorePublicAcls": true, "RestrictPublicBuckets": true},
			"BucketEncryption": {"ServerSideEncryptionConfiguration": [
				{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
			]},
			"VersioningConfiguration": {"Status": "Enabled"},
			"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
		}`)
	}
}

func TestBuckets_RejectRequestsWithoutTLS(t *testing.T) {
	s := synth.DefaultPipeline(t)
	for _, bucket := range synth.Buckets {
		r := s.Resource(t, bucket+"Policy", "AWS::S3::BucketPolicy")
		r.Expect(t, `{"Bucket": "${`+bucket+`}"}`)
		whole := []string{"${" + bucket + ".Arn}", "${" + bucket + ".Arn}/*"}
		want := []synth.Statement{
			{
				Effect: "Deny", Principal: synth.Everybody,
				Actions: []string{"s3:*"}, Resources: whole,
				Condition: map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
			},
			{
				Effect: "Deny", Principal: synth.Everybody,
				Actions: []string{"s3:*"}, Resources: whole,
				Condition: map[string]any{"NumericLessThan": map[string]any{"s3:TlsVersion": 1.2}},
			},
		}
		if diff := cmp.Diff(want, r.Statements(t)[:2]); diff != "" {
			t.Errorf("policy of %s (-want +got):\n%s", bucket, diff)
		}
	}
}

func TestBuckets_HaveLifecycles(t *testing.T) {
	const cleanUp = `{"Id": "clean-up", "Status": "Enabled",
		"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
		"NoncurrentVersionExpiration": {"NoncurrentDays": 30}}`
	s := synth.DefaultPipeline(t)
	s.Resource(t, "BronzeBucket", "AWS::S3::Bucket").
		Expect(t, `{"LifecycleConfiguration": {"Rules": [
		{"Id": "archive", "Status": "Enabled", "Transitions": [{"StorageClass": "STANDARD_IA",
			"TransitionInDays": 30}, {"StorageClass": "GLACIER_IR", "TransitionInDays": 90}]},
		`+cleanUp+`]}}`)
	s.Resource(t, "SilverBucket", "AWS::S3::Bucket").
		Expect(t, `{"LifecycleConfiguration": {"Rules": [`+cleanUp+`]}}`)
}

func TestBuckets_ApplyLifecycleProps(t *testing.T) {
	s := synth.Pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			BronzeInfrequentAccessAfter:         days(40),
			BronzeArchiveAfter:                  days(100),
			BronzeExpiration:                    days(400),
			SilverExpiration:                    days(500),
			NoncurrentVersionExpiration:         days(3),
			AbortIncompleteMultipartUploadAfter: days(2),
		}
	})
	const cleanUp = `{"Id": "clean-up", "Status": "Enabled",
		"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
		"NoncurrentVersionExpiration": {"NoncurrentDays": 3}}`
	s.Resource(t, "BronzeBucket", "AWS::S3::Bucket").
		Expect(t, `{"LifecycleConfiguration": {"Rules": [
		{"Id": "archive", "Status": "Enabled", "ExpirationInDays": 400,
			"Transitions": [{"StorageClass": "STANDARD_IA", "TransitionInDays": 40},
			{"StorageClass": "GLACIER_IR", "TransitionInDays": 100}]},
		`+cleanUp+`]}}`)
	s.Resource(t, "SilverBucket", "AWS::S3::Bucket").
		Expect(t, `{"LifecycleConfiguration": {"Rules": [
		{"Id": "expire", "Status": "Enabled", "ExpirationInDays": 500},
		`+cleanUp+`]}}`)
}

// S3 rejects a lifecycle rule with a transition after the expiration.
func TestBuckets_OmitTransitionsAfterExpiration(t *testing.T) {
	const infrequent, archive = `{"StorageClass": "STANDARD_IA", "TransitionInDays": 30}`,
		`{"StorageClass": "GLACIER_IR", "TransitionInDays": 90}`
	for name, test := range map[string]struct {
		props props
		want  string
	}{
		"1 day": {props{BronzeExpiration: days(1)},
			`{"ExpirationInDays": 1}`},
		"30 days": {props{BronzeExpiration: days(30)},
			`{"ExpirationInDays": 30}`},
		"31 days": {props{BronzeExpiration: days(31)},
			`{"ExpirationInDays": 31, "Transitions": [` + infrequent + `]}`},
		"90 days": {props{BronzeExpiration: days(90)},
			`{"ExpirationInDays": 90, "Transitions": [` + infrequent + `]}`},
		"91 days": {props{BronzeExpiration: days(91)},
			`{"ExpirationInDays": 91, "Transitions": [` + infrequent + `, ` + archive + `]}`},
		"95 days, infrequent access late": {props{BronzeInfrequentAccessAfter: days(70),
			BronzeExpiration: days(95)}, `{"ExpirationInDays": 95,
			"Transitions": [{"StorageClass": "STANDARD_IA", "TransitionInDays": 70}]}`},
		"no expiration, infrequent access late": {props{BronzeInfrequentAccessAfter: days(70)},
			`{"Transitions": [{"StorageClass": "STANDARD_IA", "TransitionInDays": 70},
			{"StorageClass": "GLACIER_IR", "TransitionInDays": 100}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			s := synth.Pipeline(t, func(awscdk.Stack) *props { return &test.props })
			rules := lifecycleRules(t, s, "BronzeBucket")
			want := jsonOf(t, test.want).(map[string]any)
			want["Id"], want["Status"] = "archive", "Enabled"
			if diff := cmp.Diff(any(want), rules[0]); diff != "" {
				t.Errorf("lifecycle rule of payloads (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBuckets_WriteAccessLogs(t *testing.T) {
	s := synth.DefaultPipeline(t)
	s.Resource(t, "BronzeBucket", "AWS::S3::Bucket").
		Expect(t, `{"LoggingConfiguration": {"DestinationBucketName": "${ServerAccessLogsBucket}",
			"LogFilePrefix": "bronze/"}}`)
	s.Resource(t, "SilverBucket", "AWS::S3::Bucket").
		Expect(t, `{"LoggingConfiguration": {"DestinationBucketName": "${ServerAccessLogsBucket}",
			"LogFilePrefix": "silver/"}}`)
	s.Resource(t, "ServerAccessLogsBucket", "AWS::S3::Bucket").
		Expect(t, `{"LoggingConfiguration": null, "LifecycleConfiguration": {"Rules": [
		{"Id": "expire", "Status": "Enabled", "ExpirationInDays": 90},
		{"Id": "clean-up", "Status": "Enabled",
			"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
			"NoncurrentVersionExpiration": {"NoncurrentDays": 30}}
	]}}`)
	s = synth.Pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{ServerAccessLogsExpiration: days(400)}
	})
	rules := lifecycleRules(t, s, "ServerAccessLogsBucket")
	if got := rules[0].(map[string]any)["ExpirationInDays"]; got != 400.0 {
		t.Errorf("access logs must expire after 400 days, got %v", got)
	}
}

func TestBuckets_WriteAccessLogsToAnExistingBucket(t *testing.T) {
	s := synth.Pipeline(t, func(stack awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			ServerAccessLogsBucket: awss3.NewBucket(
				stack,
				jsii.String("Logs"),
				&awss3.BucketProps{Encryption: awss3.BucketEncryption_S3_MANAGED},
			),
		}
	})
	s.ExpectCount(t, "AWS::S3::Bucket", 3)
	s.Resource(t, "BronzeBucket", "AWS::S3::Bucket").
		Expect(t, `{"LoggingConfiguration": {"DestinationBucketName": "${Logs}",
			"LogFilePrefix": "bronze/"}}`)
	if n := len(s.Resource(t, "LogsPolicy", "AWS::S3::BucketPolicy").Statements(t)); n != 2 {
		t.Errorf("policy must have 2 statements, got %d", n)
	}
}

func days(n float64) awscdk.Duration { return awscdk.Duration_Days(&n) }

func seconds(n float64) awscdk.Duration { return awscdk.Duration_Seconds(&n) }

func lifecycleRules(t *testing.T, s synth.Template, bucket string) []any {
	t.Helper()
	properties := s.Resource(t, bucket, "AWS::S3::Bucket").Properties
	return properties["LifecycleConfiguration"].(map[string]any)["Rules"].([]any)
}
