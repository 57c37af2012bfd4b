package pipeline

import "time"

// Event describes an accepted event without its payload. Each message contains the whole Event. If
// the API could not write the event's item, the worker creates it from the message.
type Event struct {
	ID         string    `json:"eventId"`
	Type       string    `json:"eventType"`
	ReceivedAt time.Time `json:"receivedAt"` // UTC, to the millisecond
	Bronze     Location  `json:"bronze"`
	SHA256     string    `json:"sha256"`           // hash of the payload, lower-case hex
	Bytes      int       `json:"bytes"`            // size of the payload
	Caller     string    `json:"caller,omitempty"` // from the authorizer; "" if unknown
	Count      int       `json:"count,omitempty"`  // events in the Bronze object; 0 if not a batch
	Replay     Replay    `json:"replay,omitzero"`
	Webhook    *Webhook  `json:"webhook,omitempty"` // nil if no webhook source sent the event
}

// Replay identifies a generation of an event. The zero value is the first generation. Each replay
// and each redrive begins a new one.
//
// The item stores the current generation. Messages and writes of other generations have no effect.
type Replay struct {
	ID       string `json:"id,omitempty"`       // UUIDv7: the greater the id, the later the replay
	Redrives int    `json:"redrives,omitempty"` // redrives since that replay
	Quiet    bool   `json:"quiet,omitempty"`    // suppresses the EventProcessed notification
}

// SameGeneration reports whether r and other identify the same generation.
func (r Replay) SameGeneration(other Replay) bool {
	return r.ID == other.ID && r.Redrives == other.Redrives
}

// nextRedrive returns the generation that the next redrive begins.
func (r Replay) nextRedrive() Replay {
	r.Redrives++
	return r
}

// Location identifies an object in S3.
type Location struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
}

// Validate checks an event from a message. It returns an error if a field is invalid, or if the
// event's payload is not in the given bucket.
func (e Event) Validate(bronzeBucket string) error {
	_, span, hasSpan, ok := ParseID(e.ID)
	switch {
	case !ok, hasSpan && span.Last >= e.Count:
		return Errorf(InvalidMessage, "the message has no valid eventId")
	case e.Count < 0, e.Count > MaxBatchEvents:
		return Errorf(InvalidMessage, "the message has no valid count")
	case !ValidType(e.Type):
		return Errorf(InvalidMessage, "the message has no valid eventType")
	case e.ReceivedAt.IsZero():
		return Errorf(InvalidMessage, "the message has no receivedAt")
	case !hashPattern.MatchString(e.SHA256):
		return Errorf(InvalidMessage, "the message has no valid sha256")
	case e.Bronze.Bucket != bronzeBucket,
		e.Bronze.Key != e.BronzeKey() && e.Bronze.Key != e.KeyedBronzeKey():
		return Errorf(InvalidMessage,
			"the message must name the event's Bronze object, got another bucket or key")
	}
	return nil
}
