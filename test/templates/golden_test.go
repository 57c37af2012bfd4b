package templates

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden templates anew")

// A change to any stage's template shows in the diff of its golden file, where it can be reviewed. The local platform's
// tests of policies read the dev stage's, and that of a pipeline with keys.
func TestTemplates_AreTheGoldenOnes(t *testing.T) {
	templates := map[string]synthesized{"keys": withKeys(t)}
	for _, name := range stages {
		templates[name] = stage(t, name)
	}
	for name, s := range templates {
		t.Run(name, func(t *testing.T) {
			got := written(t, s.template)
			file := filepath.Join("testdata", name+".template.json")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v; write it with: go test ./test/templates -update", err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("the template is not %s (-want +got); if it should be: go test ./test/templates -update\n%s", file, diff)
			}
		})
	}
}

var assetHash = regexp.MustCompile(`[0-9a-f]{64}`)

// written is a template as its golden file has it. Assets' hashes change with the functions, not with the template.
func written(t *testing.T, template map[string]any) []byte {
	t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(template); err != nil {
		t.Fatal(err)
	}
	return assetHash.ReplaceAll(text.Bytes(), []byte("<asset hash>"))
}
