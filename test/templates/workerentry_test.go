package templates

import (
	"debug/elf"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

const example = root + "/examples/own-processor"

// A user's module may have vendored dependencies, or be part of a workspace. Go records less about
// vendored modules in a binary, so the worker then has another asset hash.
func TestWorkerEntry_IsBuiltFromTheUsersModule(t *testing.T) {
	plain := consumer(t)
	spaced := plain + " with spaces" // the module's folder may have any name
	if err := os.Rename(plain, spaced); err != nil {
		t.Fatal(err)
	}
	plain = spaced
	vendored := consumer(t)
	command(t, vendored, "go", "mod", "vendor")
	workspace := consumer(t)
	command(t, workspace, "go", "work", "init", ".")

	standard := assets(t, props{})
	want := assets(t, props{WorkerEntry: ordersWorker(plain)})
	if want["WorkerFunction"] == standard["WorkerFunction"] {
		t.Error("the worker must not be the platform's own")
	}
	if got := assets(t, props{WorkerEntry: ordersWorker(workspace)}); !maps.Equal(got, want) {
		t.Errorf("functions in a workspace: got %v, want %v", got, want)
	}
	got := assets(t, props{WorkerEntry: ordersWorker(vendored)})
	if got["WorkerFunction"] == standard["WorkerFunction"] {
		t.Error("the vendored worker must not be the platform's own")
	}
	if want["WorkerFunction"] = standard["WorkerFunction"]; !maps.Equal(want, standard) {
		t.Errorf("WorkerEntry must not change other functions: got %v, want %v", want, standard)
	}
}

func TestWorkerEntry_RunsOnTheRequestedPlatform(t *testing.T) {
	context := maps.Clone(bundling)
	context[contract.PlatformContext] = "linux/amd64"
	expectBootstrap(
		t,
		"WorkerFunction",
		buildFunctions(t, props{WorkerEntry: ordersWorker(example)}, context)["WorkerFunction"],
		elf.EM_X86_64,
	)
}

func TestWorkerEntry_IsRelativeToTheWorkingDirectory(t *testing.T) {
	t.Chdir(example)
	s := pipeline(
		t,
		func(awscdk.Stack) *props { return &props{WorkerEntry: jsii.String("./functions/orders")} },
	)
	s.environment(t, "WorkerFunction").expect(t, `{"SILVER_BUCKET": "${SilverBucket}"}`)
}

// The metadata names the folder that the local platform watches. A template for deployment does not
// contain this metadata.
func TestWorkerEntry_HasLocalMetadataOnly(t *testing.T) {
	module, err := filepath.Abs(example)
	if err != nil {
		t.Fatal(err)
	}
	var templates []map[string]any
	for platform, want := range map[string][]string{"": nil, "linux/amd64": {module}} {
		stack := awscdk.NewStack(
			newApp(t, map[string]any{contract.PlatformContext: platform}),
			jsii.String("Stack"),
			nil,
		)
		must(t, func() error {
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

// consumer creates a module with the example's worker and returns the module's folder.
func consumer(t *testing.T) string {
	t.Helper()
	module := t.TempDir()
	functions := os.DirFS(example + "/functions")
	if err := os.CopyFS(filepath.Join(module, "functions"), functions); err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(example, name))
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Replace(string(content), "=> ../..", "=> "+here, 1)
		if err := os.WriteFile(filepath.Join(module, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return module
}

func command(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}
