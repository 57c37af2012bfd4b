// Package format decodes the body of a request to POST /events into the JSON of each event.
//
// Decode checks only what it needs to find the events in a body. The caller must check each event,
// with pipeline.DecodeCloudEvent or pipeline.DecodeType.
package format

import (
	"mime"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Supported media types and content codings, as values of the headers Accept and Accept-Encoding.
const (
	Accept = "application/json, application/x-ndjson, application/jsonl, " +
		"application/cloudevents+json, application/cloudevents-batch+json"
	AcceptEncoding = "gzip, identity"
)

// Decoder decodes request bodies.
type Decoder struct {
	MaxBytes  int  // limit of the decoded body
	TextPlain bool // accepts text/plain as JSON, because navigator.sendBeacon sends this type
}

// Body holds a decoded body.
type Body struct {
	Data        []byte   // the whole body, after its content coding is undone
	Events      [][]byte // JSON of each event, byte for byte; 1 to pipeline.MaxBatchEvents
	Batch       bool     // the body is a list, even if it has only one event
	CloudEvents bool     // the events are CloudEvents in the JSON format
}

// Decode decodes a body. The names of the headers must be in lower case. The events share the
// memory of Body.Data.
//
//   - A JSON array is a batch if its type is application/json or
//     application/cloudevents-batch+json.
//   - The lines of application/x-ndjson or application/jsonl are a batch. Blank lines are ignored.
//   - The events of a batch have no white space around their JSON.
//   - A CloudEvent in binary mode becomes the equivalent CloudEvent in the JSON format.
//   - Any other body is one event, and remains unchanged.
//
// All errors are client errors. Decode rejects an array that is not valid JSON, because it can't
// find the events in it. It does not check each event.
func (d Decoder) Decode(headers map[string]string, body []byte) (Body, error) {
	kind, err := d.kind(headers)
	if err != nil {
		return Body{}, err
	}
	if coding, coded := headers["content-encoding"]; coded {
		body, err = d.decodeContent(coding, body)
		if err != nil {
			return Body{}, err
		}
	}
	if len(body) > d.MaxBytes {
		return Body{}, pipeline.Errorf(pipeline.PayloadTooLarge,
			"The body has %d bytes; at most %d are accepted.", len(body), d.MaxBytes)
	}
	decoded, err := kind.decode(headers, body)
	if err == nil && len(decoded.Data) > d.MaxBytes {
		return Body{}, pipeline.Errorf(pipeline.PayloadTooLarge,
			"The CloudEvent has %d bytes in the JSON format; at most %d are accepted.",
			len(decoded.Data), d.MaxBytes)
	}
	return decoded, err
}

// kind identifies how a body contains events.
type kind int

const (
	jsonValue        kind = iota // an object, or an array of objects
	jsonLines                    // an object per line
	cloudEvent                   // a CloudEvent in the JSON format
	cloudEventBatch              // an array of CloudEvents in the JSON format
	binaryCloudEvent             // the data of a CloudEvent, with its attributes in the headers
)

var kinds = map[string]kind{
	"application/json":                   jsonValue,
	"application/x-ndjson":               jsonLines,
	"application/jsonl":                  jsonLines,
	"application/cloudevents+json":       cloudEvent,
	"application/cloudevents-batch+json": cloudEventBatch,
}

// kind determines the kind of a body from the headers. A content type that begins with
// application/cloudevents takes precedence over the headers of the binary mode. The HTTP binding of
// CloudEvents requires this.
func (d Decoder) kind(headers map[string]string) (kind, error) {
	value, present := headers["content-type"]
	media, parameters, err := mime.ParseMediaType(value)
	if isBinaryMode(headers) && !strings.HasPrefix(media, "application/cloudevents") {
		if present && err != nil {
			return 0, pipeline.Errorf(pipeline.UnsupportedType,
				"The Content-Type is not a valid media type.")
		}
		return binaryCloudEvent, nil
	}
	kind, supported := kinds[media]
	if d.TextPlain && media == "text/plain" {
		kind, supported = jsonValue, true
	}
	charset, hasCharset := parameters["charset"]
	if err != nil || !supported || hasCharset && !strings.EqualFold(charset, "utf-8") {
		return 0, pipeline.Errorf(pipeline.UnsupportedType,
			"The body must be JSON in UTF-8. Send it with Content-Type: application/json, or with "+
				"another type that the response's header Accept lists.")
	}
	return kind, nil
}

func (k kind) decode(headers map[string]string, body []byte) (Body, error) {
	decoded := Body{Data: body, Events: [][]byte{body}}
	var err error
	switch k {
	case jsonValue:
		if isArray(body) {
			decoded.Batch = true
			decoded.Events, err = splitArray(body)
		}
	case jsonLines:
		decoded.Batch = true
		decoded.Events, err = splitLines(body)
	case cloudEvent:
		decoded.CloudEvents = true
	case cloudEventBatch:
		decoded.Batch, decoded.CloudEvents = true, true
		decoded.Events, err = splitArray(body)
	case binaryCloudEvent:
		decoded.CloudEvents = true
		decoded.Data, err = toJSON(headers, body)
		decoded.Events[0] = decoded.Data
	}
	if err != nil {
		return Body{}, err
	}
	return decoded, nil
}
