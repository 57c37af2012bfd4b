package eventsource

import (
	"io"
	"net/http"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Path is the prefix of the paths that Handler serves.
const Path = "/2015-03-31/event-source-mappings"

// newHandler returns a handler for the operations ListEventSourceMappings, GetEventSourceMapping
// and UpdateEventSourceMapping of the Lambda API.
func (s *Service) newHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path+"/{$}", s.serveList)
	mux.HandleFunc("GET "+Path, s.serveList)
	mux.HandleFunc("GET "+Path+"/{id}", s.serveGet)
	mux.HandleFunc("PUT "+Path+"/{id}", s.serveUpdate)
	mux.HandleFunc("/", protocol.WriteNotServed)
	return mux
}

// description represents a mapping in the responses of the API.
type description struct {
	UUID, EventSourceArn, EventSourceMappingArn, FunctionArn string
	State, StateTransitionReason                             string
	BatchSize, MaximumBatchingWindowInSeconds                int
	FunctionResponseTypes                                    []string
	LastModified                                             float64        // Unix time in seconds
	ScalingConfig                                            *scalingConfig `json:",omitempty"`
}

type scalingConfig struct{ MaximumConcurrency int }

func (m *managed) describe() description {
	queue, _ := arn.Parse(m.Queue.ARN()) // a queue always has a valid ARN
	lambdaARN := protocol.ARN(protocol.Lambda, queue.Region, queue.AccountID, "")
	d := description{
		UUID:                           m.ID,
		EventSourceArn:                 m.Queue.ARN(),
		EventSourceMappingArn:          lambdaARN + "event-source-mapping:" + m.ID,
		FunctionArn:                    lambdaARN + "function:" + m.reference(),
		State:                          m.state(),
		StateTransitionReason:          "USER_INITIATED",
		BatchSize:                      m.BatchSize,
		MaximumBatchingWindowInSeconds: int(m.BatchWindow.Seconds()),
		FunctionResponseTypes:          []string{},
		LastModified:                   float64(m.modified.UnixMilli()) / 1000,
	}
	if m.ReportBatchItemFailures {
		d.FunctionResponseTypes = append(d.FunctionResponseTypes, "ReportBatchItemFailures")
	}
	if m.ConfiguredConcurrency > 0 {
		d.ScalingConfig = &scalingConfig{m.ConfiguredConcurrency}
	}
	return d
}

// serveList serves ListEventSourceMappings. The marker is the index of the next mapping.
func (s *Service) serveList(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	function, qualifier := protocol.SplitFunction(query.Get("FunctionName"))
	source := query.Get("EventSourceArn")
	first, err := parseNumber(query.Get("Marker"), 0)
	limit, limitErr := parseNumber(query.Get("MaxItems"), 100)
	if err != nil || limitErr != nil || limit < 1 {
		protocol.WriteError(w, protocol.Lambda, http.StatusBadRequest,
			"InvalidParameterValueException", "Marker and MaxItems must be numbers")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []description{}
	for _, m := range s.mappings {
		if (function == "" || function == m.Function) &&
			(qualifier == "" || qualifier == m.Qualifier) &&
			(source == "" || source == m.Queue.ARN()) {
			all = append(all, m.describe())
		}
	}
	all = all[min(first, len(all)):]
	response := map[string]any{}
	if len(all) > limit {
		all = all[:limit]
		response["NextMarker"] = strconv.Itoa(first + limit)
	}
	response["EventSourceMappings"] = all
	protocol.WriteJSON(w, http.StatusOK, response)
}

func parseNumber(text string, byDefault int) (int, error) {
	if text == "" {
		return byDefault, nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	return int(n), err
}

func (s *Service) serveGet(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.find(w, r); m != nil {
		protocol.WriteJSON(w, http.StatusOK, m.describe())
	}
}

// serveUpdate serves UpdateEventSourceMapping. It changes only the parameter Enabled. The template
// defines all others.
func (s *Service) serveUpdate(w http.ResponseWriter, r *http.Request) {
	var in struct{ Enabled *bool }
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, protocol.MaxJSONBody))
	if err == nil {
		err = protocol.DecodeStrict(body, &in)
	}
	if err != nil {
		protocol.WriteError(w, protocol.Lambda, http.StatusBadRequest,
			"InvalidParameterValueException",
			"the local platform changes only Enabled: "+err.Error())
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.find(w, r)
	if m == nil {
		return
	}
	if in.Enabled != nil {
		s.setEnabled(m, *in.Enabled)
	}
	protocol.WriteJSON(w, http.StatusAccepted, m.describe())
}

// find returns the mapping that a request names, or writes an error and returns nil. The caller
// holds s.mu.
func (s *Service) find(w http.ResponseWriter, r *http.Request) *managed {
	for _, m := range s.mappings {
		if m.ID == r.PathValue("id") {
			return m
		}
	}
	protocol.WriteError(w, protocol.Lambda, http.StatusNotFound, "ResourceNotFoundException",
		"The resource you requested does not exist.")
	return nil
}
