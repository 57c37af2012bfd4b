package emulator

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"
)

func TestLimitBodyPauses_AnswersIfTheHandlerDoesNotReadTheBody(t *testing.T) {
	server := httptest.NewServer(limitBodyPauses(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }),
		time.Millisecond))
	defer server.Close()
	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprint(connection, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na")
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil || response.StatusCode != 404 {
		t.Errorf("got %+v, %v", response, err)
	}
}

func TestLimitBodyPauses_EndsTheReadOfABody(t *testing.T) {
	const timeout = 20 * time.Millisecond
	for _, c := range []struct {
		body string
		end  error
	}{
		{"ab", nil}, {"a", os.ErrDeadlineExceeded}, {"", os.ErrDeadlineExceeded},
	} {
		server := httptest.NewServer(limitBodyPauses(
			http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got, err := io.ReadAll(r.Body)
				if string(got) != c.body || !errors.Is(err, c.end) {
					t.Errorf("read %q, %v, want %q, %v", got, err, c.body, c.end)
				}
				_, _ = r.Body.Read(make([]byte, 1)) // must not start a new deadline
				select {
				case <-r.Context().Done():
					if c.end == nil {
						t.Error("the deadline canceled a complete request")
					}
				case <-time.After(3 * timeout):
				}
			}), timeout))
		connection, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(connection, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n%s", c.body)
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil || response.Close != (c.end != nil) {
			t.Errorf("body %q: got %+v, %v", c.body, response, err)
		}
		connection.Close()
		server.Close()
	}
}
