package eventbridge

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

var rateExpression = regexp.MustCompile(`^rate\((\d+) (minute|hour|day)(s?)\)$`)

// maxRate limits the number in a rate expression, so that the duration does not overflow.
const maxRate = 1 << 20

var rateUnits = map[string]time.Duration{
	"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour,
}

// ParseRate parses a rate expression such as "rate(15 minutes)". It rejects cron expressions.
func ParseRate(expression string) (time.Duration, error) {
	match := rateExpression.FindStringSubmatch(expression)
	if match == nil {
		return 0, fmt.Errorf("schedule must be rate(N minutes), rate(N hours) or rate(N days) on "+
			"the local platform, got %q", expression)
	}
	n, err := strconv.Atoi(match[1])
	if err != nil || n < 1 || n > maxRate {
		return 0, fmt.Errorf("the number in a schedule must be from 1 to %d, got %q",
			maxRate, expression)
	}
	if isPlural := match[3] != ""; isPlural != (n > 1) {
		return 0, fmt.Errorf("in a schedule, the unit must be singular after 1 and plural after "+
			"all other numbers, got %q", expression)
	}
	return time.Duration(n) * rateUnits[match[2]], nil
}

// startSchedule starts a schedule, unless the rule is disabled. The schedule sends an event to the
// rule's targets at the interval r.Rate, until the service is closed.
func (s *Service) startSchedule(r Rule) error {
	scheduled := &rule{Rule: r}
	if err := scheduled.setTargets(r.Targets); err != nil || r.Disabled {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return nil
	}
	s.deliveries.Go(func() {
		ticker := time.NewTicker(r.Rate)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				s.sendScheduledEvent(scheduled)
			case <-s.ctx.Done():
				return
			}
		}
	})
	return nil
}

// sendScheduledEvent sends one event to the rule's targets.
func (s *Service) sendScheduledEvent(r *rule) {
	id, ruleARN := s.cfg.NewID(), s.RuleARN(defaultBus, r.Name)
	event, err := s.envelope(Entry{
		Source: "aws.events", DetailType: "Scheduled Event", Detail: "{}",
		Resources: []string{ruleARN},
	}, id)
	if err != nil {
		s.cfg.OnError(fmt.Errorf("encode event of schedule %s: %w", r.Name, err))
		return
	}
	for _, t := range r.sortedTargets() {
		s.deliver(ruleARN, t, id, event)
	}
}
