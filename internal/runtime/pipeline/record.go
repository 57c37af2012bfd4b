package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// RecordSchemaVersion is the version of Record's own layout; it grows when a field changes its meaning or goes.
const RecordSchemaVersion = 1

// Record is what Silver holds of an event, as one line of JSON, or one of several lines in the same object.
type Record struct {
	ID            string          `json:"id"`
	Type          string          `json:"type"`
	ReceivedAt    time.Time       `json:"receivedAt"`
	ProcessedAt   time.Time       `json:"processedAt"`
	SchemaVersion int             `json:"schemaVersion"`
	ReplayID      string          `json:"replayId,omitempty"` // of the replay that made it
	Part          int             `json:"part,omitempty"`     // from 1 to Parts; absent when there is one record
	Parts         int             `json:"parts,omitempty"`
	Source        Source          `json:"source"`
	Filtered      Filtered        `json:"dropped,omitzero"` // then there is no payload
	Payload       json.RawMessage `json:"payload,omitempty"`
}

// Source is the raw payload that a record was made from.
type Source struct {
	Location
	SHA256 string `json:"sha256"`
	Bytes  int    `json:"bytes"`
}

// checkProcessable reports what keeps a raw payload from becoming a record. Its errors are permanent: the same payload fails
// again.
func checkProcessable(payload []byte) error {
	scan, err := scanObject(payload)
	if err != nil {
		return &Error{Code: UnprocessableJSON, Detail: "The payload is not JSON that the platform accepts", Err: err}
	}
	// Readers of Silver (Athena, Spark, JavaScript) hold numbers as float64 and would take the record for damaged. Ingest
	// refuses such numbers, but older versions accepted them.
	if scan.overflow != nil {
		return Errorf(UnprocessableNumber, "The payload holds a number that no 64-bit float holds.")
	}
	return nil
}

// Records are all that Silver holds of one event: at least one, in one object.
type Records []Record

// NewRecords makes an event's records of its output.
func NewRecords(event Event, output Output, now time.Time) Records {
	record := Record{
		ID:            event.ID,
		Type:          event.Type,
		ReceivedAt:    event.ReceivedAt,
		ProcessedAt:   now.UTC().Truncate(time.Millisecond),
		SchemaVersion: RecordSchemaVersion,
		ReplayID:      event.Replay.ID,
		Source:        Source{Location: event.Bronze, SHA256: event.SHA256, Bytes: event.Bytes},
		Filtered:      output.Filtered,
	}
	if record.Filtered != (Filtered{}) {
		return Records{record}
	}
	records := make(Records, len(output.Payloads))
	for i, payload := range output.Payloads {
		records[i] = record
		records[i].Payload = payload
		if len(records) > 1 {
			records[i].Part, records[i].Parts = i+1, len(records)
		}
	}
	return records
}

// Lines is the object that Silver holds: a line of JSON for each record, its payload's text unchanged but for white space.
func (r Records) Lines() ([]byte, error) {
	size := 0
	for _, record := range r {
		size += len(record.Payload) + 512
	}
	var lines bytes.Buffer
	lines.Grow(size)
	encoder := json.NewEncoder(&lines)
	encoder.SetEscapeHTML(false)
	for _, record := range r {
		if err := encoder.Encode(record); err != nil {
			return nil, &Error{Code: Internal, Detail: "write the record", Err: err}
		}
	}
	return lines.Bytes(), nil
}

// ReadRecords reads what Lines wrote.
func ReadRecords(lines []byte) (Records, error) {
	var records Records
	for decoder := json.NewDecoder(bytes.NewReader(lines)); ; {
		var record Record
		err := decoder.Decode(&record)
		if err == io.EOF {
			return records, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read record %d: %w", len(records)+1, err)
		}
		records = append(records, record)
	}
}
