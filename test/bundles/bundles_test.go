// Package bundles tests the Lambda functions' bundles, which it compiles.
package bundles

import (
	"debug/elf"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/stacks"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

const (
	example = synth.Root + "/examples/own-processor"
	schemas = "../../constructs/eventpipeline/testdata/schemas"
)

type props = eventpipeline.EventPipelineProps

func TestMain(m *testing.M) { os.Exit(synth.Main(m)) }

// bundling is the context that makes an app compile its functions.
var bundling = map[string]any{"aws:cdk:bundling-stacks": []string{"**"}}

func TestBundles_AreReproducibleForArm64(t *testing.T) {
	here := buildStage(t, stacks.Dev, bundling)
	for name, file := range here {
		expectBootstrap(t, name, file, elf.EM_AARCH64)
	}

	template, outdir := synthesizeCopy(t)
	there := bootstrapPaths(t, template, outdir)
	for name, file := range there {
		want, got := filepath.Base(filepath.Dir(here[name])), filepath.Base(filepath.Dir(file))
		if got != want {
			t.Errorf("%s must have the hash %s in a copy of the folder, got %s", name, want, got)
		}
	}
}

func TestBundles_RunOnTheRequestedPlatform(t *testing.T) {
	context := maps.Clone(bundling)
	context[contract.PlatformContext] = "linux/amd64"
	for name, file := range buildStage(t, stacks.Local, context) {
		expectBootstrap(t, name, file, elf.EM_X86_64)
	}
}

func buildStage(t *testing.T, stage string, context map[string]any) map[string]string {
	t.Helper()
	app := synth.NewApp(t, context)
	var stack awscdk.Stack
	synth.Must(t, func() (err error) { stack, err = stacks.New(app, stage); return err })
	return build(t, stack)
}

// build compiles the functions of a stack and returns the path of each bootstrap. The map's keys
// are function ids.
func build(t *testing.T, stack awscdk.Stack) map[string]string {
	t.Helper()
	app := stack.Node().Root().(awscdk.App)
	synth.Must(t, func() error { app.Synth(nil); return nil })
	return bootstrapPaths(t, synth.ReadTemplate(t, stack), *awscdk.Stage_Of(stack).AssetOutdir())
}

// bootstrapPaths returns the path of each function's bootstrap. The map's keys are function ids.
func bootstrapPaths(t *testing.T, template map[string]any, outdir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for id, resource := range template["Resources"].(map[string]any) {
		properties, _ := resource.(map[string]any)["Properties"].(map[string]any)
		if properties["Runtime"] != "provided.al2023" {
			continue
		}
		hash := strings.TrimSuffix(
			properties["Code"].(map[string]any)["S3Key"].(string), ".zip")
		id = strings.TrimPrefix(id[:len(id)-8], "EventPipeline") // without the path and the hash
		files[id] = filepath.Join(outdir, "asset."+hash, "bootstrap")
		if entries, err := os.ReadDir(filepath.Dir(files[id])); err != nil || len(entries) != 1 {
			t.Fatalf("%s: asset must contain the bootstrap only, got %v, %v", id, entries, err)
		}
	}
	names := slices.Sorted(maps.Keys(files))
	want := []string{"ApiFunction", "ReconcilerFunction", "WorkerFunction"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Fatalf("functions (-want +got):\n%s", diff)
	}
	return files
}

// expectBootstrap checks the mode, size, machine and symbols of a function's bootstrap.
func expectBootstrap(t *testing.T, name, file string, machine elf.Machine) {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode()&0o111 != 0o111 {
		t.Errorf("%s: bootstrap must be executable, got %v", name, info.Mode())
	}
	if size := info.Size(); size >= 14e6 { // docs/reuse.md states up to 13.1 MB
		t.Errorf("%s: bootstrap must be smaller than 14 MB, got %d bytes: check its imports",
			name, size)
	}
	bootstrap, err := elf.Open(file)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer bootstrap.Close()
	if bootstrap.Machine != machine {
		t.Errorf("%s: bootstrap is for %v, want %v", name, bootstrap.Machine, machine)
	}
	if bootstrap.Section(".debug_info") != nil || bootstrap.Section(".symtab") != nil {
		t.Errorf("%s: bootstrap must have no symbols, because they lengthen cold starts", name)
	}
}

// synthesizeCopy runs the app in a copy of the module. HOME is an empty folder, so the app can't
// use sources that an earlier run cached.
func synthesizeCopy(t *testing.T) (template map[string]any, outdir string) {
	t.Helper()
	copied, home := t.TempDir(), t.TempDir()
	for _, name := range []string{"cmd/app", "constructs", "stacks", "functions", "internal"} {
		original := os.DirFS(filepath.Join(synth.Root, name))
		if err := os.CopyFS(filepath.Join(copied, name), original); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum", "source.go"} {
		content, err := os.ReadFile(filepath.Join(synth.Root, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(copied, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	outdir = filepath.Join(home, "cdk.out")
	app := exec.Command("go", "run", "./cmd/app")
	app.Dir = copied
	app.Env = append(os.Environ(), goCaches(t)...)
	app.Env = append(
		app.Env,
		"HOME="+home,
		"XDG_CACHE_HOME="+home,
		"CDK_OUTDIR="+outdir,
		`CDK_CONTEXT_JSON={"stage":"dev"}`,
	)
	if out, err := app.CombinedOutput(); err != nil {
		t.Fatalf("run the app: %v\n%s", err, out)
	}
	raw, err := os.ReadFile(filepath.Join(outdir, synth.Project+"-dev.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &template); err != nil {
		t.Fatal(err)
	}
	return template, outdir
}

// goCaches returns environment variables with the current folders of Go's caches. After a change of
// HOME, Go finds these caches only through the variables.
func goCaches(t *testing.T) (variables []string) {
	t.Helper()
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH", "GOENV"} {
		out, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatalf("go env %s: %v", name, err)
		}
		variables = append(variables, name+"="+strings.TrimSpace(string(out)))
	}
	return variables
}
