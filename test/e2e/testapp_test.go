package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// startTestApp runs the CDK app in ./app, whose timeouts are much shorter than the defaults. All
// platforms with the same stage run the same cloud assembly.
func startTestApp(t *testing.T, stage string, flags ...string) *platform {
	t.Helper()
	if err := readSources(); err != nil {
		t.Fatal(err)
	}
	assembly, err := testAssembly(t, stage)
	if err != nil {
		t.Fatal(err)
	}
	copyAssembly := fmt.Sprintf(`mkdir -p "$CDK_OUTDIR" && cp -R %q/. "$CDK_OUTDIR"`, assembly)
	return start(t, append([]string{"--app", copyAssembly, "--stage", stage}, flags...)...)
}

// assemblies holds the folders of the cloud assemblies by stage. They are in the folder of binary,
// so they are removed after the tests.
var assemblies = struct {
	sync.Mutex
	byStage map[string]string
}{byStage: make(map[string]string)}

// testAssembly returns the folder of the test app's cloud assembly. The first call for a stage
// synthesizes it.
func testAssembly(t *testing.T, stage string) (string, error) {
	assemblies.Lock()
	defer assemblies.Unlock()
	if dir, ok := assemblies.byStage[stage]; ok {
		return dir, nil
	}
	dir, err := os.MkdirTemp(filepath.Dir(binary), "assembly-")
	if err != nil {
		return "", err
	}
	app := cdkapp.App{
		Dir: "../..", Command: "go run ./test/e2e/app", Out: filepath.Join(dir, "cdk.out"),
		Account: emulator.DefaultAccount, Region: emulator.DefaultRegion, Progress: os.Stderr,
		Context: map[string]any{
			"stage": stage, contract.PlatformContext: runtime.GOOS + "/" + runtime.GOARCH,
		},
	}
	if _, err := app.Synthesize(t.Context()); err != nil {
		return "", err
	}
	assemblies.byStage[stage] = app.Out
	return app.Out, nil
}
