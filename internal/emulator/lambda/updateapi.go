package lambda

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// maxUpdate is the maximum size, in bytes, of a request to change a configuration. The environment,
// the largest part, has a quota of 4 KB.
const maxUpdate = 1 << 20

// serveUpdate serves the operation UpdateFunctionConfiguration. The next invocations run in new
// sandboxes. The change lasts until the platform stops or a reload replaces the function.
func (s *Service) serveUpdate(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUpdate))
	if err != nil {
		writeError(w, protocol.Errorf("InvalidRequestContentException", "%v", err))
		return
	}
	in, err := decodeUpdate(body)
	if err != nil {
		writeError(w, err)
		return
	}
	f, err := s.update(r.PathValue("name"), in)
	if err != nil {
		writeError(w, err)
		return
	}
	protocol.WriteJSON(w, http.StatusOK, s.describe(f, "", latest))
}

// updateInput holds the settings to change. A nil setting does not change.
type updateInput struct {
	Description, Handler, Runtime *string
	RevisionID                    string `json:"RevisionId"`
	MemorySize, Timeout           *int
	Environment                   *struct{ Variables map[string]string }
}

// decodeUpdate decodes and validates the settings. It rejects the settings that the emulator can't
// change.
func decodeUpdate(body []byte) (in updateInput, err error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(body, &all); err != nil {
		return in, protocol.Errorf("InvalidRequestContentException", "%v", err)
	}
	if err := protocol.Decode(body, &in); err != nil {
		return in, protocol.Errorf("InvalidRequestContentException", "%v", err)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		switch {
		case slices.Contains(changeable, name),
			name == "Handler" && in.Handler != nil && *in.Handler == handlerName,
			name == "Runtime" && in.Runtime != nil && *in.Runtime == runtimeName:
		default:
			return in, invalidParameter("the local platform can't change %s of a function: "+
				"change it in the CDK app and restart the platform", name)
		}
	}
	if err := checkRange("timeout", in.Timeout, 1, 900); err != nil {
		return in, err
	}
	if err := checkRange("memorySize", in.MemorySize, 128, 10240); err != nil {
		return in, err
	}
	if in.Description != nil && utf8.RuneCountInString(*in.Description) > maxDescription {
		return in, protocol.Errorf("ValidationException", "1 validation error detected: Value at "+
			"'description' failed to satisfy constraint: Member must have length less than or "+
			"equal to %d", maxDescription)
	}
	if in.Environment == nil {
		return in, nil
	}
	return in, checkEnvironment(in.Environment.Variables)
}

// changeable lists the JSON members that the emulator supports in an update request.
var changeable = []string{
	"FunctionName", "RevisionId", "Description", "MemorySize", "Timeout", "Environment",
}

func invalidParameter(format string, args ...any) error {
	return protocol.Errorf("InvalidParameterValueException", format, args...)
}

func checkRange(name string, value *int, least, most int) error {
	if value == nil || *value >= least && *value <= most {
		return nil
	}
	limit := fmt.Sprintf("greater than or equal to %d", least)
	if *value > most {
		limit = fmt.Sprintf("less than or equal to %d", most)
	}
	return protocol.Errorf("ValidationException", "1 validation error detected: Value '%d' at "+
		"'%s' failed to satisfy constraint: Member must have value %s", *value, name, limit)
}

// maxDescription is the maximum number of characters in a function's description, as in Lambda.
const maxDescription = 256

// maxEnvironment is the maximum size, in bytes, of an environment's names and values. It equals
// Lambda's quota.
const maxEnvironment = 4 << 10

var (
	variableName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)
	// Lambda sets these variables itself.
	reservedName = regexp.MustCompile(`^(_HANDLER|_X_AMZN_TRACE_ID|AWS_(DEFAULT_)?REGION|` +
		`AWS_EXECUTION_ENV|AWS_LAMBDA_(FUNCTION_.*|INITIALIZATION_TYPE|LOG_.*|RUNTIME_API)|` +
		`AWS_ACCESS_KEY(_ID)?|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|LAMBDA_(TASK_ROOT|` +
		`RUNTIME_DIR))$`)
)

func checkEnvironment(variables map[string]string) error {
	size := 0
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		size += len(name) + len(variables[name])
		switch {
		case reservedName.MatchString(name):
			return invalidParameter("the environment variable %s is reserved by Lambda", name)
		case !variableName.MatchString(name):
			return protocol.Errorf("ValidationException", "the environment variable %q must "+
				"satisfy the pattern [a-zA-Z]([a-zA-Z0-9_])+", name)
		case strings.ContainsRune(variables[name], 0):
			return invalidParameter("the environment variable %s must not contain NUL", name)
		}
	}
	if size > maxEnvironment {
		return invalidParameter("the environment variables must have at most %d bytes, got %d",
			maxEnvironment, size)
	}
	return nil
}

// update replaces a function with a copy that has the changed settings. It returns the copy.
func (s *Service) update(reference string, in updateInput) (*function, error) {
	name, qualifier := protocol.SplitFunction(reference)
	if qualifier != "" && qualifier != latest {
		return nil, invalidParameter("a version or alias can't be changed, got %s", reference)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, _, err := s.findLocked(name)
	if err != nil {
		return nil, err
	}
	if in.RevisionID != "" && in.RevisionID != old.revision {
		return nil, &protocol.Error{
			Code: "PreconditionFailedException", Status: http.StatusPreconditionFailed,
			Message: "the RevisionId must be the function's latest one, " + old.revision,
		}
	}
	changed := old.Function
	if in.Description != nil {
		changed.Description = *in.Description
	}
	if in.MemorySize != nil {
		changed.MemoryMB = *in.MemorySize
	}
	if in.Timeout != nil {
		changed.Timeout = time.Duration(*in.Timeout) * time.Second
	}
	if in.Environment != nil {
		changed.Environment = in.Environment.Variables
	}
	return s.replaceLocked(changed), nil
}
