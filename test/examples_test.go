package test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Each example is a separate module, so `go test ./...` in the root does not test it. Other tests
// compile the examples' Lambda functions.
func TestExamples_PassVetTestsAndSynth(t *testing.T) {
	modules, err := filepath.Glob("../examples/*/go.mod")
	if err != nil || len(modules) == 0 {
		t.Fatalf("found no example: %v", err)
	}
	context, err := json.Marshal(map[string]any{
		"aws:cdk:bundling-stacks":                   []string{},
		"@aws-cdk/core:defaultCrossStackReferences": "weak",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, module := range modules {
		dir := filepath.Dir(module)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			out := t.TempDir()
			env := []string{
				"GOWORK=off", "GOFLAGS=-mod=readonly",
				"CDK_CONTEXT_JSON=" + string(context), "CDK_OUTDIR=" + out,
			}
			for _, args := range [][]string{{"vet", "./..."}, {"test", "./..."}, {"run", "."}} {
				printed := runGo(t, dir, env, args...)
				if bytes.Contains(printed, []byte("WARNING")) {
					t.Fatalf("go %v printed a warning:\n%s", args, printed)
				}
			}
			templates, err := filepath.Glob(filepath.Join(out, "*.template.json"))
			if err != nil || len(templates) == 0 {
				t.Errorf("found no template: %v", err)
			}
		})
	}
}

// The tests with other projects' SDKs are separate modules, so that the platform does not depend on
// these SDKs.
func TestSDKs_PassVetAndTests(t *testing.T) {
	env := []string{"GOWORK=off", "GOFLAGS=-mod=readonly"}
	for _, dir := range []string{"cloudevents", "webhooks/gosdk"} {
		runGo(t, dir, env, "vet", "./...")
		runGo(t, dir, env, "test", "./...")
	}
}

func TestExamples_OnlyTheWorkerContainsTheProcessor(t *testing.T) {
	out := t.TempDir()
	runGo(t, "../examples/own-processor", []string{"CDK_OUTDIR=" + out}, "run", ".")
	bootstraps, err := filepath.Glob(out + "/asset.*/bootstrap")
	if err != nil || len(bootstraps) != 3 {
		t.Fatalf("want 3 bootstraps, got %v, %v", bootstraps, err)
	}
	found := 0
	for _, file := range bootstraps {
		if strings.Contains(read(t, file), "unknown-currency") { // in the code of the processor
			found++
		}
	}
	if found != 1 {
		t.Errorf("%d bootstraps contain the processor, want 1", found)
	}
}

// runGo runs a go command in a module's folder and returns the command's output.
func runGo(t *testing.T, dir string, env []string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	env = append(env, "CDK_VALIDATION=false", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20")
	cmd.Env = append(os.Environ(), env...)
	printed, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go %v: %v\n%s", args, err, printed)
	}
	return printed
}
