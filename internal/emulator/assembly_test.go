package emulator

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// New must reject a cloud assembly whose functions are built for another processor architecture.
func TestNew_RejectsAnAssemblyForAnotherPlatform(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/pipeline")); err != nil {
		t.Fatal(err)
	}
	other := "arm64"
	if runtime.GOARCH == other {
		other = "amd64"
	}
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command(
		"go", "build", "-o", filepath.Join(dir, "asset.function", "bootstrap"), source)
	build.Env = append(os.Environ(), "GOARCH="+other)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the function: %v\n%s", err, out)
	}
	file := filepath.Join(dir, "Pipeline.template.json")
	template, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const functionType = `"Type": "AWS::Lambda::Function",`
	marked := strings.Replace(string(template), functionType, functionType+
		`"Metadata": {"eventpipeline:function": {"pipeline": "Orders", "role": "api"}},`, 1)
	if err := os.WriteFile(file, []byte(marked), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := New(t.Context(), Options{App: dir})
	if err == nil {
		_ = p.Close()
	}
	want := "synthesize the cloud assembly with -c eventpipeline:platform=" + runtime.GOOS + "/" +
		runtime.GOARCH
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want the advice to %s", err, want)
	}
	if _, err := New(t.Context(), Options{App: dir, Watch: true}); err == nil {
		t.Error("a cloud assembly must not be watched")
	}
}
