package eventpipeline

import (
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// nameMetadata identifies the entries of the app's name registry.
const nameMetadata = "eventpipeline:names"

// registerNames adds to the app's registry what a pipeline must not share, and defers the check
// against the pipelines before it.
func (v *validation) registerNames(p *eventPipeline, prefix *string) {
	environment, path := environmentOf(p), *p.Node().Path()
	names := map[string]string{
		"BronzeBucket":    identity(p.bronzeBucket, p.bronzeBucket.BucketName(), environment),
		"EventsTable":     identity(p.eventsTable, p.eventsTable.TableName(), environment),
		"Queue":           identity(p.queue, p.queue.QueueArn(), environment),
		"DeadLetterQueue": identity(p.deadLetterQueue, p.deadLetterQueue.QueueArn(), environment),
		"HttpApi":         identity(p.httpApi, p.httpApi.ApiId(), environment),
	}
	if prefix != nil {
		names["PhysicalNamePrefix"] = *prefix + " in " + environment
	}
	app := p.Node().Root().Node()
	entry := map[string]any{"pipeline": path, "names": names}
	app.AddMetadata(jsii.String(nameMetadata), entry, nil)
	v.deferred = append(v.deferred, func(v *validation) {
		for _, metadata := range *app.Metadata() {
			if *metadata.Type != nameMetadata {
				continue
			}
			other := metadata.Data.(map[string]any)
			if other["pipeline"] == path {
				return
			}
			taken := other["names"].(map[string]any)
			for _, prop := range slices.Sorted(maps.Keys(names)) {
				v.require(names[prop] != taken[prop], prop, "must not be that of %s: otherwise %s",
					other["pipeline"], sharing[prop])
			}
		}
	})
}

// sharing names the effect of a shared resource.
var sharing = map[string]string{
	"BronzeBucket":       "each reconciler takes the other's payloads for orphans",
	"EventsTable":        "the reconcilers overwrite each other's checkpoint",
	"Queue":              "each worker receives the other's messages",
	"DeadLetterQueue":    "failed events can't be assigned to a pipeline",
	"HttpApi":            "API Gateway rejects the second POST /events",
	"PhysicalNamePrefix": "names collide in the account and region",
}

// environmentOf returns the account and region of the pipeline's stack, in which names are unique.
// If they are unknown, only stacks of the same stage are certain to share them.
func environmentOf(p *eventPipeline) string {
	stack := awscdk.Stack_Of(p)
	if isUnresolved(stack.Account()) || isUnresolved(stack.Region()) {
		return *stack.Environment() + " of the stage " + *awscdk.Stage_Of(p).Node().Path()
	}
	return *stack.Environment()
}
