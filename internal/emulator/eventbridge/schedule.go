package eventbridge

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

var rateExpression = regexp.MustCompile(`^rate\((\d+) (minute|hour|day)s?\)$`)

var rateUnits = map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}

// ParseRate reads a schedule such as "rate(15 minutes)". There are no others here: cron expressions are an error.
func ParseRate(expression string) (time.Duration, error) {
	match := rateExpression.FindStringSubmatch(expression)
	if match == nil {
		return 0, fmt.Errorf("schedule %q is not run locally; rate(N minutes), rate(N hours) and rate(N days) are", expression)
	}
	n, err := strconv.Atoi(match[1])
	if err != nil || n < 1 || n > 1<<20 {
		return 0, fmt.Errorf("schedule %q has no number of %ss that EventBridge takes", expression, match[2])
	}
	return time.Duration(n) * rateUnits[match[2]], nil
}

// startSchedule sends an event to a rule's targets again and again, the first time after its interval, until Close.
func (s *Service) startSchedule(r Rule) error {
	checked := &rule{Rule: r, targets: map[string]Target{}}
	for _, t := range r.Targets {
		if err := checked.putTarget(t); err != nil {
			return fmt.Errorf("put rule %s: %w", r.Name, err)
		}
	}
	if r.Disabled {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.deliveries.Go(func() {
		ticker := time.NewTicker(r.Rate)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				s.sendScheduledEvent(checked)
			case <-s.closing:
				return
			}
		}
	})
	return nil
}

// sendScheduledEvent sends one event to the targets.
func (s *Service) sendScheduledEvent(r *rule) {
	event := envelope{
		Version: "0", ID: s.cfg.NewID(), DetailType: "Scheduled Event", Source: "aws.events",
		Account: s.cfg.Account, Time: s.cfg.Now().UTC().Format(time.RFC3339), Region: s.cfg.Region,
		Resources: []string{s.RuleARN(DefaultBus, r.Name)},
		Detail:    json.RawMessage("{}"),
	}
	text, err := json.Marshal(event)
	if err != nil {
		s.cfg.OnError(fmt.Errorf("write the event of schedule %s: %w", r.Name, err))
		return
	}
	for _, t := range r.sortedTargets() {
		s.deliver(s.RuleARN(DefaultBus, r.Name), t, event.ID, text)
	}
}
