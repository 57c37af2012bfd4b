package eventpipeline_test

import (
	"testing"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

func TestFunctionMetadata_NamesPipelineAndRole(t *testing.T) {
	stack := synth.NewStack(t)
	synth.Must(t, func() error {
		orders := constructs.NewConstruct(stack, jsii.String("Orders"))
		eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), nil)
		eventpipeline.NewEventPipeline(orders, jsii.String("event-pipeline"), nil)
		return nil
	})
	resources := synth.Synthesize(t, stack).Resources
	for _, test := range []struct{ pipeline, prefix string }{
		{"EventPipeline", ""}, // plainID removes the prefix EventPipeline
		{"Orderseventpipeline", "Orderseventpipeline"},
	} {
		for id, role := range map[string]string{"ApiFunction": "api", "WorkerFunction": "worker",
			"ReconcilerFunction": "reconciler"} {
			want := map[string]any{"pipeline": test.pipeline, "role": role}
			got := resources[test.prefix+id].Metadata[contract.FunctionMetadata]
			if diff := cmp.Diff(any(want), got); diff != "" {
				t.Errorf("metadata of %s%s (-want +got):\n%s", test.prefix, id, diff)
			}
		}
	}
}
