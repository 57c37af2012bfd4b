package test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestOwnProcessor_IsInTheWorkersBootstrapAlone(t *testing.T) {
	outdir := t.TempDir()
	cmd := exec.Command("go", "run", ".")
	cmd.Dir = "../examples/own-processor"
	cmd.Env = append(os.Environ(), "CDK_OUTDIR="+outdir, "CDK_VALIDATION=false", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("synthesize the example: %v\n%s", err, out)
	}
	bootstraps, err := filepath.Glob(outdir + "/asset.*/bootstrap")
	if err != nil || len(bootstraps) != 3 {
		t.Fatalf("the app has the bootstraps %v, %v; want 3", bootstraps, err)
	}
	own := 0
	for _, file := range bootstraps {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte("unknown-currency")) {
			own++
		}
	}
	if own != 1 {
		t.Errorf("the example's processor is in %d of the bootstraps, want 1", own)
	}
}
