package eventpipeline

import (
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// nameMetadata is the type of the metadata in which the app keeps its name registry.
const nameMetadata = "eventpipeline:names"

// registerNames adds the names and resources that pipelines must not share to the app's name
// registry. At synth, it compares them with those of the pipelines that were created before.
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
				v.require(names[prop] != taken[prop], prop,
					"must differ from that of pipeline %s: otherwise %s",
					other["pipeline"], sharing[prop])
			}
		}
	})
}

// sharing describes, for each prop, what happens if two pipelines have the same value.
var sharing = map[string]string{
	"BronzeBucket":       "each reconciler counts the other pipeline's payloads as orphans",
	"EventsTable":        "the reconcilers overwrite each other's checkpoint",
	"Queue":              "each worker receives the other pipeline's messages",
	"DeadLetterQueue":    "failed events can't be assigned to a pipeline",
	"HttpApi":            "API Gateway rejects the second route POST /events",
	"PhysicalNamePrefix": "names collide in the account and region",
}

// environmentOf returns a text that identifies the account and region of the pipeline's stack.
// Names are unique there. If account or region are unknown, the text contains the CDK stage,
// because stacks of different stages may have different environments.
func environmentOf(p *eventPipeline) string {
	stack := awscdk.Stack_Of(p)
	if isUnresolved(stack.Account()) || isUnresolved(stack.Region()) {
		return *stack.Environment() + " of the stage " + *awscdk.Stage_Of(p).Node().Path()
	}
	return *stack.Environment()
}
