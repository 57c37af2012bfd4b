// Package logging writes the functions' log: one JSON object per line.
package logging

import (
	"context"
	"io"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// New returns a logger that writes JSON lines from the named level on: debug, info, warn or error.
// Any other name selects info.
func New(w io.Writer, level string) *slog.Logger {
	var from slog.Level
	if err := from.UnmarshalText([]byte(level)); err != nil {
		from = slog.LevelInfo
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: from}))
}

// loggerKey identifies the logger in a context.
type loggerKey struct{}

// NewContext returns a copy of ctx that carries log.
func NewContext(ctx context.Context, log *slog.Logger) context.Context {
	return context.WithValue(ctx, loggerKey{}, log)
}

// FromContext returns the logger that ctx carries, or else the default one.
func FromContext(ctx context.Context) *slog.Logger {
	if log, ok := ctx.Value(loggerKey{}).(*slog.Logger); ok {
		return log
	}
	return slog.Default()
}

// WithInvocation adds the invocation's request id and trace id to the lines of log.
func WithInvocation(ctx context.Context, log *slog.Logger) *slog.Logger {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		log = log.With(slog.String("requestId", lc.AwsRequestID))
	}
	// aws-lambda-go stores the trace id under this string.
	if trace, ok := ctx.Value("x-amzn-trace-id").(string); ok {
		log = log.With(slog.String("traceId", trace))
	}
	return log
}

// WithEvent adds the event's attributes to the lines of the logger that ctx carries.
func WithEvent(ctx context.Context, event pipeline.Event) context.Context {
	return NewContext(ctx, slog.New(FromContext(ctx).Handler().WithAttrs(EventAttrs(event))))
}

// EventAttrs returns the attributes of every line about an event.
func EventAttrs(event pipeline.Event) []slog.Attr {
	return []slog.Attr{
		slog.String("eventId", event.ID),
		slog.String("eventType", event.Type),
		slog.Int("bytes", event.Bytes),
	}
}
