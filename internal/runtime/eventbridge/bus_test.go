package eventbridge

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// newBus returns a bus whose server answers each request with the status and the response.
func newBus(t *testing.T, status int, response string) Bus {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, response)
	}))
	t.Cleanup(server.Close)
	return NewBus(aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	}, "bus")
}

func TestPublish_ReturnsTheErrorsOfFailedEntries(t *testing.T) {
	bus := newBus(t, http.StatusOK, `{"FailedEntryCount":1,"Entries":[{"EventId":"1"},
		{"ErrorCode":"ThrottlingException","ErrorMessage":"slow down"},{"EventId":"3"}]}`)
	errs := bus.Publish(t.Context(), make([]pipeline.Notification, 3))
	if errs[0] != nil || errs[2] != nil {
		t.Errorf("published entries have errors: %v, %v", errs[0], errs[2])
	}
	if errs[1] == nil || !strings.Contains(errs[1].Error(), "ThrottlingException: slow down") {
		t.Errorf("the failed entry has the error %v", errs[1])
	}
}

func TestPublish_ReturnsAnErrorPerNotificationOfAFailedRequest(t *testing.T) {
	bus := newBus(t, http.StatusBadRequest, `{"__type":"ValidationException"}`)
	errs := bus.Publish(t.Context(), make([]pipeline.Notification, 12))
	if len(errs) != 12 {
		t.Errorf("got %d errors, want 12", len(errs))
	}
	for i, err := range errs {
		if err == nil {
			t.Errorf("notification %d has no error", i)
		}
	}
}

// Concurrent requests can end in any order.
func TestPublish_ReturnsTheErrorsOfManyRequestsInOrder(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct{ Entries []struct{ Detail string } }
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			t.Error(err)
		}
		entries := make([]string, len(request.Entries))
		for i, entry := range request.Entries {
			var detail struct{ EventID string }
			if err := json.Unmarshal([]byte(entry.Detail), &detail); err != nil {
				t.Error(err)
			}
			entries[i] = `{"EventId":"1"}`
			if strings.HasSuffix(detail.EventID, "7") {
				entries[i] = fmt.Sprintf(
					`{"ErrorCode":"InternalFailure","ErrorMessage":%q}`, detail.EventID)
			}
		}
		io.WriteString(w, `{"Entries":[`+strings.Join(entries, ",")+`]}`)
	}))
	defer server.Close()
	bus := NewBus(aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	}, "bus")
	notifications := make([]pipeline.Notification, 345)
	for i := range notifications {
		notifications[i].Detail.EventID = fmt.Sprint("event ", i)
	}
	errs := bus.Publish(t.Context(), notifications)
	if len(errs) != len(notifications) {
		t.Fatalf("got %d errors, want %d", len(errs), len(notifications))
	}
	for i, err := range errs {
		id := notifications[i].Detail.EventID
		switch failed := strings.HasSuffix(id, "7"); {
		case failed && (err == nil || !strings.HasSuffix(err.Error(), id)):
			t.Errorf("%s: got %v, want its error", id, err)
		case !failed && err != nil:
			t.Errorf("%s: %v", id, err)
		}
	}
}
