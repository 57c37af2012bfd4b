package sqs

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// QueueConfig configures a queue. A zero field selects SQS's default.
type QueueConfig struct {
	Name              string
	VisibilityTimeout *time.Duration // default: 30 s
	Delay             time.Duration  // default: none
	MessageRetention  time.Duration  // default: 4 days
	ReceiveWaitTime   time.Duration  // default: none (short polling)
	MaxMessageSize    int            // bytes; default: 1 MiB
	MaxReceiveCount   int            // number of receives before a message moves to DeadLetterQueue
	DeadLetterQueue   string         // ARN or name of an existing queue; default: none
}

// maxMessageSize limits the size of a message in bytes, as in SQS. It also limits the total size of
// a batch.
const maxMessageSize = 1 << 20

// settings holds a queue's configuration, including defaults. Unlike in QueueConfig, a zero does
// not select the default.
type settings struct {
	VisibilityTimeout time.Duration
	Delay             time.Duration
	Retention         time.Duration
	ReceiveWaitTime   time.Duration `json:"ReceiveWait"`
	MaxMessageSize    int
	MaxReceiveCount   int
	DeadLetterARN     string
	StoredOnly        map[string]string `json:"Kept"` // attributes that the service only stores
	Created, Modified time.Time
}

func defaultSettings() settings {
	return settings{
		VisibilityTimeout: 30 * time.Second,
		Retention:         4 * 24 * time.Hour,
		MaxMessageSize:    maxMessageSize,
	}
}

// newSettings validates c and returns the settings, including defaults. The caller holds s.mu.
func (s *Service) newSettings(c QueueConfig) (settings, error) {
	set := defaultSettings()
	set.Delay, set.ReceiveWaitTime = c.Delay, c.ReceiveWaitTime
	if c.VisibilityTimeout != nil {
		set.VisibilityTimeout = *c.VisibilityTimeout
	}
	set.Retention = cmp.Or(c.MessageRetention, set.Retention)
	set.MaxMessageSize = cmp.Or(c.MaxMessageSize, set.MaxMessageSize)
	if c.DeadLetterQueue == "" {
		return set, nil
	}
	name, _ := s.queueNameFromARN(c.DeadLetterQueue)
	if _, ok := s.queues[name]; !ok {
		return set, fmt.Errorf("dead-letter queue %s does not exist", c.DeadLetterQueue)
	}
	if c.MaxReceiveCount < 1 {
		return set, fmt.Errorf("max receive count must be at least 1, got %d", c.MaxReceiveCount)
	}
	set.DeadLetterARN, set.MaxReceiveCount = s.arn(name), c.MaxReceiveCount
	return set, nil
}

// applyAttributes returns the settings with the attributes of a CreateQueue or SetQueueAttributes
// request. The caller holds s.mu.
func (s *Service) applyAttributes(
	set settings, attributes map[string]string,
) (settings, error) {
	set.StoredOnly = maps.Clone(set.StoredOnly)
	for name, value := range attributes {
		var err error
		switch name {
		case "VisibilityTimeout":
			set.VisibilityTimeout, err = parseSeconds(name, value, 0, 12*time.Hour)
		case "DelaySeconds":
			set.Delay, err = parseSeconds(name, value, 0, 15*time.Minute)
		case "MessageRetentionPeriod":
			set.Retention, err = parseSeconds(name, value, time.Minute, 14*24*time.Hour)
		case "ReceiveMessageWaitTimeSeconds":
			set.ReceiveWaitTime, err = parseSeconds(name, value, 0, 20*time.Second)
		case "MaximumMessageSize":
			set.MaxMessageSize, err = parseNumber(name, value, 1024, maxMessageSize)
		case "RedrivePolicy":
			set.DeadLetterARN, set.MaxReceiveCount, err = s.parseRedrivePolicy(value)
		case "Policy", "RedriveAllowPolicy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds",
			"SqsManagedSseEnabled":
			if set.StoredOnly == nil {
				set.StoredOnly = map[string]string{}
			}
			set.StoredOnly[name] = value
			if value == "" {
				delete(set.StoredOnly, name)
			}
		case "FifoQueue":
			// For a standard queue, SQS rejects this attribute even if the value is false.
			err = unknownAttribute(name)
			if value == "true" {
				err = invalidParameter("The name of a FIFO queue must end with the .fifo suffix. " +
					"(The local platform has no FIFO queues.)")
			}
		default:
			err = unknownAttribute(name)
		}
		if err != nil {
			return set, err
		}
	}
	return set, nil
}

// parseRedrivePolicy parses a redrive policy. An empty document means no dead-letter queue. The
// caller holds s.mu.
func (s *Service) parseRedrivePolicy(
	document string,
) (dlqARN string, maxReceiveCount int, err error) {
	invalid := func(reason string) (string, int, error) {
		return "", 0, invalidValue(document, "RedrivePolicy", reason)
	}
	if document == "" {
		return "", 0, nil
	}
	var policy struct {
		DeadLetterTargetArn string          `json:"deadLetterTargetArn"`
		MaxReceiveCount     json.RawMessage `json:"maxReceiveCount"` // a number or a string
	}
	if err := protocol.Decode([]byte(document), &policy); err != nil {
		return invalid("Redrive policy is not a valid JSON map.")
	}
	count, err := strconv.Atoi(strings.Trim(string(policy.MaxReceiveCount), `"`))
	if err != nil || count < 1 || count > 1000 {
		return invalid("Invalid value for maxReceiveCount: it must be 1 to 1000.")
	}
	name, ok := s.queueNameFromARN(policy.DeadLetterTargetArn)
	if _, exists := s.queues[name]; !ok || !exists {
		return invalid("Dead letter target does not exist.")
	}
	return policy.DeadLetterTargetArn, count, nil
}

// attributes returns the settings by name. GetQueueAttributes uses the same names.
func (set settings) attributes() map[string]string {
	out := map[string]string{
		"VisibilityTimeout":             formatSeconds(set.VisibilityTimeout),
		"DelaySeconds":                  formatSeconds(set.Delay),
		"MessageRetentionPeriod":        formatSeconds(set.Retention),
		"ReceiveMessageWaitTimeSeconds": formatSeconds(set.ReceiveWaitTime),
		"MaximumMessageSize":            strconv.Itoa(set.MaxMessageSize),
		"CreatedTimestamp":              strconv.FormatInt(set.Created.Unix(), 10),
		"LastModifiedTimestamp":         strconv.FormatInt(set.Modified.Unix(), 10),
	}
	maps.Copy(out, set.StoredOnly)
	if set.DeadLetterARN != "" {
		out["RedrivePolicy"] = fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`,
			set.DeadLetterARN, set.MaxReceiveCount)
	}
	return out
}

func formatSeconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

func parseSeconds(name, value string, low, high time.Duration) (time.Duration, error) {
	n, err := parseNumber(name, value, int(low/time.Second), int(high/time.Second))
	return time.Duration(n) * time.Second, err
}

func parseNumber(name, value string, low, high int) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < low || n > high {
		return 0, protocol.Errorf("InvalidAttributeValue",
			"Invalid value for the parameter %s: %q is not a number from %d to %d.",
			name, value, low, high)
	}
	return n, nil
}
