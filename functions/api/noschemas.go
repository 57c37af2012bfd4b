//go:build !schemas

package main

import "github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"

// loadSchemas has none: a pipeline without schemas does not link what compiles them.
func loadSchemas() (pipeline.PayloadSchemas, error) { return nil, nil }
