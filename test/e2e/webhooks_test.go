package e2e

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/webhook"
)

// testWebhooks sends requests to webhook sources of all six kinds.
func testWebhooks(t *testing.T, p *platform) {
	sources := p.webhookSources(t)
	if len(sources) != 6 {
		t.Fatalf("the stage has %d webhook sources, want one of each kind", len(sources))
	}
	for _, source := range sources {
		t.Run(source.Name, func(t *testing.T) {
			out, err := command(t.Context(), "webhooks", "test", source.Name, "--aws", p.AWS).
				CombinedOutput()
			if err != nil {
				t.Fatalf("webhooks test: %v\n%s", err, out)
			}
			p.sendAs(t, source)
			p.rejectForged(t, source)
		})
	}
}

func (p *platform) webhookSources(t *testing.T) []deployment.WebhookSource {
	t.Helper()
	cfg, err := deployment.LocalConfig(p.AWS)
	if err != nil {
		t.Fatal(err)
	}
	stack := "event-driven-cloud-platform-local"
	pipelines, err := deployment.FindAll(t.Context(), cfg, []string{stack})
	if err != nil || len(pipelines) != 1 {
		t.Fatalf("got %d pipelines, %v", len(pipelines), err)
	}
	sources, err := pipelines[0].WebhookSources(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return sources
}

// sendAs sends an event with the CLI, and expects its record.
func (p *platform) sendAs(t *testing.T, source deployment.WebhookSource) {
	send := command(t.Context(), "send", "--as", source.Name+":e2e", "--json", "--aws", p.AWS)
	out, err := send.Output()
	var response struct{ EventID string }
	if err := json.Unmarshal(out, &response); err != nil {
		t.Fatalf("send --as: got %s, %v", out, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	status := p.waitForStatus(t, response.EventID, "PROCESSED")
	var record struct {
		Type    string
		Webhook struct{ Source, ContentType string }
		Payload map[string]any
	}
	silver := p.readObject(t, status["silver"])
	if err := json.Unmarshal([]byte(silver), &record); err != nil {
		t.Fatal(err)
	}
	if record.Type != source.Name+".e2e" || record.Webhook.Source != source.Name ||
		record.Webhook.ContentType != "application/json" || record.Payload["message"] != "hello" {
		t.Errorf("got the record %s", silver)
	}
}

// rejectForged sends requests with invalid signatures. The API must answer 401 and store nothing.
func (p *platform) rejectForged(t *testing.T, source deployment.WebhookSource) {
	secret, err := source.Secret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sign := func(secret string, at time.Time) map[string]string {
		headers, err := source.Sign(secret, webhook.Delivery{
			Type: "forged", ID: "forged", At: at, Body: source.Example("forged", "forged"),
		})
		if err != nil {
			t.Fatal(err)
		}
		return headers
	}
	body := source.Example("forged", "forged")
	signed, now := sign(secret, time.Now()), time.Now()
	forged := map[string]map[string]string{
		"other secret": sign("b3RoZXIgc2VjcmV0", now), "no headers": {},
	}
	withTimestamp := source.Scheme != webhook.GitHub && source.Scheme != webhook.Shopify
	if withTimestamp {
		forged["old"] = sign(secret, now.Add(-6*time.Minute))
		forged["future"] = sign(secret, now.Add(6*time.Minute))
	}
	for name, value := range signed {
		if !strings.Contains(name, "signature") && !strings.Contains(name, "hmac") {
			continue
		}
		for what, changed := range map[string]string{
			"empty": "", "doubled": value + "," + value, "cut": value[:len(value)-1],
			"changed": value[:len(value)-2] + "!!", "in another encoding": "w7Y=\xff\x01\u00fc",
			"longer": value + strings.Repeat("0", 4000),
		} {
			headers := maps.Clone(signed)
			headers[name] = changed
			forged[name+" "+what] = headers
		}
	}
	for what, headers := range forged {
		if status, problem := p.postWebhook(t, source, headers, body); status != 401 ||
			problem != "urn:problem-type:eventpipeline:invalid-signature" {
			t.Errorf("%s: got %d %s", what, status, problem)
		}
	}
	for i := range body {
		changed := bytes.Clone(body)
		changed[i] ^= 1
		if status, problem := p.postWebhook(t, source, signed, changed); status != 401 {
			t.Errorf("byte %d changed: got %d %s", i, status, problem)
		}
	}
	prefix := "bronze/" + source.Name + ".forged/"
	if keys := p.listKeys(t, "BronzeBucketName", prefix); len(keys) > 0 {
		t.Errorf("Bronze has %v", keys)
	}
}

// postWebhook sends a request, and returns the status and the type of the problem. It removes
// control characters from headers, because net/http rejects them.
func (p *platform) postWebhook(
	t *testing.T, source deployment.WebhookSource, headers map[string]string, body []byte,
) (status int, problemType string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, source.URL,
		bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range headers {
		request.Header.Set(name, strings.ReplaceAll(value, "\x01", ""))
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var problem struct{ Type string }
	if err := json.NewDecoder(response.Body).Decode(&problem); err != nil {
		t.Errorf("got %d without JSON: %v", response.StatusCode, err)
	}
	return response.StatusCode, problem.Type
}
