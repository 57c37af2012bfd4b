package explore

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mutantVariable is the environment variable that selects a mutant in the binary of buildMutants.
const mutantVariable = "EXPLORE_MUTANT"

// buildMutants compiles this package's tests once, with the code of all mutants. Each mutated
// function begins with one branch per mutant:
//
//	if selectedMutant == "name of the mutant" {
//		return func() error { the function's body with the mutant's change }()
//	}
//
// Without a selected mutant, the binary runs the original code. buildMutants returns the binary's
// path.
func buildMutants(t *testing.T, mutants []mutant) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	byFile := make(map[string][]mutant)
	for _, m := range mutants {
		byFile[m.File] = append(byFile[m.File], m)
	}
	dir, replace := t.TempDir(), make(map[string]string)
	overlay := func(path string, source []byte) {
		replaced := filepath.Join(dir, fmt.Sprintf("%d.go", len(replace)))
		write(t, replaced, source)
		replace[filepath.Join(root, path)] = replaced
	}
	for file, mutants := range byFile {
		source, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		switched, err := addBranches(source, mutants)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		overlay(file, switched)
	}
	for dir, name := range map[string]string{domain: "pipeline", stores: "explore"} {
		overlay(dir+"selectedmutant.go", fmt.Appendf(nil,
			"package %s\n\nimport \"os\"\n\nvar selectedMutant = os.Getenv(%q)\n",
			name, mutantVariable))
	}
	config, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	configPath, binary := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "explore.test")
	write(t, configPath, config)
	out, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", configPath, "-o", binary,
		".").CombinedOutput()
	if err != nil {
		t.Fatalf("build the mutants: %v\n%s", err, out)
	}
	return binary
}

// addBranches returns the source with a branch for each mutant.
func addBranches(source []byte, mutants []mutant) ([]byte, error) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, "", source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	offset := func(p token.Pos) int { return files.Position(p).Offset }
	branches := make(map[int]string) // by the offset of a function's first statement
	var errs []error
	for _, m := range mutants {
		if n := strings.Count(string(source), m.Old); n != 1 {
			errs = append(errs, fmt.Errorf("mutant %q: the source must contain this once, "+
				"got %d times:\n%s", m.Name, n, m.Old))
			continue
		}
		at := strings.Index(string(source), m.Old)
		i := slices.IndexFunc(parsed.Decls, func(d ast.Decl) bool {
			f, ok := d.(*ast.FuncDecl)
			return ok && offset(f.Body.Lbrace) < at && at+len(m.Old) <= offset(f.Body.Rbrace)
		})
		if i < 0 {
			errs = append(errs, fmt.Errorf("mutant %q: one function's body must contain\n%s",
				m.Name, m.Old))
			continue
		}
		f := parsed.Decls[i].(*ast.FuncDecl)
		body := string(source[offset(f.Body.Lbrace):at]) + m.New +
			string(source[at+len(m.Old):offset(f.Body.Rbrace)+1])
		call := "func() " + body + "()\n\treturn"
		if results := f.Type.Results; results != nil {
			call = "return func() " + string(source[offset(results.Pos()):offset(results.End())]) +
				" " + body + "()"
		}
		begin := offset(f.Body.Lbrace) + 1
		branches[begin] += fmt.Sprintf("\n\tif selectedMutant == %q {\n\t%s\n\t}\n", m.Name, call)
	}
	var switched strings.Builder
	end := 0
	for _, begin := range slices.Sorted(maps.Keys(branches)) {
		switched.WriteString(string(source[end:begin]) + branches[begin])
		end = begin
	}
	switched.Write(source[end:])
	return []byte(switched.String()), errors.Join(errs...)
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
