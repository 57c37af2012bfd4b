package handler

import (
	"context"
	"log/slog"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// metricSet holds counts that CloudWatch turns into metrics with one dimension.
type metricSet struct {
	dimension, value string
	counts           []slog.Attr
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
		directives = append(directives, map[string]any{
			"Namespace":  contract.MetricNamespace,
			"Dimensions": [][]string{{set.dimension}},
			"Metrics":    metrics,
		})
		attrs = append(attrs, slog.String(set.dimension, set.value))
		attrs = append(attrs, set.counts...)
	}
	return append(attrs, slog.Any("_aws", map[string]any{
		"Timestamp": time.Now().UnixMilli(), "CloudWatchMetrics": directives,
	}))
}

// atAnyLevel returns a logger that ignores LOG_LEVEL. Lines with metrics must always be logged,
// because an alarm can't distinguish a missing metric from zero.
func atAnyLevel(log *slog.Logger) *slog.Logger { return slog.New(anyLevel{log.Handler()}) }

type anyLevel struct{ slog.Handler }

func (anyLevel) Enabled(context.Context, slog.Level) bool { return true }
