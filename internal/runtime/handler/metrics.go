package handler

import (
	"context"
	"log/slog"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// metricSet is attributes of a log line that CloudWatch makes metrics, all of them counts, of one dimension, which is an
// attribute of the same line.
type metricSet struct {
	dimension string
	names     []string
}

// embeddedMetrics is the attribute that tells CloudWatch so, in its embedded metric format.
func embeddedMetrics(now time.Time, sets ...metricSet) slog.Attr {
	type metric struct{ Name, Unit string }
	var directives []any
	for _, set := range sets {
		var metrics []metric
		for _, name := range set.names {
			metrics = append(metrics, metric{name, "Count"})
		}
		directives = append(directives, map[string]any{
			"Namespace": contract.MetricNamespace, "Dimensions": [][]string{{set.dimension}}, "Metrics": metrics,
		})
	}
	return slog.Any("_aws", map[string]any{"Timestamp": now.UnixMilli(), "CloudWatchMetrics": directives})
}

// atAnyLevel is the log for lines with metrics. They are written whatever LOG_LEVEL says: a metric that is missing reads
// like one that is zero, and alarms trust it.
func atAnyLevel(log *slog.Logger) *slog.Logger { return slog.New(anyLevel{log.Handler()}) }

type anyLevel struct{ slog.Handler }

func (anyLevel) Enabled(context.Context, slog.Level) bool { return true }
