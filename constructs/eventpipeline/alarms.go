package eventpipeline

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/jsii-runtime-go"
)

// AlarmThresholds set the values at which the alarms fire. An alarm fires if its metric reaches the
// threshold in one period of 5 minutes.
type AlarmThresholds struct {
	// DeadLetters sets the threshold for the messages in the DLQ. Default: 1.
	DeadLetters *float64
	// OldestMessage sets the threshold for the age of the oldest message in the queue.
	// Default: 5 minutes.
	OldestMessage awscdk.Duration
	// ApiServerErrors sets the threshold for 5xx responses of the API. Default: 5.
	ApiServerErrors *float64
	// ApiErrors sets the threshold for crashes and timeouts of the API function. Default: 1.
	ApiErrors *float64
	// ApiThrottles sets the threshold for throttled invocations of the API function. Default: 1.
	ApiThrottles *float64
	// WorkerErrors sets the threshold for crashes and timeouts of the worker function. Default: 1.
	WorkerErrors *float64
	// WorkerThrottles sets the threshold for throttled invocations of the worker function.
	// Default: 1.
	WorkerThrottles *float64
	// ReconcilerErrors sets the threshold for failed runs of the reconciler function. Default: 1.
	ReconcilerErrors *float64
	// UnhealedEvents sets the threshold for events that the reconciler could not repair.
	// Default: 1.
	UnhealedEvents *float64
}

func (t *AlarmThresholds) withDefaults() *AlarmThresholds {
	thresholds := valueOrZero(t)
	setDefault(&thresholds.OldestMessage, seconds(5*60))
	setDefault(&thresholds.ApiServerErrors, jsii.Number(5))
	for _, threshold := range []**float64{
		&thresholds.DeadLetters, &thresholds.ApiErrors, &thresholds.ApiThrottles,
		&thresholds.WorkerErrors, &thresholds.WorkerThrottles,
		&thresholds.ReconcilerErrors, &thresholds.UnhealedEvents,
	} {
		setDefault(threshold, jsii.Number(1))
	}
	return &thresholds
}

// alarms contains the pipeline's alarms. docs/runbooks.md describes how to respond to each alarm.
type alarms struct {
	deadLetters, oldestMessage, apiServerErrors     awscloudwatch.Alarm
	apiErrors, apiThrottles                         awscloudwatch.Alarm
	workerErrors, workerThrottles, reconcilerErrors awscloudwatch.Alarm
	unhealedEvents                                  awscloudwatch.Alarm
}

func newAlarms(p *eventPipeline, m metrics) alarms {
	t := p.props.AlarmThresholds
	return alarms{
		deadLetters: newAlarm(p, "DeadLettersAlarm", m.deadLetters, *t.DeadLetters,
			"Events failed: their messages are in the DLQ."),
		oldestMessage: newAlarm(p, "OldestMessageAlarm", m.oldestMessage,
			inSeconds(t.OldestMessage), "Events wait for the worker."),
		apiServerErrors: newAlarm(p, "ApiServerErrorsAlarm", m.serverErrors, *t.ApiServerErrors,
			"The API answers 5xx: clients can't post events."),
		apiErrors: newAlarm(p, "ApiErrorsAlarm", m.apiErrors, *t.ApiErrors,
			"The API function crashed or timed out."),
		apiThrottles: newAlarm(p, "ApiThrottlesAlarm", m.apiThrottles, *t.ApiThrottles,
			"The API function got no concurrency."),
		workerErrors: newAlarm(p, "WorkerErrorsAlarm", m.workerErrors, *t.WorkerErrors,
			"The worker function crashed or timed out: a batch comes again."),
		workerThrottles: newAlarm(p, "WorkerThrottlesAlarm", m.workerThrottles, *t.WorkerThrottles,
			"The worker function got no concurrency."),
		reconcilerErrors: newAlarm(p, "ReconcilerErrorsAlarm", m.reconcilerErrors,
			*t.ReconcilerErrors,
			"The reconciler function failed: what crashes leave is not healed."),
		unhealedEvents: newAlarm(p, "UnhealedEventsAlarm", m.unhealed, *t.UnhealedEvents,
			"The reconciler could not heal some events."),
	}
}

func newAlarm(
	p *eventPipeline, id string, metric awscloudwatch.IMetric, threshold float64,
	description string,
) awscloudwatch.Alarm {
	alarm := awscloudwatch.NewAlarm(p, jsii.String(id), &awscloudwatch.AlarmProps{
		AlarmName:          p.physicalName(kebabCase(strings.TrimSuffix(id, "Alarm"))),
		Metric:             metric,
		Threshold:          &threshold,
		ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
		EvaluationPeriods:  jsii.Number(1),
		// A metric has no data while there is no traffic. This must not fire the alarm.
		TreatMissingData: awscloudwatch.TreatMissingData_NOT_BREACHING,
		AlarmDescription: jsii.String(description + " See docs/runbooks.md."),
	})
	if p.props.AlarmTopic != nil {
		action := awscloudwatchactions.NewSnsAction(p.props.AlarmTopic)
		alarm.AddAlarmAction(action)
		alarm.AddOkAction(action)
	}
	return alarm
}

// kebabCase turns "DeadLetters" into "dead-letters".
func kebabCase(id string) string {
	var name strings.Builder
	for i, c := range id {
		if i > 0 && 'A' <= c && c <= 'Z' {
			name.WriteByte('-')
		}
		name.WriteRune(c)
	}
	return strings.ToLower(name.String())
}

func (p *eventPipeline) Alarms() []awscloudwatch.Alarm {
	a := p.alarms
	return []awscloudwatch.Alarm{
		a.deadLetters, a.oldestMessage, a.apiServerErrors, a.apiErrors, a.apiThrottles,
		a.workerErrors, a.workerThrottles, a.reconcilerErrors, a.unhealedEvents,
	}
}

func (p *eventPipeline) DeadLettersAlarm() awscloudwatch.Alarm   { return p.alarms.deadLetters }
func (p *eventPipeline) OldestMessageAlarm() awscloudwatch.Alarm { return p.alarms.oldestMessage }

func (p *eventPipeline) ApiServerErrorsAlarm() awscloudwatch.Alarm {
	return p.alarms.apiServerErrors
}

func (p *eventPipeline) ApiErrorsAlarm() awscloudwatch.Alarm    { return p.alarms.apiErrors }
func (p *eventPipeline) ApiThrottlesAlarm() awscloudwatch.Alarm { return p.alarms.apiThrottles }

func (p *eventPipeline) WorkerErrorsAlarm() awscloudwatch.Alarm { return p.alarms.workerErrors }

func (p *eventPipeline) WorkerThrottlesAlarm() awscloudwatch.Alarm {
	return p.alarms.workerThrottles
}

func (p *eventPipeline) ReconcilerErrorsAlarm() awscloudwatch.Alarm {
	return p.alarms.reconcilerErrors
}

func (p *eventPipeline) UnhealedEventsAlarm() awscloudwatch.Alarm { return p.alarms.unhealedEvents }
