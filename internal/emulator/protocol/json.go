package protocol

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// MaxJSONBody bounds a request; the largest that AWS takes in these protocols is DynamoDB's 16 MB.
const MaxJSONBody = 16 << 20

// Error is what a client gets to see of a failure. Fields, when set, are added to the body beside __type and message.
type Error struct {
	Code    string
	Message string
	Status  int // 400 when zero
	Fields  map[string]any
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf is a 400 with the given code.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Operation takes the request's body and returns what is marshalled as the answer, or an *Error.
type Operation func(r *http.Request, body []byte) (any, error)

// NewOperation makes an Operation of a function over typed input and output.
func NewOperation[In, Out any](fn func(r *http.Request, in *In) (*Out, error)) Operation {
	return func(r *http.Request, body []byte) (any, error) {
		var in In
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, Errorf("SerializationException", "%v", err)
		}
		return fn(r, &in)
	}
}

// JSONHandler serves operations by their name: the part of X-Amz-Target behind the dot.
type JSONHandler map[string]Operation

// Operations are the names of what it serves, in order.
func (h JSONHandler) Operations() []string { return slices.Sorted(maps.Keys(h)) }

func (h JSONHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxJSONBody))
	if err != nil {
		write(w, r, nil, Errorf("RequestTooLarge", "read the request: %v", err))
		return
	}
	_, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	op, ok := h[name]
	if !ok {
		write(w, r, nil, Errorf("UnknownOperationException", "the local platform does not serve %s", r.Header.Get("X-Amz-Target")))
		return
	}
	out, err := op(r, body)
	write(w, r, out, err)
}

func write(w http.ResponseWriter, r *http.Request, out any, err error) {
	status := http.StatusOK
	var failure *Error
	switch {
	case errors.As(err, &failure):
		status = failure.Status
		if status == 0 {
			status = http.StatusBadRequest
		}
		fields := map[string]any{"__type": failure.Code, "message": failure.Message}
		for k, v := range failure.Fields {
			fields[k] = v
		}
		out = fields
	case err != nil:
		status = http.StatusInternalServerError
		out = map[string]any{"__type": "InternalFailure", "message": err.Error()}
	}
	body, err := json.Marshal(out)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"__type":"InternalFailure"}`)
	}
	contentType := r.Header.Get("Content-Type")
	if contentType == "" {
		contentType = "application/x-amz-json-1.0"
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Amzn-Requestid", uuid.NewString())
	// DynamoDB's SDK checks this one.
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away needs no answer
}
