package apigateway

import (
	"net/http"
	"strings"
)

// DefaultStage is the name of the stage that serves all paths that belong to no other stage.
const DefaultStage = "$default"

// Stage describes a stage of an API. The path of a request begins with the name of its stage,
// except for DefaultStage.
type Stage struct {
	Name string
	// RateLimit is the maximum number of requests per second over all routes; nil means no limit.
	// BurstLimit is the maximum number of requests at once. If a limit is 0, the stage rejects all
	// requests.
	RateLimit, BurstLimit *float64
	LogGroup              string // log group of the access log; "" if there is none
	LogFormat             string // format of a line in the access log
}

// runningStage represents a stage that serves requests.
type runningStage struct {
	Stage
	limit *tokenBucket
}

// stage returns the stage of a request, or nil if there is none.
func (h *Handler) stage(r *http.Request) *runningStage {
	name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if s := h.stages[name]; s != nil {
		return s
	}
	return h.stages[DefaultStage]
}

// routePath returns a path without the name of the stage.
func (s Stage) routePath(path string) string {
	if s.Name == DefaultStage {
		return path
	}
	return strings.TrimPrefix(path, "/"+s.Name)
}
