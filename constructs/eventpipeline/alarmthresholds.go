package eventpipeline

import (
	"math"
	"reflect"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// AlarmThresholds set the values at which the alarms fire. An alarm fires when its metric reaches
// the threshold in one period of 5 minutes, with two exceptions:
//   - RetriedEvents needs three such periods in a row.
//   - The period of ReconcilerLag and ReconcilerMissingRuns is ReconcilerInterval.
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
	// ReconcilerMissingRuns sets the threshold for consecutive periods of ReconcilerInterval in
	// which the reconciler function does not run. Together, the periods must not exceed 1 day, or 7
	// days if ReconcilerInterval is at least 1 hour. Default: 3.
	ReconcilerMissingRuns *float64
	// FailedEvents sets the threshold for events that failed. Default: 1.
	FailedEvents *float64
	// RetriedEvents sets the threshold for failed deliveries that SQS will retry. Default: 5.
	RetriedEvents *float64
	// ThrottledRequests sets the threshold for requests that the API's stage throttled (status
	// 429). Default: 100.
	ThrottledRequests *float64
	// NotificationDeadLetters sets the threshold for the messages in the DLQ for notifications.
	// Default: 1.
	NotificationDeadLetters *float64
	// FailedDeliveries sets the threshold for notifications that EventBridge moved to the DLQ for
	// notifications. Default: 1.
	FailedDeliveries *float64
	// LostEvents sets the threshold for each rule of OnEventProcessed. The rule's alarm counts the
	// notifications that EventBridge could deliver neither to the rule's target nor to the target's
	// DLQ. Default: 1.
	LostEvents *float64
	// RefusedSignatures sets the threshold for each webhook source. The source's alarm counts the
	// requests without a valid signature. Default: 5.
	RefusedSignatures *float64
	// UnhealedEvents sets the threshold for events that the reconciler could not repair.
	// Default: 1.
	UnhealedEvents *float64
	// ReconcilerLag sets the threshold for the reconciler's lag: the age of the oldest hour in
	// which some events are not checked yet. Normally, the lag is ReconcilerGracePeriod plus at
	// most one hour.
	//
	// Default: the sum of ReconcilerGracePeriod, one hour and four times ReconcilerInterval.
	ReconcilerLag awscdk.Duration
}

// withDefaults returns a copy of t with every default set. lag is the default of ReconcilerLag.
func (t *AlarmThresholds) withDefaults(lag awscdk.Duration) *AlarmThresholds {
	thresholds := valueOrZero(t)
	setDefault(&thresholds.ReconcilerLag, lag)
	setDefault(&thresholds.OldestMessage, seconds(5*60))
	setDefault(&thresholds.ApiServerErrors, jsii.Number(5))
	setDefault(&thresholds.ThrottledRequests, jsii.Number(100))
	setDefault(&thresholds.RetriedEvents, jsii.Number(5))
	setDefault(&thresholds.RefusedSignatures, jsii.Number(5))
	setDefault(&thresholds.ReconcilerMissingRuns, jsii.Number(3))
	for _, threshold := range []**float64{
		&thresholds.DeadLetters, &thresholds.ApiErrors, &thresholds.ApiThrottles,
		&thresholds.WorkerErrors, &thresholds.WorkerThrottles,
		&thresholds.ReconcilerErrors, &thresholds.UnhealedEvents, &thresholds.FailedEvents,
		&thresholds.NotificationDeadLetters, &thresholds.FailedDeliveries, &thresholds.LostEvents,
	} {
		setDefault(threshold, jsii.Number(1))
	}
	return &thresholds
}

func (v *validation) validateAlarmThresholds(p EventPipelineProps) {
	t := *p.AlarmThresholds
	fields := reflect.ValueOf(t)
	for i := range fields.NumField() {
		name, value := "AlarmThresholds."+fields.Type().Field(i).Name, 0.0
		switch threshold := fields.Field(i).Interface().(type) {
		case *float64:
			value = *threshold
		case awscdk.Duration:
			name, value = name+" in seconds", inSeconds(threshold)
		}
		v.require(value >= 1, name, "must be at least 1, got %s: otherwise the alarm always fires",
			formatNumber(value))
	}
	const day = 24 * 60 * 60 // seconds
	runs, interval := *t.ReconcilerMissingRuns, inSeconds(p.ReconcilerInterval)
	if runs < 1 || interval > day {
		return // each of the two has its own error
	}
	// CloudWatch limits the product of Period and EvaluationPeriods. See "Period" in
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html.
	maximum := math.Floor(day / interval)
	if interval >= 60*60 {
		maximum = math.Floor(7 * day / interval)
	}
	v.requireInteger("AlarmThresholds.ReconcilerMissingRuns", runs, 1, maximum,
		"CloudWatch evaluates at most 1 day, or 7 days if ReconcilerInterval is at least 1 hour")
}
