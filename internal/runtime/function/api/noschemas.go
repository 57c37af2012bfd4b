//go:build !schemas

package api

import "github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"

// loadSchemas returns none, so that a pipeline without schemas does not link their compiler.
func loadSchemas() (pipeline.PayloadSchemas, error) { return nil, nil }
