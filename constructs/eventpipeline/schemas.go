package eventpipeline

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	source "github.com/event-driven-cloud-platform/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/jsonschema"
)

// UnknownEventTypes says what becomes of events whose type has no schema.
type UnknownEventTypes string

const (
	// UnknownEventTypesAccept takes them as they are.
	UnknownEventTypesAccept UnknownEventTypes = "ACCEPT"
	// UnknownEventTypesRefuse refuses them with 422.
	UnknownEventTypesRefuse UnknownEventTypes = contract.RefuseUnknown
)

// readSchemas reads and checks SchemaDirectory. It returns nothing where there is none, or it has mistakes.
func readSchemas(p EventPipelineProps, m *mistakes) jsonschema.Bundle {
	m.unless(p.UnknownEventTypes == UnknownEventTypesAccept || p.UnknownEventTypes == UnknownEventTypesRefuse,
		"UnknownEventTypes is %q; take %q or %q", p.UnknownEventTypes, UnknownEventTypesAccept, UnknownEventTypesRefuse)
	m.unless(p.UnknownEventTypes != UnknownEventTypesRefuse || p.SchemaDirectory != nil,
		"UnknownEventTypes is %q, which would refuse every event without a SchemaDirectory; give one or take %q", UnknownEventTypesRefuse, UnknownEventTypesAccept)
	if p.SchemaDirectory == nil {
		return nil
	}
	if *p.SchemaDirectory == "" {
		m.unless(false, "SchemaDirectory is empty; give a folder with a schema for each event type, or leave it out")
		return nil
	}
	bundle, err := bundleOf(*p.SchemaDirectory)
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			m.unless(false, "SchemaDirectory %s: %s", *p.SchemaDirectory, strings.TrimSuffix(line, "\n"))
		}
		return nil
	}
	m.unless(len(bundle) > 0, "SchemaDirectory %s has no schema; name each <eventType>.json", *p.SchemaDirectory)
	return bundle
}

// bundleOf reads a folder, of which no link leads out, and compiles its schemas as the function will.
func bundleOf(directory string) (jsonschema.Bundle, error) {
	folder, err := os.OpenRoot(directory)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	bundle, err := jsonschema.Read(folder.FS())
	if err != nil {
		return nil, err
	}
	_, err = jsonschema.Compile(bundle)
	return bundle, err
}

// sourceDir is the folder that a function is built from, and the flags to build it with. The API function has the
// pipeline's schemas in it, and links what reads them only where there are some.
func sourceDir(p *eventPipeline, function string) (dir, flags string, err error) {
	if function != "api" || len(p.schemas) == 0 {
		dir, err = source.Dir(nil)
		return dir, buildFlags, err
	}
	text, err := json.Marshal(p.schemas) // sorted, so that the function's hash depends on the schemas alone
	if err != nil {
		return "", "", fmt.Errorf("write the schemas: %w", err)
	}
	dir, err = source.Dir(map[string][]byte{source.Schemas: text})
	return dir, strings.Replace(buildFlags, "-tags=", "-tags=schemas,", 1), err
}
