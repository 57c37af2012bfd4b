package sqs

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// maxMoveRate limits MaxNumberOfMessagesPerSecond, as in SQS.
const maxMoveRate = 500

type startMoveInput struct {
	SourceArn                    string
	DestinationArn               string
	MaxNumberOfMessagesPerSecond *int
}

type startMoveOutput struct{ TaskHandle string }

func (s *Service) startMessageMoveTask(in *startMoveInput) (*startMoveOutput, error) {
	source, err := s.queueParameter("SourceArn", in.SourceArn)
	if err != nil {
		return nil, err
	}
	var destination *Queue
	if in.DestinationArn != "" {
		if destination, err = s.queueParameter("DestinationArn", in.DestinationArn); err != nil {
			return nil, err
		}
	}
	var interval time.Duration
	if rate := in.MaxNumberOfMessagesPerSecond; rate != nil {
		if *rate < 1 || *rate > maxMoveRate {
			return nil, invalidValue(*rate, "MaxNumberOfMessagesPerSecond",
				"Must be between 1 and 500, if provided.")
		}
		interval = time.Second / time.Duration(*rate)
	}
	switch {
	case !s.isDeadLetterQueue(source):
		return nil, invalidParameter("Source queue must be configured as a Dead Letter Queue.")
	case destination == source:
		return nil, invalidParameter("Source queue and destination queue must be different.")
	case slices.ContainsFunc(source.moves, (*moveTask).active):
		return nil, invalidParameter("There is already a task running. Only one active task is " +
			"allowed for a source queue arn at a given time.")
	}
	return &startMoveOutput{s.startMove(source, destination, interval).encodeHandle()}, nil
}

func (s *Service) isDeadLetterQueue(dlq *Queue) bool {
	for _, q := range s.queues {
		if q.deadLetterQueue() == dlq {
			return true
		}
	}
	return false
}

// queueParameter returns the queue with the ARN in a request's parameter. The caller holds s.mu.
func (s *Service) queueParameter(parameter, queueARN string) (*Queue, error) {
	if queueARN == "" {
		return nil, missingParameter(parameter)
	}
	if parsed, err := arn.Parse(queueARN); err != nil || strings.Contains(parsed.Resource, ":") {
		return nil, invalidParameter("You must use this format to specify the %s: "+
			"arn:<partition>:<service>:<region>:<account-id>:<resource-id>", parameter)
	}
	name, ok := s.queueNameFromARN(queueARN)
	q, exists := s.queues[name]
	if !ok || !exists {
		return nil, notFound("The resource that you specified for the %s parameter doesn't exist.",
			parameter)
	}
	return q, nil
}

func notFound(format string, args ...any) *protocol.Error {
	failure := protocol.Errorf("ResourceNotFoundException", format, args...)
	failure.Status = http.StatusNotFound
	return failure
}

type listMovesInput struct {
	SourceArn  string
	MaxResults *int
}

type listMovesOutput struct{ Results []moveResult }

// moveResult describes a message move task. TaskHandle is set only while the task runs.
type moveResult struct {
	TaskHandle                        string `json:",omitempty"`
	Status                            moveStatus
	SourceArn                         string
	DestinationArn                    string `json:",omitempty"`
	MaxNumberOfMessagesPerSecond      int    `json:",omitempty"`
	ApproximateNumberOfMessagesMoved  int
	ApproximateNumberOfMessagesToMove int
	FailureReason                     string `json:",omitempty"`
	StartedTimestamp                  int64  // Unix time in milliseconds
}

func (s *Service) listMessageMoveTasks(in *listMovesInput) (*listMovesOutput, error) {
	source, err := s.queueParameter("SourceArn", in.SourceArn)
	if err != nil {
		return nil, err
	}
	limit := 1
	if in.MaxResults != nil {
		limit = *in.MaxResults
	}
	if limit < 1 || limit > maxMoveTasks {
		return nil, invalidValue(limit, "MaxResults", "Must be between 1 and 10, if provided.")
	}
	out := &listMovesOutput{Results: []moveResult{}}
	for _, t := range source.moves[:min(limit, len(source.moves))] {
		out.Results = append(out.Results, t.describe())
	}
	return out, nil
}

func (t *moveTask) describe() moveResult {
	out := moveResult{
		Status: t.status, SourceArn: t.source.ARN(), FailureReason: t.failure,
		ApproximateNumberOfMessagesMoved:  t.moved,
		ApproximateNumberOfMessagesToMove: t.toMove,
		StartedTimestamp:                  t.started.UnixMilli(),
	}
	if t.status == moveRunning {
		out.TaskHandle = t.encodeHandle()
	}
	if t.destination != nil {
		out.DestinationArn = t.destination.ARN()
	}
	if t.interval > 0 {
		out.MaxNumberOfMessagesPerSecond = int(time.Second / t.interval)
	}
	return out
}

type cancelMoveInput struct{ TaskHandle string }

type cancelMoveOutput struct{ ApproximateNumberOfMessagesMoved int }

func (s *Service) cancelMessageMoveTask(in *cancelMoveInput) (*cancelMoveOutput, error) {
	if in.TaskHandle == "" {
		return nil, missingParameter("TaskHandle")
	}
	handle, err := parseTaskHandle(in.TaskHandle)
	if err != nil {
		return nil, invalidParameter("Value for parameter TaskHandle is invalid.")
	}
	source, err := s.queueParameter("SourceArn", handle.SourceARN)
	if err != nil {
		return nil, err
	}
	for _, t := range source.moves {
		if t.id != handle.TaskID {
			continue
		}
		if t.status != moveRunning {
			return nil, invalidParameter("Only active tasks can be cancelled.")
		}
		t.status = moveCancelling
		return &cancelMoveOutput{t.moved}, nil
	}
	return nil, notFound("Task does not exist.")
}
