package protocol

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"
)

// WriteNotServed answers a request for a service or an operation that the local platform does not
// serve. Every client shows the message, because the response has the format of the request's
// protocol.
func WriteNotServed(w http.ResponseWriter, r *http.Request) {
	message := "the local platform does not serve " + describeRequest(r)
	// Read the body. Otherwise, the client can get a reset connection before the response.
	_, _ = io.CopyN(io.Discard, r.Body, MaxJSONBody)
	const code = "UnknownOperationException"
	contentType := r.Header.Get("Content-Type")
	target := r.Header.Get("X-Amz-Target") != ""
	switch service := calledService(r); {
	case r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor":
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		response := cbor.Map{"__type": cbor.String(code), "message": cbor.String(message)}
		writeResponse(w, http.StatusBadRequest, "application/cbor", encodeCBOR, response)
	case target || strings.HasPrefix(contentType, "application/x-amz-json-"):
		response := map[string]string{"__type": code, "message": message}
		writeResponse(w, http.StatusBadRequest, cmp.Or(contentType, jsonType), json.Marshal,
			response)
	case service == "ec2":
		response := ec2Error{
			Code: "InvalidAction", Message: message, RequestID: setRequestID(w),
		}
		writeResponse(w, http.StatusBadRequest, "text/xml", xml.Marshal, response)
	case IsQuery(r):
		WriteError(w, Query, http.StatusBadRequest, "InvalidAction", message)
	case service == S3 || service == "s3express":
		WriteError(w, S3, http.StatusNotImplemented, "NotImplemented", message)
	case service == "cloudfront" || service == "route53":
		WriteError(w, Query, http.StatusNotImplemented, "NotImplemented", message)
	default:
		WriteError(w, Lambda, http.StatusNotFound, code, message)
	}
}

// describeRequest returns the service and the operation of a request.
func describeRequest(r *http.Request) string {
	operation := r.Method + " " + r.URL.Path
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		operation = target
	} else if _, name, ok := strings.Cut(r.URL.Path, "/operation/"); ok {
		operation = name
	} else if IsQuery(r) {
		_ = r.ParseForm() // a form that can't be parsed has no action
		operation = cmp.Or(r.Form.Get("Action"), operation)
	}
	if service := calledService(r); service != "" {
		return service + ": " + operation
	}
	return operation
}

func encodeCBOR(v any) ([]byte, error) { return cbor.Encode(v.(cbor.Value)), nil }

// ec2Error represents an error response of EC2. EC2 has its own variant of the query protocol.
type ec2Error struct {
	XMLName   xml.Name `xml:"Response"`
	Code      string   `xml:"Errors>Error>Code"`
	Message   string   `xml:"Errors>Error>Message"`
	RequestID string
}
