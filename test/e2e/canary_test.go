package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/webhook"
)

// canary is the prefix of every secret that a test sends.
const canary = "canary"

// secrets generates unique secrets with a common prefix. A search for the prefix finds each secret
// that leaks.
type secrets struct {
	planted []string
	outage  bool // AWS services fail in this test, so the API can respond with 503
}

func (s *secrets) plant(place string) string {
	text := fmt.Sprintf("%s-%s-%d", canary, place, len(s.planted))
	s.planted = append(s.planted, text)
	return text
}

func TestCanary_RequestsDoNotLeak(t *testing.T) {
	var s secrets
	t.Setenv("EVENTPIPELINE_TEST_SECRET", s.plant("environment"))
	logs := t.TempDir()
	webhookSecret := s.plant("webhook-secret")
	p := startTestApp(t, canary, "--logs", logs, "--secret", "github="+webhookSecret)

	bus := p.subscribe(t, canary, "demo")
	var bodies []string // response bodies
	good := fmt.Sprintf(`{"eventType":"demo","password":%q,"nested":{"list":[%q,{"token":%q}]}}`,
		s.plant("field"), s.plant("list"), s.plant("nested"))
	accepted := p.sendWithSecrets(t, &s, "POST", "/events", good, nil)
	id := eventID(t, accepted)
	failing := p.acceptAsOlderVersion(t,
		fmt.Sprintf(`{"eventType":"demo","secret":%q,"n":1e999}`, s.plant("failing")))
	bodies = append(bodies, accepted)
	for _, body := range []string{
		s.plant("no-json"), `{"eventType":"demo","a":` + s.plant("broken"),
		fmt.Sprintf(`{"eventType":%q}`, "!"+s.plant("type")),
		fmt.Sprintf(`[%q]`, s.plant("array")),
		fmt.Sprintf(`{"eventType":"demo","a":%q} %q`, s.plant("value"), s.plant("trailing")),
		fmt.Sprintf(`{"eventType":"demo","a":%q,"a":1}`, s.plant("double")),
		fmt.Sprintf("{\"eventType\":\"demo\",\"a\":\"%s\xff\"}", s.plant("utf8")),
		fmt.Sprintf(`{"eventType":"demo","a":%q,"b":"%s"}`, s.plant("large"),
			strings.Repeat("x", 1<<20)),
		fmt.Sprintf(`{"eventType":"order.created","orderId":%q,"total":%q}`, s.plant("format"),
			s.plant("type")),
	} {
		bodies = append(bodies, p.sendWithSecrets(t, &s, "POST", "/events", body, nil))
	}
	structured := http.Header{"Content-Type": {"application/cloudevents+json"}}
	binary := http.Header{
		"Ce-Specversion": {"1.0"}, "Ce-Id": {s.plant("id")}, "Ce-Source": {s.plant("source")},
		"Ce-Type": {"demo"}, "Ce-Ext": {s.plant("extension")},
	}
	badType, badTime := binary.Clone(), binary.Clone()
	badType["Ce-Type"] = []string{"/" + s.plant("type")}
	badTime["Ce-Time"] = []string{s.plant("time")}
	bodies = append(bodies,
		p.sendWithSecrets(t, &s, "POST", "/events", fmt.Sprintf(
			`{"specversion":"1.0","id":%q,"source":%q,"type":"demo","data":%q}`,
			s.plant("id"), s.plant("source"), s.plant("data")), structured),
		p.sendWithSecrets(t, &s, "POST", "/events", fmt.Sprintf(
			`{"specversion":%q,"id":"1","source":"/s","type":"demo"}`, s.plant("version")),
			structured),
		p.sendWithSecrets(t, &s, "POST", "/events", fmt.Sprintf("%q", s.plant("data")), binary),
		p.sendWithSecrets(t, &s, "POST", "/events", s.plant("data"), binary),
		p.sendWithSecrets(t, &s, "POST", "/events", "{}", badType),
		p.sendWithSecrets(t, &s, "POST", "/events", "{}", badTime),
		p.sendWithSecrets(t, &s, "POST", "/events", s.plant("gzip"),
			http.Header{"Content-Encoding": {"gzip"}}),
	)
	// In these requests, field names are secrets. The test does not search the responses, because
	// an error may name a field.
	for _, body := range []string{
		fmt.Sprintf(`{"eventType":"demo",%q:1,%[1]q:2}`, s.plant("name")),
		fmt.Sprintf(`{"eventType":"demo",%q:{%q:1e999}}`, s.plant("name"), s.plant("name")),
		fmt.Sprintf(`{"eventType":"order.created",%q:1}`, s.plant("name")),
	} {
		p.sendWithSecrets(t, &s, "POST", "/events", body, nil)
	}
	hooked, err := p.sendWebhooks(t, &s, webhookSecret)
	if err != nil {
		t.Fatal(err)
	}
	bodies = append(bodies, hooked...)
	key, message := s.plant("key"), s.plant("message")
	// The second request repeats the key of the first request, but has another payload. The API
	// therefore rejects it.
	for _, body := range []string{good, strings.Replace(good, "demo", "other", 1)} {
		bodies = append(bodies, p.sendWithSecrets(t, &s, "POST", "/events", body,
			http.Header{"Idempotency-Key": {key}}))
	}
	bodies = append(bodies,
		p.sendWithSecrets(t, &s, "POST", "/events", good,
			http.Header{"Idempotency-Key": {s.plant("long") + strings.Repeat("x", 300)}}),
		p.sendWithSecrets(t, &s, "GET", "/events/"+s.plant("id"), "", nil),
		p.sendWithSecrets(t, &s, "GET", "/"+s.plant("path"), "", nil),
		p.sendWithSecrets(t, &s, "DELETE", "/events", s.plant("deleted"), nil),
		p.invoke(t, "impatient-api", fmt.Sprintf(`{"body":"{%s"}`, s.plant("invoked"))),
		p.invoke(t, "impatient-api", s.plant("no-event")),
		p.invoke(t, "impatient-worker",
			fmt.Sprintf(`{"Records":[{"messageId":"m","body":%q,`+
				`"attributes":{"ApproximateReceiveCount":"1"}}]}`, message)),
		p.invoke(t, "impatient-reconciler", fmt.Sprintf(`{"since":%q}`, s.plant("since"))),
	)
	p.waitForStatus(t, id, "PROCESSED")
	p.waitForStatus(t, failing, "FAILED")
	waitUntil(t, func() string { // the lines of a function can arrive after its response
		found := readLogs(t, logs)
		if !strings.Contains(found["impatient-api.log"], id) ||
			!strings.Contains(found["impatient-worker.log"], failing) {
			return "the logs do not contain the events"
		}
		return ""
	})

	found := map[string]string{
		"output": p.log.String(), "responses": strings.Join(bodies, "\n"),
	}
	for name, log := range readLogs(t, logs) {
		found[name] = log
	}
	for name, url := range map[string]string{
		"DLQ": p.Outputs["DeadLetterQueueUrl"], "EventBridge": bus,
	} {
		var messages strings.Builder
		waitUntil(t, func() string {
			for _, m := range p.receive(t.Context(), t, url) {
				fmt.Fprintf(&messages, "%s %v\n", *m.Body, m.MessageAttributes)
			}
			if strings.Contains(messages.String(), failing) {
				return ""
			}
			return "the failing event is not in " + name
		})
		found[name] = messages.String()
	}
	// The body of this message does not refer to an event. The worker moves such a message to the
	// DLQ unchanged.
	found["DLQ"] = strings.ReplaceAll(found["DLQ"], message, "")
	expectNoSecrets(t, found)
}

// expectNoSecrets checks that each text is not empty and contains no secret of the test. The map's
// keys name the texts.
func expectNoSecrets(t *testing.T, found map[string]string) {
	t.Helper()
	leak := regexp.MustCompile(canary + `-[a-z0-9-]+`)
	for where, text := range found {
		if text == "" {
			t.Errorf("%s is empty", where)
		}
		for _, secret := range leak.FindAllString(text, -1) {
			t.Errorf("%s contains the secret %s", where, secret)
		}
	}
}

// The test runs until each kind of AWS call of both functions has failed after all retries.
func TestCanary_FailingServicesDoNotLeak(t *testing.T) {
	t.Parallel() // the test mostly waits for retries
	s := secrets{outage: true}
	logs, file := t.TempDir(), filepath.Join(t.TempDir(), "faults.json")
	const faults = `{"seed": 1, "rules": [
		{"fault": "error", "rate": 0.75, "function": "api"},
		{"fault": "error", "rate": 0.75, "function": "worker"}
	]}`
	if err := os.WriteFile(file, []byte(faults), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startTestApp(t, canary, "--logs", logs, "--faults", file)
	var responses strings.Builder
	waitUntil(t, func() string {
		body := fmt.Sprintf(`{"eventType":"demo",%q:%q}`, s.plant("name"), s.plant("field"))
		responses.WriteString(p.sendWithSecrets(t, &s, "POST", "/events", body,
			http.Header{"Idempotency-Key": {s.plant("key")}}))
		found := readLogs(t, logs)
		for log, calls := range map[string][]string{
			"impatient-api.log": {
				"S3: PutObject", "DynamoDB: PutItem", "SQS: SendMessage", `"msg":"request failed"`,
			},
			"impatient-worker.log": {
				"S3: GetObject", "S3: PutObject", "DynamoDB: BatchGetItem",
				"EventBridge: PutEvents", `"msg":"event retried"`,
			},
		} {
			for _, call := range calls {
				if !strings.Contains(found[log], call) {
					return "no failure of " + call + " in " + log
				}
			}
		}
		return ""
	})
	found := readLogs(t, logs)
	found["output"], found["responses"] = p.log.String(), responses.String()
	expectNoSecrets(t, found)
}

// sendWithSecrets sends a request with secrets in the query and the headers. It returns the
// response's body.
func (p *platform) sendWithSecrets(
	t *testing.T, s *secrets, method, path, body string, header http.Header,
) string {
	t.Helper()
	url := p.API + path + "?token=" + s.plant("query")
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+s.plant("authorization"))
	request.Header.Set("Cookie", "session="+s.plant("cookie"))
	request.Header.Set("User-Agent", s.plant("agent"))
	request.Header.Set("Referer", "https://example.org/"+s.plant("referer"))
	request.Header.Set("X-Forwarded-For", s.plant("forwarded"))
	request.Header.Set("X-Amzn-Trace-Id", "Root="+s.plant("trace"))
	request.Header.Set("X-Custom", s.plant("header"))
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	status := response.StatusCode
	if err != nil || status >= 500 && (!s.outage || status != http.StatusServiceUnavailable) {
		t.Errorf("%s %s with %.60q: got %d %s, %v", method, path, body, status, content, err)
	}
	return string(content)
}

// sendWebhooks sends a signed request, and requests with secrets in the signature headers. It
// returns the responses' bodies.
func (p *platform) sendWebhooks(
	t *testing.T, s *secrets, webhookSecret string,
) (bodies []string, err error) {
	t.Helper()
	source := webhook.Source{Name: "github", Scheme: webhook.GitHub}
	body := fmt.Sprintf(`{"secret":%q}`, s.plant("webhook"))
	signed, err := source.Sign(webhookSecret, webhook.Delivery{
		Type: "push", ID: s.plant("delivery"), Body: []byte(body),
	})
	if err != nil {
		return nil, err
	}
	s.planted = append(s.planted, signed["x-hub-signature-256"])
	for _, change := range []func(http.Header){
		func(http.Header) {},
		func(h http.Header) { h.Set("X-Hub-Signature-256", s.plant("signature")) },
		func(h http.Header) { h.Set("Content-Type", s.plant("media")) },
		func(h http.Header) { h.Set("Content-Encoding", s.plant("coding")) },
	} {
		header := http.Header{}
		for name, value := range signed {
			header.Set(name, value)
		}
		change(header)
		bodies = append(bodies, p.sendWithSecrets(t, s, "POST", "/webhooks/github", body, header))
	}
	p.waitForStatus(t, eventID(t, bodies[0]), "PROCESSED")
	return append(bodies, p.sendWithSecrets(t, s, "POST", "/webhooks/"+s.plant("name"), body,
		nil)), nil
}

func eventID(t *testing.T, response string) string {
	t.Helper()
	_, id, _ := strings.Cut(response, `"eventId":"`)
	id, _, ok := strings.Cut(id, `"`)
	if !ok {
		t.Fatalf("not accepted: %s", response)
	}
	return id
}

func (p *platform) invoke(t *testing.T, function, payload string) string {
	t.Helper()
	if payload[0] != '{' {
		payload = fmt.Sprintf("%q", payload)
	}
	out, err := lambda.NewFromConfig(p.awsConfig()).Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: aws.String(function), Payload: []byte(payload),
	})
	if err != nil {
		return err.Error()
	}
	return string(out.Payload)
}

func readLogs(t *testing.T, dir string) map[string]string {
	t.Helper()
	logs := make(map[string]string)
	files, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no logs in %s: %v", dir, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		logs[filepath.Base(file)] = string(content)
	}
	return logs
}

// Input of a client must not break log lines, control a terminal or fill a disk.
func TestLogs_EscapeInjectedCharacters(t *testing.T) {
	logs := t.TempDir()
	p := startTestApp(t, canary, "--logs", logs)
	var s secrets
	evil := `\u001b[31m\n{\"level\":\"ERROR\"}\r\n\u009b2J\u202e` + "\u009b2J\u202e"
	huge := strings.Repeat(`\u001b`, 20000)
	var responses []string
	for _, body := range []string{
		`{"eventType":"` + evil + `"}`, `{"eventType":"demo","` + evil + `":1,"` + evil + `":2}`,
		`{"eventType":"demo","` + huge + `":1e999}`,
		`{"eventType":"demo","` + evil + `":{"` + evil + `":[1e999]}}`,
		`{"eventType":"` + huge + `"}`, "\x1b[31m\n", `{"eventType":"demo","a":"` + evil + `"}`,
	} {
		responses = append(responses, p.sendWithSecrets(t, &s, "POST", "/events", body, nil))
	}
	for _, path := range []string{
		"/%1b%5b31m%0a", "/events/%1b%5b31m%0a%00",
		"/events%0d%0aX-Evil:1", "/" + strings.Repeat("%1b", 2000),
	} {
		responses = append(responses, p.sendWithSecrets(t, &s, "GET", path, "", nil))
	}
	text := strings.Join(responses, "") + p.log.String()
	lines := 0
	for _, log := range readLogs(t, logs) {
		text += log
		for line := range strings.Lines(log) {
			lines++
			if len(line) > 4000 {
				t.Errorf("got a line of %d bytes: %.200s", len(line), line)
			}
			var entry map[string]any
			if strings.Contains(line, "eventId") && json.Unmarshal([]byte(line), &entry) != nil {
				t.Errorf("not JSON: %.200q", line)
			}
		}
	}
	if lines == 0 {
		t.Error("nothing was logged")
	}
	isControl := func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }
	if i := strings.IndexFunc(text, isControl); i >= 0 {
		t.Errorf("not escaped: %q", text[max(0, i-60):min(len(text), i+20)])
	}
}
