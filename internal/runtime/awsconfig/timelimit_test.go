package awsconfig

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// testCalls has a short time limit. The tests run on a simulated clock, so a slow machine does not
// exceed this limit.
var testCalls = Calls{
	MaxAttempts: 3, FirstBackoff: 1, MaxBackoff: 1, Response: 100 * time.Millisecond,
}

// pipes is a listener in memory, because a simulated clock does not work with network connections.
type pipes chan net.Conn

func (p pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p pipes) Accept() (net.Conn, error) {
	connection, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return connection, nil
}

func (p pipes) Close() error { close(p); return nil }

func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// newClient returns a client of a test server. Each request gets the response of the next handler.
// The last handler also answers all later requests. Call newClient in a synctest bubble.
func newClient(t *testing.T, responses ...http.HandlerFunc) (*s3.Client, *atomic.Int64) {
	t.Helper()
	t.Setenv("AWS_ENDPOINT_URL", "http://s3")
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "local")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "local")
	cfg, err := Load(testCalls)
	if err != nil {
		t.Fatal(err)
	}
	requests, listener, ended := new(atomic.Int64), make(pipes), make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			n := int(requests.Add(1))
			responses[min(n, len(responses))-1](w, r.WithContext(
				context.WithValue(r.Context(), endedKey{}, ended)))
		})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() {
		close(ended)
		_ = server.Close()
	})
	limited := cfg.HTTPClient.(plainBodies).client.(timeLimited)
	limited.client = limited.client.(*awshttp.BuildableClient).WithTransportOptions(
		func(t *http.Transport) { t.DialContext = listener.dial })
	cfg.HTTPClient = PlainBodies(limited)
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

func respondOK(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	io.WriteString(w, "content")
}

func respondConflict(w http.ResponseWriter, _ *http.Request) {
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
	for size, limit := range map[int]time.Duration{
		2: testCalls.Response, 6 << 20: 4 * testCalls.Response, // half as much for each MiB
	} {
		t.Run(fmt.Sprintf("%d bytes", size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, requests := newClient(t, hang, respondOK)
				start := time.Now()
				if err := put(t, client, make([]byte, size)); err != nil || requests.Load() != 2 {
					t.Errorf("got %v after %d requests", err, requests.Load())
				}
				if took := time.Since(start); took != limit {
					t.Errorf("the first attempt took %s, want %s", took, limit)
				}
			})
		})
	}
}

func TestLoad_GivesUpAfterAllAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, requests := newClient(t, hang)
		err := put(t, client, nil)
		if err == nil || !strings.Contains(err.Error(), "no response within 100ms") ||
			requests.Load() != int64(testCalls.MaxAttempts) {
			t.Errorf("got %v after %d requests", err, requests.Load())
		}
	})
}

func TestLoad_EndsAResponseThatStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
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
	})
}

func TestLoad_RetriesAConflictOfConditionalWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, requests := newClient(t, respondConflict, respondConflict, respondOK)
		if err := put(t, client, nil); err != nil || requests.Load() != 3 {
			t.Errorf("got %v after %d requests", err, requests.Load())
		}
	})
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
