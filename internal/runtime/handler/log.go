package handler

import (
	"context"
	"io"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// NewLogger writes JSON lines from the level that LOG_LEVEL names, info when it names none.
func NewLogger(w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(os.Getenv(contract.LogLevel))); err != nil {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
}

// eventAttrs are the attributes that every line about an event has.
func eventAttrs(event pipeline.Event) []slog.Attr {
	return []slog.Attr{
		slog.String("eventId", event.ID), slog.String("eventType", event.Type), slog.Int("bytes", event.Bytes),
	}
}

// loggerKey is the context's key for a logger.
type loggerKey struct{}

// WithLogger is ctx with log for what is called with it.
func WithLogger(ctx context.Context, log *slog.Logger) context.Context {
	return context.WithValue(ctx, loggerKey{}, log)
}

// WithEvent is ctx with a logger that says in each line which event it is about.
func WithEvent(ctx context.Context, event pipeline.Event) context.Context {
	return WithLogger(ctx, slog.New(LoggerFrom(ctx).Handler().WithAttrs(eventAttrs(event))))
}

// LoggerFrom is the logger that ctx has, or the program's.
func LoggerFrom(ctx context.Context) *slog.Logger {
	if log, ok := ctx.Value(loggerKey{}).(*slog.Logger); ok {
		return log
	}
	return slog.Default()
}

// withInvocation adds to each line which invocation wrote it. aws-lambda-go keeps the trace id under this plain string.
func withInvocation(ctx context.Context, log *slog.Logger) *slog.Logger {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		log = log.With(slog.String("requestId", lc.AwsRequestID))
	}
	if trace, ok := ctx.Value("x-amzn-trace-id").(string); ok {
		log = log.With(slog.String("traceId", trace))
	}
	return log
}
