package awsconfig

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// closedBody behaves like a closed request body of the SDK: WriteTo returns an error.
type closedBody struct{ io.Reader }

func (closedBody) WriteTo(io.Writer) (int64, error) { return 0, io.EOF }
func (closedBody) Close() error                     { return nil }

func TestPlainBodies_KeepsTheConnectionAfterTheSDKClosesTheBody(t *testing.T) {
	large := strings.Repeat("x", 1<<20)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, large)
	}))
	defer server.Close()
	body := closedBody{strings.NewReader("body")}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, body)
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = 4
	response, err := PlainBodies(NewHTTPClient()).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || len(body) != len(large) {
		t.Errorf("read %d bytes of %d, %v", len(body), len(large), err)
	}
}
