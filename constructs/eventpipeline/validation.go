package eventpipeline

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/jsii-runtime-go"
)

// validation collects the errors of a pipeline's props. The CDK reports them together at synth.
type validation struct {
	errors   []*string
	deferred []func(*validation) // checks of settings that can change until synth
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

// addError adds an error about a prop. The error's text is the name of the prop, a space and the
// message.
func (v *validation) addError(prop, format string, args ...any) {
	text := prop + " " + fmt.Sprintf(format, args...)
	v.errors = append(v.errors, &text)
}

// require adds an error about a prop if ok is false.
func (v *validation) require(ok bool, prop, format string, args ...any) {
	if !ok {
		v.addError(prop, format, args...)
	}
}

// requireInteger adds an error if value is not an integer from minimum to maximum. The error's text
// ends with reason.
func (v *validation) requireInteger(prop string, value, minimum, maximum float64, reason string) {
	v.require(value == math.Trunc(value) && value >= minimum && value <= maximum, prop,
		"must be an integer from %s to %s, got %s: %s",
		formatNumber(minimum), formatNumber(maximum), formatNumber(value), reason)
}

// requireSeconds adds an error if value is not a whole number of seconds from minimum to maximum.
func (v *validation) requireSeconds(
	prop string, value awscdk.Duration, minimum, maximum float64, reason string,
) {
	v.requireInteger(prop+" in seconds", inSeconds(value), minimum, maximum, reason)
}

// requireDays checks value if it is set. It adds an error if value is less than minimum days, or
// not a whole number of days.
func (v *validation) requireDays(
	prop string, value awscdk.Duration, minimum float64, reason string,
) {
	if value != nil {
		n := inDays(value)
		v.require(n == math.Trunc(n) && n >= minimum, prop,
			"must be a whole number of days, at least %s, got %s: %s",
			formatNumber(minimum), formatNumber(n), reason)
	}
}

// requireNoNil adds an error if the list of a prop contains nil.
func requireNoNil[T comparable](v *validation, prop string, list *[]T) {
	v.require(!containsNil(list), prop, "must not contain nil")
}

func containsNil[T comparable](list *[]T) bool {
	var none T
	return slices.Contains(valueOrZero(list), none)
}

// formatNumber formats a number without an exponent.
func formatNumber(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// formatText returns a text in quotes. For a nil pointer, it returns the word nil.
func formatText(text *string) string {
	if text == nil {
		return "nil"
	}
	return strconv.Quote(*text)
}

// tokenProps lists the fields of EventPipelineProps that can be tokens. Validation does not check
// the value of a token.
var tokenProps = []string{"DomainName", "DomainMappingKey"}

// withoutTokens returns a copy of props without tokens, such as a CfnParameter's value. It adds an
// error for each removed token, because synth needs the values of these props. Tokens of the props
// in tokenProps remain.
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

// isToken reports whether a field contains a number, duration or text that is known only at
// deployment.
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

// prefixPattern matches at most 53 characters. With the longest suffix, "-reconciler", a function's
// name then has 64 characters, Lambda's maximum.
var prefixPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,52}$`)

const twoWeeks = 14 * 24 * 60 * 60 // seconds

// validate checks the props. The props must include the defaults.
func (v *validation) validate(p EventPipelineProps) {
	v.require(p.PhysicalNamePrefix == nil || prefixPattern.MatchString(*p.PhysicalNamePrefix),
		"PhysicalNamePrefix", "must match %s, got %s: names of functions and queues begin "+
			"with the prefix",
		prefixPattern, formatText(p.PhysicalNamePrefix))
	removalPolicies := []awscdk.RemovalPolicy{
		awscdk.RemovalPolicy_RETAIN, awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE,
		awscdk.RemovalPolicy_DESTROY,
	}
	v.require(slices.Contains(removalPolicies, p.RemovalPolicy), "RemovalPolicy",
		"must be one of %s, got %s", removalPolicies, p.RemovalPolicy)
	v.require(!*p.EventsTableDeletionProtection || p.RemovalPolicy != awscdk.RemovalPolicy_DESTROY,
		"EventsTableDeletionProtection", "must be false with RemovalPolicy %s, got true: "+
			"CloudFormation could not delete the table", awscdk.RemovalPolicy_DESTROY)
	requireNoNil(v, "FormerEncryptionKeys", p.FormerEncryptionKeys)
	v.validateStorage(p)
	v.validateQueue(p)
	v.requireSeconds("ReconcilerGracePeriod", p.ReconcilerGracePeriod,
		inSeconds(p.VisibilityTimeout), twoWeeks,
		"SQS delivers a crashed worker's messages again after VisibilityTimeout")
	v.requireInteger("ReconcilerInterval in minutes", inSeconds(p.ReconcilerInterval)/60, 1, 24*60,
		"EventBridge's minimum is a minute, and the reconciler must run every day")
	v.requireInteger("ReconcilerMaxReenqueues", *p.ReconcilerMaxReenqueues, 1, 100,
		"0 would repair nothing")
	v.validateFunctions(p)
	v.validateWorkerEntry(p)
	v.validateExisting(p)
	v.validateAuthorization(p)
	v.validateDomain(p)
	v.validateWebhooks(p)
	v.requireInteger("MaxPayloadBytes", *p.MaxPayloadBytes, 1, 2<<20,
		"Lambda accepts at most 6 MB, and JSON can double the size of the body")
	v.require(*p.ThrottlingRateLimit > 0, "ThrottlingRateLimit", "must be greater than 0, got %s",
		formatNumber(*p.ThrottlingRateLimit))
	v.requireInteger("ThrottlingBurstLimit", *p.ThrottlingBurstLimit, 1, math.MaxInt32,
		"0 would reject all requests")
	formats := []NotificationFormat{NotificationFormatJson, NotificationFormatCloudEvents}
	v.require(slices.Contains(formats, p.NotificationFormat), "NotificationFormat",
		"must be one of %q, got %q", formats, p.NotificationFormat)
	v.validateAlarmThresholds(p)
}

func (v *validation) validateStorage(p EventPipelineProps) {
	const s3Minimum = "S3's minimum"
	v.requireDays("BronzeInfrequentAccessAfter", p.BronzeInfrequentAccessAfter, 30, s3Minimum)
	switch {
	case p.BronzeArchiveAfter != nil: // then BronzeInfrequentAccessAfter is set too
		v.requireDays("BronzeArchiveAfter", p.BronzeArchiveAfter,
			inDays(p.BronzeInfrequentAccessAfter)+30,
			"the minimum is 30 days after BronzeInfrequentAccessAfter")
		v.requireDays("BronzeExpiration", p.BronzeExpiration, inDays(p.BronzeArchiveAfter)+1,
			"payloads must not expire before BronzeArchiveAfter")
	case p.BronzeInfrequentAccessAfter != nil:
		v.requireDays("BronzeExpiration", p.BronzeExpiration,
			inDays(p.BronzeInfrequentAccessAfter)+1,
			"payloads must not expire before BronzeInfrequentAccessAfter")
	default:
		v.requireDays("BronzeExpiration", p.BronzeExpiration, 1, "omit it to keep payloads")
	}
	v.require(p.BronzeObjectLock == nil || p.RemovalPolicy != awscdk.RemovalPolicy_DESTROY,
		"BronzeObjectLock", "must not be set with RemovalPolicy DESTROY: locked payloads can't be "+
			"deleted with the stack")
	v.requireDays("SilverExpiration", p.SilverExpiration, 1, "omit it to keep records")
	v.requireDays("ServerAccessLogsExpiration", p.ServerAccessLogsExpiration, 1, s3Minimum)
	v.requireDays("NoncurrentVersionExpiration", p.NoncurrentVersionExpiration, 1, s3Minimum)
	v.requireDays("AbortIncompleteMultipartUploadAfter", p.AbortIncompleteMultipartUploadAfter, 1,
		s3Minimum)
	v.requireDays("StatusRetention", p.StatusRetention, 30,
		"clients may repeat a request with its Idempotency-Key during that time")
}

func (v *validation) validateQueue(p EventPipelineProps) {
	retention, dlqRetention := p.QueueRetention, p.DeadLetterQueueRetention
	v.requireSeconds("QueueRetention", retention, 2*60*60, twoWeeks,
		"messages must outlive an outage of an hour, and SQS's maximum is two weeks")
	v.requireSeconds("DeadLetterQueueRetention", dlqRetention, 60, twoWeeks, "SQS's limits")
	if p.Queue == nil { // validateQueuesAtSynth checks an existing queue
		v.require(inSeconds(dlqRetention) > inSeconds(retention), "DeadLetterQueueRetention",
			"must be longer than QueueRetention, got %s and %s seconds: "+
				"a message keeps its age when SQS moves it to the DLQ",
			formatNumber(inSeconds(dlqRetention)), formatNumber(inSeconds(retention)))
		v.requireSeconds("VisibilityTimeout", p.VisibilityTimeout, minVisibility(p), 12*60*60,
			"the minimum is MaxBatchingWindow plus six times WorkerFunction.Timeout")
	}
	choices := []Notifications{NotificationsPerEvent, NotificationsPerBatch, NotificationsNone}
	v.require(slices.Contains(choices, p.Notifications), "Notifications",
		"must be one of %q, got %q", choices, p.Notifications)
	v.requireInteger("MaxReceiveCount", *p.MaxReceiveCount, 3, 1000,
		"with fewer tries, valid events would fail after a short fault of the processor")
}

// nameMetadata is the type of the metadata that holds the app's name registry.
const nameMetadata = "eventpipeline:names"

// registerNames adds an entry to the app's name registry. names is the result of sharedNames, or
// empty if only alarms are registered.
func (p *eventPipeline) registerNames(
	prefix *string, names map[string]string, alarms ...awscloudwatch.Alarm,
) {
	entry := map[string]any{
		"pipeline": *p.Node().Path(), "environment": environmentOf(p),
		"prefix": valueOrZero(prefix), "names": names, "alarms": namesOf(alarms...),
	}
	p.Node().Root().Node().AddMetadata(jsii.String(nameMetadata), entry, nil)
}

// requireOwnNames adds an error for each name or resource that another pipeline uses too. It
// compares this pipeline only with earlier entries of the app's name registry, so only one of two
// pipelines gets the error.
func (v *validation) requireOwnNames(p *eventPipeline) {
	var earlier []map[string]any
	for _, metadata := range *p.Node().Root().Node().Metadata() {
		if *metadata.Type != nameMetadata {
			continue
		}
		entry := metadata.Data.(map[string]any)
		if entry["pipeline"] != *p.Node().Path() {
			earlier = append(earlier, entry)
			continue
		}
		for _, other := range earlier {
			v.requireOtherNames(entry, other)
			v.requireOtherAlarms(entry, other)
		}
	}
}

func (v *validation) requireOtherNames(entry, other map[string]any) {
	names, taken := entry["names"].(map[string]any), other["names"].(map[string]any)
	for _, prop := range slices.Sorted(maps.Keys(names)) {
		v.require(names[prop] != taken[prop], prop,
			"must differ from that of pipeline %s: otherwise %s", other["pipeline"], sharing[prop])
	}
}

// requireOtherAlarms adds an error for each alarm whose name another pipeline uses too. Different
// prefixes can result in the same name: "x" + "-notification-dead-letters" is equal to
// "x-notification" + "-dead-letters". requireOtherNames rejects equal prefixes.
func (v *validation) requireOtherAlarms(entry, other map[string]any) {
	if entry["environment"] != other["environment"] || entry["prefix"] == other["prefix"] {
		return
	}
	taken := other["alarms"].([]any)
	for _, name := range entry["alarms"].([]any) {
		v.require(!slices.Contains(taken, name), "PhysicalNamePrefix",
			"must result in other alarm names than that of pipeline %s, got %s for both: "+
				"choose a prefix that does not begin with the other pipeline's prefix",
			other["pipeline"], name)
	}
}

// sharing describes what happens if two pipelines have the same value of a prop.
var sharing = map[string]string{
	"BronzeBucket":       "each reconciler counts the other pipeline's payloads as orphans",
	"EventsTable":        "the reconcilers overwrite each other's checkpoint",
	"Queue":              "each worker receives the other pipeline's messages",
	"DeadLetterQueue":    "failed events can't be assigned to a pipeline",
	"HttpApi":            "API Gateway rejects the second route POST /events",
	"PhysicalNamePrefix": "names collide in the account and region",
}
