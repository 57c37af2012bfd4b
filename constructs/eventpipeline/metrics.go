package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/env"
)

// metrics are what alarms and dashboard look at, in the order in which an event flows, in steps of five minutes.
type metrics struct {
	requests, clientErrors, serverErrors, latency awscloudwatch.IMetric
	accepted, failed                              awscloudwatch.IMetric
	apiErrors, apiThrottles                       awscloudwatch.IMetric
	queued, oldestMessage, deadLetters            awscloudwatch.IMetric
	workerErrors, workerThrottles, workerDuration awscloudwatch.IMetric
	reconcilerErrors                              awscloudwatch.IMetric
	reenqueued, givenUp, unhealed, orphans        awscloudwatch.IMetric
}

func newMetrics(p *eventPipeline) metrics {
	sum, maximum, p99 := over("Sum"), over("Maximum"), over("p99")
	return metrics{
		requests:        p.httpApi.MetricCount(sum),
		clientErrors:    p.httpApi.MetricClientError(sum),
		serverErrors:    p.httpApi.MetricServerError(sum),
		latency:         p.httpApi.MetricLatency(p99),
		accepted:        p.MetricAccepted(nil),
		apiErrors:       p.apiFunction.MetricErrors(sum),
		apiThrottles:    p.apiFunction.MetricThrottles(sum),
		queued:          p.queue.MetricApproximateNumberOfMessagesVisible(maximum),
		oldestMessage:   p.queue.MetricApproximateAgeOfOldestMessage(maximum),
		deadLetters:     p.deadLetterQueue.MetricApproximateNumberOfMessagesVisible(maximum),
		failed:          p.MetricFailed(nil),
		workerErrors:    p.workerFunction.MetricErrors(sum),
		workerThrottles: p.workerFunction.MetricThrottles(sum),
		workerDuration:  p.workerFunction.MetricDuration(p99),

		reconcilerErrors: p.reconcilerFunction.MetricErrors(sum),
		reenqueued:       reported(p.reconcilerFunction, "Reenqueued", nil),
		givenUp:          reported(p.reconcilerFunction, "GivenUp", nil),
		unhealed:         reported(p.reconcilerFunction, "Errors", nil),
		orphans:          reported(p.reconcilerFunction, "Orphans", nil),
	}
}

func (p *eventPipeline) MetricAccepted(options *awscloudwatch.MetricOptions) awscloudwatch.Metric {
	return reported(p.apiFunction, env.MetricAccepted, options)
}

func (p *eventPipeline) MetricFailed(options *awscloudwatch.MetricOptions) awscloudwatch.Metric {
	return reported(p.workerFunction, env.MetricFailed, options)
}

func (p *eventPipeline) MetricDeadLetters(options *awscloudwatch.MetricOptions) awscloudwatch.Metric {
	return p.deadLetterQueue.MetricApproximateNumberOfMessagesVisible(options)
}

// reported is a metric of a function's log lines.
func reported(function awslambda.Function, name string, options *awscloudwatch.MetricOptions) awscloudwatch.Metric {
	metric := awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace:     jsii.String(env.MetricNamespace),
		MetricName:    &name,
		DimensionsMap: &map[string]*string{env.MetricDimension: function.FunctionName()},
		Statistic:     jsii.String("Sum"),
		Period:        awscdk.Duration_Minutes(jsii.Number(5)),
	})
	if options == nil {
		return metric
	}
	return metric.With(options)
}

func over(statistic string) *awscloudwatch.MetricOptions {
	return &awscloudwatch.MetricOptions{Statistic: &statistic, Period: awscdk.Duration_Minutes(jsii.Number(5))}
}
