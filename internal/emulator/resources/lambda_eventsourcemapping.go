package resources

import (
	"slices"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventsource"
)

type mappingProperties struct {
	FunctionName                   string
	EventSourceArn                 string
	Enabled                        *flag
	BatchSize                      number
	MaximumBatchingWindowInSeconds number
	FunctionResponseTypes          []string
	ScalingConfig                  struct{ MaximumConcurrency number }
	FilterCriteria                 any
}

// createMapping creates the event source mapping of a queue. The emulator starts it when all stacks
// exist.
func createMapping(c *creation, in mappingProperties) (values, error) {
	queue, ok := c.SQS.QueueByARN(in.EventSourceArn)
	name := FunctionName(in.FunctionName)
	switch {
	case !ok:
		return c.skip(" of another source than a queue")
	case in.FilterCriteria != nil:
		return c.skip(" with FilterCriteria")
	case !c.runs(name):
		return c.skip(" to a function that is not run")
	}
	c.iam.addEventSource(name, queue.ARN())
	if enabled := in.Enabled == nil || bool(*in.Enabled); enabled && !c.NoWorker {
		c.Mappings = append(c.Mappings, eventsource.Mapping{
			Queue:          queue,
			Function:       name,
			Region:         c.Region,
			BatchSize:      int(in.BatchSize),
			BatchWindow:    in.MaximumBatchingWindowInSeconds.seconds(),
			MaxConcurrency: int(in.ScalingConfig.MaximumConcurrency),
			ReportBatchItemFailures: slices.Contains(
				in.FunctionResponseTypes, "ReportBatchItemFailures"),
			Now: c.Now,
		})
	}
	id := c.suffix()
	return created(
		id,
		"Id",
		id,
		"EventSourceMappingArn",
		c.arn("lambda", "event-source-mapping:"+id),
	), nil
}
