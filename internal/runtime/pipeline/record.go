package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// recordSchemaVersion identifies the layout of a Record. It increases when a field is removed or
// gets another meaning.
const recordSchemaVersion = 1

// Record represents one line of an event's Silver object.
type Record struct {
	ID            string          `json:"id"`
	Type          string          `json:"type"`
	ReceivedAt    time.Time       `json:"receivedAt"`
	ProcessedAt   time.Time       `json:"processedAt"`
	SchemaVersion int             `json:"schemaVersion"`
	ReplayID      string          `json:"replayId,omitempty"` // replay that stored the record
	Part          int             `json:"part,omitempty"`     // 1 to Parts; 0 if Parts is 0
	Parts         int             `json:"parts,omitempty"`    // number of records; 0 if only one
	Source        Source          `json:"source"`
	Webhook       *Webhook        `json:"webhook,omitempty"` // of the event
	Filtered      Filtered        `json:"dropped,omitzero"`  // set if the event has no payload
	Payload       json.RawMessage `json:"payload,omitempty"`
}

// Source identifies the raw payload of a record.
type Source struct {
	Location
	SHA256 string `json:"sha256"`
	Bytes  int    `json:"bytes"`
	Count  int    `json:"count,omitempty"` // events in the object; 0 if it holds a single event
}

// Records holds the records of one event: one for each payload, or a single one if the event was
// filtered. One Silver object stores all of them.
type Records []Record

// NewRecords returns the records of an event's output.
func NewRecords(event Event, output Output, now time.Time) Records {
	record := Record{
		ID:            event.ID,
		Type:          event.Type,
		ReceivedAt:    event.ReceivedAt,
		ProcessedAt:   toMillis(now),
		SchemaVersion: recordSchemaVersion,
		ReplayID:      event.Replay.ID,
		Source: Source{
			Location: event.Bronze, SHA256: event.SHA256, Bytes: event.Bytes, Count: event.Count,
		},
		Webhook:  event.Webhook,
		Filtered: output.Filtered,
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

// item returns the item of the record's event.
func (r Record) item() Item {
	return Item{
		Event: Event{
			ID: r.ID, Type: r.Type, ReceivedAt: r.ReceivedAt, Bronze: r.Source.Location,
			SHA256: r.Source.SHA256, Bytes: r.Source.Bytes, Count: r.Source.Count,
			Replay: Replay{ID: r.ReplayID}, Webhook: r.Webhook,
		},
		Status:      Processed,
		ProcessedAt: r.ProcessedAt,
		Filtered:    r.Filtered,
	}
}

// Lines encodes the records as JSON lines. The payloads remain the same except for their white
// space.
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
			return nil, wrapError(Internal, "encode the record", err)
		}
	}
	return lines.Bytes(), nil
}

// newRecordDecoder returns a decoder of the output of Lines. The decoder accepts invalid UTF-8,
// because older versions stored payloads with unpaired surrogates.
func newRecordDecoder(lines []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewReader(lines), jsontext.AllowInvalidUTF8(true))
}

// ReadRecords decodes the output of Lines.
func ReadRecords(lines []byte) (Records, error) {
	var records Records
	for decoder := newRecordDecoder(lines); ; {
		var record Record
		err := jsonv2.UnmarshalDecode(decoder, &record)
		if err == io.EOF {
			return records, nil
		}
		if err != nil {
			return nil, fmt.Errorf("decode record %d: %w", len(records)+1, err)
		}
		records = append(records, record)
	}
}
