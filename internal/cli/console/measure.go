package console

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// measure returns the pipeline's numbers. They come from the journal on the local platform, and
// from CloudWatch for a deployed pipeline.
func (v *view) measure(ctx context.Context) measures {
	m := measures{}
	if v.server.o.Local {
		m = v.server.journal.localMeasures(v.Slug)
	} else {
		pending := unknownMeasures("")
		pending.isPending = true
		m = cachedSoon(&v.cache, "cloudwatch", v.ttl(), pending,
			func() measures { return v.cloudWatch(ctx) })
	}
	m.queue, m.failed = v.queueDepth(ctx), v.deadLetterCount(ctx)
	if v.server.o.Local {
		if m.failed > 0 {
			m.alarms = append(m.alarms, alarm{"DeadLetters",
				"Events failed: their messages are in the DLQ.", "deadlettersalarm"})
		}
		if m.oldest >= 5*time.Minute {
			m.alarms = append(m.alarms, alarm{"OldestMessage",
				"Events wait for the worker for more than 5 minutes.", "oldestmessagealarm"})
		}
	}
	return m
}

// metric is a metric of CloudWatch that the overview shows.
type metric struct {
	id, namespace, name, dimension, value, stat string
}

// cloudWatch returns CloudWatch's numbers for the last 15 minutes. Metrics are a few minutes late.
// If a call fails, the measures contain the reason.
func (v *view) cloudWatch(ctx context.Context) measures {
	m := measures{
		p50: -1, p99: -1, oldest: -1, step: time.Minute,
		series: map[string][]float64{}, rates: map[string]float64{}, totals: map[string]int{},
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	queue := queueName(v.QueueURL)
	metrics := []metric{
		{counterAccepted, contract.MetricNamespace, contract.MetricAccepted,
			contract.PipelineDimension, queue, "Sum"},
		{counterProcessed, contract.MetricNamespace, contract.MetricProcessed,
			contract.PipelineDimension, queue, "Sum"},
		{counterFailed, contract.MetricNamespace, contract.MetricFailed,
			contract.PipelineDimension, queue, "Sum"},
		{counterRetried, contract.MetricNamespace, contract.MetricRetried,
			contract.PipelineDimension, queue, "Sum"},
		{oldestMessage, "AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue, "Maximum"},
	}
	end := v.server.o.Now().UTC().Truncate(time.Minute)
	input := &cloudwatch.GetMetricDataInput{StartTime: aws.Time(end.Add(-period)), EndTime: &end}
	for _, each := range metrics {
		input.MetricDataQueries = append(input.MetricDataQueries, types.MetricDataQuery{
			Id: &each.id, MetricStat: &types.MetricStat{
				Period: aws.Int32(60), Stat: &each.stat, Metric: &types.Metric{
					Namespace: &each.namespace, MetricName: &each.name,
					Dimensions: []types.Dimension{{Name: &each.dimension, Value: &each.value}},
				},
			},
		})
	}
	client := cloudwatch.NewFromConfig(v.Config)
	out, err := client.GetMetricData(ctx, input)
	if err != nil {
		return unknownMeasures("CloudWatch did not return the metrics: " + escape(err.Error()))
	}
	for _, result := range out.MetricDataResults {
		m.addResult(aws.ToString(result.Id), result, end)
	}
	m.alarms, err = v.ringingAlarms(ctx, client)
	if err != nil {
		m.note = "CloudWatch did not return the alarms: " + escape(err.Error())
	}
	return m
}

// unknownMeasures returns measures without numbers. The note says why they are unknown.
func unknownMeasures(note string) measures {
	return measures{
		p50: -1, p99: -1, oldest: -1, step: time.Minute, note: note,
		rates: map[string]float64{
			counterAccepted: -1, counterProcessed: -1, counterRetried: -1, counterFailed: -1,
		},
		totals: map[string]int{
			counterAccepted: -1, counterProcessed: -1, counterRetried: -1, counterFailed: -1,
		},
	}
}

// metricDelay is the maximum delay of values in CloudWatch.
const metricDelay = 3 * time.Minute

// addResult adds the values of a metric. If the newest value of a rate is older than metricDelay,
// the rate is 0: the functions write no value for a minute without events.
func (m *measures) addResult(id string, result types.MetricDataResult, end time.Time) {
	buckets := int(period / m.step)
	values := make([]float64, buckets)
	newest := -1
	for i, at := range result.Timestamps {
		if bucket := buckets - int(end.Sub(at)/m.step); bucket >= 0 && bucket < buckets {
			values[bucket] = result.Values[i]
			newest = max(newest, bucket)
		}
	}
	if id == oldestMessage {
		m.oldest = 0 // SQS writes no values for an idle queue
		if newest >= 0 {
			m.oldest = time.Duration(values[newest]) * time.Second
		}
		return
	}
	m.series[id], m.rates[id] = values, 0
	if newest >= buckets-int(metricDelay/m.step) {
		m.rates[id] = values[newest] / m.step.Seconds()
	}
	for _, value := range values {
		m.totals[id] += int(value)
	}
}

// ringingAlarms returns each alarm of the pipeline's stack whose state is ALARM.
func (v *view) ringingAlarms(ctx context.Context, client *cloudwatch.Client) ([]alarm, error) {
	logicalIDs, names := map[string]string{}, []string{}
	pages := cloudformation.NewListStackResourcesPaginator(cloudformation.NewFromConfig(v.Config),
		&cloudformation.ListStackResourcesInput{StackName: &v.Stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range page.StackResourceSummaries {
			if aws.ToString(r.ResourceType) == "AWS::CloudWatch::Alarm" {
				name := aws.ToString(r.PhysicalResourceId)
				logicalIDs[name] = aws.ToString(r.LogicalResourceId)
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	var ringing []alarm
	for begin := 0; begin < len(names); begin += maxAlarmNames {
		out, err := client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
			AlarmNames: names[begin:min(begin+maxAlarmNames, len(names))],
			StateValue: types.StateValueAlarm,
		})
		if err != nil {
			return nil, err
		}
		for _, a := range out.MetricAlarms {
			name := aws.ToString(a.AlarmName)
			ringing = append(ringing, alarm{
				Name: escape(name), Text: escape(aws.ToString(a.AlarmDescription)),
				Runbook: runbookOf(logicalIDs[name]),
			})
		}
	}
	return ringing, nil
}

// maxAlarmNames is the number of names that a call of DescribeAlarms accepts.
const maxAlarmNames = 100
