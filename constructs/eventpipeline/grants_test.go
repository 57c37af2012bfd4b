package eventpipeline_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

// stackUsing returns a synthesized stack with a pipeline. The function addTo can add constructs to
// the stack before synth.
func stackUsing(
	t *testing.T,
	p *props,
	addTo func(awscdk.Stack, eventpipeline.EventPipeline),
) synth.Template {
	t.Helper()
	stack := synth.NewStack(t)
	synth.Must(t, func() error {
		addTo(stack, eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), p))
		return nil
	})
	return synth.Synthesize(t, stack)
}

func newUser(stack awscdk.Stack) awsiam.User {
	return awsiam.NewUser(stack, jsii.String("Reader"), nil)
}

// grantedStatements returns the policy statements of the user that newUser creates.
func grantedStatements(t *testing.T, s synth.Template) any {
	t.Helper()
	document := s.Resource(t, "ReaderDefaultPolicy",
		"AWS::IAM::Policy").Properties["PolicyDocument"].(map[string]any)
	return document["Statement"]
}

func jsonOf(t *testing.T, text string) (value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	return value
}

func TestGrants_AllowOneRoute(t *testing.T) {
	const api = `arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${HttpApi}/`
	for path, grant := range map[string]func(eventpipeline.EventPipeline,
		awsiam.IGrantable) awsiam.Grant{
		"$default/POST/events":  eventpipeline.EventPipeline.GrantIngest,
		"$default/GET/events/*": eventpipeline.EventPipeline.GrantReadStatus,
	} {
		s := stackUsing(t, nil, func(stack awscdk.Stack, p eventpipeline.EventPipeline) {
			if !*grant(p, newUser(stack)).Success() {
				t.Error("the grant must succeed")
			}
		})
		want := jsonOf(
			t,
			`[{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "`+api+path+`"}]`,
		)
		if diff := cmp.Diff(want, grantedStatements(t, s)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

// A grant of execute-api:Invoke needs IAM authorization. Without it, API Gateway does not check
// this permission.
func TestGrants_NeedIAMAuthorization(t *testing.T) {
	app := synth.NewApp(t, nil)
	stack := awscdk.NewStack(app, jsii.String("Stack"), nil)
	synth.Must(t, func() error {
		user := newUser(stack)
		open := eventpipeline.AuthorizationOpenToAnyoneOnTheInternet
		for id, p := range map[string]props{
			"Jwt":  {JwtAuthorizer: jwtProps()},
			"Open": {Authorization: open, MaxReceiveCount: jsii.Number(1)},
		} {
			pipeline := eventpipeline.NewEventPipeline(stack, &id, &p)
			if *pipeline.GrantIngest(user).Success() || *pipeline.GrantReadStatus(user).Success() {
				t.Errorf("%s: no grant must succeed", id)
			}
			pipeline.GrantReadSilver(user)
		}
		return nil
	})
	expectErrors(t, app, map[string][]string{
		"Stack/Jwt": {
			`GrantIngest Authorization "IAM" "JWT"`,
			`GrantReadStatus Authorization "IAM" "JWT"`,
		},
		"Stack/Open": {
			"MaxReceiveCount 3 1",
			`GrantIngest Authorization "IAM" "OPEN_TO_ANYONE_ON_THE_INTERNET"`,
			`GrantReadStatus Authorization "IAM" "OPEN_TO_ANYONE_ON_THE_INTERNET"`,
		},
	})
}

func TestGrantReadSilver_AllowsRecordsOnly(t *testing.T) {
	const read = `{"Action": "s3:GetObject", "Effect": "Allow",
		"Resource": "${SilverBucket.Arn}/silver/*"},
		{"Action": "s3:ListBucket", "Effect": "Allow", "Resource": "${SilverBucket.Arn}",
			"Condition": {"StringLike": {"s3:prefix": "silver/*"}}}`
	grant := func(stack awscdk.Stack, p eventpipeline.EventPipeline) {
		p.GrantReadSilver(newUser(stack))
	}
	want := jsonOf(t, "["+read+"]")
	got := grantedStatements(t, stackUsing(t, nil, grant))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("without a key (-want +got):\n%s", diff)
	}

	s := synth.Pipeline(t, func(stack awscdk.Stack) *props {
		p := &props{SilverEncryptionKey: awskms.NewKey(stack, jsii.String("Key"), nil)}
		grant(stack, eventpipeline.NewEventPipeline(stack, jsii.String("WithKey"), p))
		return nil
	})
	statements := grantedStatements(t, s).([]any)
	want = jsonOf(t, `{"Action": "kms:Decrypt", "Effect": "Allow", "Resource": "${Key.Arn}",
		"Condition": {"StringEquals": {"kms:ViaService": "s3.${AWS::Region}.${AWS::URLSuffix}"}}}`)
	if diff := cmp.Diff(want, statements[len(statements)-1]); diff != "" || len(statements) != 3 {
		t.Errorf("with a key: want 3 statements, got %d; last statement (-want +got):\n%s",
			len(statements), diff)
	}
}

func TestMetrics_HaveDefaultsAndApplyOptions(t *testing.T) {
	s := stackUsing(t, nil, func(stack awscdk.Stack, p eventpipeline.EventPipeline) {
		for id, metric := range map[string]awscloudwatch.Metric{
			"Accepted": p.MetricAccepted(nil), "Failed": p.MetricFailed(nil),
			"DeadLetters": p.MetricDeadLetters(nil),
			"Minute": p.MetricAccepted(&awscloudwatch.MetricOptions{Period: seconds(60),
				Statistic: jsii.String("SampleCount")}),
		} {
			awscloudwatch.NewAlarm(stack, &id, &awscloudwatch.AlarmProps{
				Metric: metric, Threshold: jsii.Number(1), EvaluationPeriods: jsii.Number(1),
			})
		}
	})
	for id, want := range map[string]string{
		"Accepted": `{"Namespace": "EventPipeline", "MetricName": "Accepted", "Statistic": "Sum",
			"Period": 300,
			"Dimensions": [{"Name": "QueueName", "Value": "${Queue.QueueName}"}]}`,
		"Failed": `{"Namespace": "EventPipeline", "MetricName": "Failed", "Statistic": "Sum",
			"Period": 300,
			"Dimensions": [{"Name": "QueueName", "Value": "${Queue.QueueName}"}]}`,
		"DeadLetters": `{"Namespace": "AWS/SQS", "MetricName": "ApproximateNumberOfMessagesVisible",
			"Statistic": "Maximum", "Period": 300,
			"Dimensions": [{"Name": "QueueName", "Value": "${DeadLetterQueue.QueueName}"}]}`,
		"Minute": `{"MetricName": "Accepted", "Statistic": "SampleCount", "Period": 60}`,
	} {
		found := false
		for _, alarm := range s.IDsOf("AWS::CloudWatch::Alarm") {
			if alarm == id || strings.HasPrefix(alarm, id) && len(alarm) == len(id)+8 {
				found = true
				s.Resources[alarm].Expect(t, want)
			}
		}
		if !found {
			t.Errorf("alarm %s must exist", id)
		}
	}
}

// The test creates two pipelines on a shared bus, with rules that have the same ids. A pipeline's
// rules must select only the events of that pipeline. One id, "Queue", equals the id of the
// pipeline's queue.
func TestOnEventProcessed_MatchesThisPipelineOnASharedBus(t *testing.T) {
	stack := synth.NewStack(t)
	synth.Must(t, func() error {
		bus := awsevents.EventBus_FromEventBusName(
			stack, jsii.String("Default"), jsii.String("default"))
		target := awseventstargets.NewSqsQueue(
			awssqs.NewQueue(stack, jsii.String("Target"), nil), nil)
		for _, id := range []string{"One", "Two"} {
			p := eventpipeline.NewEventPipeline(stack, &id, &props{EventBus: bus})
			p.OnEventProcessed(jsii.String("Queue"), target)
			p.OnEventProcessed(jsii.String("Later"), nil).AddTarget(target)
		}
		return nil
	})
	s := synth.Synthesize(t, stack)
	for _, pipeline := range []string{"One", "Two"} {
		for _, id := range []string{"Queue", "Later"} {
			rule := s.Resource(t, pipeline+"OnEventProcessed"+id, "AWS::Events::Rule")
			rule.Expect(t, `{
				"EventBusName": "default",
				"EventPattern": {
					"source": ["eventpipeline"], "detail-type": ["EventProcessed"],
					"detail": {
						"bronze": {"bucket": ["${`+pipeline+`BronzeBucket}"]},
						"silver": {"bucket": ["${`+pipeline+`SilverBucket}"]}
					}
				}
			}`)
			if targets, _ := rule.Properties["Targets"].([]any); len(targets) != 1 {
				t.Errorf("%s of %s must have one target, got %v", id, pipeline, targets)
			}
		}
	}
}
