package dynamodb

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func marshalWebhook(a attributes, w pipeline.Webhook) {
	a["webhookSource"] = stringValue(w.Source)
	if w.ContentType != "" {
		a["webhookContentType"] = stringValue(w.ContentType)
	}
	if len(w.Headers) == 0 {
		return
	}
	headers := attributes{}
	for name, value := range w.Headers {
		headers[name] = stringValue(value)
	}
	a["webhookHeaders"] = &types.AttributeValueMemberM{Value: headers}
}

// readWebhook returns the webhook of the event, or nil if no webhook source sent the event.
func (r *reader) readWebhook() *pipeline.Webhook {
	if _, present := r.attributes["webhookSource"]; !present {
		return nil
	}
	w := pipeline.Webhook{
		Source: r.readString("webhookSource"), ContentType: r.readString("webhookContentType"),
	}
	if headers, ok := r.attributes["webhookHeaders"].(*types.AttributeValueMemberM); ok {
		values := reader{attributes: headers.Value}
		w.Headers = make(map[string]string, len(headers.Value))
		for name := range headers.Value {
			w.Headers[name] = values.readString(name)
		}
	}
	return &w
}
