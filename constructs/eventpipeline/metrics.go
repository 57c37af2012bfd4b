package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// metrics contains the metrics of the alarms and the dashboard. Each metric has a period of 5
// minutes, except reconcilerLag, whose period is ReconcilerInterval.
type metrics struct {
	requests, clientErrors, serverErrors, latency awscloudwatch.IMetric
	apiErrors, apiThrottles                       awscloudwatch.IMetric
	queued, oldestMessage, deadLetters            awscloudwatch.IMetric
	workerErrors, workerThrottles, workerDuration awscloudwatch.IMetric
	reconcilerErrors, reconcilerLag               awscloudwatch.IMetric
	reenqueued, givenUp, unhealed, orphans        awscloudwatch.IMetric
	accepted, processed, failed, retried          awscloudwatch.IMetric
	notificationDeadLetters, failedDeliveries     awscloudwatch.IMetric
	throttledRequests                             awscloudwatch.IMetric // nil for an existing API
}

func newMetrics(p *eventPipeline) metrics {
	sum, maximum, p99 := metricOptions("Sum"), metricOptions("Maximum"), metricOptions("p99")
	return metrics{
		requests:        p.httpApi.MetricCount(sum),
		clientErrors:    p.httpApi.MetricClientError(sum),
		serverErrors:    p.httpApi.MetricServerError(sum),
		latency:         p.httpApi.MetricLatency(p99),
		apiErrors:       p.apiFunction.MetricErrors(sum),
		apiThrottles:    p.apiFunction.MetricThrottles(sum),
		queued:          p.queue.MetricApproximateNumberOfMessagesVisible(maximum),
		oldestMessage:   p.queue.MetricApproximateAgeOfOldestMessage(maximum),
		deadLetters:     p.deadLetterQueue.MetricApproximateNumberOfMessagesVisible(maximum),
		workerErrors:    p.workerFunction.MetricErrors(sum),
		workerThrottles: p.workerFunction.MetricThrottles(sum),
		workerDuration:  p.workerFunction.MetricDuration(p99),

		reconcilerErrors: p.reconcilerFunction.MetricErrors(sum),
		reenqueued:       reconcilerMetric(p, contract.MetricReenqueued),
		givenUp:          reconcilerMetric(p, contract.MetricGivenUp),
		unhealed:         reconcilerMetric(p, contract.MetricErrors),
		orphans:          reconcilerMetric(p, contract.MetricOrphans),
		reconcilerLag:    newLagMetric(p),

		accepted:  pipelineMetric(p, contract.MetricAccepted, sum),
		processed: pipelineMetric(p, contract.MetricProcessed, sum),
		failed:    pipelineMetric(p, contract.MetricFailed, sum),
		retried:   pipelineMetric(p, contract.MetricRetried, sum),

		notificationDeadLetters: p.notificationDLQ.
			MetricApproximateNumberOfMessagesVisible(maximum),
		failedDeliveries:  p.notificationDLQ.MetricNumberOfMessagesSent(sum),
		throttledRequests: newThrottledRequestsMetric(p),
	}
}

// newThrottledRequestsMetric returns a metric that counts the access log's lines with the status
// 429. The result is nil for an existing API, whose log is unknown. API Gateway has no metric for
// throttled requests, and does not log all of them.
func newThrottledRequestsMetric(p *eventPipeline) awscloudwatch.IMetric {
	if p.accessLogGroup == nil {
		return nil
	}
	const name = "ThrottledRequests"
	p.accessLogGroup.AddMetricFilter(jsii.String(name), &awslogs.MetricFilterOptions{
		FilterPattern:   awslogs.FilterPattern_Literal(jsii.String(`{ $.status = "429" }`)),
		MetricNamespace: jsii.String(contract.MetricNamespace),
		MetricName:      jsii.String(name),
		Dimensions:      &map[string]*string{apiDimension: jsii.String("$.apiId")},
	})
	return logMetric(name, map[string]*string{apiDimension: p.httpApi.ApiId()})
}

// apiDimension is the name of a dimension of the metric ThrottledRequests. Its value is the API's
// id.
const apiDimension = "ApiId"

func (p *eventPipeline) MetricAccepted(props *awscloudwatch.MetricOptions) awscloudwatch.Metric {
	return pipelineMetric(p, contract.MetricAccepted, props)
}

func (p *eventPipeline) MetricFailed(props *awscloudwatch.MetricOptions) awscloudwatch.Metric {
	return pipelineMetric(p, contract.MetricFailed, props)
}

func (p *eventPipeline) MetricDeadLetters(props *awscloudwatch.MetricOptions) awscloudwatch.Metric {
	return p.deadLetterQueue.MetricApproximateNumberOfMessagesVisible(props)
}

// pipelineMetric returns a metric that CloudWatch extracts from the log lines of all functions. Nil
// options select the sum over 5 minutes.
func pipelineMetric(
	p *eventPipeline, name string, options *awscloudwatch.MetricOptions,
) awscloudwatch.Metric {
	dimensions := map[string]*string{contract.PipelineDimension: p.queue.QueueName()}
	metric := logMetric(name, dimensions).AttachTo(p)
	if options == nil {
		return metric
	}
	return metric.With(options)
}

// reconcilerMetric returns a metric that CloudWatch extracts from the reconciler's log lines.
func reconcilerMetric(p *eventPipeline, name string) awscloudwatch.Metric {
	function := p.reconcilerFunction.FunctionName()
	return logMetric(name, map[string]*string{contract.FunctionDimension: function})
}

// newLagMetric returns the metric of the reconciler's lag. CloudWatch receives one value per
// ReconcilerInterval, so the metric's period is this interval.
func newLagMetric(p *eventPipeline) awscloudwatch.IMetric {
	return reconcilerMetric(p, contract.MetricLag).With(&awscloudwatch.MetricOptions{
		Statistic: jsii.String("Maximum"), Period: p.props.ReconcilerInterval,
	})
}

// logMetric returns a metric that CloudWatch extracts from log lines. It is the sum over 5 minutes,
// the CDK's default period.
func logMetric(name string, dimensions map[string]*string) awscloudwatch.Metric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace:     jsii.String(contract.MetricNamespace),
		MetricName:    &name,
		DimensionsMap: &dimensions,
		Statistic:     jsii.String("Sum"),
	})
}

func metricOptions(name string) *awscloudwatch.MetricOptions {
	return &awscloudwatch.MetricOptions{Statistic: &name, Period: seconds(5 * 60)}
}
