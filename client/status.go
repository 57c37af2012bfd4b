package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// States of an event.
const (
	Enqueued  = "ENQUEUED"
	Processed = "PROCESSED"
	Failed    = "FAILED"
)

// EventStatus represents the state of an event or of a batch.
type EventStatus struct {
	EventID     string    `json:"eventId"`
	EventType   string    `json:"eventType"`
	Status      string    `json:"status"` // Enqueued, Processed or Failed
	ReceivedAt  time.Time `json:"receivedAt"`
	EnqueuedAt  time.Time `json:"enqueuedAt"` // time when the event was last enqueued
	ProcessedAt time.Time `json:"processedAt,omitzero"`
	FailedAt    time.Time `json:"failedAt,omitzero"`
	Attempts    int       `json:"attempts"` // deliveries to workers; 0 while Enqueued
	Bytes       int       `json:"bytes"`    // size of the payload, or of the batch's payload
	SHA256      string    `json:"sha256"`   // of that payload, in hex
	Bronze      Location  `json:"bronze"`   // the payload
	Silver      *Location `json:"silver,omitempty"`
	Filtered    *Reason   `json:"dropped,omitempty"` // why the processor filtered the event
	Failure     *Reason   `json:"failure,omitempty"` // why the event is Failed
	ReplayID    string    `json:"replayId,omitempty"`
	Reenqueues  int       `json:"reenqueues,omitempty"` // by the reconciler
	BatchID     string    `json:"batchId,omitempty"`    // if the event belongs to a batch
	Count       int       `json:"count,omitempty"`      // number of events in a batch or range
	// SplitOff lists the ids of the events and ranges that the worker split off the batch. A range
	// is a group of consecutive events. Each event or range has its own state.
	SplitOff []string `json:"splitOff,omitempty"`
}

// Location names an object in S3.
type Location struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
}

// Reason says why a processor filtered an event, or why an event failed.
type Reason struct {
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// Status returns the state of an event or of a batch. It returns the same errors as Send.
func (c *Client) Status(ctx context.Context, id string) (EventStatus, error) {
	response, err := c.do(ctx, call{
		method: http.MethodGet, url: c.base.JoinPath("events", url.PathEscape(id)),
		header: http.Header{},
	})
	if err != nil {
		return EventStatus{}, err
	}
	var status EventStatus
	if err := json.Unmarshal(response.body, &status); err != nil || status.Status == "" {
		return EventStatus{}, c.notAPIError("the response has no status")
	}
	return status, nil
}
