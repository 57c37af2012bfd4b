package handler

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// EventStatus represents the response to GET /events/{eventId}.
type EventStatus struct {
	EventID     string             `json:"eventId"`
	EventType   string             `json:"eventType"`
	Status      pipeline.Status    `json:"status"`
	ReceivedAt  time.Time          `json:"receivedAt"`
	EnqueuedAt  time.Time          `json:"enqueuedAt"` // when the event was last enqueued
	ProcessedAt time.Time          `json:"processedAt,omitzero"`
	FailedAt    time.Time          `json:"failedAt,omitzero"`
	Attempts    int                `json:"attempts"` // deliveries to workers; 0 while ENQUEUED
	Bytes       int                `json:"bytes"`
	SHA256      string             `json:"sha256"`
	Bronze      pipeline.Location  `json:"bronze"`
	Silver      *pipeline.Location `json:"silver,omitempty"`
	Filtered    pipeline.Filtered  `json:"dropped,omitzero"` // why the processor made no record
	Failure     *pipeline.Failure  `json:"failure,omitempty"`
	ReplayID    string             `json:"replayId,omitempty"`   // id of the last replay
	Reenqueues  int                `json:"reenqueues,omitempty"` // by the reconciler
	BatchID     string             `json:"batchId,omitempty"`    // if the event belongs to a batch
	Count       int                `json:"count,omitempty"`      // events in a batch or range
	SplitOff    []string           `json:"splitOff,omitempty"`   // ids of a batch's parts
}

func (a API) status(ctx context.Context, req request, id string) response {
	if !pipeline.ValidID(id) {
		return a.reject(ctx, req, pipeline.Errorf(pipeline.InvalidEventID,
			"The event id must have the form that POST /events returns."))
	}
	caller, err := a.caller(req)
	if err != nil {
		return a.reject(ctx, req, err)
	}
	item, err := pipeline.LookUp(ctx, a.Items, id)
	// The caller of a webhook's event is the webhook source. No request has this caller, so the
	// comparison hides the event. In an API without an authorizer, every client may see the event.
	openWebhook := a.OpenToAnyone && item.Webhook != nil
	visible := a.StatusForAllCallers || item.Caller == caller || openWebhook
	hidden := err == nil && (!visible || item.Expired(a.Ingest.Now()))
	if errors.Is(err, pipeline.ErrNotFound) || hidden { // same response for events of other callers
		return a.reject(ctx, req, pipeline.Errorf(pipeline.EventNotFound,
			"None of your events has this id, or its status has expired."),
			slog.String(contract.FieldEventID, id))
	}
	if err != nil {
		return a.reject(ctx, req, err, slog.String(contract.FieldEventID, id))
	}
	return jsonResponse(http.StatusOK, NewEventStatus(item))
}

// NewEventStatus returns the response for an item.
func NewEventStatus(item pipeline.Item) EventStatus {
	s := EventStatus{
		EventID:     item.ID,
		EventType:   item.Type,
		Status:      item.Status,
		ReceivedAt:  item.ReceivedAt,
		EnqueuedAt:  item.LastEnqueued(),
		ProcessedAt: item.ProcessedAt,
		FailedAt:    item.FailedAt,
		Attempts:    item.Attempts,
		Bytes:       item.Bytes,
		SHA256:      item.SHA256,
		Bronze:      item.Bronze,
		ReplayID:    item.Replay.ID,
		Reenqueues:  item.Reenqueues,
	}
	if batchID, _, isPart, _ := pipeline.ParseID(item.ID); isPart {
		s.BatchID = batchID
	}
	if item.IsBatch() {
		s.Count = item.Events()
	}
	for _, part := range item.Parts() {
		s.SplitOff = append(s.SplitOff, part.ID)
	}
	switch item.Status {
	case pipeline.Processed:
		s.Silver, s.Filtered = &item.Silver, item.Filtered
	case pipeline.Failed:
		s.Failure = &item.Failure
	}
	return s
}
