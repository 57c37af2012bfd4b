//go:build schemas

package main

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/jsonschema"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// bundle is the pipeline's schemas: the construct replaces the empty ones here before it builds the function.
//
//go:embed schemas.json
var bundle []byte

func loadSchemas() (pipeline.Schemas, error) {
	var schemas jsonschema.Bundle
	if err := json.Unmarshal(bundle, &schemas); err != nil {
		return nil, fmt.Errorf("read the schemas: %w", err)
	}
	set, err := jsonschema.Compile(schemas)
	if err != nil {
		return nil, fmt.Errorf("compile the schemas: %w", err)
	}
	return set, nil
}
