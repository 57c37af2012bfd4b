package templates

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"

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
	s := standard(t)
	s.expectCount(t, "AWS::CloudWatch::Alarm", len(alarms)+2) // two alarms have tests of their own
	for id, want := range alarms {
		t.Run(id, func(t *testing.T) {
			alarm := s.resource(t, id, "AWS::CloudWatch::Alarm")
			alarm.expect(t, want)
			period := "300"
			if id == "ReconcilerLagAlarm" {
				period = "900" // the interval of the reconciler
			}
			alarm.expect(t, `{
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
	standard(t).resource(t, "RetriedEventsAlarm", "AWS::CloudWatch::Alarm").expect(t, `{
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
	s := standard(t)
	s.resource(t, "ReconcilerMissingRunsAlarm", "AWS::CloudWatch::Alarm").expect(t, `{
		"Namespace": "AWS/Lambda", "MetricName": "Invocations", "Statistic": "Sum",
		"Dimensions": [{"Name": "FunctionName", "Value": "${ReconcilerFunction}"}],
		"Period": 900, "EvaluationPeriods": 3, "Threshold": 1,
		"ComparisonOperator": "LessThanThreshold", "TreatMissingData": "breaching"
	}`)
	s = pipeline(t, func(awscdk.Stack) *props {
		return &props{ReconcilerEnabled: jsii.Bool(false)}
	})
	if _, ok := s.resources["ReconcilerMissingRunsAlarm"]; ok {
		t.Error("a pipeline without a schedule must not have the alarm")
	}
}

// API Gateway has no metric of throttled requests. A metric filter counts them in the access log.
func TestThrottledRequests_AreCountedInTheAccessLog(t *testing.T) {
	s := standard(t)
	s.resource(t, "AccessLogGroupThrottledRequests", "AWS::Logs::MetricFilter").expect(t, `{
		"LogGroupName": "${AccessLogGroup}",
		"FilterPattern": "{ $.status = \"429\" }",
		"MetricTransformations": [{
			"MetricNamespace": "EventPipeline", "MetricName": "ThrottledRequests",
			"MetricValue": "1", "Dimensions": [{"Key": "ApiId", "Value": "$.apiId"}]
		}]
	}`)
	settings := s.resource(t, "Stage", "AWS::ApiGatewayV2::Stage").Properties["AccessLogSettings"]
	format, _ := settings.(map[string]any)["Format"].(string)
	var fields map[string]string
	if err := json.Unmarshal([]byte(format), &fields); err != nil ||
		fields["status"] != "$context.status" || fields["apiId"] != "$context.apiId" {
		t.Errorf("access log's format = %s, %v", format, err)
	}
}

func TestAlarms_NotifyTheTopic(t *testing.T) {
	s := pipeline(t, func(stack awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			AlarmTopic: awssns.NewTopic(stack, jsii.String("Topic"), nil),
		}
	})
	for id := range alarms {
		s.resource(t, id, "AWS::CloudWatch::Alarm").
			expect(t, `{"AlarmActions": ["${Topic}"], "OKActions": ["${Topic}"]}`)
	}
}

func TestAlarms_UseTheThresholds(t *testing.T) {
	s := pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{AlarmThresholds: &eventpipeline.AlarmThresholds{
			DeadLetters:      jsii.Number(2),
			OldestMessage:    seconds(90),
			ApiServerErrors:  jsii.Number(50),
			ApiErrors:        jsii.Number(3),
			ApiThrottles:     jsii.Number(4),
			WorkerErrors:     jsii.Number(5),
			WorkerThrottles:  jsii.Number(6),
			ReconcilerErrors: jsii.Number(7),
			UnhealedEvents:   jsii.Number(8),

			FailedEvents:            jsii.Number(9),
			ThrottledRequests:       jsii.Number(10),
			NotificationDeadLetters: jsii.Number(11),
			FailedDeliveries:        jsii.Number(12),
			ReconcilerLag:           seconds(13),
			RetriedEvents:           jsii.Number(14),
		}}
	})
	for id, threshold := range map[string]int{
		"DeadLettersAlarm": 2, "OldestMessageAlarm": 90, "ApiServerErrorsAlarm": 50,
		"ApiErrorsAlarm": 3, "ApiThrottlesAlarm": 4,
		"WorkerErrorsAlarm": 5, "WorkerThrottlesAlarm": 6, "ReconcilerErrorsAlarm": 7,
		"UnhealedEventsAlarm": 8, "FailedEventsAlarm": 9, "ThrottledRequestsAlarm": 10,
		"NotificationDeadLettersAlarm": 11, "FailedDeliveriesAlarm": 12,
		"ReconcilerLagAlarm": 13, "RetriedEventsAlarm": 14,
	} {
		s.resource(t, id, "AWS::CloudWatch::Alarm").
			expect(t, fmt.Sprintf(`{"Threshold": %d}`, threshold))
	}
}

func TestAlarms_HaveNamesOnlyWithAPrefix(t *testing.T) {
	for id := range alarms {
		standard(t).resource(t, id, "AWS::CloudWatch::Alarm").expect(t, `{"AlarmName": null}`)
	}
	dev := stage(t, stacks.Dev)
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
		dev.resource(t, id, "AWS::CloudWatch::Alarm").
			expect(t, `{"AlarmName": "`+project+"-dev-"+name+`"}`)
	}
}

func TestAlarms_EachHasAGetter(t *testing.T) {
	synth.Must(t, func() error {
		p := eventpipeline.NewEventPipeline(newStack(t), jsii.String("EventPipeline"), nil)
		all := p.Alarms()
		for i, alarm := range []awscloudwatch.Alarm{
			p.DeadLettersAlarm(), p.FailedEventsAlarm(), p.OldestMessageAlarm(),
			p.ApiServerErrorsAlarm(), p.ApiErrorsAlarm(), p.ApiThrottlesAlarm(),
			p.WorkerErrorsAlarm(), p.WorkerThrottlesAlarm(), p.ReconcilerErrorsAlarm(),
			p.UnhealedEventsAlarm(), p.NotificationDeadLettersAlarm(), p.FailedDeliveriesAlarm(),
			p.ReconcilerLagAlarm(), p.RetriedEventsAlarm(), p.ThrottledRequestsAlarm(),
			p.ReconcilerMissingRunsAlarm(),
		} {
			if alarm != all[i] {
				t.Errorf("getter %d returns %s, want %s",
					i, *alarm.Node().Path(), *all[i].Node().Path())
			}
		}
		return nil
	})
}

func TestDashboard_ShowsAlarmsAndMetrics(t *testing.T) {
	s := standard(t)
	var body struct {
		Widgets []struct {
			Type       string
			Properties struct {
				Title   string
				Alarms  []string
				Metrics [][]any
			}
		}
	}
	dashboard := s.resource(t, "Dashboard", "AWS::CloudWatch::Dashboard")
	text := dashboard.Properties["DashboardBody"].(string)
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		t.Fatalf("read the dashboard: %v", err)
	}
	shown := map[string]string{}
	for _, widget := range body.Widgets {
		for _, alarm := range widget.Properties.Alarms {
			shown[alarm] = widget.Properties.Title
		}
		for _, metric := range widget.Properties.Metrics {
			name := fmt.Sprint(metric[1], " of ", metric[3])
			if metric[0] == "EventPipeline" { // from a function's log lines
				name = "reported " + name
			}
			shown[name] = widget.Properties.Title
		}
	}
	for id := range alarms {
		if shown["${"+id+".Arn}"] != "Alarms" {
			t.Errorf("dashboard must show %s", id)
		}
	}
	for metric, title := range map[string]string{
		"reported Accepted of ${Queue.QueueName}":  "Events",
		"reported Processed of ${Queue.QueueName}": "Events",
		"reported Failed of ${Queue.QueueName}":    "Events",

		"Count of ${HttpApi}":   "API requests",
		"4xx of ${HttpApi}":     "API requests",
		"5xx of ${HttpApi}":     "API requests",
		"Latency of ${HttpApi}": "API latency (p99)",
		"ApproximateNumberOfMessagesVisible of ${Queue.QueueName}":           "Queue",
		"ApproximateNumberOfMessagesVisible of ${DeadLetterQueue.QueueName}": "Queue",

		"ApproximateNumberOfMessagesVisible of ${NotificationDeadLetterQueue.QueueName}": "Queue",

		"ApproximateAgeOfOldestMessage of ${Queue.QueueName}": "Oldest message's age",

		"Errors of ${WorkerFunction}":                  "Worker",
		"Throttles of ${WorkerFunction}":               "Worker",
		"Duration of ${WorkerFunction}":                "Worker duration (p99)",
		"reported Reenqueued of ${ReconcilerFunction}": "Repaired by the reconciler",
		"reported GivenUp of ${ReconcilerFunction}":    "Repaired by the reconciler",

		"reported Orphans of ${ReconcilerFunction}": "" +
			"Requests never acknowledged (orphans in Bronze)",

		"reported Errors of ${ReconcilerFunction}": "Reconciler",
		"Errors of ${ReconcilerFunction}":          "Reconciler",
	} {
		if shown[metric] != title {
			t.Errorf("widget of %s = %q, want %q", metric, shown[metric], title)
		}
	}
}
