package pipeline

import (
	"bytes"
	"encoding/json"
	"time"
)

// RecordSchemaVersion is the version of Record's own layout; it grows when a field changes its meaning or goes.
const RecordSchemaVersion = 1

// Record is what Silver holds of an event, as one line of JSON.
type Record struct {
	ID            string          `json:"id"`
	Type          string          `json:"type"`
	ReceivedAt    time.Time       `json:"receivedAt"`
	ProcessedAt   time.Time       `json:"processedAt"`
	SchemaVersion int             `json:"schemaVersion"`
	ReplayID      string          `json:"replayId,omitempty"` // of the replay that made it
	Source        Source          `json:"source"`
	Payload       json.RawMessage `json:"payload"`
}

// Source is the raw payload that a record was made from.
type Source struct {
	Location
	SHA256 string `json:"sha256"`
	Bytes  int    `json:"bytes"`
}

// NewRecord makes an event's record of its raw payload. Its errors are permanent: the same payload fails again.
func NewRecord(event Event, payload []byte, now time.Time) (Record, error) {
	scan, err := scanObject(payload)
	if err != nil {
		return Record{}, &Error{Code: UnprocessableJSON, Detail: "The payload is not JSON that the platform accepts", Err: err}
	}
	// Readers of Silver (Athena, Spark, JavaScript) hold numbers as float64 and would take the record for damaged. Ingest
	// refuses such numbers, but older versions accepted them.
	if scan.overflow != nil {
		return Record{}, Errorf(UnprocessableNumber, "The payload holds a number that no 64-bit float holds.")
	}
	return Record{
		ID:            event.ID,
		Type:          event.Type,
		ReceivedAt:    event.ReceivedAt,
		ProcessedAt:   now.UTC().Truncate(time.Millisecond),
		SchemaVersion: RecordSchemaVersion,
		ReplayID:      event.Replay.ID,
		Source:        Source{Location: event.Bronze, SHA256: event.SHA256, Bytes: event.Bytes},
		Payload:       payload,
	}, nil
}

// Line is the record as Silver holds it: one line of JSON, its payload's text unchanged but for white space.
func (r Record) Line() ([]byte, error) {
	var line bytes.Buffer
	line.Grow(len(r.Payload) + 512)
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(r); err != nil {
		return nil, &Error{Code: Internal, Detail: "write the record", Err: err}
	}
	return line.Bytes(), nil
}
