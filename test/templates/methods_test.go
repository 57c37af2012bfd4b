package templates

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	domain "github.com/event-driven-cloud-platform/eventpipeline/internal/pipeline"
)

// granting is a stack with a role of the user's that is granted something by a pipeline of these props.
func granting(t *testing.T, props func(awscdk.Stack) *props, grant func(eventpipeline.EventPipeline, awsiam.IGrantable) awsiam.Grant) awscdk.Stack {
	t.Helper()
	stack := newStack(t)
	must(t, func() error {
		role := awsiam.NewRole(stack, jsii.String("Yours"), &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(jsii.String("ecs-tasks.amazonaws.com"), nil)})
		grant(eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), props(stack)), role)
		return nil
	})
	return stack
}

func TestGrants_GiveThisAndNothingElse(t *testing.T) {
	const api, anyStage = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${HttpApi}/", "${YourApi}/*/"
	none := func(awscdk.Stack) *props { return nil }
	for name, c := range map[string]struct {
		props func(awscdk.Stack) *props
		grant func(eventpipeline.EventPipeline, awsiam.IGrantable) awsiam.Grant
		want  map[string][]string
	}{
		"ingest": {none, eventpipeline.EventPipeline.GrantIngest, map[string][]string{api + "$default/POST/events": {"execute-api:Invoke"}}},
		"status": {none, eventpipeline.EventPipeline.GrantReadStatus, map[string][]string{api + "$default/GET/events/*": {"execute-api:Invoke"}}},
		"ingest to a given API": {
			func(stack awscdk.Stack) *props {
				return &props{HttpApi: awsapigatewayv2.NewHttpApi(stack, jsii.String("YourApi"), nil)}
			},
			eventpipeline.EventPipeline.GrantIngest,
			map[string][]string{strings.Replace(api, "${HttpApi}/", anyStage, 1) + "POST/events": {"execute-api:Invoke"}},
		},
		"silver": {none, eventpipeline.EventPipeline.GrantReadSilver, map[string][]string{
			"${SilverBucket.Arn}/silver/*": {"s3:GetObject"},
			"${SilverBucket.Arn}":          {`s3:ListBucket if {"StringLike":{"s3:prefix":"silver/*"}}`},
		}},
		"encrypted silver": {
			func(stack awscdk.Stack) *props { return &props{SilverEncryptionKey: newKey(stack, "Key")} },
			eventpipeline.EventPipeline.GrantReadSilver,
			map[string][]string{
				"${SilverBucket.Arn}/silver/*": {"s3:GetObject"},
				"${SilverBucket.Arn}":          {`s3:ListBucket if {"StringLike":{"s3:prefix":"silver/*"}}`},
				"${Key.Arn}":                   {decrypt + via("s3")},
			},
		},
	} {
		s := synthesize(t, granting(t, c.props, c.grant))
		if diff := cmp.Diff(c.want, allowed(t, s.resource(t, "YoursDefaultPolicy", "AWS::IAM::Policy"))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestGrants_AreRefusedWhereTheApiDoesNotAskForIAM(t *testing.T) {
	stack := granting(t, func(awscdk.Stack) *props { return &props{JwtAuthorizer: jwt()} }, func(p eventpipeline.EventPipeline, grantee awsiam.IGrantable) awsiam.Grant {
		p.GrantReadStatus(grantee)
		return p.GrantIngest(grantee)
	})
	expectMistakes(t, stack.Node().Root().(awscdk.App), map[string][]string{"Stack/EventPipeline": {
		`GrantReadStatus has no effect on an API of Authorization "JWT", which does not ask for IAM; leave it out`,
		`GrantIngest has no effect on an API of Authorization "JWT", which does not ask for IAM; leave it out`,
	}})
}

func TestMetrics_AreThoseOfTheFunctionsAndTheDLQ(t *testing.T) {
	stack := newStack(t)
	must(t, func() error {
		p := eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), nil)
		options := &awscloudwatch.MetricOptions{Period: seconds(60), Statistic: jsii.String("Average"), Label: jsii.String("Mine")}
		for name, metric := range map[string]func(*awscloudwatch.MetricOptions) awscloudwatch.Metric{
			"Accepted": p.MetricAccepted, "Failed": p.MetricFailed, "DeadLetters": p.MetricDeadLetters,
		} {
			for variant, options := range map[string]*awscloudwatch.MetricOptions{"": nil, "Mine": options} {
				metric(options).CreateAlarm(stack, jsii.String(name+variant), &awscloudwatch.CreateAlarmOptions{Threshold: jsii.Number(1), EvaluationPeriods: jsii.Number(1)})
			}
		}
		return nil
	})
	s := synthesize(t, stack)
	for name, want := range map[string]string{
		"Accepted":    `"Namespace": "EventPipeline", "MetricName": "Accepted", "Dimensions": [{"Name": "FunctionName", "Value": "${ApiFunction}"}]`,
		"Failed":      `"Namespace": "EventPipeline", "MetricName": "Failed", "Dimensions": [{"Name": "FunctionName", "Value": "${WorkerFunction}"}]`,
		"DeadLetters": `"Namespace": "AWS/SQS", "MetricName": "ApproximateNumberOfMessagesVisible", "Dimensions": [{"Name": "QueueName", "Value": "${DeadLetterQueue.QueueName}"}]`,
	} {
		statistic := "Sum"
		if name == "DeadLetters" {
			statistic = "Maximum"
		}
		s.resource(t, name, "AWS::CloudWatch::Alarm").expect(t, `{"Period": 300, "Statistic": "`+statistic+`", `+want+`}`)
		mine := s.resource(t, name+"Mine", "AWS::CloudWatch::Alarm").Properties
		if text := fmt.Sprint(mine); !strings.Contains(text, "Average") || !strings.Contains(text, "Mine") || !strings.Contains(text, "60") {
			t.Errorf("%s does not heed its options: %s", name, text)
		}
	}
}

// Pipelines may share a bus: each rule is told of its own pipeline's events, and nobody else's.
func TestOnEventProcessed_IsToldOfThisPipelinesEvents(t *testing.T) {
	stack := newStack(t)
	must(t, func() error {
		first := eventpipeline.NewEventPipeline(stack, jsii.String("First"), nil)
		second := eventpipeline.NewEventPipeline(stack, jsii.String("Second"), &props{EventBus: first.EventBus(), SilverBucket: first.SilverBucket()})
		target := awseventstargets.NewSqsQueue(awssqs.NewQueue(stack, jsii.String("Target"), nil), nil)
		first.OnEventProcessed(jsii.String("Rule"), target)
		second.OnEventProcessed(jsii.String("Rule"), target)
		return nil
	})
	s := synthesize(t, stack)
	for id, bronze := range map[string]string{"FirstRule": "${FirstBronzeBucket}", "SecondRule": "${SecondBronzeBucket}"} {
		rule := s.resource(t, id, "AWS::Events::Rule")
		rule.expect(t, `{"EventBusName": "${FirstEventBus}", "EventPattern": {
			"source": ["eventpipeline"], "detail-type": ["`+domain.EventProcessed+`"],
			"detail": {"bronze": {"bucket": ["`+bronze+`"]}, "silver": {"bucket": ["${FirstSilverBucket}"]}}
		}}`)
	}
	// The names in the pattern are those of the notice.
	notice, err := json.Marshal(domain.NoticeOf(domain.Item{
		Status: domain.Processed, Event: domain.Event{Bronze: domain.Location{Bucket: "b"}}, Silver: domain.Location{Bucket: "s"},
	}).Detail)
	if err != nil {
		t.Fatal(err)
	}
	var detail struct{ Bronze, Silver map[string]string }
	if err := json.Unmarshal(notice, &detail); err != nil || detail.Bronze["bucket"] != "b" || detail.Silver["bucket"] != "s" {
		t.Errorf("the notice has its buckets elsewhere: %s, %v", notice, err)
	}
}
