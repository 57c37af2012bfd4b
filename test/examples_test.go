package test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Each example is a module of its own, as a user's app is, which `go test ./...` does not reach. It must build, be free of go
// vet's findings, pass its tests, and synthesize without a warning. Bundling the functions, which takes a compiler, is other tests' matter.
func TestExamples_PassTheirTestsAndSynthesize(t *testing.T) {
	modules, err := filepath.Glob("../examples/*/go.mod")
	if err != nil || len(modules) == 0 {
		t.Fatalf("there is no example: %v", err)
	}
	context, err := json.Marshal(map[string]any{
		"aws:cdk:bundling-stacks": []string{}, "@aws-cdk/core:defaultCrossStackReferences": "weak",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, module := range modules {
		dir := filepath.Dir(module)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			out := t.TempDir()
			for _, args := range [][]string{{"go", "vet", "./..."}, {"go", "test", "./..."}, {"go", "run", "."}} {
				cmd := exec.Command(args[0], args[1:]...)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly", "CDK_OUTDIR="+out, "CDK_CONTEXT_JSON="+string(context),
					"CDK_VALIDATION=false", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20")
				printed, err := cmd.CombinedOutput()
				if err != nil || bytes.Contains(printed, []byte("WARNING")) {
					t.Fatalf("%v: %v\n%s", args, err, printed)
				}
			}
			if templates, err := filepath.Glob(filepath.Join(out, "*.template.json")); err != nil || len(templates) == 0 {
				t.Errorf("there is no template: %v", err)
			}
		})
	}
}
