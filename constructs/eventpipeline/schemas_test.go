package eventpipeline_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

const schemas = "testdata/schemas"

func TestSchemas_MayRejectUnknownTypes(t *testing.T) {
	s := synth.Pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &props{
			SchemaDirectory:   jsii.String(schemas),
			UnknownEventTypes: eventpipeline.UnknownEventTypesRefuse,
		}
	})
	s.Environment(t, "ApiFunction").Expect(t, `{"UNKNOWN_EVENT_TYPES": "REFUSE"}`)
}

// folderOf creates a folder with the files.
func folderOf(t *testing.T, files map[string]string) *string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &dir
}

// linkedFolder creates a folder with a symlink to a file in another folder.
func linkedFolder(t *testing.T) *string {
	t.Helper()
	dir, elsewhere := t.TempDir(), folderOf(t, map[string]string{"demo.json": "true"})
	target := filepath.Join(*elsewhere, "demo.json")
	if err := os.Symlink(target, filepath.Join(dir, "demo.json")); err != nil {
		t.Fatal(err)
	}
	return &dir
}
