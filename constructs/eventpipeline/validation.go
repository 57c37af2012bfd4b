package eventpipeline

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
)

// mistakes lists what is wrong with props, each with what to do about it. The app learns of all at once, at synth.
type mistakes struct{ found []*string }

// Validate is how CDK asks for them.
func (m *mistakes) Validate() *[]*string { return &m.found }

func (m *mistakes) unless(ok bool, format string, args ...any) {
	if !ok {
		text := fmt.Sprintf(format, args...)
		m.found = append(m.found, &text)
	}
}

// The prefix ends up in a bucket's name: at most 63 characters, of which the suffix, an account and a region take 42.
var prefixPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{1,39}$`)

func validate(p EventPipelineProps) *mistakes {
	m := &mistakes{found: []*string{}}
	m.unless(p.PhysicalNamePrefix == nil || prefixPattern.MatchString(*p.PhysicalNamePrefix),
		"PhysicalNamePrefix must match %s, since it becomes part of a bucket's name", prefixPattern)
	m.unless(p.RemovalPolicy == awscdk.RemovalPolicy_RETAIN || p.RemovalPolicy == awscdk.RemovalPolicy_DESTROY,
		"RemovalPolicy is %s; take RETAIN or DESTROY", p.RemovalPolicy)

	m.unless(days(p.BronzeInfrequentAccessAfter) >= 30,
		"BronzeInfrequentAccessAfter is %g days; S3 takes at least 30", days(p.BronzeInfrequentAccessAfter))
	m.unless(days(p.BronzeArchiveAfter) >= days(p.BronzeInfrequentAccessAfter)+30,
		"BronzeArchiveAfter is %g days; make it at least 30 more than BronzeInfrequentAccessAfter, which is %g", days(p.BronzeArchiveAfter), days(p.BronzeInfrequentAccessAfter))
	m.unless(p.BronzeExpiration == nil || days(p.BronzeExpiration) > days(p.BronzeArchiveAfter),
		"BronzeExpiration must be later than BronzeArchiveAfter, which is %g days", days(p.BronzeArchiveAfter))
	m.unless(days(p.StatusRetention) >= 1 && days(p.StatusRetention) == float64(int(days(p.StatusRetention))),
		"StatusRetention is %g days; take whole days, at least 1", days(p.StatusRetention))

	m.unless(seconds(p.DeadLetterQueueRetention) > seconds(p.QueueRetention),
		"DeadLetterQueueRetention must be longer than QueueRetention, since a message's age counts from when it was first sent; raise the one or lower the other")
	m.unless(seconds(p.VisibilityTimeout) >= leastVisibility(p),
		"VisibilityTimeout is %g seconds; make it at least %g, six times WorkerTimeout plus MaxBatchingWindow, or leave it out", seconds(p.VisibilityTimeout), leastVisibility(p))
	m.unless(*p.MaxReceiveCount >= 5,
		"MaxReceiveCount is %g; make it at least 5, or throttled invocations alone send good messages to the DLQ", *p.MaxReceiveCount)

	m.unless(seconds(p.ApiTimeout) < 30,
		"ApiTimeout is %g seconds; make it less than 30, which is when the HTTP API gives up", seconds(p.ApiTimeout))
	m.unless(seconds(p.WorkerTimeout) >= 5,
		"WorkerTimeout is %g seconds; make it at least 5, since the worker stops 2 seconds before", seconds(p.WorkerTimeout))
	m.unless(*p.BatchSize <= 10 || seconds(p.MaxBatchingWindow) >= 1,
		"BatchSize is %g; above 10 Lambda needs a MaxBatchingWindow of at least a second", *p.BatchSize)
	m.unless(*p.MaxConcurrency >= 2 && *p.MaxConcurrency <= 1000,
		"MaxConcurrency is %g; take 2 to 1,000", *p.MaxConcurrency)
	m.unless(slices.Contains([]string{"debug", "info", "warn", "error"}, *p.LogLevel),
		"LogLevel is %q; take debug, info, warn or error", *p.LogLevel)

	m.unless(p.Authorization == AuthorizationIAM || p.Authorization == AuthorizationOpenToAnyoneOnTheInternet,
		"Authorization is %q; take %q or %q", p.Authorization, AuthorizationIAM, AuthorizationOpenToAnyoneOnTheInternet)
	m.unless(*p.MaxPayloadBytes >= 1 && *p.MaxPayloadBytes <= 4<<20,
		"MaxPayloadBytes is %g; take 1 to 4,194,304, since Lambda takes 6 MB and base64 adds a third", *p.MaxPayloadBytes)
	return m
}

func days(d awscdk.Duration) float64 {
	return *d.ToDays(&awscdk.TimeConversionOptions{Integral: new(bool)})
}
