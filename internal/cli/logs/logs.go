// Package logs finds the lines that a pipeline's functions logged about an event.
package logs

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Line is a line of a function's log.
type Line struct {
	Time     time.Time
	Function string
	Text     string
}

// Find returns the lines that the functions logged about an event since the given time, the oldest
// first:
//   - lines that contain the event's id
//   - lines about the event's batch
//   - lines without an id, from the same invocations
//
// A function without a log group has no lines.
func Find(
	ctx context.Context, p deployment.Pipeline, id string, since time.Time,
) (lines []Line, err error) {
	for _, function := range []string{p.APIFunction, p.WorkerFunction, p.ReconcilerFunction} {
		if function == "" {
			continue
		}
		group, err := groupOf(ctx, p, function)
		if err != nil {
			return nil, err
		}
		s := search{cloudwatchlogs.NewFromConfig(p.Config), group, since}
		entries, err := s.entriesOf(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("search the log group %s: %w", group, err)
		}
		for _, e := range entries {
			lines = append(lines, Line{e.at, function, e.text})
		}
	}
	slices.SortStableFunc(lines, func(a, b Line) int { return a.Time.Compare(b.Time) })
	return lines, nil
}

// groupOf returns the log group of a function.
func groupOf(ctx context.Context, p deployment.Pipeline, function string) (string, error) {
	found, err := lambda.NewFromConfig(p.Config).GetFunctionConfiguration(ctx,
		&lambda.GetFunctionConfigurationInput{FunctionName: &function})
	if err != nil {
		return "", fmt.Errorf("look up the log group of %s: %w", function, err)
	}
	group := ""
	if found.LoggingConfig != nil {
		group = aws.ToString(found.LoggingConfig.LogGroup)
	}
	return cmp.Or(group, "/aws/lambda/"+function), nil
}

// concerns reports whether a log line about a batch is also about the event with the id. span is
// the event's position in the batch. If the line names a part of the batch, this part must contain
// the event.
func concerns(text, id string, span pipeline.Span) bool {
	var line struct {
		EventID string `json:"eventId"`
	}
	if json.Unmarshal([]byte(text), &line) != nil || line.EventID == "" {
		return true
	}
	_, other, isPart, ok := pipeline.ParseID(line.EventID)
	return line.EventID == id || ok && (!isPart ||
		other.First <= span.First && span.Last <= other.Last)
}
