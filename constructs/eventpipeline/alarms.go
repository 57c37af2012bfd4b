package eventpipeline

import (
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// alarms contains the pipeline's alarms. docs/runbooks.md describes how to respond to each alarm.
type alarms struct {
	deadLetters, oldestMessage, apiServerErrors     awscloudwatch.Alarm
	apiErrors, apiThrottles                         awscloudwatch.Alarm
	workerErrors, workerThrottles, reconcilerErrors awscloudwatch.Alarm
	unhealedEvents, failedEvents, reconcilerLag     awscloudwatch.Alarm
	notificationDeadLetters, failedDeliveries       awscloudwatch.Alarm
	retriedEvents                                   awscloudwatch.Alarm
	throttledRequests                               awscloudwatch.Alarm   // nil for an existing API
	missingRuns                                     awscloudwatch.Alarm   // nil without a schedule
	rules                                           []awscloudwatch.Alarm // one per added rule
	refusedSignatures                               []awscloudwatch.Alarm // one per webhook source
}

func newAlarms(p *eventPipeline, m metrics) alarms {
	t := p.props.AlarmThresholds
	a := alarms{
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
			"The worker function crashed or timed out: SQS delivers the batch again."),
		workerThrottles: newAlarm(p, "WorkerThrottlesAlarm", m.workerThrottles, *t.WorkerThrottles,
			"The worker function got no concurrency."),
		reconcilerErrors: newAlarm(p, "ReconcilerErrorsAlarm", m.reconcilerErrors,
			*t.ReconcilerErrors,
			"The reconciler function failed: events that a crash left unfinished "+
				"are not repaired."),
		unhealedEvents: newAlarm(p, "UnhealedEventsAlarm", m.unhealed, *t.UnhealedEvents,
			"The reconciler could not repair some events."),
		reconcilerLag: newAlarm(p, "ReconcilerLagAlarm", m.reconcilerLag,
			inSeconds(t.ReconcilerLag), "The reconciler does not keep up with the events."),
		failedEvents: newAlarm(p, "FailedEventsAlarm", m.failed, *t.FailedEvents,
			"Events failed in the last minutes. The DLQ may contain older messages too."),
		notificationDeadLetters: newAlarm(p, "NotificationDeadLettersAlarm",
			m.notificationDeadLetters, *t.NotificationDeadLetters,
			"Notifications were not delivered: they are in the DLQ for notifications."),
		failedDeliveries: newAlarm(p, "FailedDeliveriesAlarm", m.failedDeliveries,
			*t.FailedDeliveries,
			"EventBridge moved notifications to the DLQ in the last minutes."),
		retriedEvents:     newRetriedAlarm(p, m.retried),
		refusedSignatures: newWebhookAlarms(p),
	}
	if m.throttledRequests != nil {
		a.throttledRequests = newAlarm(p, "ThrottledRequestsAlarm", m.throttledRequests,
			*t.ThrottledRequests, "The API's stage throttles requests: clients get 429.")
	}
	if *p.props.ReconcilerEnabled {
		a.missingRuns = newMissingRunsAlarm(p)
	}
	return a
}

// newRetriedAlarm creates an alarm that fires if deliveries fail for 15 minutes, for example in an
// outage. OldestMessageAlarm can miss an outage, because its metric ignores messages that SQS has
// delivered more than three times.
func newRetriedAlarm(p *eventPipeline, retried awscloudwatch.IMetric) awscloudwatch.Alarm {
	props := thresholdAlarm(retried, *p.props.AlarmThresholds.RetriedEvents,
		"Deliveries fail again and again: an AWS service or the processor does not work.")
	props.EvaluationPeriods = jsii.Number(3) // a short fault needs no action
	return createAlarm(p, p, "RetriedEventsAlarm", "retried-events", props)
}

// newMissingRunsAlarm creates an alarm that fires if the reconciler does not run for several
// intervals. The metric has no value for an interval without a run, so the alarm treats missing
// data as breaching.
func newMissingRunsAlarm(p *eventPipeline) awscloudwatch.Alarm {
	runs := p.reconcilerFunction.MetricInvocations(&awscloudwatch.MetricOptions{
		Statistic: jsii.String("Sum"), Period: p.props.ReconcilerInterval,
	})
	props := thresholdAlarm(runs, 1, "The reconciler does not run.")
	props.ComparisonOperator = awscloudwatch.ComparisonOperator_LESS_THAN_THRESHOLD
	props.EvaluationPeriods = p.props.AlarmThresholds.ReconcilerMissingRuns
	props.TreatMissingData = awscloudwatch.TreatMissingData_BREACHING
	return createAlarm(p, p, "ReconcilerMissingRunsAlarm", "reconciler-missing-runs", props)
}

// newRuleAlarm creates an alarm that fires if EventBridge lost an event of the rule. EventBridge
// loses an event if deliveries to the target and to the target's DLQ fail.
func newRuleAlarm(p *eventPipeline, rule awsevents.Rule) awscloudwatch.Alarm {
	dimensions := map[string]*string{}
	nameInARN := 1 // rule/<rule>
	if bus := p.eventBus.EventBusName(); *bus != "default" {
		dimensions["EventBusName"] = bus
		nameInARN = 2 // rule/<bus>/<rule>
	}
	// The dimension needs only the rule's name. For a bus other than the default bus,
	// rule.RuleName() returns "<bus>|<rule>".
	dimensions["RuleName"] = awscdk.Fn_Select(jsii.Number(nameInARN),
		awscdk.Fn_Split(jsii.String("/"), rule.RuleArn(), nil))
	lost := awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace:     jsii.String("AWS/Events"),
		MetricName:    jsii.String("InvocationsFailedToBeSentToDlq"),
		DimensionsMap: &dimensions,
		Statistic:     jsii.String("Sum"),
	})
	props := thresholdAlarm(lost, *p.props.AlarmThresholds.LostEvents,
		"A rule of OnEventProcessed lost events.")
	return createAlarm(p, rule, "LostEventsAlarm", lostEventsName(p, rule), props)
}

// lostEventsName returns the end of the name of a rule's alarm. The name contains:
//   - for a rule of OnEventProcessed, the rule's id
//   - for a rule of OnEventProcessedIn, the rule's path, because rules in different stacks can have
//     the same id
func lostEventsName(p *eventPipeline, rule awsevents.Rule) string {
	const maxLength = 150 // an alarm's name has at most 255 characters, and the prefix at most 53
	name, scope := *rule.Node().Id(), *rule.Node().Scope().Node().Path()
	if scope != *p.Node().Path()+"/"+rulesID || len(name) > maxLength {
		name = *awscdk.Names_UniqueResourceName(rule, &awscdk.UniqueResourceNameOptions{
			MaxLength: jsii.Number(maxLength),
		})
	}
	return "lost-events-" + name
}

func newAlarm(
	p *eventPipeline, id string, metric awscloudwatch.IMetric, threshold float64,
	description string,
) awscloudwatch.Alarm {
	props := thresholdAlarm(metric, threshold, description)
	return createAlarm(p, p, id, kebabCase(strings.TrimSuffix(id, "Alarm")), props)
}

// thresholdAlarm returns the props of an alarm that fires if a metric reaches the threshold.
func thresholdAlarm(
	metric awscloudwatch.IMetric, threshold float64, description string,
) *awscloudwatch.AlarmProps {
	return &awscloudwatch.AlarmProps{
		Metric:             metric,
		Threshold:          &threshold,
		ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
		EvaluationPeriods:  jsii.Number(1),
		// Without traffic, a metric has no data. The alarm must not fire then.
		TreatMissingData: awscloudwatch.TreatMissingData_NOT_BREACHING,
		AlarmDescription: jsii.String(description + " See docs/runbooks.md."),
	}
}

// createAlarm creates an alarm. The alarm's name is PhysicalNamePrefix, a hyphen and name. The
// alarm notifies the topic in the prop AlarmTopic, if set.
func createAlarm(
	p *eventPipeline, scope constructs.Construct, id, name string, props *awscloudwatch.AlarmProps,
) awscloudwatch.Alarm {
	props.AlarmName = p.physicalName(name)
	alarm := awscloudwatch.NewAlarm(scope, &id, props)
	if p.props.AlarmTopic != nil {
		action := awscloudwatchactions.NewSnsAction(p.props.AlarmTopic)
		alarm.AddAlarmAction(action)
		alarm.AddOkAction(action)
	}
	return alarm
}

// namesOf returns the names of alarms, without the names that CloudFormation generates.
func namesOf(alarms ...awscloudwatch.Alarm) []string {
	names := []string{}
	for _, alarm := range alarms {
		if name := alarm.Node().DefaultChild().(awscloudwatch.CfnAlarm).AlarmName(); name != nil {
			names = append(names, *name)
		}
	}
	return names
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
	all := []awscloudwatch.Alarm{
		a.deadLetters, a.failedEvents, a.oldestMessage, a.apiServerErrors, a.apiErrors,
		a.apiThrottles, a.workerErrors, a.workerThrottles, a.reconcilerErrors, a.unhealedEvents,
		a.notificationDeadLetters, a.failedDeliveries, a.reconcilerLag, a.retriedEvents,
	}
	for _, optional := range []awscloudwatch.Alarm{a.throttledRequests, a.missingRuns} {
		if optional != nil {
			all = append(all, optional)
		}
	}
	return slices.Concat(all, a.refusedSignatures, a.rules)
}

func (p *eventPipeline) DeadLettersAlarm() awscloudwatch.Alarm   { return p.alarms.deadLetters }
func (p *eventPipeline) FailedEventsAlarm() awscloudwatch.Alarm  { return p.alarms.failedEvents }
func (p *eventPipeline) RetriedEventsAlarm() awscloudwatch.Alarm { return p.alarms.retriedEvents }
func (p *eventPipeline) OldestMessageAlarm() awscloudwatch.Alarm { return p.alarms.oldestMessage }

func (p *eventPipeline) ApiServerErrorsAlarm() awscloudwatch.Alarm {
	return p.alarms.apiServerErrors
}

func (p *eventPipeline) ThrottledRequestsAlarm() awscloudwatch.Alarm {
	return p.alarms.throttledRequests
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

func (p *eventPipeline) ReconcilerMissingRunsAlarm() awscloudwatch.Alarm {
	return p.alarms.missingRuns
}

func (p *eventPipeline) ReconcilerLagAlarm() awscloudwatch.Alarm  { return p.alarms.reconcilerLag }
func (p *eventPipeline) UnhealedEventsAlarm() awscloudwatch.Alarm { return p.alarms.unhealedEvents }

func (p *eventPipeline) NotificationDeadLettersAlarm() awscloudwatch.Alarm {
	return p.alarms.notificationDeadLetters
}

func (p *eventPipeline) FailedDeliveriesAlarm() awscloudwatch.Alarm {
	return p.alarms.failedDeliveries
}

func (p *eventPipeline) LostEventsAlarm(rule awsevents.IRule) awscloudwatch.Alarm {
	for _, alarm := range p.alarms.rules {
		if *alarm.Node().Scope().Node().Path() == *rule.Node().Path() {
			return alarm
		}
	}
	return nil
}
