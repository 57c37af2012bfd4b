package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// The subtests share one platform. Each subtest has its own event type.
func TestLocalStage(t *testing.T) {
	p := start(t)
	t.Run("writes a record and notifies the bus", func(t *testing.T) { testEvent(t, p) })
	t.Run("rejects invalid input without storing it", func(t *testing.T) { testBadInput(t, p) })
	t.Run("answers bad bodies with the expected status", func(t *testing.T) { testBadBodies(t, p) })
	t.Run("rejects other requests with a problem", func(t *testing.T) { testOtherRequests(t, p) })
	t.Run("accepts each format as docs/formats.md shows", func(t *testing.T) { testFormats(t, p) })
	t.Run("accepts signed webhooks only", func(t *testing.T) { testWebhooks(t, p) })
	t.Run("moves a poison event to the DLQ and processes the rest", func(t *testing.T) {
		testPoison(t, p)
	})
	t.Run("accepts an idempotency key once", func(t *testing.T) { testIdempotency(t, p) })
	t.Run("processes every event of a load once", func(t *testing.T) { testLoad(t, p) })
	t.Run("shows events in the console", func(t *testing.T) { testConsole(t, p) })
	t.Run("reports a port in use", func(t *testing.T) { testPortInUse(t, p) })
}

func testEvent(t *testing.T, p *platform) {
	queue := p.subscribe(t, "travels", "travel")
	body := "{\"eventType\" : \"travel\",\r\n  \"message\":\"h\u00e9llo <&>\u2028\"}\n"
	id := p.accept(t, body)

	status := p.waitForStatus(t, id, "PROCESSED")
	if got := p.readObject(t, status["bronze"]); got != body {
		t.Errorf("Bronze holds %q, want the request's bytes %q", got, body)
	}
	var record struct {
		ID, Type      string
		SchemaVersion int
		Source        map[string]any
		Payload       map[string]string
	}
	if err := json.Unmarshal([]byte(p.readObject(t, status["silver"])), &record); err != nil {
		t.Fatal(err)
	}
	if record.ID != id || record.Type != "travel" || record.SchemaVersion != 1 ||
		record.Payload["message"] != "h\u00e9llo <&>\u2028" {
		t.Errorf("record = %+v", record)
	}
	if keys := p.listKeys(t, "SilverBucketName", "silver/travel/"); len(keys) != 1 {
		t.Errorf("Silver holds %v, want one record", keys)
	}

	var notifications []string
	waitUntil(t, func() string {
		for _, m := range p.receive(t.Context(), t, queue) {
			notifications = append(notifications, *m.Body)
		}
		if len(notifications) == 0 {
			return "the rule matched no event"
		}
		return ""
	})
	var notification struct {
		DetailType string `json:"detail-type"`
		Detail     struct{ EventID, Status string }
	}
	if err := json.Unmarshal([]byte(notifications[0]), &notification); err != nil {
		t.Fatal(err)
	}
	if len(notifications) != 1 || notification.DetailType != "EventProcessed" ||
		notification.Detail.EventID != id {
		t.Errorf("the rule matched %v, want one EventProcessed of %s", notifications, id)
	}
	if strings.Contains(notifications[0], "h\u00e9llo") {
		t.Error("the notification has the payload")
	}

	out, err := command(t.Context(), "status", "--api", p.API, id).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "PROCESSED") {
		t.Errorf("eventpipeline status: %v\n%s", err, out)
	}
}

func testBadInput(t *testing.T, p *platform) {
	objects, items := len(p.listKeys(t, "BronzeBucketName", "")), p.countItems(t)
	for _, c := range []struct {
		name, body string
		status     int
	}{
		{"empty", "", 400},
		{"not JSON", "hello", 400},
		{"not an object", `"demo"`, 400},
		{"an invalid event of a batch", `[{"eventType":"demo"},{}]`, 422},
		{"without eventType", `{"message":"hello"}`, 422},
		{"bad eventType", `{"eventType":"../x"}`, 422},
		{"number out of range", `{"eventType":"demo","n":1e999}`, 400},
		{"unpaired surrogate", `{"eventType":"demo","a":"\ud83d"}`, 400},
		{"duplicate key", `{"eventType":"demo","eventType":"demo"}`, 400},
		{"not UTF-8", "{\"eventType\":\"demo\",\"a\":\"\xff\"}", 400},
		{"too large", `{"eventType":"demo","a":"` + strings.Repeat("x", 1<<20) + `"}`, 413},
	} {
		status, contentType, problem := p.post(t, c.body)
		if status != c.status || contentType != "application/problem+json" {
			t.Errorf("%s: got %d %s, want %d as application/problem+json", c.name, status,
				contentType, c.status)
		}
		if problem["type"] == "" || problem["title"] == "" || problem["detail"] == "" ||
			problem["requestId"] == "" {
			t.Errorf("%s: incomplete problem %v", c.name, problem)
		}
	}
	// The body exceeds Lambda's payload quota.
	if status, _, _ := p.post(t, strings.Repeat("x", 7<<20)); status != 413 {
		t.Errorf("7 MB: got %d, want 413", status)
	}
	gotObjects, gotItems := len(p.listKeys(t, "BronzeBucketName", "")), p.countItems(t)
	if gotObjects != objects || gotItems != items {
		t.Errorf("Bronze has %d objects and the table %d items, want %d and %d",
			gotObjects, gotItems, objects, items)
	}
}

func testOtherRequests(t *testing.T, p *platform) {
	for _, c := range []struct {
		method, path, header, value string
		status                      int
	}{
		{"PUT", "/events", "Content-Type", "application/json", 405},
		{"OPTIONS", "/events/0199aaaa-0000-7000-8000-000000000001", "Accept", "*/*", 405},
		{"POST", "/health", "Accept", "*/*", 405},
		{"GET", "/elsewhere", "Accept", "*/*", 404},
		// No route for /events matches this escaped path. API Gateway uses a more general route and
		// passes the unescaped path /events to the function, which must still reject the request.
		{"POST", "/%65vents", "Content-Type", "application/json", 404},
		{"POST", "/events/", "Content-Type", "application/json", 404},
		{"POST", "/events", "Accept", "*/*", 415},
		{"POST", "/events", "Content-Type", "text/plain", 415},
		{"POST", "/events", "Content-Encoding", "gzip", 415},
	} {
		body := strings.NewReader(`{"eventType":"demo"}`)
		request, err := http.NewRequestWithContext(t.Context(), c.method, p.API+c.path, body)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set(c.header, c.value)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		var problem struct{ Type, RequestID string }
		err = json.NewDecoder(response.Body).Decode(&problem)
		response.Body.Close()
		header := response.Header
		if err != nil || response.StatusCode != c.status ||
			header.Get("Content-Type") != "application/problem+json" ||
			problem.Type == "" || problem.RequestID != header.Get("Apigw-Requestid") {
			t.Errorf("%+v: got %d %v, %+v, %v", c, response.StatusCode, header, problem, err)
		}
		if allow := header.Get("Allow"); (allow != "") != (c.status == 405) {
			t.Errorf("%+v: Allow is %q", c, allow)
		}
	}
}

func testPoison(t *testing.T, p *platform) {
	queue := p.subscribe(t, "poison", "poison")
	var good []string
	poison := p.acceptAsOlderVersion(t, `{"eventType":"poison","n":1e999}`)
	for i := range 5 {
		good = append(good, p.accept(t, fmt.Sprintf(`{"eventType":"poison","n":%d}`, i)))
	}
	for _, id := range good {
		p.waitForStatus(t, id, "PROCESSED")
	}
	status := p.waitForStatus(t, poison, "FAILED")
	reason, _ := status["failure"].(map[string]any)
	if reason["code"] != "unprocessable-number" || status["attempts"] != 1.0 {
		t.Errorf("status = %v, want a failure without retries", status)
	}
	waitUntil(t, func() string {
		if n := p.queueDepth(t, "DeadLetterQueueUrl"); n != 1 {
			return fmt.Sprintf("the DLQ has %d messages, want 1", n)
		}
		return ""
	})
	if keys := p.listKeys(t, "SilverBucketName", "silver/poison/"); len(keys) != len(good) {
		t.Errorf("Silver holds %d records, want %d", len(keys), len(good))
	}
	deadLetters := p.receive(t.Context(), t, p.Outputs["DeadLetterQueueUrl"])
	if len(deadLetters) != 1 || !strings.Contains(*deadLetters[0].Body, poison) {
		t.Fatalf("the DLQ holds %v, want the poison's message", deadLetters)
	}
	code := deadLetters[0].MessageAttributes["failureCode"]
	if aws.ToString(code.StringValue) != "unprocessable-number" {
		t.Errorf("the message's failureCode is %v", code)
	}
	failed := 0
	waitUntil(t, func() string {
		for _, m := range p.receive(t.Context(), t, queue) {
			if strings.Contains(*m.Body, `"EventFailed"`) && strings.Contains(*m.Body, poison) {
				failed++
			}
		}
		if failed == 0 {
			return "no EventFailed on the bus"
		}
		return ""
	})
	if failed != 1 {
		t.Errorf("got %d notifications of the failure", failed)
	}
}

func testIdempotency(t *testing.T, p *platform) {
	const body = `{"eventType":"keyed","message":"once"}`
	first, second := p.postKeyed(t, "order-1", body), p.postKeyed(t, "order-1", body)
	if first.status != 202 || first.replayed != "" ||
		second.status != 202 || second.replayed != "true" || second.id != first.id {
		t.Fatalf("got %+v and %+v, want the same event", first, second)
	}
	p.waitForStatus(t, first.id, "PROCESSED")
	third := p.postKeyed(t, "order-1", body)
	if third.status != 202 || third.replayed != "true" || third.id != first.id {
		t.Errorf("when PROCESSED: %+v", third)
	}
	for key, status := range map[string]int{
		"order-1": 422, "a key": 422, strings.Repeat("k", 256): 422, "order-2": 202,
	} {
		got := p.postKeyed(t, key, `{"eventType":"keyed","message":"twice"}`)
		if got.status != status {
			t.Errorf("key %q: %+v, want %d", key, got, status)
		}
	}

	const clients = 20
	var running sync.WaitGroup
	responses := make([]ingestResponse, clients)
	for i := range responses {
		running.Go(func() { responses[i] = p.postKeyed(t, "order-3", body) })
	}
	running.Wait()
	for _, r := range responses {
		if r.status != 202 || r.id != responses[0].id {
			t.Errorf("concurrent clients got %+v and %+v", responses[0], r)
		}
	}
	p.waitForStatus(t, responses[0].id, "PROCESSED")
	waitUntil(t, func() string {
		if n := p.queueDepth(t, "QueueUrl"); n != 0 {
			return fmt.Sprintf("%d messages on the queue", n)
		}
		return ""
	})
	if keys := p.listKeys(t, "SilverBucketName", "silver/keyed/"); len(keys) != 3 {
		t.Errorf("Silver holds %v, want three records", keys)
	}
	if keys := p.listKeys(t, "BronzeBucketName", "bronze/keyed/"); len(keys) != 3 {
		t.Errorf("Bronze holds %v, want three payloads", keys)
	}
}

// ingestResponse holds the response of POST /events.
type ingestResponse struct {
	status       int
	id, replayed string
	ids          string // ids of the events of a batch, separated by spaces
}

// postKeyed sends an event with an idempotency key.
func (p *platform) postKeyed(t *testing.T, key, body string) ingestResponse {
	t.Helper()
	response, err := p.trySend(t.Context(), key, body)
	if err != nil {
		t.Error(err)
	}
	return response
}

func testLoad(t *testing.T, p *platform) {
	const events = 500
	out, err := command(t.Context(), "send", "--api", p.API, "--count", fmt.Sprint(events),
		"--type", "load", "--json").Output()
	if err != nil {
		t.Fatal(err)
	}
	ids := make(map[string]bool)
	for line := range strings.Lines(string(out)) {
		var report struct {
			Status, EventID string
			Summary         *struct{ Accepted int }
		}
		err := json.Unmarshal([]byte(line), &report)
		if err == nil && report.Summary != nil && report.Summary.Accepted == events {
			continue
		}
		if err != nil || report.Status != "accepted" {
			t.Fatalf("%s: %v", line, err)
		}
		ids[report.EventID] = true
	}
	if len(ids) != events {
		t.Fatalf("got %d ids for %d events", len(ids), events)
	}
	for id := range ids {
		p.waitForStatus(t, id, "PROCESSED")
	}
	if keys := p.listKeys(t, "SilverBucketName", "silver/load/"); len(keys) != events {
		t.Errorf("Silver holds %d records, want %d", len(keys), events)
	}
	waitUntil(t, func() string {
		if n := p.queueDepth(t, "QueueUrl"); n != 0 {
			return fmt.Sprintf("%d messages on the queue", n)
		}
		return ""
	})
}

func testPortInUse(t *testing.T, p *platform) {
	port := p.API[strings.LastIndex(p.API, ":")+1:]
	out, err := command(t.Context(), "local", "--api-port", port, "--aws-port",
		"0").CombinedOutput()
	exit, ok := err.(*exec.ExitError)
	reported := strings.Contains(string(out), port) && strings.Contains(string(out), "--api-port")
	if !ok || exit.ExitCode() != 1 || !reported {
		t.Errorf("got %v, want exit code 1 and the port with its flag:\n%s", err, out)
	}
	response, err := http.Get(p.API + "/health")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("the first platform returns %d", response.StatusCode)
	}
}
