package protocol

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"hash/crc32"
	"net/http"
	"strconv"

	"github.com/google/uuid"
)

// WriteError answers with an error in the service's form.
func WriteError(w http.ResponseWriter, service string, status int, code, message string) {
	body, contentType := jsonError(code, message), "application/x-amz-json-1.0"
	switch service {
	case "s3":
		body, contentType = xmlError("<Error><Code>%s</Code><Message>%s</Message></Error>", code, message), "application/xml"
	case "query":
		body, contentType = xmlError("<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", code, message), "text/xml"
	case "lambda":
		w.Header().Set("X-Amzn-Errortype", code)
		contentType = "application/json"
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Amzn-Requestid", uuid.NewString())
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10)) // DynamoDB's clients check it
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away needs no answer
}

func jsonError(code, message string) []byte {
	body, err := json.Marshal(map[string]string{"__type": code, "message": message})
	if err != nil {
		return nil // strings always marshal
	}
	return body
}

func xmlError(format, code, message string) []byte {
	return fmt.Appendf(nil, format, escaped(code), escaped(message))
}

func escaped(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a buffer takes everything
	return b.String()
}
