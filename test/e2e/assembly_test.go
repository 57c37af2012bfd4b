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

// startTestApp starts a platform with the CDK app in ./app. The app's timeouts are shorter than the
// defaults.
func startTestApp(t *testing.T, stage string, flags ...string) *platform {
	t.Helper()
	return startShared(t, app{"go run ./test/e2e/app", stage}, flags...)
}

// app identifies a cloud assembly of a CDK app.
type app struct{ command, stage string }

// startShared is like start, but platforms of the same app share one cloud assembly.
func startShared(t *testing.T, a app, flags ...string) *platform {
	t.Helper()
	if err := readSources(); err != nil {
		t.Fatal(err)
	}
	assembly, err := a.assembly(t)
	if err != nil {
		t.Fatal(err)
	}
	copyAssembly := fmt.Sprintf(`mkdir -p "$CDK_OUTDIR" && cp -R %q/. "$CDK_OUTDIR"`, assembly)
	return start(t, append([]string{"--app", copyAssembly, "--stage", a.stage}, flags...)...)
}

// assemblies holds the folders of the cloud assemblies. They are in TestMain's temporary folder,
// which TestMain removes.
var assemblies = struct {
	sync.Mutex
	folders map[app]string
}{folders: make(map[app]string)}

// assembly returns the folder of the cloud assembly. The first call synthesizes it.
func (a app) assembly(t *testing.T) (string, error) {
	assemblies.Lock()
	defer assemblies.Unlock()
	if dir, ok := assemblies.folders[a]; ok {
		return dir, nil
	}
	dir, err := os.MkdirTemp(filepath.Dir(binary), "assembly-")
	if err != nil {
		return "", err
	}
	synthesized := cdkapp.App{
		Dir: "../..", Command: a.command, Out: filepath.Join(dir, "cdk.out"),
		Account: emulator.DefaultAccount, Region: emulator.DefaultRegion, Progress: os.Stderr,
		Context: map[string]any{
			"stage": a.stage, contract.PlatformContext: runtime.GOOS + "/" + runtime.GOARCH,
		},
	}
	if _, err := synthesized.Synthesize(t.Context()); err != nil {
		return "", err
	}
	assemblies.folders[a] = synthesized.Out
	return synthesized.Out, nil
}
