package resources

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

func TestForeignPlatform_ReturnsThePlatformOnlyIfItIsForeign(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := "arm64"
	if runtime.GOARCH == other {
		other = "amd64"
	}
	for arch, want := range map[string]string{
		runtime.GOARCH: "",
		other:          runtime.GOOS + "/" + other,
	} {
		bootstrap := filepath.Join(dir, arch)
		build := exec.Command("go", "build", "-o", bootstrap, source)
		build.Env = append(os.Environ(), "GOARCH="+arch)
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("go build: %v\n%s", err, out)
		}
		if got := foreignPlatform(bootstrap); got != want {
			t.Errorf("%s is built for %q, want %q", arch, got, want)
		}
	}
	if got := foreignPlatform(source); got != "" {
		t.Errorf("a source file is built for %q, want no platform", got)
	}
}

func TestFunctionName_AcceptsEveryFormOfReference(t *testing.T) {
	const arn = "arn:aws:lambda:us-east-1:000000000000:function:worker"
	for _, reference := range []string{
		"worker", "worker:live", arn, arn + ":1",
		"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/" + arn + "/invocations",
		"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/" + arn +
			":live/invocations",
	} {
		if name := FunctionName(reference); name != "worker" {
			t.Errorf("%s: got %s", reference, name)
		}
	}
}
