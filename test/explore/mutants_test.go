package explore

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestMutants_EachViolatesItsInvariant(t *testing.T) {
	for _, mutant := range Mutants {
		t.Run(mutant.Name, func(t *testing.T) {
			t.Parallel()
			t.Log(mutant.mustViolate(t))
		})
	}
}

// mustViolate explores the mutant's code and returns the violation.
func (m Mutant) mustViolate(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../../" + m.File)
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), m.Old); n != 1 {
		t.Fatalf("%s must contain this once, got %d times:\n%s", m.File, n, m.Old)
	}
	dir := t.TempDir()
	patched, overlay, binary := filepath.Join(dir, "patched.go"), filepath.Join(dir,
		"overlay.json"), filepath.Join(dir, "explore.test")
	write(t, patched, []byte(strings.Replace(string(source), m.Old, m.New, 1)))
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{path: patched}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, overlay, replace)
	out, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", binary,
		".").CombinedOutput()
	if err != nil {
		t.Fatalf("build the mutant: %v\n%s", err, out)
	}
	out, err = exec.Command(binary, "-test.run=^TestExhaustive", "-explore.first",
		"-explore.scenario="+m.Scenario).CombinedOutput()
	found := string(regexp.MustCompile(`I\d violated with .*`).Find(out))
	if err == nil || !strings.HasPrefix(found, m.Invariant+" violated") {
		t.Fatalf("%s is not violated, the explorer printed: %s", m.Invariant,
			out[:min(len(out), 3000)])
	}
	return found
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
