package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// metrics are what alarms and dashboard look at, in the order in which an event flows, in steps of five minutes.
type metrics struct {
	requests, clientErrors, serverErrors, latency awscloudwatch.IMetric
	apiErrors, apiThrottles                       awscloudwatch.IMetric
	queued, oldestMessage, deadLetters            awscloudwatch.IMetric
	workerErrors, workerThrottles, workerDuration awscloudwatch.IMetric
	reconcilerErrors                              awscloudwatch.IMetric
	reenqueued, givenUp, unhealed, orphans        awscloudwatch.IMetric
	accepted, processed, failed                   awscloudwatch.IMetric
}

func newMetrics(p *eventPipeline) metrics {
	sum, maximum, p99 := over("Sum"), over("Maximum"), over("p99")
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
		reenqueued:       reported(p, contract.MetricReenqueued),
		givenUp:          reported(p, contract.MetricGivenUp),
		unhealed:         reported(p, contract.MetricUnhealed),
		orphans:          reported(p, contract.MetricOrphans),

		accepted:  counted(p, contract.MetricAccepted, sum),
		processed: counted(p, contract.MetricProcessed, sum),
		failed:    counted(p, contract.MetricFailed, sum),
	}
}

func (p *eventPipeline) MetricAccepted(props *awscloudwatch.MetricOptions) awscloudwatch.Metric {
	return counted(p, contract.MetricAccepted, props)
}

func (p *eventPipeline) MetricFailed(props *awscloudwatch.MetricOptions) awscloudwatch.Metric {
	return counted(p, contract.MetricFailed, props)
}

func (p *eventPipeline) MetricDeadLetters(props *awscloudwatch.MetricOptions) awscloudwatch.Metric {
	return p.deadLetterQueue.MetricApproximateNumberOfMessagesVisible(props)
}

// counted is a metric of the whole pipeline's log lines, the sum of five minutes unless options say otherwise.
func counted(p *eventPipeline, name string, options *awscloudwatch.MetricOptions) awscloudwatch.Metric {
	metric := awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace:     jsii.String(contract.MetricNamespace),
		MetricName:    &name,
		DimensionsMap: &map[string]*string{contract.PipelineDimension: p.queue.QueueName()},
		Statistic:     jsii.String("Sum"),
	}).AttachTo(p)
	if options == nil {
		return metric
	}
	return metric.With(options)
}

// reported is a metric of the reconciler's log lines.
func reported(p *eventPipeline, name string) awscloudwatch.IMetric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace:     jsii.String(contract.MetricNamespace),
		MetricName:    &name,
		DimensionsMap: &map[string]*string{contract.FunctionDimension: p.reconcilerFunction.FunctionName()},
		Statistic:     jsii.String("Sum"),
		Period:        awscdk.Duration_Minutes(jsii.Number(5)),
	})
}

func over(statistic string) *awscloudwatch.MetricOptions {
	return &awscloudwatch.MetricOptions{Statistic: &statistic, Period: awscdk.Duration_Minutes(jsii.Number(5))}
}
