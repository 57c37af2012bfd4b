package dynamodb

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func marshalWebhook(a attributes, w pipeline.Webhook) {
	a["webhookSource"] = text(w.Source)
	if w.ContentType != "" {
		a["webhookContentType"] = text(w.ContentType)
	}
	if len(w.Headers) == 0 {
		return
	}
	headers := attributes{}
	for name, value := range w.Headers {
		headers[name] = text(value)
	}
	a["webhookHeaders"] = &types.AttributeValueMemberM{Value: headers}
}

// webhook returns the webhook of the event, or nil if no webhook source sent the event.
func (r *reader) webhook() *pipeline.Webhook {
	if _, present := r.attributes["webhookSource"]; !present {
		return nil
	}
	w := pipeline.Webhook{
		Source: r.text("webhookSource"), ContentType: r.text("webhookContentType"),
	}
	if headers, ok := r.attributes["webhookHeaders"].(*types.AttributeValueMemberM); ok {
		values := reader{attributes: headers.Value}
		w.Headers = make(map[string]string, len(headers.Value))
		for name := range headers.Value {
			w.Headers[name] = values.text(name)
		}
	}
	return &w
}
