package eventsource_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventsource"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

// request sends a request to the handler and decodes the response.
func request(t *testing.T, h http.Handler, method, path, body string) (int, map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, eventsource.Path+path, strings.NewReader(body))
	h.ServeHTTP(w, r)
	var response map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &response); err != nil {
		t.Fatalf("%s %s: HTTP %d %s", method, path, w.Code, w.Body)
	}
	return w.Code, response
}

// newMapping returns a mapping and its queue. The names of the queue and the function end with the
// id.
func newMapping(t *testing.T, id string) (eventsource.Mapping, *sqs.Queue) {
	t.Helper()
	service, err := sqs.New(sqs.Config{Region: "us-east-1", Account: "000000000000"})
	if err != nil {
		t.Fatal(err)
	}
	queue, err := service.CreateQueue(sqs.QueueConfig{Name: "events-" + id})
	if err != nil {
		t.Fatal(err)
	}
	return eventsource.Mapping{ID: id, Queue: queue, Function: "worker-" + id,
		Invoke: func(context.Context, string, []byte) (eventsource.Result, error) {
			return eventsource.Result{}, nil
		}}, queue
}

func TestService_EnablesAndDisablesMappings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, queue := newMapping(t, "a")
		m.Disabled = true
		service := eventsource.NewService([]eventsource.Mapping{m}, func(err error) {
			t.Error(err)
		})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			service.Run(ctx)
		}()
		synctest.Wait()
		expect := func(state string, depth int) {
			t.Helper()
			synctest.Wait()
			_, response := request(t, service, "GET", "/a", "")
			if response["State"] != state {
				t.Errorf("state %v, want %s", response["State"], state)
			}
			if visible, _, _ := queue.Depth(); visible != depth {
				t.Errorf("%d messages on the queue, want %d", visible, depth)
			}
		}
		send := func() {
			if _, err := queue.Send("x", 0); err != nil {
				t.Fatal(err)
			}
		}
		set := func(enabled string) {
			t.Helper()
			status, response := request(t, service, "PUT", "/a",
				`{"Enabled": `+enabled+`}`)
			if status != http.StatusAccepted {
				t.Fatalf("HTTP %d %v", status, response)
			}
		}
		send()
		expect("Disabled", 1)
		set("true")
		expect("Enabled", 0)
		send()
		expect("Enabled", 0)
		set("false")
		expect("Disabled", 0)
		send()
		expect("Disabled", 1)
		set("true")
		set("true")
		expect("Enabled", 0)
		stop()
		<-done
	})
}

func TestHandler_DescribesMappings(t *testing.T) {
	a, queue := newMapping(t, "a")
	a.BatchSize, a.ConfiguredConcurrency, a.ReportBatchItemFailures = 25, 8, true
	b, _ := newMapping(t, "b")
	b.Qualifier = "live"
	h := eventsource.NewService([]eventsource.Mapping{b, a}, nil)
	for query, want := range map[string][]string{
		"": {"a", "b"}, "/": {"a", "b"},
		"?FunctionName=worker-b": {"b"},
		"?FunctionName=arn:aws:lambda:us-east-1:000000000000:function:worker-a":   {"a"},
		"?FunctionName=arn:aws:lambda:us-east-1:000000000000:function:worker-a:7": nil,
		"?FunctionName=worker-b:live":                                             {"b"},
		"?FunctionName=none":                                                      nil,
		"?EventSourceArn=" + queue.ARN():                                          {"a"},
		"?MaxItems=1":                                                             {"a"},
		"?MaxItems=1&Marker=1":                                                    {"b"},
	} {
		_, response := request(t, h, "GET", query, "")
		var got []string
		for _, m := range response["EventSourceMappings"].([]any) {
			got = append(got, m.(map[string]any)["UUID"].(string))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", query, got, want)
		}
	}
	if _, response := request(t, h, "GET", "?MaxItems=1", ""); response["NextMarker"] != "1" {
		t.Errorf("got %v", response)
	}
	_, got := request(t, h, "GET", "/a", "")
	for name, want := range map[string]any{
		"BatchSize": 25.0, "EventSourceArn": queue.ARN(), "State": "Enabled",
		"FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:worker-a",
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/none", "", 404},
		{"PUT", "/none", `{"Enabled": true}`, 404},
		{"PUT", "/a", `{"BatchSize": 1}`, 400},
		{"GET", "?MaxItems=x", "", 400},
		{"POST", "", "{}", 404},
		{"DELETE", "/a", "", 404},
	} {
		if status, response := request(t, h, c.method, c.path, c.body); status != c.status {
			t.Errorf("%s %s: HTTP %d %v, want %d", c.method, c.path, status, response, c.status)
		}
	}
}
