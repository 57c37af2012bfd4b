// Package stdio has a processor asked that runs in another process, by that one's standard input and output: a JSON value
// for each event, and one for each answer. `eventpipeline replay --compare --worker` asks a user's processor so.
package stdio

import (
	"errors"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// A worker serves its processor so when the environment variable of this name has this value.
const (
	Variable = "EVENTPIPELINE_PROCESSOR"
	Value    = "stdio"
)

// question is one delivery.
type question struct {
	Number  int            `json:"number"` // the answer's is the same
	Event   pipeline.Event `json:"event"`
	Attempt int            `json:"attempt"`
	Payload []byte         `json:"payload"` // in base64, since each byte counts
}

// answer is an output, or an error if it has a code.
type answer struct {
	Number int             `json:"number"`
	Output pipeline.Output `json:"output"`
	Code   pipeline.Code   `json:"code,omitempty"`
	Detail string          `json:"detail,omitempty"`
	Cause  string          `json:"cause,omitempty"`
}

func answerOf(number int, output pipeline.Output, err error) answer {
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

// result is what answerOf was made of.
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
