//go:build !schemas

package api

import "github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"

// loadSchemas returns no schemas. A function that is built without the tag "schemas" does not
// contain the schema compiler.
func loadSchemas() (pipeline.PayloadSchemas, error) { return nil, nil }
