package pipeline

import (
	"fmt"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/lazyregexp"
)

// A client's text must match one of these patterns, or be a valid id, before it becomes part of a
// key, a message or a log line. Event.Caller is exempt, because the authorizer sets it.
var (
	typePattern = lazyregexp.New(contract.EventTypePattern)
	hashPattern = lazyregexp.New(`^[0-9a-f]{64}$`)
)

// ValidID reports whether id has the form of an event id:
//
//   - single event, or whole batch: a lower-case UUID
//   - event of a batch: the batch's id, a period and an index, such as .3
//   - range of a batch: the batch's id, a period and two indexes, such as .5-8
func ValidID(id string) bool {
	_, _, _, ok := ParseID(id)
	return ok
}

// isUUID reports whether text is a UUID in lower case. It runs several times for each event and
// takes a seventh of a regular expression's time.
func isUUID(text string) bool {
	if len(text) != idLength {
		return false
	}
	for i := range len(text) {
		isHyphen := i == 8 || i == 13 || i == 18 || i == 23
		if isHyphen != (text[i] == '-') || !isHyphen && !isLowerHex(text[i]) {
			return false
		}
	}
	return true
}

func isLowerHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' }

// ValidType reports whether text has the form of an event type.
func ValidType(text string) bool { return typePattern.MatchString(text) }

// BronzeKey returns the key of the raw payload. It depends only on the event, so that each attempt
// to store the payload uses the same key.
func (e Event) BronzeKey() string {
	return BronzeHourPrefix(e.Type, e.ReceivedAt) + e.batchID() + ".json"
}

// KeyedBronzeKey returns the Bronze key of an event with an idempotency key. All requests with the
// same idempotency key have the same event id. The hash of the payload distinguishes their Bronze
// keys.
func (e Event) KeyedBronzeKey() string {
	return BronzeHourPrefix(e.Type, e.ReceivedAt) + e.batchID() + "-" + e.SHA256 + ".json"
}

// SilverKey returns the key of the processed record, partitioned by day as Athena and Spark
// expect.
func (e Event) SilverKey() string {
	day := e.ReceivedAt.UTC().Format(time.DateOnly)
	return fmt.Sprintf("%s%s/dt=%s/%s.json", contract.SilverPrefix, e.Type, day, e.ID)
}

// silverIn returns the location of the processed record.
func (e Event) silverIn(bucket string) Location { return Location{bucket, e.SilverKey()} }

// BronzeHourPrefix returns the prefix of the Bronze keys of one event type, for events that were
// received in the hour of t.
func BronzeHourPrefix(eventType string, t time.Time) string {
	return BronzeTypePrefix(eventType) + t.UTC().Format(hourLayout) + "/"
}

// BronzeHour returns the hour of receipt in a Bronze key. ok is false if the key does not have the
// form of a payload's key.
func BronzeHour(key string) (hour time.Time, ok bool) {
	_, hour, ok = parseBronzeKey(key)
	return hour, ok
}

// BronzeTypePrefix returns the prefix of the keys of an event type's payloads.
func BronzeTypePrefix(eventType string) string { return contract.BronzePrefix + eventType + "/" }

const (
	hourLayout = "2006/01/02/15"
	idLength   = 36
)

// parseBronzeKey returns the event id and the hour of receipt from a Bronze key. ok is false if the
// key is not the key of an event's payload.
func parseBronzeKey(key string) (id string, hour time.Time, ok bool) {
	rest, found := strings.CutPrefix(key, contract.BronzePrefix)
	parts := strings.SplitN(rest, "/", 6) // type, year, month, day, hour, name
	if !found || len(parts) != 6 || len(parts[5]) < idLength {
		return "", time.Time{}, false
	}
	id = parts[5][:idLength]
	hour, err := time.Parse(hourLayout, strings.Join(parts[1:5], "/"))
	if err != nil || !isUUID(id) {
		return "", time.Time{}, false
	}
	return id, hour, true
}
