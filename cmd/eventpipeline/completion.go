package main

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/dlq"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/events"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// completionTimeout limits the time that a shell waits for completions.
const completionTimeout = 5 * time.Second

// completer returns the values that a shell suggests for a flag or an argument.
type completer func(ctx context.Context, stack *stackFlags) ([]string, error)

var flagCompleters = map[string]completer{
	"stack": completeStacks, "pipeline": completePipelines, "type": completeTypes,
	"code": completeCodes, "event": completeIDs,
	"status": func(context.Context, *stackFlags) ([]string, error) {
		return []string{
			string(pipeline.Enqueued), string(pipeline.Processed), string(pipeline.Failed),
		}, nil
	},
}

// idCommands lists the commands whose argument is the id of an event.
var idCommands = map[string]bool{
	"status": true, "record": true, "logs": true, "resend": true,
}

// deadLetterCommands lists the subcommands of dlq whose arguments are ids of dead letters.
var deadLetterCommands = map[string]bool{"show": true, "redrive": true, "drop": true}

// addCompletions adds the completions of flags and arguments to a command and its subcommands.
func addCompletions(cmd *cobra.Command) {
	for name, complete := range flagCompleters {
		if cmd.Flags().Lookup(name) != nil || cmd.PersistentFlags().Lookup(name) != nil {
			// A flag that already has completions keeps them.
			_ = cmd.RegisterFlagCompletionFunc(name, complete.run)
		}
	}
	if idCommands[cmd.Name()] && cmd.ValidArgsFunction == nil {
		cmd.ValidArgsFunction = completer(completeIDs).run
	}
	if deadLetterCommands[cmd.Name()] && cmd.ValidArgsFunction == nil {
		cmd.ValidArgsFunction = completer(completeDeadLetters).run
	}
	for _, sub := range cmd.Commands() {
		addCompletions(sub)
	}
}

// run is a cobra.CompletionFunc. It prints no errors, because a shell would show them in the
// command line.
func (c completer) run(
	cmd *cobra.Command, _ []string, _ string,
) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTimeout)
	defer cancel()
	value := func(name string) string {
		if flag := cmd.Flag(name); flag != nil {
			return flag.Value.String()
		}
		return ""
	}
	stack := &stackFlags{aws: value("aws"), stack: value("stack"), pipeline: value("pipeline")}
	values, err := c(ctx, stack)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return values, cobra.ShellCompDirectiveNoFileComp
}

func completeStacks(ctx context.Context, _ *stackFlags) (names []string, err error) {
	cfg, err := deployedConfig(ctx, "")
	if err != nil {
		return nil, err
	}
	stacks, err := deployment.Stacks(ctx, cfg, "")
	for _, stack := range stacks {
		names = append(names, aws.ToString(stack.StackName))
	}
	return names, err
}

func completePipelines(ctx context.Context, f *stackFlags) ([]string, error) {
	pipelines, err := f.findAll(ctx)
	return deployment.Names(pipelines), err
}

func completeTypes(ctx context.Context, f *stackFlags) ([]string, error) {
	p, err := f.find(ctx)
	if err != nil {
		return nil, err
	}
	return p.BronzeBucket().Types(ctx, "")
}

// maxCompletedIDs limits the ids that a shell suggests for an argument.
const maxCompletedIDs = 50

// completeIDs returns the ids of the newest events and batches of the last hour.
func completeIDs(ctx context.Context, f *stackFlags) (ids []string, err error) {
	q := events.Query{Since: time.Now().Add(-time.Hour)}
	err = eachNewest(ctx, f, q, func(item pipeline.Item) { ids = append(ids, item.ID) })
	return ids, err
}

// completeDeadLetters returns the ids of failed events. It does not read the DLQ, because each read
// hides messages from other clients for some time.
func completeDeadLetters(ctx context.Context, f *stackFlags) (ids []string, err error) {
	err = eachNewest(ctx, f, failedToday(), func(item pipeline.Item) {
		ids = append(ids, item.ID+"\t"+string(item.Failure.Code))
	})
	return ids, err
}

// completeCodes returns the platform's failure codes, and the codes of the last day's failed
// events.
func completeCodes(ctx context.Context, f *stackFlags) ([]string, error) {
	var codes []string
	for _, code := range dlq.Codes {
		codes = append(codes, string(code))
	}
	// The error is ignored. Without a pipeline, the result contains only the platform's codes.
	_ = eachNewest(ctx, f, failedToday(), func(item pipeline.Item) {
		codes = append(codes, string(item.Failure.Code))
	})
	slices.Sort(codes)
	return slices.Compact(codes), nil
}

// failedToday selects the FAILED events that were received in the last 24 hours.
func failedToday() events.Query {
	return events.Query{Since: time.Now().Add(-24 * time.Hour), Status: pipeline.Failed}
}

// eachNewest calls visit for the newest events that q selects, up to maxCompletedIDs.
func eachNewest(
	ctx context.Context, f *stackFlags, q events.Query, visit func(pipeline.Item),
) error {
	p, err := f.find(ctx)
	if err != nil {
		return err
	}
	count := 0
	for item, err := range events.Search(ctx, p, q) {
		if err != nil {
			return err
		}
		visit(item)
		if count++; count == maxCompletedIDs {
			break
		}
	}
	return nil
}
