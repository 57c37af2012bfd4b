package pipeline

import (
	"regexp"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// Event is an accepted event without its payload. It is what the queue carries, so that the worker can rebuild the
// event's item if the API's own write of it was lost. Caller is who sent it, as the request's authorizer names them; ""
// is nobody in particular.
type Event struct {
	ID         string    `json:"eventId"`
	Type       string    `json:"eventType"`
	ReceivedAt time.Time `json:"receivedAt"` // UTC, to the millisecond
	Bronze     Location  `json:"bronze"`
	SHA256     string    `json:"sha256"` // of the payload, lower-case hex
	Bytes      int       `json:"bytes"`  // of the payload
	Caller     string    `json:"caller,omitempty"`
	Replay     Replay    `json:"replay,omitzero"`
}

// Replay is the replay that an event is processed for, and how often it was redriven since: the event's generation. The
// item names the generation that is wanted, and a message or a write of another one is out of date. The first processing
// has the zero value.
type Replay struct {
	ID       string `json:"id,omitempty"` // a UUIDv7: a replay that began later has a greater one
	Redrives int    `json:"redrives,omitempty"`
	Quiet    bool   `json:"quiet,omitempty"` // EventBridge is not told that it was processed
}

// SameGeneration tells whether both stand for the same generation of an event.
func (r Replay) SameGeneration(other Replay) bool {
	return r.ID == other.ID && r.Redrives == other.Redrives
}

// RedriveResult is the generation behind this one, of the same replay.
func (r Replay) NextRedrive() Replay {
	r.Redrives++
	return r
}

// Location is where an object is.
type Location struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
}

// Event types and ids are the only text of a client that enters a key, a message or a log line, and only once they match.
// (A caller is in the message, too, but never what the client says of itself.)
var (
	typePattern = regexp.MustCompile(contract.EventTypePattern)
	idPattern   = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	hashPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// ValidID tells whether id has the form of an event's id: a UUID in lower case.
func ValidID(id string) bool { return idPattern.MatchString(id) }

// ValidType tells whether text may be an event's type.
func ValidType(text string) bool { return typePattern.MatchString(text) }

// BronzeKey is where the raw payload is kept. It follows from the event alone, so that every attempt agrees on it.
func (e Event) BronzeKey() string { return BronzeHourPrefix(e.Type, e.ReceivedAt) + e.ID + ".json" }

// KeyedBronzeKey is where the raw payload of an event with an idempotency key is kept: requests that share the key share
// the event's id, and one of them must not take another's place with another payload.
func (e Event) KeyedBronzeKey() string {
	return BronzeHourPrefix(e.Type, e.ReceivedAt) + e.ID + "-" + e.SHA256 + ".json"
}

// BronzeHourPrefix is what the Bronze keys begin with of all events of a type received in t's hour.
func BronzeHourPrefix(eventType string, t time.Time) string {
	return bronzePrefix(eventType) + t.UTC().Format(hourLayout) + "/"
}

func bronzePrefix(eventType string) string { return contract.BronzePrefix + eventType + "/" }

const hourLayout = "2006/01/02/15"

// parseBronzeKey tells of a Bronze key which event it belongs to and the hour of its receipt; ok is false for an object
// that is not an event's.
func parseBronzeKey(key string) (id string, hour time.Time, ok bool) {
	parts := strings.SplitN(key, "/", 7) // bronze, type, year, month, day, hour, name
	if len(parts) != 7 || parts[0]+"/" != contract.BronzePrefix || len(parts[6]) < idLength || !ValidID(parts[6][:idLength]) {
		return "", time.Time{}, false
	}
	hour, err := time.Parse(hourLayout, strings.Join(parts[2:6], "/"))
	return parts[6][:idLength], hour, err == nil
}

const idLength = 36

// SilverKey is where the processed record is kept, partitioned by day as Athena and Spark expect it.
func (e Event) SilverKey() string {
	return contract.SilverPrefix + e.Type + "/dt=" + e.ReceivedAt.UTC().Format(time.DateOnly) + "/" + e.ID + ".json"
}

// Validate reports what keeps an event that came by the queue from being one of ours.
func (e Event) Validate(bronzeBucket string) error {
	switch {
	case !ValidID(e.ID):
		return Errorf(InvalidMessage, "the message has no valid eventId")
	case !typePattern.MatchString(e.Type):
		return Errorf(InvalidMessage, "the message has no valid eventType")
	case e.ReceivedAt.IsZero():
		return Errorf(InvalidMessage, "the message has no receivedAt")
	case !hashPattern.MatchString(e.SHA256):
		return Errorf(InvalidMessage, "the message has no valid sha256")
	case e.Bronze.Bucket != bronzeBucket, e.Bronze.Key != e.BronzeKey() && e.Bronze.Key != e.KeyedBronzeKey():
		return Errorf(InvalidMessage, "the message points outside the event's own place in Bronze")
	}
	return nil
}
