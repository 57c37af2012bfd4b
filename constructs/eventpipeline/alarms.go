package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/jsii-runtime-go"
)

// newAlarms makes an alarm for each thing that somebody must look at; docs/runbooks.md says what to do about it.
func newAlarms(p *eventPipeline, m metrics) []awscloudwatch.Alarm {
	return []awscloudwatch.Alarm{
		newAlarm(p, "DeadLettersAlarm", m.deadLetters, 1, "Events failed: their messages are in the DLQ."),
		newAlarm(p, "OldestMessageAlarm", m.oldestMessage, seconds(p.props.OldestMessageAgeAlarm), "Events wait for the worker."),
		newAlarm(p, "ApiServerErrorsAlarm", m.serverErrors, *p.props.ApiServerErrorAlarm, "The API answers 5xx: clients can't post events."),
		newAlarm(p, "ApiErrorsAlarm", m.apiErrors, 1, "The API function crashed or timed out."),
		newAlarm(p, "ApiThrottlesAlarm", m.apiThrottles, 1, "The API function got no concurrency."),
		newAlarm(p, "WorkerErrorsAlarm", m.workerErrors, 1, "The worker function crashed or timed out: a batch comes again."),
		newAlarm(p, "WorkerThrottlesAlarm", m.workerThrottles, 1, "The worker function got no concurrency."),
		newAlarm(p, "ReconcilerErrorsAlarm", m.reconcilerErrors, 1, "The reconciler function failed: what crashes leave is not healed."),
		newAlarm(p, "UnhealedEventsAlarm", m.unhealed, 1, "The reconciler could not heal some events."),
	}
}

func newAlarm(p *eventPipeline, id string, metric awscloudwatch.IMetric, threshold float64, description string) awscloudwatch.Alarm {
	alarm := awscloudwatch.NewAlarm(p, jsii.String(id), &awscloudwatch.AlarmProps{
		Metric:             metric,
		Threshold:          &threshold,
		ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
		EvaluationPeriods:  jsii.Number(1),
		TreatMissingData:   awscloudwatch.TreatMissingData_NOT_BREACHING, // no traffic is no trouble
		AlarmDescription:   jsii.String(description + " See docs/runbooks.md."),
	})
	if p.props.AlarmTopic != nil {
		action := awscloudwatchactions.NewSnsAction(p.props.AlarmTopic)
		alarm.AddAlarmAction(action)
		alarm.AddOkAction(action)
	}
	return alarm
}
