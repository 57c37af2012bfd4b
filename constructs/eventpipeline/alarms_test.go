package eventpipeline_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/stacks"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

// alarms maps each alarm to its metric and threshold.
var alarms = map[string]string{
	"DeadLettersAlarm": `{"Namespace": "AWS/SQS",
		"MetricName": "ApproximateNumberOfMessagesVisible", "Statistic": "Maximum", "Threshold": 1,
		"Dimensions": [{"Name": "QueueName", "Value": "${DeadLetterQueue.QueueName}"}]}`,
	"OldestMessageAlarm": `{"Namespace": "AWS/SQS", "MetricName": "ApproximateAgeOfOldestMessage",
		"Statistic": "Maximum", "Threshold": 300,
		"Dimensions": [{"Name": "QueueName", "Value": "${Queue.QueueName}"}]}`,
	"ApiServerErrorsAlarm": `{"Namespace": "AWS/ApiGateway", "MetricName": "5xx",
		"Statistic": "Sum", "Threshold": 5,
		"Dimensions": [{"Name": "ApiId", "Value": "${HttpApi}"}]}`,
	"ApiErrorsAlarm": `{"Namespace": "AWS/Lambda", "MetricName": "Errors", "Statistic": "Sum",
		"Threshold": 1,
		"Dimensions": [{"Name": "FunctionName", "Value": "${ApiFunction}"}]}`,
	"ApiThrottlesAlarm": `{"Namespace": "AWS/Lambda", "MetricName": "Throttles", "Statistic": "Sum",
		"Threshold": 1,
		"Dimensions": [{"Name": "FunctionName", "Value": "${ApiFunction}"}]}`,
	"WorkerErrorsAlarm": `{"Namespace": "AWS/Lambda", "MetricName": "Errors", "Statistic": "Sum",
		"Threshold": 1,
		"Dimensions": [{"Name": "FunctionName", "Value": "${WorkerFunction}"}]}`,
	"WorkerThrottlesAlarm": `{"Namespace": "AWS/Lambda", "MetricName": "Throttles",
		"Statistic": "Sum", "Threshold": 1,
		"Dimensions": [{"Name": "FunctionName", "Value": "${WorkerFunction}"}]}`,
	"ReconcilerErrorsAlarm": `{"Namespace": "AWS/Lambda", "MetricName": "Errors",
		"Statistic": "Sum", "Threshold": 1,
		"Dimensions": [{"Name": "FunctionName", "Value": "${ReconcilerFunction}"}]}`,
	"FailedEventsAlarm": `{"Namespace": "EventPipeline", "MetricName": "Failed",
		"Statistic": "Sum", "Threshold": 1,
		"Dimensions": [{"Name": "QueueName", "Value": "${Queue.QueueName}"}]}`,
	"ThrottledRequestsAlarm": `{"Namespace": "EventPipeline", "MetricName": "ThrottledRequests",
		"Statistic": "Sum", "Threshold": 100,
		"Dimensions": [{"Name": "ApiId", "Value": "${HttpApi}"}]}`,
	"NotificationDeadLettersAlarm": `{"Namespace": "AWS/SQS",
		"MetricName": "ApproximateNumberOfMessagesVisible", "Statistic": "Maximum", "Threshold": 1,
		"Dimensions": [
			{"Name": "QueueName", "Value": "${NotificationDeadLetterQueue.QueueName}"}
		]}`,
	"FailedDeliveriesAlarm": `{"Namespace": "AWS/SQS", "MetricName": "NumberOfMessagesSent",
		"Statistic": "Sum", "Threshold": 1,
		"Dimensions": [
			{"Name": "QueueName", "Value": "${NotificationDeadLetterQueue.QueueName}"}
		]}`,
	"ReconcilerLagAlarm": `{"Namespace": "EventPipeline", "MetricName": "Lag",
		"Statistic": "Maximum", "Threshold": 10800, "Period": 900,
		"Dimensions": [{"Name": "FunctionName", "Value": "${ReconcilerFunction}"}]}`,
	"UnhealedEventsAlarm": `{"Namespace": "EventPipeline", "MetricName": "Errors",
		"Statistic": "Sum", "Threshold": 1,
		"Dimensions": [{"Name": "FunctionName", "Value": "${ReconcilerFunction}"}]}`,
}

func TestAlarms_WatchQueuesFunctionsAndApi(t *testing.T) {
	s := synth.DefaultPipeline(t)
	s.ExpectCount(t, "AWS::CloudWatch::Alarm", len(alarms)+2) // two alarms have tests of their own
	for id, want := range alarms {
		t.Run(id, func(t *testing.T) {
			alarm := s.Resource(t, id, "AWS::CloudWatch::Alarm")
			alarm.Expect(t, want)
			period := "300"
			if id == "ReconcilerLagAlarm" {
				period = "900" // the interval of the reconciler
			}
			alarm.Expect(t, `{
				"ComparisonOperator": "GreaterThanOrEqualToThreshold",
				"Period": `+period+`,
				"EvaluationPeriods": 1,
				"TreatMissingData": "notBreaching",
				"AlarmActions": null,
				"OKActions": null
			}`)
			text, _ := alarm.Properties["AlarmDescription"].(string)
			if !strings.HasSuffix(text, " See docs/runbooks.md.") {
				t.Errorf("description must refer to the runbooks, got %q", text)
			}
		})
	}
}

// In an outage, only the metric Retried shows that events wait. The metric
// ApproximateAgeOfOldestMessage does not show it, because it ignores messages after more than three
// deliveries.
func TestAlarms_WatchForDeliveriesThatFailForMinutes(t *testing.T) {
	s := synth.DefaultPipeline(t)
	s.Resource(t, "RetriedEventsAlarm", "AWS::CloudWatch::Alarm").Expect(t, `{
		"Namespace": "EventPipeline", "MetricName": "Retried", "Statistic": "Sum",
		"Dimensions": [{"Name": "QueueName", "Value": "${Queue.QueueName}"}],
		"Period": 300, "EvaluationPeriods": 3, "Threshold": 5,
		"ComparisonOperator": "GreaterThanOrEqualToThreshold",
		"TreatMissingData": "notBreaching"
	}`)
}

// If the reconciler never runs, its metric has no data. Missing data must therefore raise the
// alarm.
func TestAlarms_WatchThatTheReconcilerRuns(t *testing.T) {
	s := synth.DefaultPipeline(t)
	s.Resource(t, "ReconcilerMissingRunsAlarm", "AWS::CloudWatch::Alarm").Expect(t, `{
		"Namespace": "AWS/Lambda", "MetricName": "Invocations", "Statistic": "Sum",
		"Dimensions": [{"Name": "FunctionName", "Value": "${ReconcilerFunction}"}],
		"Period": 900, "EvaluationPeriods": 3, "Threshold": 1,
		"ComparisonOperator": "LessThanThreshold", "TreatMissingData": "breaching"
	}`)
	s = synth.Pipeline(t, func(awscdk.Stack) *props {
		return &props{ReconcilerEnabled: jsii.Bool(false)}
	})
	if _, ok := s.Resources["ReconcilerMissingRunsAlarm"]; ok {
		t.Error("a pipeline without a schedule must not have the alarm")
	}
}

// API Gateway has no metric of throttled requests. A metric filter counts them in the access log.
func TestThrottledRequests_AreCountedInTheAccessLog(t *testing.T) {
	s := synth.DefaultPipeline(t)
	s.Resource(t, "AccessLogGroupThrottledRequests", "AWS::Logs::MetricFilter").Expect(t, `{
		"LogGroupName": "${AccessLogGroup}",
		"FilterPattern": "{ $.status = \"429\" }",
		"MetricTransformations": [{
			"MetricNamespace": "EventPipeline", "MetricName": "ThrottledRequests",
			"MetricValue": "1", "Dimensions": [{"Key": "ApiId", "Value": "$.apiId"}]
		}]
	}`)
	settings := s.Resource(t, "Stage", "AWS::ApiGatewayV2::Stage").Properties["AccessLogSettings"]
	format, _ := settings.(map[string]any)["Format"].(string)
	var fields map[string]string
	if err := json.Unmarshal([]byte(format), &fields); err != nil ||
		fields["status"] != "$context.status" || fields["apiId"] != "$context.apiId" {
		t.Errorf("access log's format = %s, %v", format, err)
	}
}

func TestAlarms_NotifyTheTopic(t *testing.T) {
	s := synth.Pipeline(t, func(stack awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			AlarmTopic: awssns.NewTopic(stack, jsii.String("Topic"), nil),
		}
	})
	for id := range alarms {
		s.Resource(t, id, "AWS::CloudWatch::Alarm").
			Expect(t, `{"AlarmActions": ["${Topic}"], "OKActions": ["${Topic}"]}`)
	}
}

// withEveryAlarm returns a pipeline with every kind of alarm. The pipeline has a webhook source and
// two rules. One rule is in another stack.
func withEveryAlarm(t *testing.T, p props) (eventpipeline.EventPipeline, []awsevents.Rule) {
	t.Helper()
	app := synth.NewApp(t, nil)
	var made eventpipeline.EventPipeline
	var rules []awsevents.Rule
	synth.Must(t, func() error {
		stack := awscdk.NewStack(app, jsii.String("Stack"), nil)
		p.Webhooks = &webhookSources{
			eventpipeline.GitHubWebhook("github", importedSecret(stack, "github")),
		}
		made = eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), &p)
		consumers := awscdk.NewStack(app, jsii.String("Consumers"), nil)
		rules = []awsevents.Rule{
			made.OnEventProcessed(jsii.String("Index"), nil),
			made.OnEventProcessedIn(consumers, jsii.String("Index"), nil),
		}
		return nil
	})
	return made, rules
}

// kindOf returns the part of an alarm's id before "Alarm". AlarmThresholds has a field of this
// name.
func kindOf(alarm awscloudwatch.Alarm) string {
	kind, _, _ := strings.Cut(*alarm.Node().Id(), "Alarm")
	return kind
}

func TestAlarms_EachHasItsOwnThreshold(t *testing.T) {
	thresholds, want := &alarmThresholds{}, map[string]float64{}
	for field, value := range reflect.ValueOf(thresholds).Elem().Fields() {
		n := float64(len(want) + 11) // differs from each default
		want[field.Name] = n
		if field.Type == reflect.TypeFor[*float64]() {
			value.Set(reflect.ValueOf(&n))
		} else {
			value.Set(reflect.ValueOf(seconds(n)))
		}
	}
	got := map[string]float64{}
	p, _ := withEveryAlarm(t, props{AlarmThresholds: thresholds})
	for _, alarm := range p.Alarms() {
		resource := alarm.Node().DefaultChild().(awscloudwatch.CfnAlarm)
		kind := kindOf(alarm)
		got[kind] = *resource.Threshold()
		if kind == "ReconcilerMissingRuns" { // its threshold is a number of periods
			got[kind] = *resource.EvaluationPeriods()
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("thresholds of the alarms (-want +got):\n%s", diff)
	}
}

func TestAlarms_HaveNamesOnlyWithAPrefix(t *testing.T) {
	for id := range alarms {
		synth.DefaultPipeline(t).Resource(t, id, "AWS::CloudWatch::Alarm").Expect(t,
			`{"AlarmName": null}`)
	}
	dev := synth.Stage(t, stacks.Dev)
	for id, name := range map[string]string{
		"DeadLettersAlarm": "dead-letters", "OldestMessageAlarm": "oldest-message",
		"ApiServerErrorsAlarm": "api-server-errors",
		"ApiErrorsAlarm":       "api-errors", "ApiThrottlesAlarm": "api-throttles",
		"WorkerErrorsAlarm":    "worker-errors",
		"WorkerThrottlesAlarm": "worker-throttles", "ReconcilerErrorsAlarm": "reconciler-errors",
		"UnhealedEventsAlarm": "unhealed-events", "FailedEventsAlarm": "failed-events",
		"ThrottledRequestsAlarm":       "throttled-requests",
		"NotificationDeadLettersAlarm": "notification-dead-letters",
		"FailedDeliveriesAlarm":        "failed-deliveries",
		"ReconcilerLagAlarm":           "reconciler-lag",
		"ReconcilerMissingRunsAlarm":   "reconciler-missing-runs",
		"RetriedEventsAlarm":           "retried-events",
	} {
		dev.Resource(t, id, "AWS::CloudWatch::Alarm").
			Expect(t, `{"AlarmName": "`+synth.Project+"-dev-"+name+`"}`)
	}
}

// The names are unique in the account and region, and CloudWatch accepts them.
func TestAlarms_EachHasAName(t *testing.T) {
	prefix := strings.Repeat("p", 53) // the longest prefix
	p, _ := withEveryAlarm(t, props{PhysicalNamePrefix: &prefix})
	long := strings.Repeat("a", 200) // with the prefix, it is too long for a name
	synth.Must(t, func() error {
		p.OnEventProcessed(&long, nil)
		return nil
	})
	paths := map[string]string{}
	for _, alarm := range p.Alarms() {
		path := *alarm.Node().Path()
		name := alarm.Node().DefaultChild().(awscloudwatch.CfnAlarm).AlarmName()
		if name == nil || !strings.HasPrefix(*name, prefix+"-") || len(*name) > 255 {
			t.Errorf("%s must have a name with the prefix and at most 255 characters", path)
			continue
		}
		if other, taken := paths[*name]; taken {
			t.Errorf("%s and %s must have different names, got %s", path, other, *name)
		}
		paths[*name] = path
	}
	for _, name := range []string{"lost-events-Index", "refused-signatures-github"} {
		if paths[prefix+"-"+name] == "" {
			t.Errorf("no alarm has the name %s, got %q", name, slices.Sorted(maps.Keys(paths)))
		}
	}
}

func TestAlarms_EachHasAGetter(t *testing.T) {
	p, rules := withEveryAlarm(t, props{})
	var got []string
	for method, value := range reflect.ValueOf(p).Methods() {
		if !strings.HasSuffix(method.Name, "Alarm") {
			continue
		}
		calls := [][]reflect.Value{nil}
		switch method.Name {
		case "RefusedSignaturesAlarm":
			calls = [][]reflect.Value{{reflect.ValueOf(jsii.String("github"))}}
		case "LostEventsAlarm":
			calls = [][]reflect.Value{{reflect.ValueOf(rules[0])}, {reflect.ValueOf(rules[1])}}
		}
		for _, arguments := range calls {
			alarm, _ := value.Call(arguments)[0].Interface().(awscloudwatch.Alarm)
			if alarm == nil || kindOf(alarm)+"Alarm" != method.Name {
				t.Errorf("%s must return its alarm, got %v", method.Name, alarm)
				continue
			}
			got = append(got, *alarm.Node().Path())
		}
	}
	var want []string
	for _, alarm := range p.Alarms() {
		want = append(want, *alarm.Node().Path())
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alarms of the getters (-want +got):\n%s", diff)
	}
}

func TestAlarms_OfAnUnknownSourceOrRuleAreNil(t *testing.T) {
	p, _ := withEveryAlarm(t, props{})
	if alarm := p.RefusedSignaturesAlarm(jsii.String("stripe")); alarm != nil {
		t.Errorf("unknown source: got %s", *alarm.Node().Path())
	}
	if alarm := p.LostEventsAlarm(p.Schedule()); alarm != nil {
		t.Errorf("another rule: got %s", *alarm.Node().Path())
	}
}
