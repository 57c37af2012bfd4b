package templates

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

var update = flag.Bool("update", false, "rewrite the golden templates")

// Golden files show each change of a template to reviewers. Tests of other packages, such as
// internal/emulator, read them too.
func TestTemplates_EqualGoldenFiles(t *testing.T) {
	templates := map[string]synth.Template{"keys": synth.PipelineWithKeys(t)}
	for _, name := range synth.Stages {
		templates[name] = synth.Stage(t, name)
	}
	for name, s := range templates {
		t.Run(name, func(t *testing.T) {
			got := synth.FormatTemplate(t, s.Content)
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
