package faults

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

var targets = protocol.Targets{"DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs", "AWSEvents": "events"}

func read(t *testing.T, content string) (Config, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "faults.json")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return ReadConfig(file)
}

func TestRead_RefusesWhatItDoesNotKnow(t *testing.T) {
	for content, want := range map[string]string{
		`{"seeds":1}`:                  "seeds",
		`{"killRate":2}`:               "killRate is 2",
		`{} {}`:                        "behind the object",
		`{"rules":[{}]}`:               `rules[0].fault is ""`,
		`{"killRate":"0.1"}`:           "killRate",
		`{"rules":[{"fault":"slow"}]}`: "rules[0].delayMs is 0",
		`{"rules":[{"fault":"error","delayMs":5}]}`:                        "rules[0].delayMs is 5",
		`{"rules":[{"fault":"error","rate":-1},{"fault":"x","rate":0.5}]}`: "rules[1].fault",
		`{"rules":[{"fault":"error","service":"lambda"}]}`:                 `rules[0].service is "lambda"`,
	} {
		if _, err := read(t, content); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want it to name %s", content, err, want)
		}
	}
	if _, err := ReadConfig("absent.json"); err == nil {
		t.Error("a file that is not there is taken")
	}
	got, err := read(t, `{"seed":7,"killRate":0.5,"rules":[{"service":"s3","operation":"PutObject","function":"worker","rate":1,"fault":"slow","delayMs":9}]}`)
	if err != nil || got.Seed != 7 || got.Rules[0].DelayMS != 9 {
		t.Errorf("got %+v, %v", got, err)
	}
}

// aws is a service behind an injector, called by the function "p-worker" with the access key "sandbox".
type aws struct {
	url     string
	effects atomic.Int64
	kills   atomic.Int64
	mu      sync.Mutex
	hits    []Injection
}

func serve(t *testing.T, config Config) *aws {
	a := &aws{}
	caller := func(accessKey string) (Caller, bool) {
		return Caller{Function: "p-worker", Kill: func() { a.kills.Add(1) }}, accessKey == "sandbox"
	}
	injector := New(config, targets, caller, func(h Injection) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.hits = append(a.hits, h)
	})
	server := httptest.NewServer(injector.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		a.effects.Add(1)
		io.WriteString(w, "done")
	})))
	t.Cleanup(server.Close)
	a.url = server.URL
	return a
}

func (a *aws) call(t *testing.T, ctx context.Context, accessKey, method, path, target string) (status int, body string, err error) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, a.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+accessKey+"/20261123/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0")
	if target != "" {
		request.Header.Set("X-Amz-Target", target)
	}
	transport := &http.Transport{DisableKeepAlives: true} // or a request on a connection that is cut is sent again
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return response.StatusCode, string(content), err
}

func always(fault Fault) Config { return Config{Rules: []Rule{{Fault: fault, Rate: 1}}} }

func TestInjector_FailsAsEachServiceDoes(t *testing.T) {
	for _, c := range []struct {
		fault                Fault
		method, path, target string
		status               int
		body                 string
		hit                  Injection
	}{
		{Error, "PUT", "/bucket/key", "", 500, "<Code>InternalError</Code>", Injection{"p-worker", "s3", "PutObject", "error"}},
		{Throttle, "GET", "/bucket/key", "", 503, "<Code>SlowDown</Code>", Injection{"p-worker", "s3", "GetObject", "throttle"}},
		{Error, "POST", "/", "DynamoDB_20120810.PutItem", 500, `"InternalError"`, Injection{"p-worker", "dynamodb", "PutItem", "error"}},
		{Throttle, "POST", "/", "DynamoDB_20120810.UpdateItem", 400, "ProvisionedThroughputExceededException", Injection{"p-worker", "dynamodb", "UpdateItem", "throttle"}},
		{Throttle, "POST", "/", "AmazonSQS.SendMessage", 400, "RequestThrottled", Injection{"p-worker", "sqs", "SendMessage", "throttle"}},
		{Throttle, "POST", "/", "AWSEvents.PutEvents", 400, "ThrottlingException", Injection{"p-worker", "events", "PutEvents", "throttle"}},
		{Error, "GET", "/bucket?list-type=2", "", 500, "InternalError", Injection{"p-worker", "s3", "ListObjectsV2", "error"}},
	} {
		a := serve(t, always(c.fault))
		status, body, err := a.call(t, t.Context(), "sandbox", c.method, c.path, c.target)
		if err != nil || status != c.status || !strings.Contains(body, c.body) || a.effects.Load() != 0 {
			t.Errorf("%+v: got %d %s, %v", c.hit, status, body, err)
		}
		if len(a.hits) != 1 || a.hits[0] != c.hit {
			t.Errorf("reported %+v, want %+v", a.hits, c.hit)
		}
	}
}

func TestInjector_LosesAResponseBehindItsEffect(t *testing.T) {
	a := serve(t, always(LostResponse))
	if status, _, err := a.call(t, t.Context(), "sandbox", "PUT", "/bucket/key", ""); err == nil || a.effects.Load() != 1 {
		t.Errorf("got %d, %v after %d effects", status, err, a.effects.Load())
	}
}

func TestInjector_HangsUntilTheCallerGivesUp(t *testing.T) {
	a := serve(t, always(Timeout))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := a.call(t, ctx, "sandbox", "PUT", "/bucket/key", ""); !errors.Is(err, context.DeadlineExceeded) || a.effects.Load() != 0 {
		t.Errorf("got %v after %d effects", err, a.effects.Load())
	}
}

func TestInjector_IsSlow(t *testing.T) {
	a := serve(t, Config{Rules: []Rule{{Fault: Slow, Rate: 1, DelayMS: 30}}})
	start := time.Now()
	if status, body, err := a.call(t, t.Context(), "sandbox", "PUT", "/bucket/key", ""); status != 200 || body != "done" || err != nil {
		t.Errorf("got %d %s, %v", status, body, err)
	}
	if took := time.Since(start); took < 30*time.Millisecond {
		t.Errorf("it took %s", took)
	}
}

func TestInjector_KillsBeforeOrBehindTheEffect(t *testing.T) {
	a := serve(t, Config{KillRate: 1})
	for range 40 {
		if _, _, err := a.call(t, t.Context(), "sandbox", "PUT", "/bucket/key", ""); err == nil {
			t.Fatal("the killed process got an answer")
		}
	}
	if effects := a.effects.Load(); a.kills.Load() != 40 || effects == 0 || effects == 40 {
		t.Errorf("%d kills, %d effects", a.kills.Load(), effects)
	}
}

func TestInjector_LeavesAloneWhatNoRuleMatches(t *testing.T) {
	a := serve(t, Config{Rules: []Rule{
		{Service: "dynamodb", Rate: 1, Fault: Error},
		{Operation: "GetObject", Rate: 1, Fault: Error},
		{Function: "api", Rate: 1, Fault: Error},
		{Rate: 0, Fault: Error},
	}})
	if status, _, err := a.call(t, t.Context(), "sandbox", "PUT", "/bucket/key", ""); status != 200 || err != nil {
		t.Errorf("got %d, %v", status, err)
	}
}

func TestInjector_LeavesOthersThanFunctionsAlone(t *testing.T) {
	a := serve(t, Config{KillRate: 1, Rules: []Rule{{Fault: Error, Rate: 1}}})
	if status, _, err := a.call(t, t.Context(), "local", "PUT", "/bucket/key", ""); status != 200 || err != nil || len(a.hits) != 0 {
		t.Errorf("got %d, %v, %v", status, err, a.hits)
	}
}

func TestInjector_HitsTheSameCallsWithTheSameSeed(t *testing.T) {
	pattern := func(seed uint64) string {
		a := serve(t, Config{Seed: seed, Rules: []Rule{{Fault: Error, Rate: 0.3}}})
		var b strings.Builder
		for range 60 {
			status, _, err := a.call(t, t.Context(), "sandbox", "PUT", "/bucket/key", "")
			if err != nil {
				t.Fatal(err)
			}
			b.WriteByte("x."[status/500%2])
		}
		return b.String()
	}
	if one, again, other := pattern(1), pattern(1), pattern(2); one != again || one == other || !strings.Contains(one, ".x") {
		t.Errorf("seed 1: %s and %s; seed 2: %s", one, again, other)
	}
}

// list is a queue that holds messages.
type list struct{ messages []sqs.Message }

func (*list) ARN() string            { return "arn" }
func (*list) Delete(...string) error { return nil }
func (l *list) Receive(ctx context.Context, limit int, wait time.Duration) ([]sqs.Message, error) {
	if len(l.messages) == 0 {
		return nil, pause(ctx, wait)
	}
	n := min(limit, len(l.messages))
	got := l.messages[:n]
	l.messages = l.messages[n:]
	return got, nil
}

func pause(ctx context.Context, d time.Duration) error { return sleep(ctx, d) }

func TestQueue_DeliversSomeMessagesOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &list{messages: []sqs.Message{{ID: "a"}, {ID: "b"}, {ID: "c"}}}
		hits := 0
		injector := New(Config{DuplicateDeliveryRate: 1}, nil, nil, func(Injection) { hits++ })
		queue := injector.Queue(source, "p-worker")
		var got []string
		for range 4 {
			messages, err := queue.Receive(t.Context(), 2, time.Second)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range messages {
				got = append(got, m.ID)
			}
		}
		if strings.Join(got, "") != "ababcc" || hits != 3 {
			t.Errorf("received %v, %d hits", got, hits)
		}
	})
}
