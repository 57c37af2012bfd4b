package handler

import (
	"log/slog"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/env"
)

// metric is an attribute of a log line that CloudWatch makes a metric, by its embedded metric format.
type metric struct {
	Name string
	Unit string
}

// metricAttrs make metrics of the attributes that a function's log line has under these names.
func metricAttrs(function string, metrics []metric) []slog.Attr {
	return []slog.Attr{slog.String(env.MetricDimension, function), slog.Any("_aws", embeddedMetrics(time.Now(), metrics))}
}

// embeddedMetrics tells CloudWatch which of a line's attributes are metrics.
func embeddedMetrics(now time.Time, metrics []metric) any {
	return map[string]any{
		"Timestamp": now.UnixMilli(),
		"CloudWatchMetrics": []any{map[string]any{
			"Namespace": env.MetricNamespace, "Dimensions": [][]string{{env.MetricDimension}}, "Metrics": metrics,
		}},
	}
}
