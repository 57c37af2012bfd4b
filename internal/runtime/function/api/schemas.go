//go:build schemas

package api

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/jsonschema"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// bundle holds the schemas of the pipeline. The file schemas.json in this repository contains none.
// The construct replaces the file before it builds the function.
//
//go:embed schemas.json
var bundle []byte

func loadSchemas() (pipeline.PayloadSchemas, error) {
	var schemas jsonschema.Bundle
	if err := json.Unmarshal(bundle, &schemas); err != nil {
		return nil, fmt.Errorf("read schemas: %w", err)
	}
	set, err := jsonschema.Compile(schemas)
	if err != nil {
		return nil, fmt.Errorf("compile schemas: %w", err)
	}
	return set, nil
}
