package emulator

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventsource"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/faults"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

// eventRef holds what messages and bus events say about the event that they belong to.
type eventRef struct {
	EventID   string `json:"eventId"`
	EventType string `json:"eventType"`
}

// record records a step. It takes the event from the body of a message, which may hold anything.
func (s *services) record(step activity.Step, body string) {
	s.recorder.Record(func(recorded *activity.Step) bool {
		step.Time = recorded.Time
		setEvent(&step, body)
		*recorded = step
		return true
	})
}

func setEvent(s *activity.Step, body string) {
	var event eventRef
	if json.Unmarshal([]byte(body), &event) == nil {
		s.EventID, s.EventType = event.EventID, event.EventType
	}
}

// recordDeadLetter records a message that used up its deliveries.
func (s *services) recordDeadLetter(from, to string, m sqs.Message) {
	s.record(activity.Step{
		Name: "dead-lettered", Source: to, Level: slog.LevelError,
		Details: details("from", from, "to", to),
	}, m.Body)
}

// recordRedelivery records deliveries after the first. The function logs the first.
func (s *services) recordRedelivery(function string, m sqs.Message) {
	if m.ReceiveCount > 1 {
		s.record(activity.Step{
			Name: "delivered again", Source: function,
			Details: []activity.Detail{numberDetail("attempt", m.ReceiveCount)},
		}, m.Body)
	}
}

// recordFailedBatch records a batch that failed as a whole, such as when the function crashed.
func (s *services) recordFailedBatch(b eventsource.BatchResult) {
	if b.Err == nil {
		return
	}
	s.recorder.Record(func(step *activity.Step) bool {
		step.Name, step.Source, step.Level = "batch failed", b.Function, slog.LevelError
		step.Details = []activity.Detail{numberDetail("messages", len(b.Messages))}
		if wait := math.Ceil(nextDelivery(b.Messages).Sub(step.Time).Seconds()); wait > 0 {
			step.Details = append(step.Details, numberDetail("retryInSeconds", wait))
		}
		events := firstOf(eventIDs(b.Messages), 10) // as many as a batch has by default
		step.Details = append(step.Details,
			activity.StringDetail("error", b.Err.Error()), listDetail("events", events))
		return true
	})
}

func eventIDs(messages []sqs.Message) []string {
	var ids []string
	for _, m := range messages {
		var step activity.Step
		if setEvent(&step, m.Body); step.EventID != "" {
			ids = append(ids, step.EventID)
		}
	}
	return ids
}

// nextDelivery returns when the first of the messages becomes visible.
func nextDelivery(messages []sqs.Message) time.Time {
	first := slices.MinFunc(messages, func(a, b sqs.Message) int {
		return a.InvisibleUntil.Compare(b.InvisibleUntil)
	})
	return first.InvisibleUntil
}

// recordEvent records an event on a bus and the rules that it matched.
func (s *services) recordEvent(bus string, event []byte, rules []string) {
	s.recorder.Record(func(step *activity.Step) bool {
		var envelope struct {
			DetailType string   `json:"detail-type"`
			Detail     eventRef `json:"detail"`
		}
		if json.Unmarshal(event, &envelope) != nil {
			return false // not an event of a pipeline
		}
		step.Name, step.Source = "published", bus
		step.EventID, step.EventType = envelope.Detail.EventID, envelope.Detail.EventType
		step.Details = details("detailType", envelope.DetailType)
		for _, rule := range rules {
			step.Details = append(step.Details, details("rule", rule)...)
		}
		return true
	})
}

// recordUndelivered records an event that did not reach a bus or a target.
func (s *services) recordUndelivered(err error) {
	s.record(activity.Step{
		Name: "not delivered", Level: slog.LevelError, Details: details("error", err.Error()),
	}, "")
}

// recordFault records a fault that was injected.
func (s *services) recordFault(f faults.Injection) {
	s.record(activity.Step{
		Name: "fault", Source: f.Function, Level: slog.LevelWarn,
		Details: details("fault", f.Fault, "service", f.Service, "operation", f.Operation),
	}, "")
}

// recordDenial records a call that the policies do not allow.
func (s *services) recordDenial(d iam.Denial) {
	s.record(activity.Step{
		Name: "denied", Source: d.Caller, Level: slog.LevelError,
		Details: details("service", d.Service, "operation", d.Operation, "error", d.Message),
	}, "")
}

// recordUnanswered records requests to an HTTP API that no function answered, or that an authorizer
// rejected. Functions log the requests that they answer.
func (s *services) recordUnanswered(accessLog []byte) {
	s.recorder.Record(func(step *activity.Step) bool {
		var line struct {
			RouteKey         string `json:"routeKey"`
			Status           int    `json:"status"`
			IntegrationError string `json:"integrationError"`
			AuthorizerError  string `json:"authorizerError"`
		}
		err := json.Unmarshal(accessLog, &line)
		message := line.AuthorizerError + line.IntegrationError
		if err != nil || message == "" {
			return false
		}
		step.Name, step.Source, step.Level = "not answered", line.RouteKey, slog.LevelError
		if line.AuthorizerError != "" && line.Status < http.StatusInternalServerError {
			step.Name, step.Level = "not let in", slog.LevelWarn
		}
		step.Details = append([]activity.Detail{numberDetail("status", line.Status)},
			details("error", message)...)
		return true
	})
}

// details returns details that pairs list by name and value.
func details(pairs ...string) []activity.Detail {
	var list []activity.Detail
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, activity.StringDetail(pairs[i], pairs[i+1]))
	}
	return list
}

func numberDetail[N int | float64](name string, value N) activity.Detail {
	return activity.Detail{Name: name, Value: strconv.AppendFloat(nil, float64(value), 'f', -1, 64)}
}

func listDetail(name string, values []string) activity.Detail {
	data, err := json.Marshal(append([]string{}, values...))
	if err != nil {
		data = []byte("[]") // impossible: strings always marshal
	}
	return activity.Detail{Name: name, Value: data}
}

// firstOf returns the first names, up to limit, and the number of the others.
func firstOf(names []string, limit int) []string {
	if len(names) <= limit {
		return names
	}
	return append(names[:limit:limit], fmt.Sprintf("and %d more", len(names)-limit))
}
