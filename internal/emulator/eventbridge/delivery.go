package eventbridge

import (
	"context"
	"fmt"
	"time"
)

const (
	maxDeliveries   = 64                     // number of parallel deliveries
	maxAttempts     = 3                      // attempts per delivery
	deliveryTimeout = 10 * time.Second       // for one attempt
	firstBackoff    = 100 * time.Millisecond // doubles after each attempt
)

// Delivery represents the delivery of an event to one target.
type Delivery struct {
	RuleARN, TargetARN string
	Event              []byte
}

// deliver sends an event to a target. If all attempts fail, it calls Config.OnError.
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
			return fmt.Errorf("%d attempts failed: %w", attempt, err)
		}
		<-time.After(backoff)
		backoff *= 2
	}
}
