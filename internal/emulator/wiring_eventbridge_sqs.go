package emulator

import (
	"errors"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
)

func (s *services) deliverToQueue(d eventbridge.Delivery) error {
	queue, ok := s.SQS.QueueByARN(d.TargetARN)
	if !ok {
		return errors.New("there is no such queue")
	}
	if err := s.authorizeDelivery(d, "sqs:SendMessage", d.TargetARN); err != nil {
		return err
	}
	_, err := queue.Send(string(d.Event), 0)
	return err
}
