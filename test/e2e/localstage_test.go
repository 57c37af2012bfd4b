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

// The tests of the open local stage share one platform; each uses an event type of its own.
func TestLocalStage(t *testing.T) {
	p := start(t)
	t.Run("an event travels from the client to Silver and the bus", func(t *testing.T) { testEvent(t, p) })
	t.Run("bad input is refused and stores nothing", func(t *testing.T) { testBadInput(t, p) })
	t.Run("hostile bodies are answered as they are owed", func(t *testing.T) { testBadBodies(t, p) })
	t.Run("other requests are refused with a problem", func(t *testing.T) { testOtherRequests(t, p) })
	t.Run("poison ends in the DLQ while its batch mates are processed", func(t *testing.T) { testPoison(t, p) })
	t.Run("a repeat with the same key is the same event", func(t *testing.T) { testIdempotency(t, p) })
	t.Run("every event of a load is processed once", func(t *testing.T) { testLoad(t, p) })
	t.Run("a second platform refuses the taken port", func(t *testing.T) { testTakenPort(t, p) })
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
	if record.ID != id || record.Type != "travel" || record.SchemaVersion != 1 || record.Payload["message"] != "h\u00e9llo <&>\u2028" {
		t.Errorf("record = %+v", record)
	}
	if keys := p.listKeys(t, "SilverBucketName", "silver/travel/"); len(keys) != 1 {
		t.Errorf("Silver holds %v, want one record", keys)
	}

	var notices []string
	waitUntil(t, func() string {
		for _, m := range p.receive(t.Context(), t, queue) {
			notices = append(notices, *m.Body)
		}
		if len(notices) == 0 {
			return "the rule saw no event"
		}
		return ""
	})
	var notice struct {
		DetailType string `json:"detail-type"`
		Detail     struct{ EventID, Status string }
	}
	if err := json.Unmarshal([]byte(notices[0]), &notice); err != nil {
		t.Fatal(err)
	}
	if len(notices) != 1 || notice.DetailType != "EventProcessed" || notice.Detail.EventID != id {
		t.Errorf("the rule saw %v, want one EventProcessed of %s", notices, id)
	}
	if strings.Contains(notices[0], "h\u00e9llo") {
		t.Error("the notice holds the payload")
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
		{"not an object", `["eventType"]`, 400},
		{"without eventType", `{"message":"hello"}`, 422},
		{"bad eventType", `{"eventType":"../x"}`, 422},
		{"no float64", `{"eventType":"demo","n":1e999}`, 400},
		{"half a surrogate pair", `{"eventType":"demo","a":"\ud83d"}`, 400},
		{"key twice", `{"eventType":"demo","eventType":"demo"}`, 400},
		{"not UTF-8", "{\"eventType\":\"demo\",\"a\":\"\xff\"}", 400},
		{"over the limit", `{"eventType":"demo","a":"` + strings.Repeat("x", 1<<20) + `"}`, 413},
	} {
		status, contentType, problem := p.post(t, c.body)
		if status != c.status || contentType != "application/problem+json" {
			t.Errorf("%s: got %d %s, want %d as application/problem+json", c.name, status, contentType, c.status)
		}
		if problem["type"] == "" || problem["title"] == "" || problem["detail"] == "" || problem["requestId"] == "" {
			t.Errorf("%s: problem %v says too little", c.name, problem)
		}
	}
	if status, _, _ := p.post(t, strings.Repeat("x", 7<<20)); status != 413 { // more than the function can take
		t.Errorf("7 MB: got %d, want 413", status)
	}
	if gotObjects, gotItems := len(p.listKeys(t, "BronzeBucketName", "")), p.countItems(t); gotObjects != objects || gotItems != items {
		t.Errorf("Bronze has %d objects and the table %d items, were %d and %d", gotObjects, gotItems, objects, items)
	}
}

func testOtherRequests(t *testing.T, p *platform) {
	for _, c := range []struct {
		method, path, name, value string // of a header
		status                    int
	}{
		{"PUT", "/events", "Content-Type", "application/json", 405},
		{"OPTIONS", "/events/0199aaaa-0000-7000-8000-000000000001", "Accept", "*/*", 405},
		{"POST", "/health", "Accept", "*/*", 405},
		{"GET", "/elsewhere", "Accept", "*/*", 404},
		{"POST", "/%65vents", "Content-Type", "application/json", 404}, // no route of ours, but the function sees /events
		{"POST", "/events/", "Content-Type", "application/json", 404},
		{"POST", "/events", "Accept", "*/*", 415},
		{"POST", "/events", "Content-Type", "text/plain", 415},
		{"POST", "/events", "Content-Encoding", "gzip", 415},
	} {
		request, err := http.NewRequestWithContext(t.Context(), c.method, p.API+c.path, strings.NewReader(`{"eventType":"demo"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set(c.name, c.value)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		var problem struct{ Type, RequestID string }
		err = json.NewDecoder(response.Body).Decode(&problem)
		response.Body.Close()
		if err != nil || response.StatusCode != c.status || response.Header.Get("Content-Type") != "application/problem+json" ||
			problem.Type == "" || problem.RequestID != response.Header.Get("Apigw-Requestid") {
			t.Errorf("%+v: got %d %v, %+v, %v", c, response.StatusCode, response.Header, problem, err)
		}
		if allow := response.Header.Get("Allow"); (allow != "") != (c.status == 405) {
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
	if reason, _ := status["failure"].(map[string]any); reason["code"] != "unprocessable-number" || status["attempts"] != 1.0 {
		t.Errorf("status = %v, want the code at once: no retry helps", status)
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
	letter := p.receive(t.Context(), t, p.Outputs["DeadLetterQueueUrl"])
	if len(letter) != 1 || !strings.Contains(*letter[0].Body, poison) {
		t.Fatalf("the DLQ holds %v, want the poison's message", letter)
	}
	if code := letter[0].MessageAttributes["failureCode"]; aws.ToString(code.StringValue) != "unprocessable-number" {
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
		t.Errorf("the bus told %d times of the failure", failed)
	}
}

func testIdempotency(t *testing.T, p *platform) {
	const body = `{"eventType":"keyed","message":"once"}`
	first, again := p.postKeyed(t, "order-1", body), p.postKeyed(t, "order-1", body)
	if first.status != 202 || first.replayed != "" || again.status != 202 || again.replayed != "true" || again.id != first.id {
		t.Fatalf("first %+v, again %+v; want the same event, replayed", first, again)
	}
	p.waitForStatus(t, first.id, "PROCESSED")
	if late := p.postKeyed(t, "order-1", body); late.status != 202 || late.replayed != "true" || late.id != first.id {
		t.Errorf("once it is PROCESSED: %+v", late)
	}
	for key, status := range map[string]int{"order-1": 422, "a key": 422, strings.Repeat("k", 256): 422, "order-2": 202} {
		if got := p.postKeyed(t, key, `{"eventType":"keyed","message":"twice"}`); got.status != status {
			t.Errorf("key %q: %+v, want %d", key, got, status)
		}
	}

	const clients = 20
	var running sync.WaitGroup
	answers := make([]ingestResponse, clients)
	for i := range answers {
		running.Go(func() { answers[i] = p.postKeyed(t, "order-3", body) })
	}
	running.Wait()
	for _, a := range answers {
		if a.status != 202 || a.id != answers[0].id {
			t.Errorf("of clients at once: %+v and %+v", answers[0], a)
		}
	}
	p.waitForStatus(t, answers[0].id, "PROCESSED")
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

type ingestResponse struct {
	status       int
	id, replayed string
}

func (p *platform) postKeyed(t *testing.T, key, body string) ingestResponse {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), "POST", p.API+"/events", strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return ingestResponse{}
	}
	request.Header = http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {key}}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return ingestResponse{}
	}
	defer response.Body.Close()
	var answer struct{ EventID string }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Error(err)
	}
	return ingestResponse{response.StatusCode, answer.EventID, response.Header.Get("Idempotency-Replayed")}
}

func testLoad(t *testing.T, p *platform) {
	const events = 500
	out, err := command(t.Context(), "send", "--api", p.API, "--count", fmt.Sprint(events), "--type", "load", "--json").Output()
	if err != nil {
		t.Fatal(err)
	}
	ids := make(map[string]bool)
	for line := range strings.Lines(string(out)) {
		var report struct{ Status, EventID string }
		if err := json.Unmarshal([]byte(line), &report); err != nil || report.Status != "accepted" {
			t.Fatalf("%s: %v", line, err)
		}
		ids[report.EventID] = true
	}
	if len(ids) != events {
		t.Fatalf("%d ids for %d events", len(ids), events)
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

func testTakenPort(t *testing.T, p *platform) {
	port := p.API[strings.LastIndex(p.API, ":")+1:]
	out, err := command(t.Context(), "local", "--api-port", port, "--aws-port", "0").CombinedOutput()
	exit, ok := err.(*exec.ExitError)
	if !ok || exit.ExitCode() != 1 || !strings.Contains(string(out), port) || !strings.Contains(string(out), "--api-port") {
		t.Errorf("got %v, want exit code 1 and the port with its flag:\n%s", err, out)
	}
	response, err := http.Get(p.API + "/health")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("the first platform answers %d", response.StatusCode)
	}
}
