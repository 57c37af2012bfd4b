package eventbridge

import (
	"fmt"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/lazyregexp"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// cloudEvent represents a notification as a CloudEvent, version 1.0, in the JSON format.
type cloudEvent struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Source          string          `json:"source"`
	Type            string          `json:"type"`
	Subject         string          `json:"subject"`
	Time            *time.Time      `json:"time,omitempty"`
	DataContentType string          `json:"datacontenttype"`
	Data            pipeline.Detail `json:"data"`
}

func newCloudEvent(source string, n pipeline.Notification) cloudEvent {
	at := n.Detail.ProcessedAt
	if at == nil {
		at = n.Detail.FailedAt
	}
	return cloudEvent{
		SpecVersion:     "1.0",
		ID:              cloudEventID(n),
		Source:          source,
		Type:            cloudEventType(n.Type),
		Subject:         n.Detail.EventID,
		Time:            at,
		DataContentType: "application/json",
		Data:            n.Detail,
	}
}

// cloudEventID returns an id that depends on the event, its status and its generation. A
// notification that is published twice keeps its id.
func cloudEventID(n pipeline.Notification) string {
	id := n.Detail.EventID + ":" + strings.ToLower(string(n.Detail.Status))
	if !n.Generation.SameGeneration(pipeline.Replay{}) {
		id += fmt.Sprintf(":%s:%d", n.Generation.ID, n.Generation.Redrives)
	}
	return id
}

var nextWord = lazyregexp.New(`([a-z])([A-Z])`)

// cloudEventType converts a detail type to the type of a CloudEvent. For example, it converts
// EventProcessed to io.eventpipeline.event.processed.
func cloudEventType(detailType string) string {
	return "io.eventpipeline." + strings.ToLower(nextWord.ReplaceAllString(detailType, "$1.$2"))
}
