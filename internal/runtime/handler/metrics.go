package handler

import (
	"context"
	"log/slog"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// metricSet holds counts that become CloudWatch metrics. The log line must also have the attribute
// that the dimension names.
type metricSet struct {
	dimension string
	counts    []slog.Attr
}

// metricAttrs returns the counts and the attribute that makes CloudWatch extract them, in the
// embedded metric format.
func metricAttrs(sets ...metricSet) []slog.Attr {
	type metric struct{ Name, Unit string }
	var attrs []slog.Attr
	var directives []any
	for _, set := range sets {
		var metrics []metric
		for _, count := range set.counts {
			metrics = append(metrics, metric{count.Key, "Count"})
		}
		directives = append(directives, map[string]any{
			"Namespace":  contract.MetricNamespace,
			"Dimensions": [][]string{{set.dimension}},
			"Metrics":    metrics,
		})
		attrs = append(attrs, set.counts...)
	}
	return append(attrs, slog.Any("_aws", map[string]any{
		"Timestamp": time.Now().UnixMilli(), "CloudWatchMetrics": directives,
	}))
}

// atAnyLevel ignores LOG_LEVEL for lines with metrics: a missing metric looks like zero to alarms.
func atAnyLevel(log *slog.Logger) *slog.Logger { return slog.New(anyLevel{log.Handler()}) }

type anyLevel struct{ slog.Handler }

func (anyLevel) Enabled(context.Context, slog.Level) bool { return true }
