package bundles

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

func TestSchemas_AreBuiltIntoTheApiFunction(t *testing.T) {
	copied := filepath.Join(t.TempDir(), "a folder")
	if err := os.CopyFS(copied, os.DirFS(schemas)); err != nil {
		t.Fatal(err)
	}
	plain, with, same := assetHashes(
		t,
		props{},
	), assetHashes(
		t,
		props{SchemaDirectory: jsii.String(schemas)},
	), assetHashes(t, props{SchemaDirectory: &copied})
	if err := os.WriteFile(filepath.Join(copied, "demo.json"), []byte("true"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := assetHashes(t, props{SchemaDirectory: &copied})
	if with["ApiFunction"] == plain["ApiFunction"] || with["ApiFunction"] == other["ApiFunction"] {
		t.Error("different schemas must result in different API functions")
	}
	if with["ApiFunction"] != same["ApiFunction"] {
		t.Error("equal schemas in two folders must result in equal API functions")
	}
	for _, name := range []string{"WorkerFunction", "ReconcilerFunction"} {
		if with[name] != plain[name] {
			t.Errorf("schemas must not change %s", name)
		}
	}
}

// assetHashes returns the asset hash of each function. The map's keys are function ids.
func assetHashes(t *testing.T, p props) map[string]string {
	t.Helper()
	hashes := map[string]string{}
	for name, file := range buildFunctions(t, p, bundling) {
		hashes[name] = filepath.Base(filepath.Dir(file))
	}
	return hashes
}

// buildFunctions compiles a pipeline's functions and returns the path of each bootstrap. The map's
// keys are function ids.
func buildFunctions(t *testing.T, p props, context map[string]any) map[string]string {
	t.Helper()
	stack := awscdk.NewStack(synth.NewApp(t, context), jsii.String("Stack"), nil)
	synth.Must(t, func() error {
		eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), &p)
		return nil
	})
	return build(t, stack)
}
