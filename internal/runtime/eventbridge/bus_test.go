package eventbridge

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// bus is a Bus whose every request gets the answer.
func bus(t *testing.T, status int, answer string) Bus {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return NewBus(aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	}, "bus")
}

func TestPublish_ReadsTheFailuresOfARequestThatSucceeded(t *testing.T) {
	b := bus(t, http.StatusOK, `{"FailedEntryCount":1,"Entries":[{"EventId":"1"},{"ErrorCode":"ThrottlingException","ErrorMessage":"slow down"},{"EventId":"3"}]}`)
	errs := b.Publish(t.Context(), make([]pipeline.Notification, 3))
	if errs[0] != nil || errs[2] != nil {
		t.Errorf("entries that are out have errors: %v, %v", errs[0], errs[2])
	}
	if errs[1] == nil || !strings.Contains(errs[1].Error(), "ThrottlingException: slow down") {
		t.Errorf("the entry that failed has the error %v", errs[1])
	}
}

func TestPublish_FailsEachNoticeOfARequestThatFailed(t *testing.T) {
	for i, err := range bus(t, http.StatusBadRequest, `{"__type":"ValidationException"}`).Publish(t.Context(), make([]pipeline.Notification, 12)) {
		if err == nil {
			t.Errorf("notice %d has no error", i)
		}
	}
}
