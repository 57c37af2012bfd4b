package protocol

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// TooLargeError reports a body with more bytes than ReadBody allows.
type TooLargeError struct{ Limit int64 }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the body must have at most %d bytes", e.Limit)
}

// IncompleteError reports a body whose end ReadBody could not read, for example because the client
// disconnected.
type IncompleteError struct{ Err error }

func (e *IncompleteError) Error() string { return e.Err.Error() }
func (e *IncompleteError) Unwrap() error { return e.Err }

// heldBody is a body that ReadBody has read.
type heldBody struct {
	*bytes.Reader
	data    []byte
	decoded *any // points to the result of DecodeBody, or to nil
}

func (heldBody) Close() error { return nil }

// ReadBody returns the body of a request. The next handler can still read the body. Later calls
// return the same bytes, so the caller must not change them.
//
// The error is a *TooLargeError if the body is larger than limit bytes, and an *IncompleteError if
// reading fails.
func ReadBody(r *http.Request, limit int64) ([]byte, error) {
	if held, ok := r.Body.(heldBody); ok {
		return held.data, nil
	}
	if r.ContentLength > limit {
		return nil, &TooLargeError{limit}
	}
	var text bytes.Buffer
	if r.ContentLength > 0 {
		text.Grow(int(r.ContentLength) + bytes.MinRead) // ReadFrom needs MinRead bytes for the EOF
	}
	if _, err := text.ReadFrom(io.LimitReader(r.Body, limit+1)); err != nil {
		return nil, &IncompleteError{err}
	}
	if int64(text.Len()) > limit {
		return nil, &TooLargeError{limit}
	}
	r.Body = heldBody{bytes.NewReader(text.Bytes()), text.Bytes(), new(any)}
	return text.Bytes(), nil
}

// DecodeBody decodes a body that ReadBody has read. Later calls with the same request and type
// return the same value, so the caller must not change it.
func DecodeBody[T any](r *http.Request, body []byte) (*T, error) {
	held, ok := r.Body.(heldBody)
	if ok {
		if value, ok := (*held.decoded).(*T); ok {
			return value, nil
		}
	}
	value := new(T)
	if err := Decode(body, value); err != nil {
		return nil, err
	}
	if ok {
		*held.decoded = value
	}
	return value, nil
}

// DecodeRequest calls Decode with the body of a request. The next handler can still read the body.
func DecodeRequest(r *http.Request, into any) error {
	body, err := ReadBody(r, MaxJSONBody)
	if err != nil {
		return err
	}
	return Decode(body, into)
}
