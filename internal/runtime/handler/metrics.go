package handler

import (
	"context"
	"log/slog"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// metricSet holds counts that CloudWatch turns into metrics with one dimension. If source is set,
// CloudWatch also makes metrics with the webhook source as a second dimension.
type metricSet struct {
	dimension, value string
	source           string
	counts           []slog.Attr
}

// pipelineMetrics returns the counts of the pipeline with the named queue.
func pipelineMetrics(queueName string, counts ...slog.Attr) metricSet {
	return metricSet{dimension: contract.PipelineDimension, value: queueName, counts: counts}
}

// metricAttrs returns the attributes of a log line in the embedded metric format. CloudWatch
// extracts the metrics from this line.
func metricAttrs(sets ...metricSet) []slog.Attr {
	type metric struct{ Name, Unit string }
	var attrs []slog.Attr
	var directives []any
	for _, set := range sets {
		var metrics []metric
		for _, count := range set.counts {
			unit := "Count"
			if count.Key == contract.MetricLag {
				unit = "Seconds"
			}
			metrics = append(metrics, metric{count.Key, unit})
		}
		dimensions := [][]string{{set.dimension}}
		if set.source != "" {
			dimensions = append(dimensions, []string{set.dimension, contract.SourceDimension})
			attrs = append(attrs, slog.String(contract.SourceDimension, set.source))
		}
		directives = append(directives, map[string]any{
			"Namespace":  contract.MetricNamespace,
			"Dimensions": dimensions,
			"Metrics":    metrics,
		})
		attrs = append(attrs, slog.String(set.dimension, set.value))
		attrs = append(attrs, set.counts...)
	}
	return append(attrs, slog.Any(contract.FieldMetrics, map[string]any{
		"Timestamp": time.Now().UnixMilli(), "CloudWatchMetrics": directives,
	}))
}

// atAnyLevel returns a logger that ignores LOG_LEVEL. Lines with metrics need this logger,
// because CloudWatch extracts metrics only from logged lines.
func atAnyLevel(log *slog.Logger) *slog.Logger { return slog.New(anyLevel{log.Handler()}) }

type anyLevel struct{ slog.Handler }

func (anyLevel) Enabled(context.Context, slog.Level) bool { return true }

func (h anyLevel) WithAttrs(attrs []slog.Attr) slog.Handler {
	return anyLevel{h.Handler.WithAttrs(attrs)}
}
