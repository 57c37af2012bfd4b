package pipeline

import "time"

// Event describes an accepted event without its payload. The queue carries it, so that the worker
// can recreate the event's item if the API's write of it was lost.
type Event struct {
	ID         string    `json:"eventId"`
	Type       string    `json:"eventType"`
	ReceivedAt time.Time `json:"receivedAt"` // UTC, to the millisecond
	Bronze     Location  `json:"bronze"`
	SHA256     string    `json:"sha256"`           // hash of the payload, lower-case hex
	Bytes      int       `json:"bytes"`            // size of the payload
	Caller     string    `json:"caller,omitempty"` // as named by the authorizer; "" if unnamed
	Replay     Replay    `json:"replay,omitzero"`
}

// Replay identifies the generation of an event: the replay that it is processed for, and the
// number of redrives since. The item names the current generation; messages and writes of any
// other generation are outdated. The zero value stands for the first processing.
type Replay struct {
	ID       string `json:"id,omitempty"` // UUIDv7: a replay that began later has a greater one
	Redrives int    `json:"redrives,omitempty"`
	Quiet    bool   `json:"quiet,omitempty"` // true suppresses the EventProcessed notification
}

// SameGeneration reports whether both identify the same generation of an event.
func (r Replay) SameGeneration(other Replay) bool {
	return r.ID == other.ID && r.Redrives == other.Redrives
}

// NextRedrive returns the generation after one more redrive.
func (r Replay) NextRedrive() Replay {
	r.Redrives++
	return r
}

// Location identifies an object in S3.
type Location struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
}

// Validate returns an error if an event read from a queue is malformed.
func (e Event) Validate(bronzeBucket string) error {
	switch {
	case !ValidID(e.ID):
		return Errorf(InvalidMessage, "the message has no valid eventId")
	case !ValidType(e.Type):
		return Errorf(InvalidMessage, "the message has no valid eventType")
	case e.ReceivedAt.IsZero():
		return Errorf(InvalidMessage, "the message has no receivedAt")
	case !hashPattern.MatchString(e.SHA256):
		return Errorf(InvalidMessage, "the message has no valid sha256")
	case e.Bronze.Bucket != bronzeBucket,
		e.Bronze.Key != e.BronzeKey() && e.Bronze.Key != e.KeyedBronzeKey():
		return Errorf(InvalidMessage, "the message names a Bronze object of another event")
	}
	return nil
}
