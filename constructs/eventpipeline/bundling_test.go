package eventpipeline

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUserEntry_KeepsOnlyModuleFlags(t *testing.T) {
	module := filepath.Join(t.TempDir(), "app")
	folder := filepath.Join(module, "functions", "orders")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	moduleFile := filepath.Join(module, "go.mod")
	if err := os.WriteFile(moduleFile, []byte("module x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(module)
	for flags, want := range map[string]string{
		"": "",
		"-mod=mod -race --modfile=other.mod -tags=x": "-mod=mod --modfile=other.mod ",
	} {
		t.Setenv("GOFLAGS", flags)
		environment := map[string]string{"GOFLAGS": want + reproducibleFlags}
		want := entry{folder, moduleFile, environment}
		got := userEntry("functions/orders")
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(entry{})); diff != "" {
			t.Errorf("GOFLAGS=%q (-want +got):\n%s", flags, diff)
		}
	}
}

// This test checks only the environment variables of `go build`. Tests in test/bundles build the
// functions for Linux.
func TestBuildEnvironment_TargetsThePlatform(t *testing.T) {
	flags := map[string]string{"GOFLAGS": "-trimpath", "GOWORK": "off"}
	for platform, want := range map[string]map[string]string{
		"":             {},
		"linux/amd64":  {"GOOS": "linux", "GOARCH": "amd64"},
		"darwin/arm64": {"GOOS": "darwin", "GOARCH": "arm64"},
	} {
		for name, value := range map[string]string{
			"GOFLAGS": "-trimpath", "GOWORK": "off",
			"GOARM64": "v8.0", "GOAMD64": "v1", "GOEXPERIMENT": "",
		} {
			want[name] = value
		}
		got := map[string]string{}
		for name, value := range buildEnvironment(platform, flags) {
			got[name] = *value
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("platform %q (-want +got):\n%s", platform, diff)
		}
	}
}
