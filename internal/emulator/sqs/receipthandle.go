package sqs

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// newReceiptHandle identifies one receive of one message, so that older handles can be rejected.
func newReceiptHandle(queueARN, id string, receiveCount int) string {
	text := queueARN + " " + id + " " + strconv.Itoa(receiveCount)
	return base64.StdEncoding.EncodeToString([]byte(text))
}

// messageIDFromHandle returns the id of the message that the receipt handle belongs to.
func messageIDFromHandle(queueARN, receiptHandle string) (string, error) {
	text, err := base64.StdEncoding.DecodeString(receiptHandle)
	parts := strings.Split(string(text), " ")
	if err != nil || len(parts) != 3 || parts[0] != queueARN {
		return "", protocol.Errorf("ReceiptHandleIsInvalid", "The input receipt handle %q is "+
			"not a valid receipt handle of this queue.", receiptHandle)
	}
	return parts[1], nil
}
