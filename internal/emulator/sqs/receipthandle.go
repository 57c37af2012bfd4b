package sqs

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// newReceiptHandle names one receive of one message. Every receive has its own, so that an older one can be told apart.
func newReceiptHandle(queueARN, id string, receive int) string {
	return base64.StdEncoding.EncodeToString([]byte(queueARN + " " + id + " " + strconv.Itoa(receive)))
}

// messageIDFromHandle returns the id of the message that a receipt of this queue was for.
func messageIDFromHandle(queueARN, receipt string) (string, error) {
	text, err := base64.StdEncoding.DecodeString(receipt)
	parts := strings.Split(string(text), " ")
	if err != nil || len(parts) != 3 || parts[0] != queueARN {
		return "", protocol.Errorf("ReceiptHandleIsInvalid", "The input receipt handle %q is not a valid receipt handle of this queue.", receipt)
	}
	return parts[1], nil
}
