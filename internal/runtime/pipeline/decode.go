package pipeline

import (
	"bytes"
	"encoding/json"
)

// DecodeType returns the eventType of a request body. The body must be a JSON object (RFC 8259).
// Stricter rules apply: valid UTF-8, no unpaired surrogate, no duplicate key in an object, no
// number beyond the range of float64, at most MaxDepth levels. All errors are client errors.
func DecodeType(body []byte) (string, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return "", Errorf(EmptyBody,
			"The request has no body; send a JSON object with an eventType.")
	}
	scan, err := scanObject(body)
	if err != nil {
		return "", err
	}
	if scan.surrogate != nil {
		return "", scan.surrogate
	}
	if scan.overflow != nil {
		return "", scan.overflow
	}
	if scan.eventType == nil {
		return "", Errorf(MissingEventType,
			`The payload has no eventType; add one, such as {"eventType":"order.created"}.`)
	}
	var eventType string
	if scan.eventType[0] != '"' || json.Unmarshal(scan.eventType, &eventType) != nil ||
		!ValidType(eventType) {
		err := Errorf(InvalidEventType, "eventType must be a string that matches %s.", typePattern)
		err.Pointer = "/eventType"
		return "", err
	}
	return eventType, nil
}
