// Package logging writes the log of the functions. Each line is a JSON object.
package logging

import (
	"context"
	"io"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// New returns a logger that writes JSON lines of the level and all higher levels. The level is
// debug, info, warn or error. An unknown level means info.
func New(w io.Writer, level string) *slog.Logger {
	var from slog.Level
	if err := from.UnmarshalText([]byte(level)); err != nil {
		from = slog.LevelInfo
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: from}))
}

// loggerKey identifies the logger in a context.
type loggerKey struct{}

// NewContext returns a copy of ctx that contains log.
func NewContext(ctx context.Context, log *slog.Logger) context.Context {
	return context.WithValue(ctx, loggerKey{}, log)
}

// FromContext returns the logger in ctx, or slog.Default() if ctx has none.
func FromContext(ctx context.Context) *slog.Logger {
	if log, ok := ctx.Value(loggerKey{}).(*slog.Logger); ok {
		return log
	}
	return slog.Default()
}

// WithInvocation returns a logger that adds the invocation's request id and trace id to each line.
func WithInvocation(ctx context.Context, log *slog.Logger) *slog.Logger {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		log = log.With(slog.String(contract.FieldRequestID, lc.AwsRequestID))
	}
	// aws-lambda-go stores the trace id under this key.
	if trace, ok := ctx.Value("x-amzn-trace-id").(string); ok {
		log = log.With(slog.String(contract.FieldTraceID, trace))
	}
	return log
}

// WithEvent returns a copy of ctx whose logger adds the event's attributes to each line.
func WithEvent(ctx context.Context, event pipeline.Event) context.Context {
	return NewContext(ctx, slog.New(FromContext(ctx).Handler().WithAttrs(EventAttrs(event))))
}

// EventAttrs returns the attributes that each line about an event contains.
func EventAttrs(event pipeline.Event) []slog.Attr {
	attrs := []slog.Attr{
		slog.String(contract.FieldEventID, event.ID),
		slog.String(contract.FieldEventType, event.Type),
		slog.Int("bytes", event.Bytes),
	}
	if event.IsBatch() {
		attrs = append(attrs, slog.Int(contract.FieldEvents, event.Events()))
	}
	if event.Replay.ID != "" {
		attrs = append(attrs, slog.String(contract.FieldReplayID, event.Replay.ID))
	}
	if event.Replay.Redrives > 0 {
		attrs = append(attrs, slog.Int(contract.FieldRedrives, event.Replay.Redrives))
	}
	return attrs
}
