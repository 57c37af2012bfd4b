package pipeline

import (
	"fmt"
	"regexp"
	"time"
)

// Event is an accepted event without its payload. It is what the queue carries, so that the worker can rebuild the
// event's item if the API's own write of it was lost.
type Event struct {
	ID         string    `json:"eventId"`
	Type       string    `json:"eventType"`
	ReceivedAt time.Time `json:"receivedAt"` // UTC, to the millisecond
	Bronze     Location  `json:"bronze"`
	SHA256     string    `json:"sha256"` // of the payload, lower-case hex
	Bytes      int       `json:"bytes"`  // of the payload
}

// Location is where an object is.
type Location struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
}

// Event types and ids are the only text of a client that enters a key, a message or a log line, and only once they match.
var (
	typePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]{0,63}$`)
	idPattern   = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
)

// ValidID tells whether id has the form of an event's id: a UUID in lower case.
func ValidID(id string) bool { return idPattern.MatchString(id) }

// BronzeKey is where the raw payload is kept. It follows from the event alone, so that every attempt agrees on it.
func (e Event) BronzeKey() string {
	return fmt.Sprintf("bronze/%s/%s/%s.json", e.Type, e.ReceivedAt.UTC().Format("2006/01/02/15"), e.ID)
}

// SilverKey is where the processed record is kept, partitioned by day as Athena and Spark expect it.
func (e Event) SilverKey() string {
	return fmt.Sprintf("silver/%s/dt=%s/%s.json", e.Type, e.ReceivedAt.UTC().Format("2006-01-02"), e.ID)
}

// Check reports what keeps an event that came by the queue from being one of ours.
func (e Event) Check(bronzeBucket string) error {
	switch {
	case !ValidID(e.ID):
		return Errorf(InvalidMessage, "the message has no valid eventId")
	case !typePattern.MatchString(e.Type):
		return Errorf(InvalidMessage, "the message has no valid eventType")
	case e.ReceivedAt.IsZero():
		return Errorf(InvalidMessage, "the message has no receivedAt")
	case e.Bronze != Location{Bucket: bronzeBucket, Key: e.BronzeKey()}:
		return Errorf(InvalidMessage, "the message points outside the event's own place in Bronze")
	}
	return nil
}
