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
	"github.com/event-driven-cloud-platform/eventpipeline/stacks"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

// The local platform compiles the functions for its own machine. The template must then differ only
// in architectures and asset hashes.
func TestPlatformContext_ChangesArchitecturesOnly(t *testing.T) {
	for platform, architecture := range map[string]string{"linux/amd64": "x86_64",
		"darwin/arm64": "arm64"} {
		want := synth.Stage(t, stacks.Local)
		got := synth.StageWith(t, stacks.Local, map[string]any{contract.PlatformContext: platform})
		for _, id := range []string{"ApiFunction", "WorkerFunction", "ReconcilerFunction"} {
			got.Resource(t, id, "AWS::Lambda::Function").
				Expect(t, `{"Architectures": ["`+architecture+`"]}`)
		}
		if diff := cmp.Diff(want.Content, got.Content, ignoreMachine); diff != "" {
			t.Errorf("template for %s (-for Lambda +for %s):\n%s", platform, platform, diff)
		}
	}
}

// ignoreMachine makes cmp ignore architectures and asset hashes.
var ignoreMachine = cmp.FilterPath(func(path cmp.Path) bool {
	key := path.Last().String()
	return key == `["Architectures"]` || key == `["S3Key"]`
}, cmp.Ignore())

// The metadata names the folder that the local platform watches. A deployed template does not
// contain this metadata.
func TestWorkerEntry_HasLocalMetadataOnly(t *testing.T) {
	const example = synth.Root + "/examples/own-processor"
	module, err := filepath.Abs(example)
	if err != nil {
		t.Fatal(err)
	}
	props := &eventpipeline.EventPipelineProps{
		WorkerEntry: jsii.String(example + "/functions/orders"),
	}
	var templates []map[string]any
	for platform, want := range map[string][]string{"": nil, "linux/amd64": {module}} {
		app := synth.NewApp(t, map[string]any{contract.PlatformContext: platform})
		stack := awscdk.NewStack(app, jsii.String("Stack"), nil)
		synth.Must(t, func() error {
			eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), props)
			return nil
		})
		s := synth.Synthesize(t, stack)
		templates = append(templates, s.Content)
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
