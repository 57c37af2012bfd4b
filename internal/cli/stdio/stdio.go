// Package stdio runs a processor in another process. Each event is a JSON value on that process's
// standard input, each answer one on its standard output. `eventpipeline replay --compare --worker`
// calls a user's processor this way.
package stdio

import (
	"errors"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// A worker calls Serve if the environment variable of this name has this value.
const (
	Variable = "EVENTPIPELINE_PROCESSOR"
	Value    = "stdio"
)

// question asks for the result of one delivery.
type question struct {
	Number  int            `json:"number"` // the answer repeats it
	Event   pipeline.Event `json:"event"`
	Attempt int            `json:"attempt"`
	Payload []byte         `json:"payload"` // JSON encodes it in base64, byte for byte
}

// answer holds an output or, if Code is set, an error.
type answer struct {
	Number int             `json:"number"`
	Output pipeline.Output `json:"output"`
	Code   pipeline.Code   `json:"code,omitempty"`
	Detail string          `json:"detail,omitempty"`
	Cause  string          `json:"cause,omitempty"`
}

func newAnswer(number int, output pipeline.Output, err error) answer {
	if err == nil {
		return answer{Number: number, Output: output}
	}
	a := answer{Number: number, Code: pipeline.ErrorCode(err), Detail: err.Error()}
	var e *pipeline.Error
	if errors.As(err, &e) {
		a.Detail = e.Detail
		if e.Err != nil {
			a.Cause = e.Err.Error()
		}
	}
	return a
}

// result returns what newAnswer got.
func (a answer) result() (pipeline.Output, error) {
	if a.Code == "" {
		return a.Output, nil
	}
	err := &pipeline.Error{Code: a.Code, Detail: a.Detail}
	if a.Cause != "" {
		err.Err = errors.New(a.Cause)
	}
	return pipeline.Output{}, err
}
