package emulator

import (
	"encoding/json"
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

// eventRef is what messages and bus events say of the event that they are about.
type eventRef struct {
	EventID   string `json:"eventId"`
	EventType string `json:"eventType"`
}

// about names the event that a message is about, if its body says so.
func about(s *activity.Step, body string) {
	var event eventRef
	if json.Unmarshal([]byte(body), &event) == nil { // anything may be on a queue
		s.EventID, s.EventType = event.EventID, event.EventType
	}
}

// deadLettered reports a message that used up its deliveries.
func (s *services) deadLettered(from, to string, m sqs.Message) {
	s.feed.Record(func(step *activity.Step) bool {
		about(step, m.Body)
		step.Name, step.Source, step.Level = "dead-lettered", to, slog.LevelError
		step.Details = []activity.Detail{activity.StringDetail("from", from), activity.StringDetail("to", to)}
		return true
	})
}

// delivered reports deliveries other than the first: those show in the function's own log.
func (s *services) delivered(function string, m sqs.Message) {
	if m.ReceiveCount < 2 {
		return
	}
	s.feed.Record(func(step *activity.Step) bool {
		about(step, m.Body)
		step.Name, step.Source = "delivered again", function
		step.Details = []activity.Detail{{Name: "attempt", Value: []byte(strconv.Itoa(m.ReceiveCount))}}
		return true
	})
}

// batchDone reports a batch that failed as a whole, such as when the function crashed.
func (s *services) batchDone(b eventsource.BatchResult) {
	if b.Err == nil {
		return
	}
	s.feed.Record(func(step *activity.Step) bool {
		step.Name, step.Source, step.Level = "batch failed", b.Function, slog.LevelError
		step.Details = []activity.Detail{{Name: "messages", Value: []byte(strconv.Itoa(len(b.Messages)))}}
		if wait := math.Ceil(hiddenUntil(b.Messages).Sub(step.Time).Seconds()); wait > 0 {
			step.Details = append(step.Details, activity.Detail{Name: "retryInSeconds", Value: []byte(strconv.FormatFloat(wait, 'f', -1, 64))})
		}
		events := upTo(10, eventsOf(b.Messages)) // as many as a batch has by default
		step.Details = append(step.Details, activity.StringDetail("error", b.Err.Error()), list("events", events))
		return true
	})
}

// eventsOf are the ids of the events that messages are about.
func eventsOf(messages []sqs.Message) []string {
	var ids []string
	for _, m := range messages {
		var step activity.Step
		if about(&step, m.Body); step.EventID != "" {
			ids = append(ids, step.EventID)
		}
	}
	return ids
}

// hiddenUntil is when the first of the messages comes again.
func hiddenUntil(messages []sqs.Message) time.Time {
	first := slices.MinFunc(messages, func(a, b sqs.Message) int { return a.InvisibleUntil.Compare(b.InvisibleUntil) })
	return first.InvisibleUntil
}

// published reports an event on a bus, and the rules that it matched.
func (s *services) published(bus string, event []byte, rules []string) {
	s.feed.Record(func(step *activity.Step) bool {
		var envelope struct {
			DetailType string   `json:"detail-type"`
			Detail     eventRef `json:"detail"`
		}
		if json.Unmarshal(event, &envelope) != nil {
			return false // a detail of another shape: an event of somebody else's
		}
		step.Name, step.Source = "published", bus
		step.EventID, step.EventType = envelope.Detail.EventID, envelope.Detail.EventType
		step.Details = []activity.Detail{activity.StringDetail("detailType", envelope.DetailType)}
		for _, rule := range rules {
			step.Details = append(step.Details, activity.StringDetail("rule", rule))
		}
		return true
	})
}

// faulted reports a fault that was injected.
func (s *services) faulted(h faults.Injection) {
	s.feed.Record(func(step *activity.Step) bool {
		step.Name, step.Source, step.Level = "fault", h.Function, slog.LevelWarn
		step.Details = []activity.Detail{
			activity.StringDetail("fault", h.Fault), activity.StringDetail("service", h.Service), activity.StringDetail("operation", h.Operation),
		}
		return true
	})
}

// denied reports a call that the policies do not allow.
func (s *services) denied(d iam.Denial) {
	s.feed.Record(func(step *activity.Step) bool {
		step.Name, step.Source, step.Level = "denied", d.Caller, slog.LevelError
		step.Details = []activity.Detail{
			activity.StringDetail("service", d.Service), activity.StringDetail("operation", d.Operation), activity.StringDetail("error", d.Message),
		}
		return true
	})
}

// undelivered reports an event that did not reach a bus or a target.
func (s *services) undelivered(err error) {
	s.feed.Record(func(step *activity.Step) bool {
		step.Name, step.Level = "not delivered", slog.LevelError
		step.Details = []activity.Detail{activity.StringDetail("error", err.Error())}
		return true
	})
}

// requested reports requests to an HTTP API that no function answered, be it that the authorizer let them not in. What
// functions answer is in their own logs.
func (s *services) requested(accessLog []byte) {
	s.feed.Record(func(step *activity.Step) bool {
		var line struct {
			RouteKey         string `json:"routeKey"`
			Status           int    `json:"status"`
			IntegrationError string `json:"integrationError"`
			AuthorizerError  string `json:"authorizerError"`
		}
		if json.Unmarshal(accessLog, &line) != nil || line.IntegrationError == "" && line.AuthorizerError == "" {
			return false
		}
		step.Name, step.Source, step.Level = "not answered", line.RouteKey, slog.LevelError
		if line.AuthorizerError != "" && line.Status < http.StatusInternalServerError {
			step.Name, step.Level = "not let in", slog.LevelWarn
		}
		step.Details = []activity.Detail{
			{Name: "status", Value: []byte(strconv.Itoa(line.Status))},
			activity.StringDetail("error", line.AuthorizerError+line.IntegrationError),
		}
		return true
	})
}
