package protocol

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
)

// QueryHandler serves the operations of the AWS query protocol. It maps names to operations.
type QueryHandler map[string]QueryOperation

// QueryOperation represents an operation. Result returns the XML element with the result. The
// handler puts it into a root element with the XML namespace Namespace, and adds the request id.
type QueryOperation struct {
	Namespace string
	Result    func(form url.Values) (any, error)
}

type queryResponse struct {
	XMLName   xml.Name
	Result    any
	RequestID string `xml:"ResponseMetadata>RequestId"`
}

// maxForm is the maximum size of a request in bytes. CloudFormation's largest request is smaller:
// its template has at most 51,200 bytes.
const maxForm = 1 << 20

// IsQuery reports whether a request uses the query protocol. The action is in a form or in a
// presigned URL.
func IsQuery(r *http.Request) bool {
	if r.URL.Path != "/" || signedService(r) == S3 {
		return false
	}
	form := strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
	return r.Method == http.MethodPost && form || r.URL.Query().Has("Action")
}

func (h QueryHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	response, err := h.respond(w, r)
	if err != nil {
		failure := asError(err)
		WriteError(w, Query, failure.Status, failure.Code, failure.Message)
		return
	}
	response.RequestID = setRequestID(w)
	writeResponse(w, http.StatusOK, "text/xml", xml.Marshal, response)
}

func (h QueryHandler) respond(
	w http.ResponseWriter, r *http.Request,
) (response queryResponse, err error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return response, Errorf("InvalidRequest", "read the form: %v", err)
	}
	action := r.Form.Get("Action")
	operation, ok := h[action]
	if !ok {
		return response, Errorf("InvalidAction", "the local platform does not serve %s", action)
	}
	response.XMLName = xml.Name{Space: operation.Namespace, Local: action + "Response"}
	response.Result, err = operation.Result(r.Form)
	return response, err
}
