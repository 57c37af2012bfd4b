package handler

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// EventStatus is the answer to GET /events/{eventId}.
type EventStatus struct {
	EventID     string             `json:"eventId"`
	EventType   string             `json:"eventType"`
	Status      pipeline.Status    `json:"status"`
	ReceivedAt  time.Time          `json:"receivedAt"`
	EnqueuedAt  time.Time          `json:"enqueuedAt"` // the last time: again with a redrive, a replay or the reconciler
	ProcessedAt time.Time          `json:"processedAt,omitzero"`
	FailedAt    time.Time          `json:"failedAt,omitzero"`
	Attempts    int                `json:"attempts"` // deliveries to the worker; 0 while ENQUEUED
	Bytes       int                `json:"bytes"`
	SHA256      string             `json:"sha256"`
	Bronze      pipeline.Location  `json:"bronze"`
	Silver      *pipeline.Location `json:"silver,omitempty"`
	Filtered    pipeline.Filtered  `json:"dropped,omitzero"` // by the processor: there is no payload in Silver
	Failure     *pipeline.Failure  `json:"failure,omitempty"`
	ReplayID    string             `json:"replayId,omitempty"`   // of the last replay
	Reenqueues  int                `json:"reenqueues,omitempty"` // by the reconciler
}

func (a API) status(ctx context.Context, req request, id string) response {
	if !pipeline.ValidID(id) {
		return a.refuse(ctx, req,
			pipeline.Errorf(pipeline.InvalidEventID, "An event id is a UUID in lower case, as the answer to POST /events gives it."))
	}
	caller, err := a.caller(req)
	if err != nil {
		return a.refuse(ctx, req, err)
	}
	item, err := a.Items.Get(ctx, id)
	hidden := err == nil && (item.Expired(a.Ingest.Now()) || item.Caller != caller && !a.StatusForAllCallers)
	if errors.Is(err, pipeline.ErrNotFound) || hidden { // that an event is another's is not told either
		return a.refuse(ctx, req,
			pipeline.Errorf(pipeline.EventNotFound, "No event of yours has this id, or it is older than the platform keeps statuses."), slog.String("eventId", id))
	}
	if err != nil {
		return a.refuse(ctx, req, err, slog.String("eventId", id))
	}
	return reply(http.StatusOK, statusOf(item))
}

func statusOf(item pipeline.Item) EventStatus {
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
	switch item.Status {
	case pipeline.Processed:
		s.Silver, s.Filtered = &item.Silver, item.Filtered
	case pipeline.Failed:
		s.Failure = &item.Failure
	}
	return s
}
