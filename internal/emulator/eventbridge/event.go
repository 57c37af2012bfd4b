package eventbridge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

const (
	// maxEntries limits the number of entries in a PutEvents request. It equals EventBridge's
	// quota.
	maxEntries = 10
	// maxRequestSize is the maximum size of a PutEvents request in bytes. It equals EventBridge's
	// quota.
	maxRequestSize = 1 << 20
)

// putEventsInput represents the body of a PutEvents request.
type putEventsInput struct{ Entries []Entry }

// Entry represents an event in a PutEvents request.
type Entry struct {
	Source       string
	DetailType   string
	Detail       string
	EventBusName string
	Resources    []string
	Time         *float64 // Unix time in seconds
}

type putEventsOutput struct {
	FailedEntryCount int
	Entries          []entryResult
}

type entryResult struct {
	EventId      string `json:",omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

// envelope represents an event in the format that targets receive. Event patterns refer to these
// fields.
type envelope struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

func (s *Service) putEvents(_ *http.Request, in *putEventsInput) (*putEventsOutput, error) {
	if n := len(in.Entries); n < 1 || n > maxEntries {
		return nil, validationError("1 validation error detected: Value with %d entries at "+
			"'entries' failed to satisfy constraint: Member must have length between 1 and %d",
			n, maxEntries)
	}
	size := 0
	for _, e := range in.Entries {
		size += e.size()
	}
	if size > maxRequestSize {
		return nil, validationError("Total size of the entries in the request is over the limit.")
	}
	out := &putEventsOutput{}
	for _, e := range in.Entries {
		result := e.validate()
		if result.ErrorCode == "" {
			result.EventId = s.cfg.NewID()
			if err := s.publish(e, result.EventId); err != nil {
				return nil, err
			}
		} else {
			out.FailedEntryCount++
		}
		out.Entries = append(out.Entries, result)
	}
	return out, nil
}

// size returns the entry's size in bytes, as EventBridge's request quota counts it.
func (e Entry) size() int {
	n := len(e.Source) + len(e.DetailType) + len(e.Detail)
	if e.Time != nil {
		n += 14
	}
	for _, r := range e.Resources {
		n += len(r)
	}
	return n
}

// validate checks an entry. It returns an error code and message, or an empty result if the entry
// is valid.
func (e Entry) validate() entryResult {
	required := []struct{ name, value string }{
		{"Source", e.Source}, {"DetailType", e.DetailType}, {"Detail", e.Detail},
	}
	for _, parameter := range required {
		if parameter.value == "" {
			return entryResult{"", "InvalidArgument", fmt.Sprintf("Parameter %[1]s is not valid. "+
				"Reason: %[1]s is a required argument.", parameter.name)}
		}
	}
	if strings.HasPrefix(e.Source, "aws.") {
		return entryResult{"", "NotAuthorizedForSourceException", "Not authorized for the source."}
	}
	isObject := strings.HasPrefix(strings.TrimLeft(e.Detail, " \t\r\n"), "{")
	if !isObject || !jsontext.Value(e.Detail).IsValid(asEncodingJSON) {
		return entryResult{"", "MalformedDetail", "Detail is malformed."}
	}
	return entryResult{}
}

// asEncodingJSON makes jsontext accept the same JSON as encoding/json.
var asEncodingJSON = jsontext.Options(jsonv1.DefaultOptionsV1())

// publish matches an event against the rules of its bus. It starts a delivery to each target of
// each matching rule.
func (s *Service) publish(e Entry, id string) error {
	if !s.beginDelivery() {
		return protocol.Errorf("InternalException", "The local platform is stopping.")
	}
	defer s.deliveries.Done()
	busName, rules, err := s.enabledRules(e.EventBusName)
	if err != nil {
		// Like EventBridge, the service accepts and discards an event for an unknown bus. OnError
		// reports the discarded event.
		s.cfg.OnError(fmt.Errorf("publish event %s: %w", id, err))
		return nil
	}
	var event []byte
	if len(rules) > 0 { // without rules, nothing needs the event
		if event, err = s.envelope(e, id); err != nil {
			return fmt.Errorf("encode event %s: %w", id, err)
		}
		decoded, err := decode(event)
		if err != nil {
			return fmt.Errorf("decode event %s: %w", id, err)
		}
		rules = slices.DeleteFunc(rules, func(r enabledRule) bool {
			return !r.pattern.matches(decoded)
		})
	}
	names := make([]string, len(rules))
	for i, r := range rules {
		names[i] = r.name
	}
	s.cfg.OnEvent(Published{busName, e.DetailType, e.Detail, names})
	for _, r := range rules {
		for _, t := range r.targets {
			s.deliveries.Go(func() { s.deliver(s.RuleARN(busName, r.name), t, id, event) })
		}
	}
	return nil
}

// beginDelivery registers a delivery and returns true. Close then waits until the caller calls
// deliveries.Done. If the service is closed, beginDelivery registers nothing and returns false.
func (s *Service) beginDelivery() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.ctx.Err() != nil {
		return false
	}
	s.deliveries.Add(1)
	return true
}

// enabledRule holds the parts of a rule that are needed to match and deliver an event.
type enabledRule struct {
	name    string
	pattern pattern
	targets []Target
}

// enabledRules returns the bus's name and its enabled rules, sorted by name.
func (s *Service) enabledRules(
	busNameOrARN string,
) (busName string, rules []enabledRule, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.bus(busNameOrARN)
	if err != nil {
		return "", nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(b.rules)) {
		if r := b.rules[name]; !r.Disabled {
			rules = append(rules, enabledRule{name, r.pattern, r.sortedTargets()})
		}
	}
	return b.name, rules, nil
}

func (s *Service) envelope(e Entry, id string) ([]byte, error) {
	at := s.cfg.Now()
	if e.Time != nil {
		at = time.UnixMilli(int64(*e.Time * 1000))
	}
	if e.Resources == nil {
		e.Resources = []string{}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // so that <, > and & in the detail stay unchanged
	err := encoder.Encode(envelope{
		Version:    "0",
		ID:         id,
		DetailType: e.DetailType,
		Source:     e.Source,
		Account:    s.cfg.Account,
		Time:       at.UTC().Format("2006-01-02T15:04:05Z"),
		Region:     s.cfg.Region,
		Resources:  e.Resources,
		Detail:     json.RawMessage(e.Detail),
	})
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}
