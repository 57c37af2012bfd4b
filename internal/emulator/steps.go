package emulator

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventsource"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/faults"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// eventRef holds an event's id and type. SQS messages and EventBridge events both have these
// fields.
type eventRef struct {
	EventID   string `json:"eventId"`
	EventType string `json:"eventType"`
}

// record records a step, with the event's id and type from the body of a message. The body can
// contain any data.
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
	if protocol.Decode([]byte(body), &event) == nil {
		s.EventID, s.EventType = event.EventID, event.EventType
	}
}

// recordDeadLetter records that a message was moved to a dead-letter queue.
func (s *services) recordDeadLetter(from, to string, m sqs.Message) {
	s.record(activity.Step{
		Name: activity.DeadLettered, Source: to, Level: slog.LevelError,
		Details: details("from", from, "to", to),
	}, m.Body)
}

// recordRedelivery records that a message was delivered again. It ignores the first delivery.
func (s *services) recordRedelivery(function string, m sqs.Message) {
	if m.ReceiveCount > 1 {
		s.record(activity.Step{
			Name: activity.DeliveredAgain, Source: function,
			Details: []activity.Detail{numberDetail(contract.FieldAttempt, m.ReceiveCount)},
		}, m.Body)
	}
}

// recordFailedBatch records that a whole batch failed, for example because the function crashed.
func (s *services) recordFailedBatch(b eventsource.BatchResult) {
	if b.Err == nil {
		return
	}
	s.recorder.Record(func(step *activity.Step) bool {
		step.Name, step.Source, step.Level = activity.BatchFailed, b.Function, slog.LevelError
		step.Details = []activity.Detail{numberDetail("messages", len(b.Messages))}
		if wait := math.Ceil(nextDelivery(b.Messages).Sub(step.Time).Seconds()); wait > 0 {
			step.Details = append(step.Details, numberDetail(contract.FieldRetryInSeconds, wait))
		}
		events := firstOf(eventIDs(b.Messages), 10) // by default, a batch has up to 10 messages
		step.Details = append(step.Details,
			activity.StringDetail(contract.FieldError, b.Err.Error()),
			listDetail(activity.DetailIDs, events))
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

// nextDelivery returns the time when the first of the messages becomes visible again.
func nextDelivery(messages []sqs.Message) time.Time {
	first := slices.MinFunc(messages, func(a, b sqs.Message) int {
		return a.InvisibleUntil.Compare(b.InvisibleUntil)
	})
	return first.InvisibleUntil
}

// recordEvent records a published event, and the rules that match the event.
func (s *services) recordEvent(p eventbridge.Published) {
	s.recorder.Record(func(step *activity.Step) bool {
		event := findEvent(jsontext.NewDecoder(strings.NewReader(p.Detail),
			jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)))
		step.Name, step.Source = activity.Published, p.Bus
		step.EventID, step.EventType = event.EventID, event.EventType
		step.Details = details(activity.DetailType, p.DetailType)
		for _, rule := range p.Rules {
			step.Details = append(step.Details, details("rule", rule)...)
		}
		return true
	})
}

// findEvent reads a JSON object and returns the event's id and type. In a CloudEvent, they are in
// the member "data". findEvent stops when it has read both.
func findEvent(d *jsontext.Decoder) (event eventRef) {
	if _, err := d.ReadToken(); err != nil { // the start of the object
		return event
	}
	for d.PeekKind() == '"' && (event.EventID == "" || event.EventType == "") {
		name, err := d.ReadToken()
		if err != nil {
			return event
		}
		switch key := name.String(); {
		case key == "data" && event == (eventRef{}) && d.PeekKind() == '{':
			return findEvent(d)
		case key != "eventId" && key != "eventType" || d.PeekKind() != '"':
			if err := d.SkipValue(); err != nil {
				return event
			}
			continue
		case key == "eventId":
			event.EventID = readString(d)
		default:
			event.EventType = readString(d)
		}
	}
	return event
}

func readString(d *jsontext.Decoder) string {
	value, err := d.ReadToken()
	if err != nil {
		return ""
	}
	return value.String()
}

// recordUndelivered records that an event did not reach a bus or a target.
func (s *services) recordUndelivered(err error) {
	s.record(activity.Step{
		Name: activity.NotDelivered, Level: slog.LevelError,
		Details: details(contract.FieldError, err.Error()),
	}, "")
}

// recordSkippedRule records that the platform does not run a rule.
func (s *services) recordSkippedRule(rule, reason string) {
	s.record(activity.Step{
		Name: activity.RuleLeftOut, Source: rule, Level: slog.LevelError,
		Details: details(contract.FieldError, reason),
	}, "")
}

// recordFault records that a fault was injected.
func (s *services) recordFault(f faults.Injection) {
	s.record(activity.Step{
		Name: activity.Fault, Source: f.Function, Level: slog.LevelWarn,
		Details: details("fault", f.Fault, activity.DetailService, f.Service,
			activity.DetailOperation, f.Operation),
	}, "")
}

// recordDenial records that the policies do not allow a call.
func (s *services) recordDenial(d iam.Denial) {
	s.record(activity.Step{
		Name: activity.Denied, Source: d.Caller, Level: slog.LevelError,
		Details: details(activity.DetailService, d.Service,
			activity.DetailOperation, d.Operation, contract.FieldError, d.Message),
	}, "")
}

// recordUnanswered records a request if its access log line contains an error. For example, an
// authorizer rejected the request, or the route's function failed. The line has no error if the
// route's function answered.
func (s *services) recordUnanswered(accessLog []byte) {
	s.recorder.Record(func(step *activity.Step) bool {
		var line struct {
			RouteKey         string `json:"routeKey"`
			Status           int    `json:"status"`
			IntegrationError string `json:"integrationError"`
			AuthorizerError  string `json:"authorizerError"`
		}
		err := protocol.Decode(accessLog, &line)
		message := line.AuthorizerError + line.IntegrationError
		if err != nil || message == "" {
			return false
		}
		step.Name, step.Source, step.Level = activity.NotAnswered, line.RouteKey, slog.LevelError
		if line.AuthorizerError != "" && line.Status < http.StatusInternalServerError {
			step.Name, step.Level = activity.NotAuthorized, slog.LevelWarn
		}
		step.Details = append([]activity.Detail{numberDetail(activity.DetailStatus, line.Status)},
			details(contract.FieldError, message)...)
		return true
	})
}

// recordForeignHost records a request that was rejected because of its Host header.
func (s *services) recordForeignHost(host string) {
	s.record(activity.Step{
		Name: activity.NotAnswered, Level: slog.LevelWarn,
		Details: append(
			[]activity.Detail{numberDetail(activity.DetailStatus, http.StatusForbidden)},
			details(contract.FieldError, hostRejection(host))...),
	}, "")
}

// details returns a list of details. In pairs, each name is followed by its value.
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
		data = []byte("[]") // never happens, because strings can always be encoded
	}
	return activity.Detail{Name: name, Value: data}
}

// firstOf returns the first names, at most limit. If there are more names, it appends "and N more".
func firstOf(names []string, limit int) []string {
	if len(names) <= limit {
		return names
	}
	return append(names[:limit:limit], fmt.Sprintf("and %d more", len(names)-limit))
}
