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

var update = flag.Bool("update", false, "rewrite the golden templates")

// Golden files show each change of a template to reviewers. Tests of other packages, such as
// internal/emulator, read them too.
func TestTemplates_EqualGoldenFiles(t *testing.T) {
	templates := map[string]synthesized{"keys": withKeys(t)}
	for _, name := range stages {
		templates[name] = stage(t, name)
	}
	for name, s := range templates {
		t.Run(name, func(t *testing.T) {
			got := goldenText(t, s.template)
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
				t.Errorf(
					"%s (-want +got; to accept: go test ./test/templates -update):\n%s",
					file,
					diff,
				)
			}
		})
	}
}

var assetHash = regexp.MustCompile(`[0-9a-f]{64}`)

// goldenText formats a template. It omits asset hashes, which change with the functions' sources.
func goldenText(t *testing.T, template map[string]any) []byte {
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
