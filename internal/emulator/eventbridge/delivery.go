package eventbridge

import (
	"context"
	"fmt"
	"time"
)

const (
	maxDeliveries   = 64 // at once
	maxAttempts     = 3
	deliveryTimeout = 10 * time.Second // of an attempt
	firstBackoff    = 100 * time.Millisecond
)

// Delivery is an event on its way to a target.
type Delivery struct {
	RuleARN, TargetARN string // ARNs
	Event              []byte
}

// deliver takes an event to a target, and tells OnError when that fails for good.
func (s *Service) deliver(rule string, t Target, id string, event []byte) {
	s.slots <- struct{}{}
	defer func() { <-s.slots }()
	if err := s.tryDeliver(rule, t, event); err != nil {
		s.cfg.OnError(fmt.Errorf("deliver event %s to %s: %w", id, t.ARN, err))
	}
}

func (s *Service) tryDeliver(rule string, t Target, event []byte) error {
	input, err := t.input(event)
	if err != nil {
		return err
	}
	backoff := firstBackoff
	for attempt := 1; ; attempt++ {
		ctx, cancel := context.WithTimeout(context.Background(), deliveryTimeout)
		err := s.cfg.Deliver(ctx, Delivery{rule, t.ARN, input})
		cancel()
		if err == nil {
			return nil
		}
		if attempt == maxAttempts {
			return fmt.Errorf("given up after %d attempts: %w", attempt, err)
		}
		<-time.After(backoff)
		backoff *= 2
	}
}
