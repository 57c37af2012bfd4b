package awsconfig

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// quick sets short time limits, so that tests with a hanging server end soon.
var quick = Calls{MaxAttempts: 3, FirstBackoff: 1, MaxBackoff: 1, Response: 100 * time.Millisecond}

// newClient returns a client of a test server. Each request gets the response of the next handler.
// The last handler also answers all later requests.
func newClient(t *testing.T, responses ...http.HandlerFunc) (*s3.Client, *atomic.Int64) {
	t.Helper()
	requests := new(atomic.Int64)
	ended := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(requests.Add(1))
		responses[min(n, len(responses))-1](w, r.WithContext(
			context.WithValue(r.Context(), endedKey{}, ended)))
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(ended) })
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "local")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "local")
	cfg, err := Load(quick)
	if err != nil {
		t.Fatal(err)
	}
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }), requests
}

type endedKey struct{}

// hang never responds.
func hang(_ http.ResponseWriter, r *http.Request) {
	<-r.Context().Value(endedKey{}).(chan struct{})
}

// hangInBody sends the headers and a part of the body, and then nothing.
func hangInBody(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "100")
	io.WriteString(w, "begin")
	w.(http.Flusher).Flush()
	hang(w, r)
}

func ok(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	io.WriteString(w, "content")
}

func conflicts(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusConflict)
	io.WriteString(w, "<Error><Code>"+conflict+"</Code></Error>")
}

func put(t *testing.T, client *s3.Client, body []byte) error {
	t.Helper()
	_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("bucket"), Key: aws.String("key"), Body: bytes.NewReader(body),
		IfNoneMatch: aws.String("*"),
	})
	return err
}

func TestLoad_RetriesARequestThatGetsNoResponse(t *testing.T) {
	for name, body := range map[string][]byte{"small": []byte("{}"), "large": make([]byte, 6<<20)} {
		t.Run(name, func(t *testing.T) {
			client, requests := newClient(t, hang, ok)
			if err := put(t, client, body); err != nil || requests.Load() != 2 {
				t.Errorf("got %v after %d requests", err, requests.Load())
			}
		})
	}
}

func TestLoad_GivesUpAfterAllAttempts(t *testing.T) {
	client, requests := newClient(t, hang)
	err := put(t, client, nil)
	if err == nil || !strings.Contains(err.Error(), "no response within 100ms") ||
		requests.Load() != int64(quick.MaxAttempts) {
		t.Errorf("got %v after %d requests", err, requests.Load())
	}
}

func TestLoad_EndsAResponseThatStops(t *testing.T) {
	client, _ := newClient(t, hangInBody)
	object, err := client.GetObject(t.Context(), &s3.GetObjectInput{
		Bucket: aws.String("bucket"), Key: aws.String("key"),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer object.Body.Close()
	got, err := io.ReadAll(object.Body)
	if err == nil || !strings.Contains(err.Error(), "no response") || string(got) != "begin" {
		t.Errorf("read %q, %v", got, err)
	}
}

func TestLoad_RetriesAConflictOfConditionalWrites(t *testing.T) {
	client, requests := newClient(t, conflicts, conflicts, ok)
	if err := put(t, client, nil); err != nil || requests.Load() != 3 {
		t.Errorf("got %v after %d requests", err, requests.Load())
	}
}

// The API function has 9 seconds for its calls to AWS. Its default timeout is 10 seconds, and it
// reserves one second for sending the response.
func TestForClient_AllAttemptsTakeLessThanNineSeconds(t *testing.T) {
	total := ForClient.Response
	for attempt := 1; attempt < ForClient.MaxAttempts; attempt++ {
		total += ForClient.Response + ForClient.maxBackoff(attempt)
	}
	if total >= 9*time.Second {
		t.Errorf("all attempts take up to %s", total)
	}
}

func TestCalls_DoublesTheMaximumDelayUpToMaxBackoff(t *testing.T) {
	for attempt, want := range map[int]time.Duration{
		1: 100 * time.Millisecond, 2: 200 * time.Millisecond, 3: 400 * time.Millisecond,
		4: 400 * time.Millisecond, 100: 400 * time.Millisecond,
	} {
		if got := ForClient.maxBackoff(attempt); got != want {
			t.Errorf("before attempt %d: got up to %s, want %s", attempt+1, got, want)
		}
	}
}
