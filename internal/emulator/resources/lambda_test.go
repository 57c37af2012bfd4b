package resources

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
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

// newAsset returns a folder with a bootstrap.
func newAsset(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bootstrap"), nil, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFunction_IsSkippedIfItsAssetContainsNoBootstrap(t *testing.T) {
	folder := t.TempDir()
	archive := filepath.Join(folder, "asset.zip")
	if err := os.WriteFile(archive, []byte("PK"), 0o600); err != nil {
		t.Fatal(err)
	}
	for metadata, isError := range map[string]bool{
		"{}": false, `{"` + contract.FunctionMetadata + `": {"pipeline": "P"}}`: true,
	} {
		for _, asset := range []string{folder, archive} {
			p := newTestProvider(t)
			_, err := p.Engine.Create(cdkapp.Stack{
				Name: "App", Assets: map[string]string{"key": asset},
				Template: []byte(`{"Resources": {"Fn": {"Type": "AWS::Lambda::Function",
					"Metadata": ` + metadata + `, "Properties": {"Role": "r",
					"Runtime": "provided.al2023", "Code": {"S3Key": "key"}}}}}`),
			})
			skipped := slices.Contains(p.NotRun(),
				"AWS::Lambda::Function Fn, whose asset contains no bootstrap")
			if (err != nil) != isError || skipped == isError {
				t.Errorf("%s, %s: got %v, not run: %q", metadata, asset, err, p.NotRun())
			}
		}
	}
}
