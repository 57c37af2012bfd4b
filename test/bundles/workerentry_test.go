package bundles

import (
	"debug/elf"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

// A workspace of the user's module must not change the asset hashes. Vendored dependencies change
// the worker's hash, because Go writes less information about them into a binary.
func TestWorkerEntry_IsBuiltFromTheUsersModule(t *testing.T) {
	plain := newConsumer(t)
	spaced := plain + " with spaces" // the module's folder can have any name
	if err := os.Rename(plain, spaced); err != nil {
		t.Fatal(err)
	}
	plain = spaced
	vendored := newConsumer(t)
	command(t, vendored, "go", "mod", "vendor")
	workspace := newConsumer(t)
	command(t, workspace, "go", "work", "init", ".")

	standard := assetHashes(t, props{})
	want := assetHashes(t, props{WorkerEntry: ordersWorker(plain)})
	if want["WorkerFunction"] == standard["WorkerFunction"] {
		t.Error("the worker must not be the platform's own")
	}
	if got := assetHashes(t, props{WorkerEntry: ordersWorker(workspace)}); !maps.Equal(got, want) {
		t.Errorf("functions in a workspace: got %v, want %v", got, want)
	}
	got := assetHashes(t, props{WorkerEntry: ordersWorker(vendored)})
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

// ordersWorker returns the folder of the worker in a module.
func ordersWorker(module string) *string {
	return jsii.String(filepath.Join(module, "functions", "orders"))
}

// newConsumer creates a module with the example's worker and returns the module's folder.
func newConsumer(t *testing.T) string {
	t.Helper()
	module := t.TempDir()
	functions := os.DirFS(example + "/functions")
	if err := os.CopyFS(filepath.Join(module, "functions"), functions); err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs(synth.Root)
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
