package sqs

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// moveStatus represents the status of a move task.
type moveStatus string

const (
	moveRunning    moveStatus = "RUNNING"
	moveCompleted  moveStatus = "COMPLETED"
	moveCancelling moveStatus = "CANCELLING"
	moveCancelled  moveStatus = "CANCELLED"
	moveFailed     moveStatus = "FAILED"
)

// moveTask moves the messages of a dead-letter queue to other queues. Service.mu guards its fields.
// Unlike in SQS, a task ends when the service stops.
type moveTask struct {
	id          string
	source      *Queue
	destination *Queue        // nil if each message moves back to its source queue
	interval    time.Duration // pause between two messages, or 0
	started     time.Time
	toMove      int // number of visible messages at the start
	moved       int
	status      moveStatus
	failure     string // reason if the status is FAILED
}

// maxMoveTasks limits the number of tasks that the service remembers for each queue. It equals the
// maximum number of results of ListMessageMoveTasks.
const maxMoveTasks = 10

// startMove starts a task, which moves the messages that are visible now. The caller holds s.mu.
func (s *Service) startMove(source, destination *Queue, interval time.Duration) *moveTask {
	now := s.cfg.Now()
	source.advance(now)
	task := &moveTask{
		id: s.cfg.NewID(), source: source, destination: destination, interval: interval,
		started: now, toMove: source.fair.visible, status: moveRunning,
	}
	source.moves = append([]*moveTask{task}, source.moves...)
	source.moves = source.moves[:min(maxMoveTasks, len(source.moves))]
	s.tasks.Go(func() { s.runMove(task) })
	return task
}

func (s *Service) runMove(task *moveTask) {
	var pause <-chan time.Time
	if task.interval > 0 {
		ticker := time.NewTicker(task.interval)
		defer ticker.Stop()
		pause = ticker.C
	}
	for s.moveNext(task) {
		if pause == nil {
			continue
		}
		select {
		case <-pause:
		case <-s.ctx.Done():
		}
	}
}

// moveNext moves one message. It reports whether the task is still running.
func (s *Service) moveNext(task *moveTask) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	source := task.source
	source.advance(s.cfg.Now())
	switch {
	case task.status == moveCancelling, s.ctx.Err() != nil:
		task.status = moveCancelled
	case source.deleted:
		task.fail(errQueueDoesNotExist)
	case task.moved < task.toMove && source.fair.visible > 0:
		if err := source.redrive(source.fair.first(), task.destination); err != nil {
			task.fail(err)
			break
		}
		task.moved++
	}
	if task.status == moveRunning && (task.moved == task.toMove || source.fair.visible == 0) {
		task.status = moveCompleted
	}
	return task.status == moveRunning
}

func (t *moveTask) fail(reason error) {
	t.status, t.failure = moveFailed, reason.Error()
	if failure, ok := errors.AsType[*protocol.Error](reason); ok {
		t.failure = failure.Code
	}
}

// redrive moves a message of a dead-letter queue to the destination, or to its source queue if
// destination is nil. As in SQS, the message gets a new id and sent time.
//
// The caller holds service.mu.
func (q *Queue) redrive(e *entry, destination *Queue) error {
	s := q.service
	if destination == nil {
		name, ok := s.queueNameFromARN(e.DeadLetterSource)
		if !ok {
			return errors.New("CouldNotDetermineMessageSource")
		}
		destination = s.queues[name]
	}
	if destination == nil || destination.deleted {
		return errQueueDoesNotExist
	}
	old, err := s.message(e)
	if err != nil {
		return err
	}
	m := Message{
		Body: old.Body, Attributes: e.Attributes, TraceHeader: e.TraceHeader, GroupID: e.GroupID,
	}
	// If the process is killed before the old message is deleted, both messages remain.
	if _, err := destination.sendLocked(m, -1); err != nil {
		return err
	}
	if err := s.deleteMessages(e); err != nil {
		return err
	}
	q.remove(e)
	return nil
}

func (t *moveTask) active() bool { return t.status == moveRunning || t.status == moveCancelling }

// taskHandle identifies a task in requests. Like in SQS, clients receive it as JSON in base64.
type taskHandle struct {
	TaskID    string `json:"taskId"`
	SourceARN string `json:"sourceArn"`
}

func (t *moveTask) encodeHandle() string {
	text, _ := json.Marshal(taskHandle{t.id, t.source.ARN()}) // cannot fail
	return base64.StdEncoding.EncodeToString(text)
}

func parseTaskHandle(text string) (handle taskHandle, err error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return handle, err
	}
	return handle, protocol.Decode(data, &handle)
}
