package eventpipeline

import (
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// claimed is the type of the notes that pipelines leave on their app.
const claimed = "eventpipeline:claimed"

// claim notes on the app what a pipeline must have for itself, and finds at synth what another one noted before it.
func (m *mistakes) claim(p *eventPipeline, prefix *string) {
	place, self := placeOf(p), *p.Node().Path()
	claims := map[string]string{
		"BronzeBucket":    identity(p.bronzeBucket, p.bronzeBucket.BucketName(), place),
		"EventsTable":     identity(p.eventsTable, p.eventsTable.TableName(), place),
		"Queue":           identity(p.queue, p.queue.QueueArn(), place),
		"DeadLetterQueue": identity(p.deadLetterQueue, p.deadLetterQueue.QueueArn(), place),
		"HttpApi":         identity(p.httpApi, p.httpApi.ApiId(), place),
	}
	if prefix != nil {
		claims["PhysicalNamePrefix"] = *prefix + " in " + place
	}
	app := p.Node().Root().Node()
	app.AddMetadata(jsii.String(claimed), map[string]any{"of": self, "claims": claims}, nil)
	m.later(func(m *mistakes) {
		for _, entry := range *app.Metadata() {
			if *entry.Type != claimed {
				continue
			}
			note := entry.Data.(map[string]any)
			if note["of"] == self {
				return
			}
			taken := note["claims"].(map[string]any)
			for _, what := range slices.Sorted(maps.Keys(claims)) {
				m.unless(claims[what] != taken[what], "%s is that of %s, too; give each pipeline its own%s", what, note["of"], consequences[what])
			}
		}
	})
}

// placeOf is where a name means one thing: the environment of the pipeline's stack. Of stacks that leave it open, only those of
// one Stage are sure to be deployed to the same.
func placeOf(p *eventPipeline) string {
	stack := awscdk.Stack_Of(p)
	if unresolved(stack.Account()) || unresolved(stack.Region()) {
		return *stack.Environment() + " of the stage " + *awscdk.Stage_Of(p).Node().Path()
	}
	return *stack.Environment()
}

// consequences are what would come of sharing.
var consequences = map[string]string{
	"BronzeBucket":       ", or each reconciler takes the other's payloads for orphans",
	"EventsTable":        ", or the reconcilers share one checkpoint",
	"Queue":              ", or each worker takes the other's messages",
	"DeadLetterQueue":    ", or nobody can tell whose event failed",
	"HttpApi":            ", or API Gateway refuses the second POST /events",
	"PhysicalNamePrefix": ": names must be unique in an account and region",
}
