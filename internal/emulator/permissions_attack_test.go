package emulator

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsevents "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventstypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam"
)

// startStage starts a platform with the template and returns a stage that uses the platform.
func startStage(t *testing.T, template string) *stage {
	t.Helper()
	p, err := New(
		t.Context(),
		Options{Assembly: stageOf(t, readTemplate(t, template)), NoWorker: true},
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return newStage(t, p, func(iam.Denial) {})
}

func isDenied(err error) bool {
	var failure smithy.APIError
	return errors.As(err, &failure) && strings.HasPrefix(failure.ErrorCode(), "AccessDenied")
}

// Nobody may overwrite or delete a payload in Bronze, not even the administrator of the account.
func TestPermissions_ProtectBronzeFromEveryone(t *testing.T) {
	for _, template := range []string{devTemplate, prodTemplate} {
		w := startStage(t, template)
		const key = "bronze/demo/2026/11/23/16/019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001.json"
		if err := w.put(t.Context(), w.bronze, key, "first"); err != nil {
			t.Fatalf("the first write: %v", err)
		}
		keyed := aws.String(key)
		for name, attack := range map[string]func(ctx context.Context, s3 *awss3.Client) error{
			"put": func(ctx context.Context, s3 *awss3.Client) error {
				_, err := s3.PutObject(ctx, &awss3.PutObjectInput{
					Bucket: &w.bronze, Key: keyed, Body: strings.NewReader("second"),
				})
				return err
			},
			"put with If-Match": func(ctx context.Context, s3 *awss3.Client) error {
				head, err := s3.HeadObject(ctx, &awss3.HeadObjectInput{
					Bucket: &w.bronze, Key: keyed,
				})
				if err != nil {
					return err
				}
				_, err = s3.PutObject(ctx, &awss3.PutObjectInput{
					Bucket: &w.bronze, Key: keyed, IfMatch: head.ETag,
					Body: strings.NewReader("second"),
				})
				return err
			},
			"copy": func(ctx context.Context, s3 *awss3.Client) error {
				_, err := s3.CopyObject(ctx, &awss3.CopyObjectInput{
					Bucket: &w.bronze, Key: keyed, CopySource: aws.String(w.bronze + "/" + key),
				})
				return err
			},
			"multipart upload": func(ctx context.Context, s3 *awss3.Client) error {
				_, err := s3.CreateMultipartUpload(ctx, &awss3.CreateMultipartUploadInput{
					Bucket: &w.bronze, Key: keyed,
				})
				return err
			},
			"delete": func(ctx context.Context, s3 *awss3.Client) error {
				_, err := s3.DeleteObject(ctx, &awss3.DeleteObjectInput{
					Bucket: &w.bronze, Key: keyed,
				})
				return err
			},
			"delete a version": func(ctx context.Context, s3 *awss3.Client) error {
				_, err := s3.DeleteObject(ctx, &awss3.DeleteObjectInput{
					Bucket: &w.bronze, Key: keyed, VersionId: aws.String("1"),
				})
				return err
			},
			"delete many": func(ctx context.Context, s3 *awss3.Client) error {
				_, err := s3.DeleteObjects(ctx, &awss3.DeleteObjectsInput{
					Bucket: &w.bronze,
					Delete: &s3types.Delete{Objects: []s3types.ObjectIdentifier{{Key: keyed}}},
				})
				return err
			},
		} {
			if err := attack(t.Context(), w.operatorS3); !isDenied(err) {
				t.Errorf("%s: %s: %v", template, name, err)
			}
		}
		var taken smithy.APIError
		err := w.put(t.Context(), w.bronze, key, "second")
		if !errors.As(err, &taken) || taken.ErrorCode() != "PreconditionFailed" {
			t.Errorf("%s: a conditional put: %v", template, err)
		}
		body, err := w.operator.Bronze.Get(t.Context(), key)
		if err != nil || string(body) != "first" {
			t.Errorf("%s: Bronze contains %q, %v", template, body, err)
		}
	}
}

// Even a compromised function must not be able to do more than its tasks need.
func TestPermissions_DenyCallsThatAFunctionDoesNotNeed(t *testing.T) {
	w := startStage(t, devTemplate)
	const payload, record = "bronze/demo/2026/11/23/16/a.json", "silver/demo/dt=2026-11-23/a.json"
	for _, put := range []struct{ bucket, key string }{
		{w.bronze, payload}, {w.silver, record}, {w.silver, "other/a.json"},
	} {
		if err := w.put(t.Context(), put.bucket, put.key, "{}"); err != nil {
			t.Fatal(err)
		}
	}
	get := func(who, bucket, key string) error {
		_, err := awss3.NewFromConfig(w.as(who)).
			GetObject(t.Context(), &awss3.GetObjectInput{Bucket: &bucket, Key: &key})
		return err
	}
	put := func(who, bucket, key string) error {
		_, err := awss3.NewFromConfig(w.as(who)).
			PutObject(t.Context(), &awss3.PutObjectInput{
				Bucket: &bucket, Key: &key, IfNoneMatch: aws.String("*"),
			})
		return err
	}
	list := func(who, bucket, prefix string) error {
		_, err := awss3.NewFromConfig(w.as(who)).
			ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
		return err
	}
	receive := func(who, url string) error {
		_, err := awssqs.NewFromConfig(w.as(who)).
			ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &url})
		return err
	}
	send := func(who, url string) error {
		_, err := awssqs.NewFromConfig(w.as(who)).
			SendMessage(t.Context(), &awssqs.SendMessageInput{
				QueueUrl: &url, MessageBody: aws.String("{}"),
			})
		return err
	}
	publish := func(who, source string) error {
		entry := eventstypes.PutEventsRequestEntry{
			EventBusName: &w.bus,
			Source:       &source,
			DetailType:   aws.String("EventProcessed"),
			Detail:       aws.String("{}"),
		}
		_, err := awsevents.NewFromConfig(w.as(who)).
			PutEvents(t.Context(), &awsevents.PutEventsInput{
				Entries: []eventstypes.PutEventsRequestEntry{entry},
			})
		return err
	}
	for name, c := range map[string]struct {
		err     error
		allowed bool
	}{
		"the API reads payloads": {get(apiName, w.bronze, payload), false},
		"the API lists payloads": {list(apiName, w.bronze, "bronze/"), false},
		"the API writes elsewhere in Bronze": {
			put(apiName, w.bronze, "other/a.json"),
			false,
		},
		"the API writes records":  {put(apiName, w.silver, record), false},
		"the API reads the queue": {receive(apiName, w.queue.URL()), false},
		"the API fills the DLQ":   {send(apiName, w.dlq.URL()), false},
		"the API publishes":       {publish(apiName, "eventpipeline"), false},
		"the worker writes payloads": {
			put(workerName, w.bronze, "bronze/demo/b.json"),
			false,
		},
		"the worker reads payloads": {get(workerName, w.bronze, payload), true},
		"the worker writes elsewhere in Silver": {
			put(workerName, w.silver, "other/b.json"),
			false,
		},
		"the worker reads elsewhere in Silver": {
			get(workerName, w.silver, "other/a.json"),
			false,
		},
		"the worker lists all of Silver":         {list(workerName, w.silver, ""), false},
		"the worker reads the DLQ":               {receive(workerName, w.dlq.URL()), false},
		"the worker splits a batch":              {send(workerName, w.queue.URL()), true},
		"the worker publishes as another source": {publish(workerName, "aws.s3"), false},
		"the worker publishes":                   {publish(workerName, "eventpipeline"), true},
		"the reconciler reads payloads": {
			get(reconcilerName, w.bronze, payload),
			false,
		},
		"the reconciler lists payloads": {
			list(reconcilerName, w.bronze, "bronze/demo/"),
			true,
		},
		"the reconciler lists elsewhere in Bronze": {
			list(reconcilerName, w.bronze, "other/"),
			false,
		},
		"the reconciler writes records": {
			put(reconcilerName, w.silver, record+"2"),
			false,
		},
		"the reconciler reads the queue's messages": {
			receive(reconcilerName, w.queue.URL()),
			false,
		},
	} {
		if isDenied(c.err) == c.allowed || c.allowed && c.err != nil {
			t.Errorf("%s: %v", name, c.err)
		}
	}
}

// The policies must deny calls without TLS or with an old version of TLS. The emulator treats all
// calls as calls with TLS, so this test evaluates the policies directly.
func TestPermissions_DenyPlainHTTP(t *testing.T) {
	w := startStage(t, prodTemplate)
	admin := iam.Principal{
		Account: DefaultAccount,
		RoleARN: "arn:aws:iam::" + DefaultAccount + ":user/admin",
	}
	all, err := iam.ParseIdentityPolicy(
		[]byte(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`),
	)
	if err != nil {
		t.Fatal(err)
	}
	actions := map[string]string{
		"arn:aws:s3:::" + w.bronze:                    "s3:ListBucket",
		"arn:aws:s3:::" + w.bronze + "/bronze/demo/a": "s3:GetObject",
		"arn:aws:s3:::" + w.silver + "/silver/demo/a": "s3:GetObject",
		w.queue.ARN(): "sqs:ReceiveMessage",
		w.dlq.ARN():   "sqs:ReceiveMessage",
	}
	for resource := range w.policies.Resources {
		if strings.Contains(resource, "accesslogs") {
			actions[resource+"/bronze/a-line"] = "s3:GetObject"
		}
	}
	if len(actions) != 6 {
		t.Fatalf("got actions on %d resources, want 6: %v", len(actions), actions)
	}
	for resource, action := range actions {
		for name, c := range map[string]struct {
			context map[string]string
			allowed bool
		}{
			"TLS 1.3": {
				map[string]string{"aws:securetransport": "true", "s3:tlsversion": "1.3"},
				true,
			},
			"plain HTTP": {map[string]string{"aws:securetransport": "false"}, false},
			// The queue policies need not deny TLS 1.1, because SQS itself requires TLS 1.2.
			"TLS 1.1": {
				map[string]string{"aws:securetransport": "true", "s3:tlsversion": "1.1"},
				strings.HasPrefix(action, "sqs:"),
			},
		} {
			err := w.policies.Evaluate(
				iam.Request{
					Principal: admin,
					Action:    action,
					Resource:  resource,
					Context:   c.context,
				},
				[]iam.Document{all},
			)
			if (err == nil) != c.allowed {
				t.Errorf("%s on %s with %s: %v", action, resource, name, err)
			}
		}
	}
}
