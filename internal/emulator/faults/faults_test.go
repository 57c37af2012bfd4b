package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
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

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/lambda"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/logs"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/s3"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

var services = protocol.Services{
	dynamodb.Info, eventbridge.Info, lambda.Info, logs.Info, s3.Info, sqs.Info,
}

func readConfig(t *testing.T, content string) (Config, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "faults.json")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return ReadConfig(file, []string{"s3", "sqs"})
}

func TestReadConfig_RejectsInvalidConfigs(t *testing.T) {
	for content, want := range map[string]string{
		`{"seeds":1}`:                           "seeds",
		`{"killRate":2}`:                        "killRate must be from 0 to 1, got 2",
		`{} {}`:                                 "after top-level value",
		`{"rules":[{}]}`:                        "rules[0].fault must be",
		`{"killRate":"0.1"}`:                    "killRate",
		`{"rules":[{"fault":"slow"}]}`:          "rules[0].delayMs must be from 1",
		`{"rules":[{"fault":"x","delayMs":5}]}`: "delayMs must be absent",
		`{"rules":[{"fault":"error","rate":-1},{"fault":"x","rate":0.5}]}`: "rules[1].fault",
		`{"rules":[{"fault":"error","service":"lambda"}]}`:                 "service must be",
		`{"rules":[{"fault":"error","fromSeconds":-1}]}`:                   "fromSeconds must be",
		`{"rules":[{"fault":"error","forSeconds":-2}]}`:                    "forSeconds must be",
	} {
		if _, err := readConfig(t, content); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want it to contain %s", content, err, want)
		}
	}
	if _, err := ReadConfig("absent.json", nil); err == nil {
		t.Error("a missing file was accepted")
	}
	got, err := readConfig(t, `{"seed":7,"killRate":0.5,"rules":[{"service":"s3",`+
		`"operation":"PutObject","function":"worker","rate":1,"fault":"slow","delayMs":9}]}`)
	if err != nil || got.Seed != 7 || got.Rules[0].DelayMS != 9 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestReadConfig_IgnoresByteOrderMark(t *testing.T) {
	if got, err := readConfig(t, "\ufeff"+`{"seed":7}`); err != nil || got.Seed != 7 {
		t.Errorf("got %+v, %v", got, err)
	}
}

// service represents a service behind an injector. The function "p-worker" has the access key
// "sandbox".
type service struct {
	url        string
	effects    atomic.Int64
	kills      atomic.Int64
	mu         sync.Mutex
	injections []Injection
}

func serve(t *testing.T, config Config) *service {
	s := &service{}
	caller := func(accessKey string) (Caller, bool) {
		return Caller{Function: "p-worker", Kill: func() { s.kills.Add(1) }}, accessKey == "sandbox"
	}
	injector := New(config, services, caller, func(injection Injection) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.injections = append(s.injections, injection)
	})
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.effects.Add(1)
		io.WriteString(w, "done")
	})
	server := httptest.NewServer(injector.Wrap(next))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// call sends a request as the function "p-worker".
func (s *service) call(t *testing.T, method, path, target string) (int, string, error) {
	t.Helper()
	return s.callAs(t, t.Context(), "sandbox", method, path, target)
}

func (s *service) callAs(
	t *testing.T, ctx context.Context, accessKey, method, path, target string,
) (status int, body string, err error) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	service := "s3"
	if strings.HasPrefix(path, "/2015-03-31/") {
		service = "lambda"
	}
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+accessKey+
		"/20261123/us-east-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
	if target != "" {
		request.Header.Set("X-Amz-Target", target)
	}
	// With keep-alive, the transport repeats a request when the server closes the connection.
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return response.StatusCode, string(content), err
}

func alwaysInject(fault Fault) Config { return Config{Rules: []Rule{{Fault: fault, Rate: 1}}} }

func TestInjector_ReturnsTheErrorsOfTheService(t *testing.T) {
	for _, c := range []struct {
		fault                Fault
		method, path, target string
		status               int
		body                 string
		want                 Injection
	}{
		{Error, "PUT", "/bucket/key", "", 500, "<Code>InternalError</Code>",
			Injection{"p-worker", "s3", "PutObject", "error"}},
		{Throttle, "GET", "/bucket/key", "", 503, "<Code>SlowDown</Code>",
			Injection{"p-worker", "s3", "GetObject", "throttle"}},
		{Error, "POST", "/", "DynamoDB_20120810.PutItem", 500, `"InternalError"`,
			Injection{"p-worker", "dynamodb", "PutItem", "error"}},
		{Throttle, "POST", "/", "DynamoDB_20120810.UpdateItem", 400,
			"ProvisionedThroughputExceededException",
			Injection{"p-worker", "dynamodb", "UpdateItem", "throttle"}},
		{Throttle, "POST", "/", "AmazonSQS.SendMessage", 400, "RequestThrottled",
			Injection{"p-worker", "sqs", "SendMessage", "throttle"}},
		{Denied, "GET", "/bucket/key", "", 403, "<Code>AccessDenied</Code>",
			Injection{"p-worker", "s3", "GetObject", "denied"}},
		{Denied, "POST", "/", "AmazonSQS.SendMessage", 400, "KmsAccessDenied",
			Injection{"p-worker", "sqs", "SendMessage", "denied"}},
		{Denied, "POST", "/", "AWSEvents.PutEvents", 400, "AccessDeniedException",
			Injection{"p-worker", "events", "PutEvents", "denied"}},
		{Throttle, "POST", "/", "AWSEvents.PutEvents", 400, "ThrottlingException",
			Injection{"p-worker", "events", "PutEvents", "throttle"}},
		{Throttle, "POST", "/", "Logs_20140328.GetLogEvents", 400, "ThrottlingException",
			Injection{"p-worker", "logs", "GetLogEvents", "throttle"}},
		{Denied, "GET", "/2015-03-31/functions", "", 403, "injected fault",
			Injection{"p-worker", "lambda", "ListFunctions", "denied"}},
		{Error, "GET", "/bucket?list-type=2", "", 500, "InternalError",
			Injection{"p-worker", "s3", "ListObjectsV2", "error"}},
	} {
		s := serve(t, alwaysInject(c.fault))
		status, body, err := s.call(t, c.method, c.path, c.target)
		if err != nil || status != c.status || !strings.Contains(body, c.body) ||
			s.effects.Load() != 0 {
			t.Errorf("%+v: got %d %s, %v", c.want, status, body, err)
		}
		if len(s.injections) != 1 || s.injections[0] != c.want {
			t.Errorf("reported %+v, want %+v", s.injections, c.want)
		}
	}
}

func TestInjector_LosesTheResponseAfterTheEffect(t *testing.T) {
	s := serve(t, alwaysInject(LostResponse))
	if status, _, err := s.call(t, "PUT", "/bucket/key", ""); err == nil || s.effects.Load() != 1 {
		t.Errorf("got %d, %v after %d effects; want an error after 1 effect",
			status, err, s.effects.Load())
	}
}

func TestInjector_TimesOutWithoutEffect(t *testing.T) {
	s := serve(t, alwaysInject(Timeout))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, _, err := s.callAs(t, ctx, "sandbox", "PUT", "/bucket/key", "")
	if !errors.Is(err, context.DeadlineExceeded) || s.effects.Load() != 0 {
		t.Errorf("got %v after %d effects; want a timeout without an effect", err, s.effects.Load())
	}
}

func TestInjector_EndsATimeoutWhenTheClientDisconnects(t *testing.T) {
	caller := func(string) (Caller, bool) { return Caller{}, true }
	injector := New(alwaysInject(Timeout), services, caller, func(Injection) {})
	handler := injector.Wrap(http.NotFoundHandler())
	ended := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		handler.ServeHTTP(w, r)
	}))
	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(connection, "PUT /bucket/key HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na")
	connection.Close()
	select {
	case <-ended:
		server.Close()
	case <-time.After(time.Minute):
		t.Error("the call still waits after the client has disconnected")
	}
}

func TestInjector_DelaysSlowCalls(t *testing.T) {
	s := serve(t, Config{Rules: []Rule{{Fault: Slow, Rate: 1, DelayMS: 30}}})
	start := time.Now()
	status, body, err := s.call(t, "PUT", "/bucket/key", "")
	if status != 200 || body != "done" || err != nil {
		t.Errorf("got %d %s, %v", status, body, err)
	}
	if took := time.Since(start); took < 30*time.Millisecond {
		t.Errorf("the call took %s, want at least 30 ms", took)
	}
}

func TestInjector_KillsBeforeOrAfterTheEffect(t *testing.T) {
	s := serve(t, Config{KillRate: 1})
	for range 40 {
		if _, _, err := s.call(t, "PUT", "/bucket/key", ""); err == nil {
			t.Fatal("the killed sandbox got a response")
		}
	}
	if effects := s.effects.Load(); s.kills.Load() != 40 || effects == 0 || effects == 40 {
		t.Errorf("%d kills, %d effects", s.kills.Load(), effects)
	}
}

func TestInjector_PassesCallsThatNoRuleMatches(t *testing.T) {
	s := serve(t, Config{Rules: []Rule{
		{Service: "dynamodb", Rate: 1, Fault: Error},
		{Operation: "GetObject", Rate: 1, Fault: Error},
		{Function: "api", Rate: 1, Fault: Error},
		{Rate: 0, Fault: Error},
	}})
	if status, _, err := s.call(t, "PUT", "/bucket/key", ""); status != 200 || err != nil {
		t.Errorf("got %d, %v", status, err)
	}
}

func TestRule_MatchesOnlyInItsTime(t *testing.T) {
	for name, test := range map[string]struct {
		rule Rule
		want string // at 0, 9.9, 10, 14.9, 15 and 1000 seconds
	}{
		"always":    {Rule{}, "xxxxxx"},
		"from":      {Rule{FromSeconds: 10}, "..xxxx"},
		"for":       {Rule{ForSeconds: 10}, "xx...."},
		"both":      {Rule{FromSeconds: 10, ForSeconds: 5}, "..xx.."},
		"fractions": {Rule{FromSeconds: 9.5, ForSeconds: 5.5}, ".xxx.."},
	} {
		var got strings.Builder
		for _, seconds := range []float64{0, 9.9, 10, 14.9, 15, 1000} {
			after := time.Duration(seconds * float64(time.Second))
			if test.rule.matches(call{}, after) {
				got.WriteByte('x')
			} else {
				got.WriteByte('.')
			}
		}
		if got.String() != test.want {
			t.Errorf("%s: got %s, want %s", name, &got, test.want)
		}
	}
}

func TestInjector_InjectsFaultsOnlyInTheRulesTime(t *testing.T) {
	s := serve(t, Config{Rules: []Rule{{Rate: 1, Fault: Error, FromSeconds: 1e6}}})
	if status, _, err := s.call(t, "PUT", "/bucket/key", ""); status != 200 || err != nil {
		t.Errorf("before the rule's time: got %d, %v; want 200", status, err)
	}
}

func TestInjector_PassesCallsOfOtherCallers(t *testing.T) {
	s := serve(t, Config{KillRate: 1, Rules: []Rule{{Fault: Error, Rate: 1}}})
	status, _, err := s.callAs(t, t.Context(), "local", "PUT", "/bucket/key", "")
	if status != 200 || err != nil || len(s.injections) != 0 {
		t.Errorf("got %d, %v, %v", status, err, s.injections)
	}
}

func TestInjector_FailsTheSameCallsWithTheSameSeed(t *testing.T) {
	pattern := func(seed uint64) string {
		s := serve(t, Config{Seed: seed, Rules: []Rule{{Fault: Error, Rate: 0.3}}})
		var b strings.Builder
		for range 60 {
			status, _, err := s.call(t, "PUT", "/bucket/key", "")
			if err != nil {
				t.Fatal(err)
			}
			b.WriteByte("x."[status/500%2])
		}
		return b.String()
	}
	one, again, other := pattern(1), pattern(1), pattern(2)
	if one != again || one == other || !strings.Contains(one, ".x") {
		t.Errorf("seed 1: %s and %s; seed 2: %s", one, again, other)
	}
}

// listQueue implements MessageSource with a list of messages.
type listQueue struct{ messages []sqs.Message }

func (*listQueue) ARN() string            { return "arn" }
func (*listQueue) Delete(...string) error { return nil }
func (q *listQueue) Receive(
	ctx context.Context, limit int, wait time.Duration,
) ([]sqs.Message, error) {
	if len(q.messages) == 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
		return nil, ctx.Err()
	}
	n := min(limit, len(q.messages))
	got := q.messages[:n]
	q.messages = q.messages[n:]
	return got, nil
}

func TestQueue_DeliversMessagesTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &listQueue{messages: []sqs.Message{{ID: "a"}, {ID: "b"}, {ID: "c"}}}
		count := 0
		injector := New(Config{DuplicateDeliveryRate: 1}, nil, nil, func(Injection) { count++ })
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
		if strings.Join(got, "") != "ababcc" || count != 3 {
			t.Errorf("received %v, %d injections", got, count)
		}
	})
}
