package s3

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"os"
)

// failure represents an error response of S3.
type failure struct {
	status  int
	code    string
	message string
	details []element // elements that only responses with this code have
}

// element represents an XML element with a text.
type element struct{ name, value string }

func (f *failure) Error() string { return f.code + ": " + f.message }

// newFailure returns an error. details consists of names, each followed by its value.
func newFailure(status int, code, message string, details ...string) *failure {
	f := &failure{status: status, code: code, message: message}
	for i := 0; i < len(details); i += 2 {
		f.details = append(f.details, element{details[i], details[i+1]})
	}
	return f
}

func invalidArgument(name, value, message string) *failure {
	return newFailure(http.StatusBadRequest, "InvalidArgument", message,
		"ArgumentName", name, "ArgumentValue", value)
}

func invalidRequest(message string) *failure {
	return newFailure(http.StatusBadRequest, "InvalidRequest", message)
}

func notImplemented(format string, args ...any) *failure {
	return newFailure(http.StatusNotImplemented, "NotImplemented", fmt.Sprintf(format, args...))
}

// unsupportedHeader returns the error for a header with a value that S3 rejects.
func unsupportedHeader(name, reason string) *failure {
	return newFailure(http.StatusNotImplemented, "NotImplemented",
		"A header you provided implies functionality that is not implemented",
		"Header", name, "additionalMessage", reason)
}

var errBucketExists = newFailure(http.StatusConflict, "BucketAlreadyOwnedByYou",
	"Your previous request to create the named bucket succeeded and you already own it.")

func noSuchBucket(name string) *failure {
	return newFailure(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist",
		"BucketName", name)
}

func noSuchKey(key string) *failure {
	return newFailure(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.",
		"Key", key)
}

func noSuchUpload(id string) *failure {
	return newFailure(http.StatusNotFound, "NoSuchUpload", "The specified upload does not exist. "+
		"The upload ID may be invalid, or the upload may have been aborted or completed.",
		"UploadId", id)
}

func preconditionFailed(condition string) *failure {
	return newFailure(http.StatusPreconditionFailed, "PreconditionFailed",
		"At least one of the pre-conditions you specified did not hold", "Condition", condition)
}

func malformedXML() *failure {
	return newFailure(http.StatusBadRequest, "MalformedXML", "The XML you provided was not "+
		"well-formed or did not validate against our published schema")
}

// MarshalXML encodes the element with its own name instead of the name of the Go field.
func (e element) MarshalXML(encoder *xml.Encoder, _ xml.StartElement) error {
	return encoder.EncodeElement(e.value, xml.StartElement{Name: xml.Name{Local: e.name}})
}

// writeError answers with an error in the format of S3. The response to HEAD has no body.
func (c *call) writeError(err error) {
	f, ok := errors.AsType[*failure](err)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		f = newFailure(http.StatusBadRequest, "RequestTimeout", "Your socket connection to the "+
			"server was not read from or written to within the timeout period. "+
			"Idle connections will be closed.")
	case !ok:
		f = newFailure(http.StatusInternalServerError, "InternalError", err.Error())
	}
	if f.status == http.StatusNotModified {
		c.w.WriteHeader(f.status)
		return
	}
	response := struct {
		Code      string
		Message   string
		Details   []element
		Resource  string
		RequestID string `xml:"RequestId"`
		HostID    string `xml:"HostId"`
	}{
		Code: f.code, Message: f.message, Details: f.details, Resource: c.r.URL.Path,
		RequestID: c.w.Header().Get(requestIDHeader), HostID: c.w.Header().Get(hostIDHeader),
	}
	c.writeXML(f.status, xml.Name{Local: "Error"}, response)
}
