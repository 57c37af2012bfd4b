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

// queue is a queue that answers a batch so; %s in the answer is the MD5 of the batch's first message.
func queue(t *testing.T, status int, answer string) Queue {
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
		io.WriteString(w, strings.ReplaceAll(answer, "%s", fmt.Sprintf("%x", md5.Sum([]byte(batch.Entries[0].MessageBody)))))
	}))
	t.Cleanup(server.Close)
	return NewQueue(aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	}, server.URL+"/queue")
}

func TestSendMany_ReadsTheAnswerEntryByEntry(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		answer string
		failed []bool
	}{
		{"one sent, one failed, one left out", 200,
			`{"Successful":[{"Id":"0","MessageId":"m","MD5OfMessageBody":"%s"}],"Failed":[{"Id":"1","Code":"InternalError","SenderFault":false}]}`,
			[]bool{false, true, true}},
		{"refused", 400, `{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no"}`, []bool{true, true, true}},
		{"nonsense", 200, `{"Failed":[{"Id":"9","Code":"x"},{"Id":"-1","Code":"x"},{"Code":"x"}]}`, []bool{true, true, true}},
	} {
		for i, err := range queue(t, c.status, c.answer).SendMany(t.Context(), make([]pipeline.Event, 3)) {
			if (err != nil) != c.failed[i] {
				t.Errorf("%s: entry %d: %v", c.name, i, err)
			}
		}
	}
}
