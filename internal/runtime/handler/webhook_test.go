package handler

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/webhook"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/inmem"
)

const webhookSecret = "It's a Secret to Everybody"

// secretStore returns its values for any id.
type secretStore struct {
	values []string
	err    error
	reads  int
}

func (s *secretStore) Read(context.Context, string) ([]string, error) {
	s.reads++
	return s.values, s.err
}

// webhookAPI returns an API with a webhook source for each scheme, and the store of the API's
// secrets.
func (w *world) webhookAPI() (API, *secretStore) {
	api, store := w.api(), &secretStore{values: []string{webhookSecret}}
	api.Webhooks = map[string]webhook.Source{}
	for _, source := range []webhook.Source{
		{
			Scheme: webhook.GitHub, Headers: []string{"x-github-hook-id"}, Forms: true,
			SecretID: "arn:github",
		},
		{Scheme: webhook.Stripe}, {Scheme: webhook.Slack, Forms: true}, {Scheme: webhook.Shopify},
		{Scheme: webhook.Generic, MaxBytes: 20, HMAC: &webhook.HMAC{
			Header: "x-sig", EventType: "ping", DeliveryIDHeader: "x-id",
		}},
	} {
		source.Name = string(source.Scheme)
		source.Prefix = source.Name
		api.Webhooks[source.Name] = source
	}
	api.Webhooks["plain"] = webhook.Source{Name: "plain", Scheme: webhook.Generic,
		HMAC: &webhook.HMAC{
			Header: "x-sig", EventTypeHeader: "x-type", DeliveryIDHeader: "x-id",
		}}
	api.Secrets = &webhook.Secrets{
		Reader: store, Now: api.Ingest.Now, OnError: func(string, error) {},
	}
	return api, store
}

// webhookEvent returns a request that the source's sender has signed.
func webhookEvent(api API, name, contentType, body string) map[string]any {
	headers, err := api.Webhooks[name].Sign(webhookSecret, webhook.Delivery{
		Type: "push", ID: "delivery-1", At: api.Ingest.Now(), Body: []byte(body),
	})
	if err != nil {
		panic(err)
	}
	headers["content-type"], headers["x-github-hook-id"] = contentType, "7"
	event := httpEvent(http.MethodPost, "/webhooks/"+name,
		base64.StdEncoding.EncodeToString([]byte(body)))
	event["routeKey"], event["isBase64Encoded"] = "POST /webhooks/{source}", true
	event["pathParameters"] = map[string]string{"source": name}
	event["headers"] = headers
	return event
}

func (w *world) storedNothing(t *testing.T, what string) {
	t.Helper()
	if keys, sent := w.bronze.Keys(), w.queue.Sent(); len(keys) > 0 || len(sent) > 0 {
		t.Errorf("%s: Bronze has %v, sent %v", what, keys, sent)
	}
}

const formMedia = pipeline.FormContentType

func TestWebhook_AcceptsSignedRequests(t *testing.T) {
	for _, c := range []struct {
		name, contentType, body string
		status                  int
		response, eventType     string
	}{
		{"github", "application/json", `{"ref":"main"}`, 202, "accepted", "github.push"},
		{"github", formMedia, "payload=%7B%7D", 202, "accepted", "github.push"},
		{"stripe", "application/json; charset=utf-8", `{"id":"evt_1","type":"invoice.paid"}`, 202,
			"accepted", "stripe.invoice.paid"},
		{"slack", formMedia, "command=%2Fweather&trigger_id=1", 200, "", "slack.slash_command"},
		{"shopify", "application/json", `{"id":1}`, 200, "accepted", "shopify.push"},
	} {
		var w world
		api, _ := w.webhookAPI()
		got := invoke(t, api, webhookEvent(api, c.name, c.contentType, c.body))
		if got.StatusCode != c.status || !strings.Contains(got.Body, c.response) ||
			c.response == "" && got.Body != "" {
			t.Errorf("%s: got %+v", c.name, got)
			continue
		}
		sent := w.queue.Sent()
		stored, err := w.bronze.Get(t.Context(), w.bronze.Keys()[0])
		if err != nil || string(stored) != c.body || len(sent) != 1 {
			t.Errorf("%s: Bronze has %q, %v; sent %v", c.name, stored, err, sent)
			continue
		}
		media, _, _ := strings.Cut(c.contentType, ";")
		want := &pipeline.Webhook{Source: c.name, ContentType: media}
		if c.name == "github" {
			want.Headers = map[string]string{"x-github-hook-id": "7"}
		}
		if diff := cmp.Diff(want, sent[0].Webhook); diff != "" || sent[0].Type != c.eventType ||
			sent[0].Caller != "webhook:"+c.name {
			t.Errorf("%s: sent %+v (-want +got):\n%s", c.name, sent[0], diff)
		}
	}
}

func TestWebhook_ARepeatedDeliveryIsADuplicate(t *testing.T) {
	for _, name := range []string{"github", "stripe", "slack", "shopify"} {
		var w world
		api, _ := w.webhookAPI()
		event := webhookEvent(api, name, "application/json",
			`{"id":"evt_1","type":"x","event_id":"Ev1"}`)
		first, again := invoke(t, api, event), invoke(t, api, event)
		if again.StatusCode != first.StatusCode || again.Body != first.Body ||
			again.Headers["idempotency-replayed"] != "true" || len(w.bronze.Keys()) != 1 {
			t.Errorf("%s: got %+v after %+v", name, again, first)
		}
	}
}

func TestWebhook_RejectsRequestsWithoutAValidSignature(t *testing.T) {
	for _, name := range []string{"github", "stripe", "slack", "shopify"} {
		for what, change := range map[string]func(event map[string]any, headers map[string]string){
			"another body": func(event map[string]any, _ map[string]string) {
				event["body"] = base64.StdEncoding.EncodeToString([]byte(`{"id":"x"}`))
			},
			"an empty body": func(event map[string]any, _ map[string]string) { event["body"] = "" },
			"no headers": func(event map[string]any, _ map[string]string) {
				event["headers"] = nil
			},
			"doubled headers": func(_ map[string]any, headers map[string]string) {
				for header, value := range headers {
					headers[header] = value + "," + value
				}
			},
			"bytes that are no text": func(_ map[string]any, headers map[string]string) {
				for header := range headers {
					headers[header] = "\x00\xff\ufffe"
				}
			},
			"another source's headers": func(event map[string]any, _ map[string]string) {
				event["pathParameters"] = map[string]string{"source": "hmac"}
				event["body"] = ""
			},
		} {
			var w world
			api, _ := w.webhookAPI()
			event := webhookEvent(api, name, "application/json", `{"id":"evt_1","type":"x"}`)
			change(event, event["headers"].(map[string]string))
			got := invoke(t, api, event)
			var p problem
			err := json.Unmarshal([]byte(got.Body), &p)
			if err != nil || got.StatusCode != http.StatusUnauthorized ||
				p.Type != "urn:problem-type:eventpipeline:invalid-signature" ||
				got.Headers["content-type"] != "application/problem+json" {
				t.Errorf("%s with %s: got %+v", name, what, got)
			}
			w.storedNothing(t, name+" with "+what)
		}
	}
}

func TestWebhook_CountsRefusedSignaturesAtEveryLevel(t *testing.T) {
	var w world
	api, store := w.webhookAPI()
	api.Log = w.logger(slog.LevelError)
	store.values = []string{"another secret"}
	invoke(t, api, webhookEvent(api, "github", "application/json", "{}"))
	line := w.log.String()
	if !strings.Contains(line, `"Dimensions":[["QueueName"],["QueueName","WebhookSource"]]`) ||
		!strings.Contains(line, `"WebhookSource":"github"`) {
		t.Errorf("got the line %s", line)
	}
	if got := w.metrics(t)["events RefusedSignatures"]; got != 1 {
		t.Errorf("counted %v", got)
	}
}

func TestWebhook_AcceptsARotatedSecretAtOnce(t *testing.T) {
	var w world
	api, store := w.webhookAPI()
	now := api.Ingest.Now()
	api.Secrets.Now = func() time.Time { return now }
	store.values = []string{"old secret"}
	event := webhookEvent(api, "github", "application/json", "{}")
	if got := invoke(t, api, event); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("before the rotation: got %+v", got)
	}
	store.values = []string{webhookSecret, "old secret"}
	now = now.Add(time.Second)
	if got := invoke(t, api, event); got.StatusCode != http.StatusAccepted {
		t.Errorf("after the rotation: got %+v", got)
	}
	store.values = []string{"new secret", webhookSecret}
	now = now.Add(10 * time.Minute)
	if got := invoke(t, api, event); got.StatusCode != http.StatusAccepted {
		t.Errorf("with the previous secret: got %+v", got)
	}
}

func TestWebhook_AnswersAnOutageOfSecretsManager(t *testing.T) {
	for what, store := range map[string]secretStore{
		"outage": {err: errors.New("down")}, "empty secret": {values: []string{""}},
	} {
		var w world
		api, _ := w.webhookAPI()
		api.Secrets.Reader = &store
		got := invoke(t, api, webhookEvent(api, "github", "application/json", "{}"))
		if got.StatusCode != http.StatusServiceUnavailable || got.Headers["retry-after"] == "" {
			t.Errorf("%s: got %+v", what, got)
		}
		if !strings.Contains(w.log.String(), `"level":"ERROR"`) {
			t.Errorf("%s: the log is %s", what, &w.log)
		}
		w.storedNothing(t, what)
		unsigned := webhookEvent(api, "github", "application/json", "{}")
		unsigned["headers"] = nil
		if got := invoke(t, api, unsigned); got.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s, without a signature: got %+v", what, got)
		}
	}
}

func TestWebhook_AnswersChallengesAndPingsAfterVerification(t *testing.T) {
	var w world
	api, _ := w.webhookAPI()
	event := webhookEvent(api, "slack", "application/json",
		`{"type":"url_verification","challenge":"3eZbrw1a"}`)
	got := invoke(t, api, event)
	if got.StatusCode != 200 || got.Body != `{"challenge":"3eZbrw1a"}` {
		t.Errorf("challenge: got %+v", got)
	}
	delete(event["headers"].(map[string]string), "x-slack-signature")
	if got := invoke(t, api, event); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("challenge without a signature: got %+v", got)
	}
	event = webhookEvent(api, "github", formMedia, "payload=%7B%7D")
	event["headers"].(map[string]string)["x-github-event"] = "ping"
	if got := invoke(t, api, event); got.StatusCode != http.StatusOK {
		t.Errorf("ping: got %+v", got)
	}
	w.storedNothing(t, "challenge and ping")
	source := api.Webhooks["github"]
	source.Pings = true
	api.Webhooks = maps.Clone(api.Webhooks)
	api.Webhooks["github"] = source
	if got := invoke(t, api, event); got.StatusCode != 202 || len(w.queue.Sent()) != 1 {
		t.Errorf("ping as an event: got %+v", got)
	}
}

// invalidWebhooks lists signed requests that can't become events.
var invalidWebhooks = []struct {
	what, name, contentType, body string
	headers                       map[string]string
	status                        int
	code                          pipeline.Code
}{
	{"form", "shopify", formMedia, "a=1", nil, 415, pipeline.UnsupportedType},
	{"text", "github", "text/plain", "{}", nil, 415, pipeline.UnsupportedType},
	{"charset", "github", "application/json; charset=latin1", "{}", nil, 415,
		pipeline.UnsupportedType},
	{"malformed type", "github", ";;", "{}", nil, 415, pipeline.UnsupportedType},
	{"gzip", "github", "application/json", "{}",
		map[string]string{"content-encoding": "gzip"}, 415, pipeline.UnsupportedCoding},
	{"array", "github", "application/json", "[]", nil, 400, pipeline.NotAnObject},
	{"invalid form", "github", formMedia, "a=%ff", nil, 400, pipeline.InvalidForm},
	{"invalid JSON", "github", "application/json", `{"a":1,"a":2}`, nil, 400,
		pipeline.InvalidJSON},
	{"invalid bytes", "github", "application/json", "\xff", nil, 400, pipeline.InvalidJSON},
	{"no type in the body", "stripe", "application/json", "{}", nil, 422,
		pipeline.MissingEventType},
	{"no type in the header", "github", "application/json", "{}",
		map[string]string{"x-github-event": ""}, 422, pipeline.MissingEventType},
	{"invalid type", "plain", "application/json", "{}", map[string]string{"x-type": "1st"}, 422,
		pipeline.InvalidEventType},
	{"too large", "hmac", "application/json", `{"a":"12345678901234"}`, nil, 413,
		pipeline.PayloadTooLarge},
	{"empty", "github", "application/json", "", nil, 400, pipeline.EmptyBody},
	{"number", "github", "application/json", `{"n":1e999}`, nil, 400, pipeline.NumberOutOfRange},
}

func TestWebhook_RejectsRequestsThatCanNotBecomeEvents(t *testing.T) {
	for _, c := range invalidWebhooks {
		var w world
		api, _ := w.webhookAPI()
		event := webhookEvent(api, c.name, c.contentType, c.body)
		maps.Copy(event["headers"].(map[string]string), c.headers)
		got := invoke(t, api, event)
		if got.StatusCode != c.status || !strings.Contains(got.Body, ":"+string(c.code)+`"`) {
			t.Errorf("%s: got %+v", c.what, got)
		}
		if c.status == 415 && got.Headers["accept"] == "" {
			t.Errorf("%s: the response must list the supported types", c.what)
		}
		w.storedNothing(t, c.what)
	}
}

// Each source reads the event's type from its own field or header. A problem must name this field
// or header, and not eventType.
func TestWebhook_ProblemsNameTheFieldsOfTheSource(t *testing.T) {
	for _, c := range []struct {
		name, body string
		unset      string // header
		strict     bool   // accept only types with a schema
		pointer    string
		detail     string // a part
	}{
		{"stripe", `{"id":"1"}`, "", false, "/type", "type"},
		{"slack", `{"event_id":"1"}`, "", false, "/type", "type"},
		{"github", `{}`, "x-github-event", false, "", "x-github-event"},
		{"shopify", `{}`, "x-shopify-topic", false, "", "x-shopify-topic"},
		{"stripe", `{"id":"1","type":"a"}`, "", true, "/type", "schema"},
		{"github", `{}`, "", true, "", "schema"},
		{"github", `[]`, "", false, "", "webhook"},
		{"github", ``, "", false, "", "no body"},
	} {
		var w world
		api, _ := w.webhookAPI()
		if c.strict {
			api.Ingest.RejectUnknownTypes = true
		}
		event := webhookEvent(api, c.name, "application/json", c.body)
		delete(event["headers"].(map[string]string), c.unset)
		got := invoke(t, api, event)
		var p problem
		if err := json.Unmarshal([]byte(got.Body), &p); err != nil || p.Status/100 != 4 ||
			p.Pointer != c.pointer || !strings.Contains(p.Detail, c.detail) ||
			strings.Contains(got.Body, "eventType") {
			t.Errorf("%s %s: got %+v", c.name, c.body, got)
		}
	}
}

// sendWebhooks sends webhooks that together cause every response except Slack's empty response.
func sendWebhooks(send func(api API, name string, event map[string]any)) {
	for _, c := range invalidWebhooks {
		var w world
		api, _ := w.webhookAPI()
		event := webhookEvent(api, c.name, c.contentType, c.body)
		maps.Copy(event["headers"].(map[string]string), c.headers)
		send(api, c.what, event)
	}
	var w world
	api, _ := w.webhookAPI()
	api.Webhooks["demo"] = webhook.Source{
		Name: "demo", Scheme: webhook.Generic,
		HMAC: &webhook.HMAC{Header: "x-sig", EventType: "demo", DeliveryIDHeader: "x-id"},
	}
	event := func(name, body string) map[string]any {
		return webhookEvent(api, name, "application/json", body)
	}
	for range 2 {
		send(api, "accepted", event("github", "{}"))
		send(api, "accepted by Shopify", event("shopify", "{}"))
	}
	send(api, "challenge", event("slack", `{"type":"url_verification","challenge":"x"}`))
	unsigned, unknown := event("github", "{}"), event("github", "{}")
	undecodable := event("github", "")
	unsigned["headers"], undecodable["body"] = nil, "%"
	unknown["pathParameters"] = map[string]string{"source": "unknown"}
	send(api, "unsigned", unsigned)
	send(api, "unknown source", unknown)
	send(api, "no base64", undecodable)
	get := httpEvent(http.MethodGet, "/webhooks/github", "")
	send(api, "another method", get)
	strict, broken, cold := api, api, api
	strict.Ingest.Schemas, strict.Ingest.RejectUnknownTypes = demoSchema{}, true
	send(strict, "violates its schema", event("demo", `{}`))
	send(strict, "too complex for its schema", event("demo", `{"deep":1}`))
	send(strict, "no schema", event("github", "{}"))
	broken.Ingest.NewID = func() (string, error) { return "", errors.New("no ids left") }
	broken.Ingest.Items, broken.Ingest.KeyCache = &inmem.Items{}, nil
	send(broken, "broken", event("github", `{"other":1}`))
	cold.Secrets = &webhook.Secrets{
		Reader: &secretStore{err: errors.New("down")}, Now: api.Ingest.Now,
	}
	send(cold, "no secret", event("github", "{}"))
}

// Slack's check of an endpoint's certificate must be accepted without a signature, because Slack
// does not document how it signs this request.
func TestWebhook_AnswersSlacksCheckOfTheCertificate(t *testing.T) {
	for _, c := range []struct {
		name, body string
		signed     bool
		status     int
	}{
		{"slack", "token=x&ssl_check=1", false, 200},
		{"slack", "ssl_check=1&token=x", true, 200},
		{"slack", "ssl_check=0", false, 401},
		{"slack", "text=ssl_check%3D1", false, 401},
		{"slack", "ssl_check=1&text=" + strings.Repeat("x", 600), false, 401},
		{"github", "ssl_check=1", false, 401},
	} {
		var w world
		api, store := w.webhookAPI()
		event := webhookEvent(api, c.name, formMedia, c.body)
		if !c.signed {
			event["headers"] = map[string]string{"content-type": formMedia}
		}
		got := invoke(t, api, event)
		if got.StatusCode != c.status || c.status == 200 && got.Body != "" || store.reads > 0 {
			t.Errorf("%s %.30s: got %+v after %d reads", c.name, c.body, got, store.reads)
		}
		w.storedNothing(t, c.body)
	}
}

func TestWebhook_LogsTheSourceAndTheReasonOfARejection(t *testing.T) {
	for what, c := range map[string]struct {
		body   string
		change func(event map[string]any)
		want   []string
	}{
		"wrong signature": {"{}", func(event map[string]any) { event["body"] = "e30K" },
			[]string{`"WebhookSource":"github"`, "does not match"}},
		"array": {"[]", func(map[string]any) {},
			[]string{`"WebhookSource":"github"`, "must be a JSON object"}},
		"unknown source": {"{}", func(event map[string]any) {
			event["pathParameters"] = map[string]string{"source": "gitlab"}
		}, []string{"no webhook source"}},
	} {
		var w world
		api, _ := w.webhookAPI()
		event := webhookEvent(api, "github", "application/json", c.body)
		c.change(event)
		invoke(t, api, event)
		for _, want := range append(c.want, `"msg":"request rejected"`, `"reason":"`) {
			if !strings.Contains(w.log.String(), want) {
				t.Errorf("%s: the log has no %s:\n%s", what, want, &w.log)
			}
		}
	}
}

func TestWebhook_UnknownSourcesAreNotFound(t *testing.T) {
	var w world
	api, store := w.webhookAPI()
	for _, name := range []string{"unknown", "", "GITHUB", "github%2f", "../github"} {
		event := webhookEvent(api, "github", "application/json", "{}")
		event["pathParameters"] = map[string]string{"source": name}
		if got := invoke(t, api, event); got.StatusCode != http.StatusNotFound {
			t.Errorf("%q: got %+v", name, got)
		}
	}
	if store.reads > 0 {
		t.Error("a secret was read for an unknown source")
	}
	event := httpEvent(http.MethodGet, "/webhooks/github", "")
	event["routeKey"] = "$default"
	got := invoke(t, api, event)
	if got.StatusCode != http.StatusMethodNotAllowed || got.Headers["allow"] != "POST" {
		t.Errorf("GET: got %+v", got)
	}
	event = webhookEvent(api, "github", "application/json", "{}")
	event["routeKey"] = "$default" // the route's throttle does not apply
	event["rawPath"] = "/webhooks/github"
	if got := invoke(t, api, event); got.StatusCode != http.StatusNotFound {
		t.Errorf("default route: got %+v", got)
	}
	w.storedNothing(t, "unknown source")
}

func TestWebhook_AnOpenAPIShowsTheStatus(t *testing.T) {
	var w world
	api, _ := w.webhookAPI()
	invoke(t, api, webhookEvent(api, "github", "application/json", "{}"))
	status := httpEvent(http.MethodGet, "/events/"+w.queue.Sent()[0].ID, "")
	if got := invoke(t, api, status); got.StatusCode != http.StatusOK {
		t.Errorf("got %+v", got)
	}
	api.OpenToAnyone = false
	status["requestContext"].(map[string]any)["authorizer"] = map[string]any{
		"lambda": map[string]string{"sub": "anna"},
	}
	if got := invoke(t, api, status); got.StatusCode != http.StatusNotFound {
		t.Errorf("another caller: got %+v", got)
	}
}

func TestWebhook_LogsNoHeadersAndNoSecrets(t *testing.T) {
	var w world
	api, store := w.webhookAPI()
	event := webhookEvent(api, "github", "application/json", `{"secret":"hunter2"}`)
	signature := event["headers"].(map[string]string)["x-hub-signature-256"]
	invoke(t, api, event)
	store.values = []string{"other"}
	api.Secrets.Now = func() time.Time { return api.Ingest.Now().Add(time.Hour) }
	invoke(t, api, event)
	for _, secret := range []string{webhookSecret, signature[8:], "hunter2", "other"} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log contains %q:\n%s", secret, &w.log)
		}
	}
	if names := slices.Collect(maps.Keys(w.queue.Sent()[0].Webhook.Headers)); len(names) != 1 {
		t.Errorf("kept the headers %v", names)
	}
}

// BenchmarkWebhook measures a request of a webhook source with a cached secret. BenchmarkEvent
// measures the same payload as a request to POST /events.
func BenchmarkWebhook(b *testing.B) {
	benchmarkAccept(b, func(api API, payload string) map[string]any {
		return webhookEvent(api, "github", "application/json", payload)
	})
}

func BenchmarkEvent(b *testing.B) {
	benchmarkAccept(b, func(_ API, payload string) map[string]any {
		event := httpEvent(http.MethodPost, "/events",
			base64.StdEncoding.EncodeToString([]byte(payload)))
		event["isBase64Encoded"] = true
		event["headers"].(map[string]string)["idempotency-key"] = "delivery-1"
		return event
	})
}

func benchmarkAccept(b *testing.B, newEvent func(api API, payload string) map[string]any) {
	var w world
	api, _ := w.webhookAPI()
	api.Ingest.MaxPayloadBytes = 1 << 20
	api.Ingest.KeyCache = new(pipeline.KeyCache)
	commits := strings.Repeat(`{"id":"7fd1a60b","files":["a"]},`, 600)
	payload := `{"eventType":"demo","commits":[` + commits + `{}]}` // 19 KB, as a push
	event, err := json.Marshal(newEvent(api, payload))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := api.Invoke(b.Context(), event); err != nil {
			b.Fatal(err)
		}
		w.log.Reset()
	}
}
