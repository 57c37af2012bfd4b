package protocol

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"hash/crc32"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
	"github.com/google/uuid"
)

// Decode decodes a JSON value like encoding/json, but matches names exactly, as AWS does.
func Decode(raw []byte, into any) error { return jsonv2.Unmarshal(raw, into, exactNames) }

// DecodeNumbers works like Decode, but decodes a number as a json.Number if the target's type is
// any.
func DecodeNumbers(raw []byte, into any) error {
	return jsonv2.Unmarshal(raw, into, exactNames, jsonv2.WithUnmarshalers(numbers))
}

var numbers = jsonv2.UnmarshalFromFunc(func(d *jsontext.Decoder, into *any) error {
	if d.PeekKind() != '0' {
		return errors.ErrUnsupported
	}
	number, err := d.ReadValue()
	*into = json.Number(number)
	return err
})

// DecodeStrict decodes a JSON value like Decode, but returns an error for unknown names.
func DecodeStrict(raw []byte, into any) error {
	return jsonv2.Unmarshal(raw, into, exactNames, jsonv2.RejectUnknownMembers(true))
}

// ReadFile returns the content of a text file without the byte-order mark that some editors write.
func ReadFile(file string) ([]byte, error) {
	content, err := os.ReadFile(file)
	return bytes.TrimPrefix(content, []byte("\ufeff")), err
}

var exactNames = jsonv2.JoinOptions(
	jsonv1.DefaultOptionsV1(), jsonv2.MatchCaseInsensitiveNames(false),
)

// MaxJSONBody is the maximum size of a request in bytes. It equals DynamoDB's limit, the highest of
// all services with a JSON protocol.
const MaxJSONBody = 16 << 20

const jsonType = "application/x-amz-json-1.0"

// Operation returns the response to a request. For an *Error, the client receives this error's code
// and message. For any other error, the client receives the code InternalFailure.
type Operation func(r *http.Request, body []byte) (any, error)

// NewOperation returns an Operation that decodes the request's body and calls fn. If an
// UnmarshalJSON method returns an *Error, the client receives it. Other invalid input causes a
// SerializationException.
func NewOperation[In, Out any](fn func(r *http.Request, in *In) (*Out, error)) Operation {
	return func(r *http.Request, body []byte) (any, error) {
		in, err := DecodeBody[In](r, body)
		if err != nil {
			if failure, ok := errors.AsType[*Error](err); ok {
				return nil, failure
			}
			return nil, Errorf("SerializationException", "%v", err)
		}
		return fn(r, in)
	}
}

// Locked returns an Operation that holds the lock while it calls fn.
func Locked[In, Out any](lock sync.Locker, fn func(in *In) (*Out, error)) Operation {
	return NewOperation(func(_ *http.Request, in *In) (*Out, error) {
		lock.Lock()
		defer lock.Unlock()
		return fn(in)
	})
}

// JSONHandler serves the operations of an AWS JSON protocol. It maps names to operations. The name
// of a request's operation follows the dot in X-Amz-Target.
type JSONHandler map[string]Operation

// Operations returns the sorted names of the operations.
func (h JSONHandler) Operations() []string { return slices.Sorted(maps.Keys(h)) }

func (h JSONHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	contentType := cmp.Or(r.Header.Get("Content-Type"), jsonType)
	response, err := h.respond(r)
	status := http.StatusOK
	if err != nil {
		status, response = jsonError(err)
	}
	writeResponse(w, status, contentType, json.Marshal, response)
}

func (h JSONHandler) respond(r *http.Request) (any, error) {
	body, err := ReadBody(r, MaxJSONBody)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, &Error{
			Code: "RequestTimeout", Message: "read the request: " + err.Error(),
			Status: http.StatusRequestTimeout,
		}
	}
	if err != nil {
		return nil, Errorf("RequestTooLarge", "read the request: %v", err)
	}
	target := r.Header.Get("X-Amz-Target")
	_, name, _ := strings.Cut(target, ".")
	operation, ok := h[name]
	if !ok {
		const format = "the local platform does not serve %s"
		return nil, Errorf("UnknownOperationException", format, target)
	}
	return operation(r, body)
}

func jsonError(err error) (status int, body map[string]any) {
	failure := asError(err)
	body = map[string]any{"__type": failure.Code, "message": failure.Message}
	maps.Copy(body, failure.Fields)
	return failure.Status, body
}

// WriteJSON writes a response with a JSON body.
func WriteJSON(w http.ResponseWriter, status int, response any) {
	writeResponse(w, status, "application/json", json.Marshal, response)
}

func writeResponse(
	w http.ResponseWriter, status int, contentType string,
	marshal func(any) ([]byte, error), response any,
) {
	body, err := marshal(response)
	if err != nil {
		status, body = http.StatusInternalServerError, nil
	}
	header := w.Header()
	header.Set("Content-Type", contentType)
	if header.Get(requestIDHeader) == "" {
		setRequestID(w)
	}
	// SDK clients of DynamoDB verify this checksum.
	header.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a write error means that the client disconnected
}

const requestIDHeader = "X-Amzn-Requestid"

// setRequestID generates a request id, sets it as a response header and returns it.
func setRequestID(w http.ResponseWriter) string {
	id := uuid.NewString()
	w.Header().Set(requestIDHeader, id)
	return id
}
