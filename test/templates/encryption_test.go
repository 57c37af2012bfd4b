package templates

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

func newKey(scope constructs.Construct, id string) awskms.IKey {
	return awskms.NewKey(scope, &id, &awskms.KeyProps{EnableKeyRotation: jsii.Bool(true)})
}

// withKeys returns a pipeline with the settings of the dev stage. Each prop that accepts a key has
// its own key. Tests of the local platform run this template and read its outputs.
func withKeys(t *testing.T) synthesized {
	t.Helper()
	const name = "keys"
	if s, ok := synthesizedStages[name]; ok {
		return s
	}
	stack := newStack(t)
	synth.Must(t, func() error {
		secret := awssecretsmanager.NewSecret(stack, jsii.String("Secret"),
			&awssecretsmanager.SecretProps{EncryptionKey: newKey(stack, "SecretKey")})
		p := eventpipeline.NewEventPipeline(
			stack,
			jsii.String("EventPipeline"),
			&eventpipeline.EventPipelineProps{
				PhysicalNamePrefix: jsii.String(project + "-dev"),
				RemovalPolicy:      awscdk.RemovalPolicy_DESTROY,

				// This key encrypts the queues, because the test sets no other key for them.
				EncryptionKey: newKey(stack, "Key"),

				BronzeEncryptionKey:      newKey(stack, "BronzeKey"),
				SilverEncryptionKey:      newKey(stack, "SilverKey"),
				EventsTableEncryptionKey: newKey(stack, "TableKey"),
				LogEncryptionKey:         newKey(stack, "LogKey"),
				EventBusEncryptionKey:    newKey(stack, "BusKey"),

				Webhooks: &[]*eventpipeline.WebhookSource{
					eventpipeline.GitHubWebhook("github", secret),
				},
			},
		)
		for output, value := range map[string]*string{
			"BronzeBucketName":   p.BronzeBucket().BucketName(),
			"SilverBucketName":   p.SilverBucket().BucketName(),
			"EventsTableName":    p.EventsTable().TableName(),
			"EventBusName":       p.EventBus().EventBusName(),
			"QueueUrl":           p.Queue().QueueUrl(),
			"DeadLetterQueueUrl": p.DeadLetterQueue().QueueUrl(),
			"WebhookSecretArn":   secret.SecretArn(),
		} {
			awscdk.NewCfnOutput(stack, &output, &awscdk.CfnOutputProps{Value: value})
		}
		return nil
	})
	synthesizedStages[name] = synthesize(t, stack)
	return synthesizedStages[name]
}

func TestKeys_EachEncryptsItsPart(t *testing.T) {
	s := withKeys(t)
	for bucket, key := range map[string]string{"BronzeBucket": "BronzeKey",
		"SilverBucket": "SilverKey"} {
		s.resource(t, bucket, "AWS::S3::Bucket").
			expect(t, `{"BucketEncryption": {"ServerSideEncryptionConfiguration": [
			{"BucketKeyEnabled": true, "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms",
				"KMSMasterKeyID": "${`+key+`.Arn}"}}]}}`)
	}
	// S3 delivers access logs only to a bucket that S3's own key encrypts.
	s.resource(t, "ServerAccessLogsBucket", "AWS::S3::Bucket").
		expect(t, `{"BucketEncryption": {"ServerSideEncryptionConfiguration": [
		{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}}`)
	s.resource(t, "EventsTable", "AWS::DynamoDB::Table").
		expect(t, `{"SSESpecification": {"SSEEnabled": true, "SSEType": "KMS",
			"KMSMasterKeyId": "${TableKey.Arn}"}}`)
	for _, queue := range []string{"Queue", "DeadLetterQueue"} {
		s.resource(t, queue, "AWS::SQS::Queue").
			expect(t, `{"KmsMasterKeyId": "${Key.Arn}", "SqsManagedSseEnabled": null}`)
	}
	for _, id := range s.idsOf("AWS::Logs::LogGroup") {
		s.resources[id].expect(t, `{"KmsKeyId": "${LogKey.Arn}"}`)
	}
	s.resource(t, "EventBus", "AWS::Events::EventBus").
		expect(t, `{"KmsKeyIdentifier": "${BusKey.Arn}"}`)
}

func TestKeys_OneEncryptsAllParts(t *testing.T) {
	s := pipeline(t, func(stack awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{EncryptionKey: newKey(stack, "Key")}
	})
	s.resource(t, "BronzeBucket", "AWS::S3::Bucket").
		expect(t, `{"BucketEncryption": {"ServerSideEncryptionConfiguration": [
		{"BucketKeyEnabled": true, "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms",
			"KMSMasterKeyID": "${Key.Arn}"}}]}}`)
	s.resource(t, "EventsTable", "AWS::DynamoDB::Table").
		expect(t, `{"SSESpecification": {"SSEEnabled": true, "SSEType": "KMS",
			"KMSMasterKeyId": "${Key.Arn}"}}`)
	s.resource(t, "Queue", "AWS::SQS::Queue").expect(t, `{"KmsMasterKeyId": "${Key.Arn}"}`)
	s.resource(t, "ApiLogGroup", "AWS::Logs::LogGroup").expect(t, `{"KmsKeyId": "${Key.Arn}"}`)
	s.resource(t, "EventBus", "AWS::Events::EventBus").
		expect(t, `{"KmsKeyIdentifier": "${Key.Arn}"}`)
}

// Each function may use the keys of its data, but only through the service that stores the data.
func TestKeys_AreUsedOnlyThroughAWSServices(t *testing.T) {
	s := withKeys(t)
	want := map[string]map[string][]string{
		"ApiRole": {
			"BronzeKey": {
				generate + viaService("s3"),
			},
			"TableKey":  {decrypt + viaService("dynamodb")},
			"Key":       {decrypt + viaService("sqs"), generate + viaService("sqs")},
			"SecretKey": {decrypt + viaService("secretsmanager")},
		},
		"WorkerRole": {
			"BronzeKey": {
				decrypt + viaService("s3"),
			},
			"SilverKey": {decrypt + viaService("s3"), generate + viaService("s3")},
			"TableKey": {
				decrypt + viaService("dynamodb"),
			},
			"Key": {decrypt + viaService("sqs"), generate + viaService("sqs")},
		},
		"ReconcilerRole": {
			"SilverKey": {
				decrypt + viaService("s3"),
			},
			"TableKey": {decrypt + viaService("dynamodb")},
			"Key":      {decrypt + viaService("sqs"), generate + viaService("sqs")},
		},
	}
	for role, keys := range want {
		may := allowedActions(t, s.resource(t, role+"DefaultPolicy", "AWS::IAM::Policy"))
		for _, key := range s.idsOf("AWS::KMS::Key") {
			if diff := cmp.Diff(keys[key], may["${"+key+".Arn}"]); diff != "" {
				t.Errorf("permissions of %s on %s (-want +got):\n%s", role, key, diff)
			}
		}
	}
}

const decrypt, generate = "kms:Decrypt", "kms:GenerateDataKey"

func viaService(service string) string {
	return fmt.Sprintf(
		` if {"StringEquals":{"kms:ViaService":"%s.${AWS::Region}.${AWS::URLSuffix}"}}`,
		service,
	)
}

// A key's policy must let AWS services use the key only for the pipeline's log groups and bus.
func TestKeys_AllowNoConfusedDeputy(t *testing.T) {
	const logs, bus = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:",
		"arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/"
	s := withKeys(t)
	const names = project + "-dev-"
	forLogs := statement{
		Effect:    "Allow",
		Principal: map[string]any{"Service": "logs.${AWS::Region}.${AWS::URLSuffix}"},
		Resources: []string{"*"},
		Actions: []string{
			"kms:Decrypt",
			"kms:DescribeKey",
			"kms:Encrypt",
			"kms:GenerateDataKey",
			"kms:GenerateDataKeyWithoutPlaintext",
			"kms:ReEncryptFrom",
			"kms:ReEncryptTo",
		},
		Condition: map[string]any{
			"ArnLike": map[string]any{"kms:EncryptionContext:aws:logs:arn": []any{
				logs + "/aws/lambda/" + names + "api",
				logs + "/aws/lambda/" + names + "worker",
				logs + "/aws/lambda/" + names + "reconciler",
				logs + "/aws/vendedlogs/apigateway/" + names + "api",
			}},
		},
	}
	forBus := statement{
		Effect:    "Allow",
		Principal: map[string]any{"Service": "events.amazonaws.com"},
		Resources: []string{"*"},
		Actions:   []string{"kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"},
		Condition: map[string]any{
			"StringEquals": map[string]any{
				"aws:SourceAccount": "${AWS::AccountId}",
				"aws:SourceArn":     bus + names + "events",
				"kms:EncryptionContext:aws:events:event-bus:arn": bus + names + "events",
			},
		},
	}
	for key, want := range map[string][]statement{"LogKey": {forLogs}, "BusKey": {forBus},
		"BronzeKey": nil, "SilverKey": nil, "TableKey": nil, "Key": nil} {
		if diff := cmp.Diff(want, grantsOf(t, s, key)); diff != "" {
			t.Errorf(
				"policy of %s after its first statement (-want +got):\n%s",
				key,
				diff,
			)
		}
	}

	// Without physical names, the policy must allow all log groups of the account. It can't name
	// those of the pipeline.
	s = pipeline(t, func(stack awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{LogEncryptionKey: newKey(stack, "LogKey")}
	})
	forLogs.Condition = map[string]any{
		"ArnLike": map[string]any{"kms:EncryptionContext:aws:logs:arn": []any{logs + "*"}},
	}
	if diff := cmp.Diff([]statement{forLogs}, grantsOf(t, s, "LogKey")); diff != "" {
		t.Errorf("policy of LogKey after its first statement (-want +got):\n%s", diff)
	}
}

// grantsOf returns the statements of a key's policy, except the first. The first lets IAM policies
// of the account control access.
func grantsOf(t *testing.T, s synthesized, key string) []statement {
	t.Helper()
	policy := resource{
		Properties: map[string]any{
			"PolicyDocument": s.resource(t, key, "AWS::KMS::Key").Properties["KeyPolicy"],
		},
	}
	statements := policy.statements(t)
	if len(statements) == 0 || !slices.Equal(statements[0].Actions, []string{"kms:*"}) {
		t.Fatalf("first statement of %s must allow kms:*, got %+v", key, statements)
	}
	return append([]statement(nil), statements[1:]...)
}

// A role's policy must name the key's ARN, because IAM does not match an alias ARN.
func TestKeys_OfAnAliasAreAllowedByTheirARN(t *testing.T) {
	s := pipeline(t, func(stack awscdk.Stack) *props {
		alias := func(id string) awskms.IKey {
			return newKey(stack, id).AddAlias(jsii.String("alias/" + id))
		}
		return &props{
			EncryptionKey: alias("Key"), FormerEncryptionKeys: &[]awskms.IKey{alias("FormerKey")},
		}
	})
	used := map[string]bool{}
	for _, role := range []string{"ApiRole", "WorkerRole", "ReconcilerRole"} {
		policy := s.resource(t, role+"DefaultPolicy", "AWS::IAM::Policy")
		for _, statement := range policy.statements(t) {
			if strings.HasPrefix(statement.Actions[0], "kms:") {
				for _, key := range statement.Resources {
					used[key] = true
				}
			}
		}
	}
	want := map[string]bool{"${Key.Arn}": true, "${FormerKey.Arn}": true}
	if diff := cmp.Diff(want, used); diff != "" {
		t.Errorf("keys in the policies of the roles (-want +got):\n%s", diff)
	}
}

// Functions may use former keys to decrypt old data, but not to encrypt data.
func TestFormerEncryptionKeys_OnlyDecrypt(t *testing.T) {
	s := pipeline(t, func(stack awscdk.Stack) *props {
		return &props{FormerEncryptionKeys: &[]awskms.IKey{newKey(stack, "FormerKey")}}
	})
	viaService := func(service string) map[string]any {
		return map[string]any{"StringEquals": map[string]any{
			"kms:ViaService": service + ".${AWS::Region}.${AWS::URLSuffix}"}}
	}
	for role, services := range map[string][]string{
		"ApiRole": nil, "WorkerRole": {"s3", "sqs"}, "ReconcilerRole": {"s3"},
	} {
		var want, got []statement
		for _, service := range services {
			want = append(want, statement{Effect: "Allow", Actions: []string{"kms:Decrypt"},
				Resources: []string{"${FormerKey.Arn}"}, Condition: viaService(service)})
		}
		policy := s.resource(t, role+"DefaultPolicy", "AWS::IAM::Policy")
		for _, statement := range policy.statements(t) {
			if slices.Contains(statement.Resources, "${FormerKey.Arn}") {
				got = append(got, statement)
			}
		}
		if diff := cmp.Diff(want, got, anyOrder); diff != "" {
			t.Errorf("%s (-want +got):\n%s", role, diff)
		}
	}
	policy := s.resource(t, "FormerKey", "AWS::KMS::Key").Properties["KeyPolicy"]
	key := resource{Properties: map[string]any{"PolicyDocument": policy}}
	for service, want := range map[string][]string{
		"events.amazonaws.com":                  {"kms:Decrypt"},
		"logs.${AWS::Region}.${AWS::URLSuffix}": {"kms:Decrypt", "kms:DescribeKey"},
	} {
		found := false
		for _, statement := range key.statements(t) {
			if cmp.Equal(statement.Principal, map[string]any{"Service": service}) {
				found = slices.Equal(statement.Actions, want) && statement.Condition != nil
			}
		}
		if !found {
			t.Errorf("the key's policy must let %s perform %v under conditions", service, want)
		}
	}
	for id, r := range s.resources {
		text := fmt.Sprint(r.Properties["KmsMasterKeyId"], r.Properties["BucketEncryption"],
			r.Properties["KmsKeyId"], r.Properties["SSESpecification"])
		if strings.Contains(text, "FormerKey") {
			t.Errorf("%s must not be encrypted with a former key", id)
		}
	}
}
