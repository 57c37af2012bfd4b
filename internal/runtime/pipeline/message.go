package pipeline

import (
	"encoding/json"

	jsonv2 "github.com/go-json-experiment/json"
)

// ReadMessage returns the event that a message of the queue or the DLQ carries.
func ReadMessage(body []byte, bronzeBucket string) (Event, error) {
	var event Event
	if err := jsonv2.Unmarshal(body, &event); err != nil {
		return Event{}, wrapError(InvalidMessage, "the message is not the JSON of an event", err)
	}
	if err := event.Validate(bronzeBucket); err != nil {
		return Event{}, err
	}
	return event, nil
}

// newMessage returns the message that carries an event.
func newMessage(event Event) ([]byte, error) {
	body, err := json.Marshal(event)
	if err != nil {
		return nil, wrapError(Internal, "encode the message", err)
	}
	return body, nil
}
