//go:build !schemas

package api

import "github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"

// loadSchemas returns no schemas. Only the build tag "schemas" adds the schema compiler to a
// function.
func loadSchemas() (pipeline.PayloadSchemas, error) { return nil, nil }
