package protocol

import (
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
)

type greeting struct{ Name string }

var api = JSONHandler{
	"Greet": NewOperation(func(_ *http.Request, in *greeting) (*greeting, error) {
		switch in.Name {
		case "nobody":
			return nil, &Error{
				Code:    "NobodyException",
				Message: "nobody is there",
				Fields:  map[string]any{"Item": 1},
			}
		case "crash":
			return nil, errors.New("broken")
		}
		return &greeting{"hello " + in.Name}, nil
	}),
}

func TestJSONHandler_AnswersWithResultOrError(t *testing.T) {
	for _, c := range []struct {
		name, target, body string
		status             int
		want               string
	}{
		{"result", "Service_1.Greet", `{"Name":"ann"}`, 200, `{"Name":"hello ann"}`},
		{
			"name in other case", "Service_1.Greet", `{"Name":"ann","name":"eve","NAME":"bob"}`,
			200, `{"Name":"hello ann"}`,
		},
		{
			"error",
			"Service_1.Greet",
			`{"Name":"nobody"}`,
			400,
			`{"Item":1,"__type":"NobodyException","message":"nobody is there"}`,
		},
		{
			"internal error",
			"Service_1.Greet",
			`{"Name":"crash"}`,
			500,
			`{"__type":"InternalFailure","message":"broken"}`,
		},
		{
			"bad input",
			"Service_1.Greet",
			`{`,
			400,
			`{"__type":"SerializationException","message":"unexpected end of JSON input"}`,
		},
		{
			"unknown operation",
			"Service_1.Leave",
			`{}`,
			400,
			`{"__type":"UnknownOperationException",` +
				`"message":"the local platform does not serve Service_1.Leave"}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(c.body))
			request.Header.Set("X-Amz-Target", c.target)
			request.Header.Set("Content-Type", "application/x-amz-json-1.1")
			response := httptest.NewRecorder()
			api.ServeHTTP(response, request)
			if response.Code != c.status || response.Body.String() != c.want {
				t.Errorf("got %d %s, want %d %s", response.Code, response.Body, c.status, c.want)
			}
			if got, want := response.Header().
				Get("X-Amz-Crc32"),
				fmt.Sprint(crc32.ChecksumIEEE([]byte(c.want))); got != want {
				t.Errorf("X-Amz-Crc32 is %s, want %s", got, want)
			}
			if got := response.Header().Get("Content-Type"); got != "application/x-amz-json-1.1" {
				t.Errorf("Content-Type is %s", got)
			}
		})
	}
}

func TestJSONHandler_TimesOutIfTheBodyIsNotSent(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", iotest.ErrReader(os.ErrDeadlineExceeded))
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	if w.Code != http.StatusRequestTimeout || !strings.Contains(w.Body.String(), "RequestTimeout") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}
