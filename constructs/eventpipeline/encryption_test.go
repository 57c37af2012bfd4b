package eventpipeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

func TestKeys_EachEncryptsItsPart(t *testing.T) {
	s := synth.PipelineWithKeys(t)
	for bucket, key := range map[string]string{"BronzeBucket": "BronzeKey",
		"SilverBucket": "SilverKey"} {
		s.Resource(t, bucket, "AWS::S3::Bucket").
			Expect(t, `{"BucketEncryption": {"ServerSideEncryptionConfiguration": [
			{"BucketKeyEnabled": true, "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms",
				"KMSMasterKeyID": "${`+key+`.Arn}"}}]}}`)
	}
	// S3 delivers access logs only to a bucket that S3's own key encrypts.
	s.Resource(t, "ServerAccessLogsBucket", "AWS::S3::Bucket").
		Expect(t, `{"BucketEncryption": {"ServerSideEncryptionConfiguration": [
		{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}}`)
	s.Resource(t, "EventsTable", "AWS::DynamoDB::Table").
		Expect(t, `{"SSESpecification": {"SSEEnabled": true, "SSEType": "KMS",
			"KMSMasterKeyId": "${TableKey.Arn}"}}`)
	for _, queue := range []string{"Queue", "DeadLetterQueue"} {
		s.Resource(t, queue, "AWS::SQS::Queue").
			Expect(t, `{"KmsMasterKeyId": "${Key.Arn}", "SqsManagedSseEnabled": null}`)
	}
	for _, id := range s.IDsOf("AWS::Logs::LogGroup") {
		s.Resources[id].Expect(t, `{"KmsKeyId": "${LogKey.Arn}"}`)
	}
	s.Resource(t, "EventBus", "AWS::Events::EventBus").
		Expect(t, `{"KmsKeyIdentifier": "${BusKey.Arn}"}`)
}

func TestKeys_OneEncryptsAllParts(t *testing.T) {
	s := synth.Pipeline(t, func(stack awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{EncryptionKey: synth.NewKey(stack, "Key")}
	})
	s.Resource(t, "BronzeBucket", "AWS::S3::Bucket").
		Expect(t, `{"BucketEncryption": {"ServerSideEncryptionConfiguration": [
		{"BucketKeyEnabled": true, "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms",
			"KMSMasterKeyID": "${Key.Arn}"}}]}}`)
	s.Resource(t, "EventsTable", "AWS::DynamoDB::Table").
		Expect(t, `{"SSESpecification": {"SSEEnabled": true, "SSEType": "KMS",
			"KMSMasterKeyId": "${Key.Arn}"}}`)
	s.Resource(t, "Queue", "AWS::SQS::Queue").Expect(t, `{"KmsMasterKeyId": "${Key.Arn}"}`)
	s.Resource(t, "ApiLogGroup", "AWS::Logs::LogGroup").Expect(t, `{"KmsKeyId": "${Key.Arn}"}`)
	s.Resource(t, "EventBus", "AWS::Events::EventBus").
		Expect(t, `{"KmsKeyIdentifier": "${Key.Arn}"}`)
}

// Each function may use the keys of its data, but only through the service that stores the data.
func TestKeys_AreUsedOnlyThroughAWSServices(t *testing.T) {
	s := synth.PipelineWithKeys(t)
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
		may := allowedActions(t, s.Resource(t, role+"DefaultPolicy", "AWS::IAM::Policy"))
		for _, key := range s.IDsOf("AWS::KMS::Key") {
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
	s := synth.PipelineWithKeys(t)
	const names = synth.Project + "-dev-"
	forLogs := synth.Statement{
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
	forBus := synth.Statement{
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
	for key, want := range map[string][]synth.Statement{"LogKey": {forLogs}, "BusKey": {forBus},
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
	s = synth.Pipeline(t, func(stack awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{LogEncryptionKey: synth.NewKey(stack, "LogKey")}
	})
	forLogs.Condition = map[string]any{
		"ArnLike": map[string]any{"kms:EncryptionContext:aws:logs:arn": []any{logs + "*"}},
	}
	if diff := cmp.Diff([]synth.Statement{forLogs}, grantsOf(t, s, "LogKey")); diff != "" {
		t.Errorf("policy of LogKey after its first statement (-want +got):\n%s", diff)
	}
}

// grantsOf returns the statements of a key's policy, except the first. The first lets IAM policies
// of the account control access.
func grantsOf(t *testing.T, s synth.Template, key string) []synth.Statement {
	t.Helper()
	policy := synth.Resource{
		Properties: map[string]any{
			"PolicyDocument": s.Resource(t, key, "AWS::KMS::Key").Properties["KeyPolicy"],
		},
	}
	statements := policy.Statements(t)
	if len(statements) == 0 || !slices.Equal(statements[0].Actions, []string{"kms:*"}) {
		t.Fatalf("first statement of %s must allow kms:*, got %+v", key, statements)
	}
	return append([]synth.Statement(nil), statements[1:]...)
}

// A role's policy must name the key's ARN, because IAM does not match an alias ARN.
func TestKeys_OfAnAliasAreAllowedByTheirARN(t *testing.T) {
	s := synth.Pipeline(t, func(stack awscdk.Stack) *props {
		alias := func(id string) awskms.IKey {
			return synth.NewKey(stack, id).AddAlias(jsii.String("alias/" + id))
		}
		return &props{
			EncryptionKey: alias("Key"), FormerEncryptionKeys: &[]awskms.IKey{alias("FormerKey")},
		}
	})
	used := map[string]bool{}
	for _, role := range []string{"ApiRole", "WorkerRole", "ReconcilerRole"} {
		policy := s.Resource(t, role+"DefaultPolicy", "AWS::IAM::Policy")
		for _, statement := range policy.Statements(t) {
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
	s := synth.Pipeline(t, func(stack awscdk.Stack) *props {
		return &props{FormerEncryptionKeys: &[]awskms.IKey{synth.NewKey(stack, "FormerKey")}}
	})
	viaService := func(service string) map[string]any {
		return map[string]any{"StringEquals": map[string]any{
			"kms:ViaService": service + ".${AWS::Region}.${AWS::URLSuffix}"}}
	}
	for role, services := range map[string][]string{
		"ApiRole": nil, "WorkerRole": {"s3", "sqs"}, "ReconcilerRole": {"s3"},
	} {
		var want, got []synth.Statement
		for _, service := range services {
			want = append(want, synth.Statement{Effect: "Allow", Actions: []string{"kms:Decrypt"},
				Resources: []string{"${FormerKey.Arn}"}, Condition: viaService(service)})
		}
		policy := s.Resource(t, role+"DefaultPolicy", "AWS::IAM::Policy")
		for _, statement := range policy.Statements(t) {
			if slices.Contains(statement.Resources, "${FormerKey.Arn}") {
				got = append(got, statement)
			}
		}
		if diff := cmp.Diff(want, got, anyOrder); diff != "" {
			t.Errorf("%s (-want +got):\n%s", role, diff)
		}
	}
	policy := s.Resource(t, "FormerKey", "AWS::KMS::Key").Properties["KeyPolicy"]
	key := synth.Resource{Properties: map[string]any{"PolicyDocument": policy}}
	for service, want := range map[string][]string{
		"events.amazonaws.com":                  {"kms:Decrypt"},
		"logs.${AWS::Region}.${AWS::URLSuffix}": {"kms:Decrypt", "kms:DescribeKey"},
	} {
		found := false
		for _, statement := range key.Statements(t) {
			if cmp.Equal(statement.Principal, map[string]any{"Service": service}) {
				found = slices.Equal(statement.Actions, want) && statement.Condition != nil
			}
		}
		if !found {
			t.Errorf("the key's policy must let %s perform %v under conditions", service, want)
		}
	}
	for id, r := range s.Resources {
		text := fmt.Sprint(r.Properties["KmsMasterKeyId"], r.Properties["BucketEncryption"],
			r.Properties["KmsKeyId"], r.Properties["SSESpecification"])
		if strings.Contains(text, "FormerKey") {
			t.Errorf("%s must not be encrypted with a former key", id)
		}
	}
}
