package pipeline

import (
	"encoding/json"
	"net/url"
	"unicode/utf8"
)

// Webhook describes a webhook source's request that became an event. The event's payload in Bronze
// has exactly the bytes that the source signed.
type Webhook struct {
	Source      string            `json:"source"` // name of the source
	ContentType string            `json:"contentType,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"` // selected by the options
}

// WebhookCaller returns the caller of the events of a webhook source. No authorizer returns this
// name. A source therefore can't use another caller's idempotency keys.
func WebhookCaller(source string) string { return "webhook:" + source }

// WebhookEventID returns the id of the event that a source's delivery creates.
func WebhookEventID(source, deliveryKey string) string {
	return keyedID(WebhookCaller(source), deliveryKey)
}

// FormContentType is the content type of an HTML form's fields. Bronze can hold payloads of this
// type. All other payloads are JSON.
const FormContentType = "application/x-www-form-urlencoded"

// JSON returns the payload of an event as JSON. It converts a form to an object, and returns other
// payloads unchanged.
//
// The value of a form's field is a string, or an array of strings if the form repeats the field.
func (w *Webhook) JSON(payload []byte) ([]byte, error) {
	if w == nil || w.ContentType != FormContentType {
		return payload, nil
	}
	fields, err := url.ParseQuery(string(payload))
	if err != nil {
		return nil, Errorf(InvalidForm, "The body is not a valid form.")
	}
	object := make(map[string]any, len(fields))
	for name, values := range fields {
		for _, text := range append(values, name) {
			if !utf8.ValidString(text) {
				return nil, Errorf(InvalidForm, "The body's fields are not valid UTF-8.")
			}
		}
		object[name] = values
		if len(values) == 1 {
			object[name] = values[0]
		}
	}
	return json.Marshal(object)
}

// WebhookRequest describes a request from a webhook source. Verify the request's signature before
// you create a WebhookRequest.
type WebhookRequest struct {
	Webhook
	Type        string // of the event
	TypeHeader  string // names the header from which the type comes, or ""
	TypePointer string // JSON pointer to the type in the payload, or ""
	DeliveryKey string // the same for all requests that repeat a delivery
	Payload     []byte // body as JSON
}

// Decode checks the payload and returns the event's type.
func (w *WebhookRequest) Decode() (eventType string, err error) {
	err = decodeObject(w.Payload, nil)
	switch ErrorCode(err) {
	case EmptyBody:
		return "", Errorf(EmptyBody, "The request has no body.")
	case NotAnObject:
		return "", Errorf(NotAnObject, "The body of a webhook must be a JSON object.")
	}
	switch {
	case err != nil:
		return "", err
	case w.Type == "":
		return "", w.typeError(MissingEventType, "The request does not name its type")
	case !ValidType(w.Type):
		return "", w.typeError(InvalidEventType,
			"The request's type, after the source's prefix, must match %s", typePattern)
	}
	return w.Type, nil
}

// typeError returns an error about the part of the request that contains the type.
func (w *WebhookRequest) typeError(code Code, format string, args ...any) *Error {
	if w.TypeHeader != "" {
		format, args = format+", in the header %s", append(args, w.TypeHeader)
	}
	err := Errorf(code, format+".", args...)
	err.Pointer = w.TypePointer
	return err
}
