package lambda

import (
	"net/http"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

func (s *Service) functionRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /2015-03-31/functions/{name}/configuration", s.serveFunction)
	mux.HandleFunc("PUT /2015-03-31/functions/{name}/configuration", s.serveUpdate)
	mux.HandleFunc("GET /2015-03-31/functions/{name}", s.serveFunction)
	mux.HandleFunc("GET /2015-03-31/functions/{$}", s.serveList)
	mux.HandleFunc("GET /2015-03-31/functions", s.serveList)
}

// configuration represents a function in the responses of the API.
type configuration struct {
	FunctionName, FunctionArn, Runtime, Handler, Version string
	Description, Role, LastModified, RevisionId          string
	State, LastUpdateStatus, PackageType                 string
	MemorySize, Timeout                                  int
	Environment                                          struct{ Variables map[string]string }
	LoggingConfig                                        struct{ LogFormat, LogGroup string }
}

// describe returns the configuration of a function. qualifier is a version, an alias or "".
func (s *Service) describe(f *function, qualifier, version string) configuration {
	c := configuration{
		FunctionName: f.Name, FunctionArn: s.qualifiedARN(f.Name, qualifier), Version: version,
		Runtime: runtimeName, Handler: handlerName, PackageType: "Zip",
		Description: f.Description, Role: f.Role,
		LastModified: f.modified.UTC().Format("2006-01-02T15:04:05.000-0700"),
		RevisionId:   f.revision,
		State:        "Active", LastUpdateStatus: "Successful",
		MemorySize: f.MemoryMB, Timeout: int(f.Timeout.Seconds()),
	}
	c.Environment.Variables = f.Environment
	c.LoggingConfig.LogFormat, c.LoggingConfig.LogGroup = "Text", f.LogGroup
	return c
}

// The API reports this runtime and this handler for each function.
const (
	runtimeName = "provided.al2023"
	handlerName = "bootstrap"
)

// serveFunction serves the operations GetFunction and GetFunctionConfiguration.
func (s *Service) serveFunction(w http.ResponseWriter, r *http.Request) {
	reference, err := requestedFunction(r)
	if err != nil {
		writeError(w, err)
		return
	}
	f, version, err := s.find(reference)
	if err != nil {
		writeError(w, err)
		return
	}
	_, qualifier := protocol.SplitFunction(reference)
	var description any = s.describe(f, qualifier, version)
	if !strings.HasSuffix(r.URL.Path, "/configuration") {
		description = map[string]any{"Configuration": description}
	}
	protocol.WriteJSON(w, http.StatusOK, description)
}

func (s *Service) serveList(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	all := []configuration{}
	for _, f := range s.functions {
		all = append(all, s.describe(f, "", latest))
	}
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b configuration) int {
		return strings.Compare(a.FunctionName, b.FunctionName)
	})
	protocol.WriteJSON(w, http.StatusOK, map[string]any{"Functions": all})
}
