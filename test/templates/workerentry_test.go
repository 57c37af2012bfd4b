package templates

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

const example = synth.Root + "/examples/own-processor"

func TestWorkerEntry_IsRelativeToTheWorkingDirectory(t *testing.T) {
	t.Chdir(example)
	s := pipeline(
		t,
		func(awscdk.Stack) *props { return &props{WorkerEntry: jsii.String("./functions/orders")} },
	)
	s.environment(t, "WorkerFunction").expect(t, `{"SILVER_BUCKET": "${SilverBucket}"}`)
}

// The metadata names the folder that the local platform watches. A deployed template does not
// contain this metadata.
func TestWorkerEntry_HasLocalMetadataOnly(t *testing.T) {
	module, err := filepath.Abs(example)
	if err != nil {
		t.Fatal(err)
	}
	var templates []map[string]any
	for platform, want := range map[string][]string{"": nil, "linux/amd64": {module}} {
		stack := awscdk.NewStack(
			synth.NewApp(t, map[string]any{contract.PlatformContext: platform}),
			jsii.String("Stack"),
			nil,
		)
		synth.Must(t, func() error {
			eventpipeline.NewEventPipeline(
				stack, jsii.String("EventPipeline"), &props{WorkerEntry: ordersWorker(example)})
			return nil
		})
		s := synthesize(t, stack)
		templates = append(templates, s.template)
		read, err := cdkapp.Read(*awscdk.Stage_Of(stack).Outdir())
		if err != nil {
			t.Fatal(err)
		}
		if got := read.Stacks[0].Modules; !slices.Equal(got, want) {
			t.Errorf("platform %q: metadata names %q, want %q", platform, got, want)
		}
	}
	if diff := cmp.Diff(templates[0], templates[1], ignoreMachine); diff != "" {
		t.Errorf("templates must be equal:\n%s", diff)
	}
}

// ordersWorker returns the folder of the worker in a module.
func ordersWorker(module string) *string {
	return jsii.String(filepath.Join(module, "functions", "orders"))
}
