package protocol

import (
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"
)

// QueryHandler serves the operations of the AWS query protocol by name. A request is a form; the value that
// an operation returns is the XML of its answer.
type QueryHandler map[string]func(form url.Values) (any, error)

// maxForm bounds a request; CloudFormation's largest holds a template of 51,200 bytes.
const maxForm = 1 << 20

// IsQuery reports whether a request is one of the query protocol.
func IsQuery(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Path == "/" &&
		strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

func (h QueryHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := h.answer(w, r)
	if err != nil {
		writeXML(w, http.StatusBadRequest, newQueryError(err))
		return
	}
	writeXML(w, http.StatusOK, answer)
}

func (h QueryHandler) answer(w http.ResponseWriter, r *http.Request) (any, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return nil, Errorf("InvalidRequest", "read the form: %v", err)
	}
	action := r.PostForm.Get("Action")
	operation, ok := h[action]
	if !ok {
		return nil, Errorf("InvalidAction", "the local platform does not serve %s", action)
	}
	return operation(r.PostForm)
}

type queryError struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

func newQueryError(err error) queryError {
	e := queryError{Type: "Sender", Code: "InternalFailure", Message: err.Error(), RequestID: uuid.NewString()}
	var failure *Error
	if errors.As(err, &failure) {
		e.Code, e.Message = failure.Code, failure.Message
	}
	return e
}

func writeXML(w http.ResponseWriter, status int, answer any) {
	body, err := xml.Marshal(answer)
	if err != nil {
		status, body = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away needs no answer
}
