package eventpipeline

import (
	"os"
	"path/filepath"
	"testing"
)

func TestUserEntry_LeavesTheModuleToItsUser(t *testing.T) {
	module := filepath.Join(t.TempDir(), "app")
	folder := filepath.Join(module, "functions", "orders")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(module, "go.mod"), []byte("module x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(module)
	for set, want := range map[string]string{
		"": reproducible,
		"-mod=mod -race --modfile=other.mod -tags=x": "-mod=mod --modfile=other.mod " + reproducible,
	} {
		t.Setenv("GOFLAGS", set)
		got := userEntry("functions/orders")
		if got.environment["GOFLAGS"] != want || len(got.environment) != 1 {
			t.Errorf("GOFLAGS=%q builds with %v, want GOFLAGS=%s and nothing else", set, got.environment, want)
		}
		if got.folder != folder || got.moduleFile != filepath.Join(module, "go.mod") {
			t.Errorf("entry = %+v", got)
		}
	}
}
