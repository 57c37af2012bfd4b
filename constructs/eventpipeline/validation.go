package eventpipeline

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// validation collects the errors of a pipeline's props. The CDK reports them together at synth.
type validation struct {
	errors   []*string
	deferred []func(*validation) // checks of settings that may change until synth
}

// Validate implements constructs.IValidation.
func (v *validation) Validate() *[]*string {
	all := &validation{errors: slices.Clone(v.errors)}
	for _, check := range v.deferred {
		check(all)
	}
	return &all.errors
}

func (v *validation) failed() bool { return len(v.errors) > 0 }

// addError reports an error of a prop. The message continues a sentence that begins with the prop.
func (v *validation) addError(prop, format string, args ...any) {
	text := prop + " " + fmt.Sprintf(format, args...)
	v.errors = append(v.errors, &text)
}

// require reports an error of a prop unless ok.
func (v *validation) require(ok bool, prop, format string, args ...any) {
	if !ok {
		v.addError(prop, format, args...)
	}
}

// requireInteger limits a number; why explains the limits.
func (v *validation) requireInteger(prop string, value, least, most float64, why string) {
	v.require(value == math.Trunc(value) && value >= least && value <= most, prop,
		"must be an integer from %s to %s, got %s: %s",
		formatNumber(least), formatNumber(most), formatNumber(value), why)
}

// requireSeconds limits a duration, in whole seconds.
func (v *validation) requireSeconds(
	prop string, value awscdk.Duration, least, most float64, why string,
) {
	v.requireInteger(prop+" in seconds", inSeconds(value), least, most, why)
}

// requireDays limits a duration, in whole days; nil is valid.
func (v *validation) requireDays(prop string, value awscdk.Duration, least float64, why string) {
	if value != nil {
		n := inDays(value)
		v.require(n == math.Trunc(n) && n >= least, prop,
			"must be a whole number of days, at least %s, got %s: %s",
			formatNumber(least), formatNumber(n), why)
	}
}

// formatNumber formats a number without exponent.
func formatNumber(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// formatText quotes a text.
func formatText(text *string) string {
	if text == nil {
		return "nil"
	}
	return strconv.Quote(*text)
}

// tokenProps may be tokens. Their rules apply to literals only.
var tokenProps = []string{"DomainName", "DomainMappingKey"}

// withoutTokens returns a copy of props without tokens, such as a CfnParameter's value, and reports
// them: other props and variables are computed from numbers, durations and texts. Nil stays nil.
func (v *validation) withoutTokens(props *EventPipelineProps) *EventPipelineProps {
	if props == nil {
		return nil
	}
	p := *props
	v.clearTokens("", reflect.ValueOf(&p).Elem())
	clearGroupTokens(v, "ApiFunction", &p.ApiFunction)
	clearGroupTokens(v, "WorkerFunction", &p.WorkerFunction)
	clearGroupTokens(v, "ReconcilerFunction", &p.ReconcilerFunction)
	clearGroupTokens(v, "AlarmThresholds", &p.AlarmThresholds)
	return &p
}

func clearGroupTokens[T any](v *validation, name string, group **T) {
	if *group != nil {
		options := **group
		v.clearTokens(name+".", reflect.ValueOf(&options).Elem())
		*group = &options
	}
}

func (v *validation) clearTokens(prefix string, fields reflect.Value) {
	for i := range fields.NumField() {
		field, name := fields.Field(i), fields.Type().Field(i).Name
		if slices.Contains(tokenProps, name) || !isToken(field) {
			continue
		}
		v.addError(prefix+name, "must be known at synth, got a token: use a context value")
		field.SetZero()
	}
}

// isToken reports whether a number, duration or text is known only to CloudFormation.
func isToken(field reflect.Value) bool {
	if field.IsZero() {
		return false
	}
	switch value := field.Interface().(type) {
	case awscdk.Duration:
		return *value.IsUnresolved()
	case *float64:
		return *awscdk.Token_IsUnresolved(*value)
	case *string:
		return isUnresolved(value)
	}
	return field.Kind() == reflect.String && isUnresolved(jsii.String(field.String()))
}

// prefixPattern keeps the longest name, "-reconciler", within Lambda's 64 characters.
var prefixPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,52}$`)

const twoWeeks = 14 * 24 * 60 * 60 // seconds

// validate checks props with defaults.
func (v *validation) validate(p EventPipelineProps) {
	v.require(p.PhysicalNamePrefix == nil || prefixPattern.MatchString(*p.PhysicalNamePrefix),
		"PhysicalNamePrefix", "must match %s, got %s: names of functions and queues must too",
		prefixPattern, formatText(p.PhysicalNamePrefix))
	removalPolicies := []awscdk.RemovalPolicy{
		awscdk.RemovalPolicy_RETAIN, awscdk.RemovalPolicy_DESTROY,
	}
	v.require(slices.Contains(removalPolicies, p.RemovalPolicy), "RemovalPolicy",
		"must be one of %s, got %s", removalPolicies, p.RemovalPolicy)
	v.validateStorage(p)
	v.validateQueue(p)
	v.requireSeconds("ReconcilerGracePeriod", p.ReconcilerGracePeriod,
		inSeconds(p.VisibilityTimeout), twoWeeks,
		"SQS delivers a crashed worker's messages again after VisibilityTimeout")
	v.requireInteger("ReconcilerInterval in minutes", inSeconds(p.ReconcilerInterval)/60, 1, 24*60,
		"EventBridge's minimum, and at least one run a day")
	v.requireInteger("ReconcilerMaxReenqueues", *p.ReconcilerMaxReenqueues, 1, 100,
		"0 would repair nothing")
	v.validateFunctions(p)
	v.validateWorkerEntry(p)
	v.validateExisting(p)
	v.validateAuthorization(p)
	v.validateDomain(p)
	v.requireInteger("MaxPayloadBytes", *p.MaxPayloadBytes, 1, 2<<20,
		"Lambda's limit is 6 MB, and escaping doubles quotes and backslashes")
	v.require(*p.ThrottlingRateLimit > 0, "ThrottlingRateLimit", "must be greater than 0, got %s",
		formatNumber(*p.ThrottlingRateLimit))
	v.requireInteger("ThrottlingBurstLimit", *p.ThrottlingBurstLimit, 1, math.MaxInt32,
		"0 would reject all requests")
	v.validateAlarmThresholds(*p.AlarmThresholds)
}

func (v *validation) validateStorage(p EventPipelineProps) {
	const s3Minimum = "S3's minimum"
	v.requireDays("BronzeInfrequentAccessAfter", p.BronzeInfrequentAccessAfter, 30, s3Minimum)
	switch {
	case p.BronzeArchiveAfter != nil: // then the other transition is set too
		v.requireDays("BronzeArchiveAfter", p.BronzeArchiveAfter,
			inDays(p.BronzeInfrequentAccessAfter)+30, "30 days after BronzeInfrequentAccessAfter")
		v.requireDays("BronzeExpiration", p.BronzeExpiration, inDays(p.BronzeArchiveAfter)+1,
			"after BronzeArchiveAfter")
	case p.BronzeInfrequentAccessAfter != nil:
		v.requireDays("BronzeExpiration", p.BronzeExpiration,
			inDays(p.BronzeInfrequentAccessAfter)+1, "after BronzeInfrequentAccessAfter")
	default:
		v.requireDays("BronzeExpiration", p.BronzeExpiration, 1, "omit it to keep payloads")
	}
	v.require(p.BronzeObjectLock == nil || p.RemovalPolicy != awscdk.RemovalPolicy_DESTROY,
		"BronzeObjectLock", "must not be set with RemovalPolicy DESTROY")
	v.requireDays("SilverExpiration", p.SilverExpiration, 1, "omit it to keep records")
	v.requireDays("ServerAccessLogsExpiration", p.ServerAccessLogsExpiration, 1, s3Minimum)
	v.requireDays("NoncurrentVersionExpiration", p.NoncurrentVersionExpiration, 1, s3Minimum)
	v.requireDays("AbortIncompleteMultipartUploadAfter", p.AbortIncompleteMultipartUploadAfter, 1,
		s3Minimum)
	v.requireDays("StatusRetention", p.StatusRetention, 30,
		"clients rely on their Idempotency-Keys")
}

func (v *validation) validateQueue(p EventPipelineProps) {
	retention, dlqRetention := p.QueueRetention, p.DeadLetterQueueRetention
	v.requireSeconds("QueueRetention", retention, 60, twoWeeks, "SQS's limits")
	v.requireSeconds("DeadLetterQueueRetention", dlqRetention, 60, twoWeeks, "SQS's limits")
	maxReceiveCount := "MaxReceiveCount"
	if p.Queue == nil { // validateQueuesAtSynth checks an existing one
		v.require(inSeconds(dlqRetention) > inSeconds(retention), "DeadLetterQueueRetention",
			"must be longer than QueueRetention, got %s and %s seconds: a message keeps its age",
			formatNumber(inSeconds(dlqRetention)), formatNumber(inSeconds(retention)))
		v.requireSeconds("VisibilityTimeout", p.VisibilityTimeout, minVisibility(p), 12*60*60,
			"at least six times WorkerFunction.Timeout plus MaxBatchingWindow")
	} else {
		maxReceiveCount = "Queue's maxReceiveCount"
	}
	v.requireInteger(maxReceiveCount, *p.MaxReceiveCount, 3, 1000,
		"fewer would move valid messages to the DLQ after transient faults")
}
