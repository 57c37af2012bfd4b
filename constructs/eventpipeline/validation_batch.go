package eventpipeline

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
)

const (
	partialResponses  = "ReportBatchItemFailures"
	partialsAreNeeded = "The event source mapping's FunctionResponseTypes has no " + partialResponses +
		", by which the worker says what stays on the queue: failed events would be lost; leave FunctionResponseTypes as it is"
)

// partialBatches asks, when all is said and done, whether an escape hatch took partial batch responses from the mapping.
// What AddPropertyOverride does shows in the template alone, and is not seen here.
type partialBatches struct{ source awslambda.EventSourceMapping }

// Validate is how CDK asks at synth.
func (b *partialBatches) Validate() *[]*string {
	found := []*string{}
	mapping, ok := b.source.Node().DefaultChild().(awslambda.CfnEventSourceMapping)
	if ok && !slices.Contains(texts(mapping.FunctionResponseTypes()), partialResponses) {
		found = append(found, jsii.String(partialsAreNeeded))
	}
	return &found
}

func texts(list *[]*string) (values []string) {
	if list == nil {
		return nil
	}
	for _, text := range *list {
		values = append(values, *text)
	}
	return values
}
