package sqs

import (
	"crypto/md5"
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

// newQueue returns a queue that answers each batch request with the response. The MD5 of the
// batch's first message replaces %s in the response.
func newQueue(t *testing.T, status int, response string) Queue {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var batch struct {
			Entries []struct{ MessageBody string }
		}
		if err := json.NewDecoder(r.Body).Decode(&batch); err != nil {
			t.Error(err)
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(status)
		sum := fmt.Sprintf("%x", md5.Sum([]byte(batch.Entries[0].MessageBody)))
		io.WriteString(w, strings.ReplaceAll(response, "%s", sum))
	}))
	t.Cleanup(server.Close)
	return NewQueue(aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	}, server.URL+"/queue")
}

func TestSendMany_ReturnsAnErrorPerEntry(t *testing.T) {
	for _, c := range []struct {
		name     string
		status   int
		response string
		failed   []bool
	}{
		{
			"one sent, one failed, one missing", 200,
			`{"Successful":[{"Id":"0","MessageId":"m","MD5OfMessageBody":"%s"}],
				"Failed":[{"Id":"1","Code":"InternalError","SenderFault":false}]}`,
			[]bool{false, true, true},
		},
		{
			"rejected request", 400,
			`{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no"}`,
			[]bool{true, true, true},
		},
		{
			"invalid ids", 200,
			`{"Failed":[{"Id":"9","Code":"x"},{"Id":"-1","Code":"x"},{"Code":"x"}]}`,
			[]bool{true, true, true},
		},
	} {
		queue := newQueue(t, c.status, c.response)
		for i, err := range queue.SendMany(t.Context(), make([]pipeline.Event, 3)) {
			if (err != nil) != c.failed[i] {
				t.Errorf("%s: entry %d: %v", c.name, i, err)
			}
		}
	}
}
