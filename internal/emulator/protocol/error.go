package protocol

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
)

// Error represents an error response to a client.
type Error struct {
	Code    string
	Message string
	Status  int            // 400 if zero
	Fields  map[string]any // members of a JSON body in addition to __type and message
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf returns an error with status 400.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// asError returns err as an Error with a status. If err contains no *Error, the code is
// InternalFailure.
func asError(err error) Error {
	failure, ok := errors.AsType[*Error](err)
	if !ok {
		return Error{"InternalFailure", err.Error(), http.StatusInternalServerError, nil}
	}
	out := *failure
	out.Status = cmp.Or(out.Status, http.StatusBadRequest)
	return out
}

type s3Error struct {
	XMLName       xml.Name `xml:"Error"`
	Code, Message string
	RequestID     string `xml:"RequestId"`
}

type queryError struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Error     struct{ Type, Code, Message string }
	RequestID string `xml:"RequestId"`
}

// WriteError answers a request with an error in the format of the service.
func WriteError(w http.ResponseWriter, service string, status int, code, message string) {
	contentType, marshal := jsonType, json.Marshal
	var response any = map[string]string{"__type": code, "message": message}
	switch service {
	case S3:
		contentType, marshal = "application/xml", xml.Marshal
		response = s3Error{Code: code, Message: message, RequestID: setRequestID(w)}
		w.Header().Set("X-Amz-Request-Id", w.Header().Get(requestIDHeader))
	case Query:
		contentType, marshal = "text/xml", xml.Marshal
		response = queryError{
			Error:     struct{ Type, Code, Message string }{"Sender", code, message},
			RequestID: setRequestID(w),
		}
	case Lambda, APIGateway:
		w.Header().Set("X-Amzn-Errortype", code)
		contentType = "application/json"
		response = map[string]string{"Type": "User", "Message": message}
	}
	writeResponse(w, status, contentType, marshal, response)
}
