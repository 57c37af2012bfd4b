package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/webhook"
)

func TestMasked_HidesMostOfASecret(t *testing.T) {
	for secret, want := range map[string]string{
		"": "", "short": "*****", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": "whs******",
	} {
		if got := maskSecret(secret); got != want {
			t.Errorf("%q: got %q, want %q", secret, got, want)
		}
	}
}

func TestRotate_ChecksTheSecret(t *testing.T) {
	source := func(scheme webhook.Scheme) deployment.WebhookSource {
		return deployment.WebhookSource{Source: webhook.Source{Name: "x", Scheme: scheme}}
	}
	for _, c := range []struct {
		scheme    webhook.Scheme
		file, in  string
		want, err string // parts of the secret and of the error
	}{
		{webhook.GitHub, "", "", "", ""},
		{webhook.Stripe, "", "", "", "--from"},
		{webhook.Stripe, "-", "whsec_abc\n", "whsec_abc", ""},
		{webhook.Stripe, "-", " \n", "", "empty"},
		{webhook.Standard, "-", "not base64!", "", "base64"},
		{webhook.GitHub, "-", `{"secret":"abc"}` + "\n", "", "JSON"},
		{webhook.Stripe, "-", `"whsec_abc"`, "", "JSON"},
		{webhook.Slack, "-", "{not JSON", "{not JSON", ""},
		{webhook.GitHub, "-", "a\xffb", "", "UTF-8"}, // JSON would replace the byte
		{webhook.GitHub, "missing-file", "", "", "missing-file"},
	} {
		f := rotateFlags{file: c.file}
		got, err := f.secret(strings.NewReader(c.in), source(c.scheme))
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) ||
			!strings.Contains(got, c.want) {
			t.Errorf("%+v: got %q, %v", c, got, err)
		}
	}
}

func TestSendAs_ChecksTheType(t *testing.T) {
	stripe := deployment.WebhookSource{
		Source: webhook.Source{Name: "stripe", Scheme: webhook.Stripe, Prefix: "stripe"},
	}
	for _, c := range []struct{ eventType, body, err string }{
		{"invoice.paid", `{"type":"invoice.paid"}`, ""},
		{"", `{"type":"invoice.paid"}`, ""},
		{"orders/create", `{"type":"orders/create"}`, ""},
		{"invoice.paid", `{"type":"charge.failed"}`, "charge.failed"},
		{"invoice.paid", `{}`, "body"},
		{"", `{}`, "no type"},
	} {
		d := webhookDelivery{stripe, nil, []byte(c.body)}
		err := d.checkType(c.eventType)
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%+v: got %v", c, err)
		}
	}
	form := webhookDelivery{
		deployment.WebhookSource{Source: webhook.Source{Scheme: webhook.Slack, Prefix: "slack"}},
		map[string]string{"content-type": pipeline.FormContentType}, []byte("command=%2Fx"),
	}
	if err := form.checkType("slash_command"); err != nil {
		t.Error(err)
	}
}

func TestSendAs_SendsJSONWithAMistakeAsJSON(t *testing.T) {
	for body, want := range map[string]bool{
		`{"ref": }`: false, ` {"ref"`: false, "[1]": false, "": false, "command=%2Fx": true,
	} {
		if got := isForm([]byte(body)); got != want {
			t.Errorf("%q: got %t, want %t", body, got, want)
		}
	}
}

func TestSendAs_PrintsNoEventForRequestsThatBecomeNone(t *testing.T) {
	ping := map[string]string{"x-github-event": "ping"}
	for _, c := range []struct {
		scheme  webhook.Scheme
		headers map[string]string
		body    string
		isEvent bool
	}{
		{webhook.GitHub, ping, `{}`, false},
		{webhook.GitHub, nil, `{}`, true},
		{webhook.Slack, nil, `{"type":"url_verification","challenge":"x"}`, false},
		{webhook.Slack, nil, `{"type":"event_callback","event_id":"1"}`, true},
	} {
		source := deployment.WebhookSource{Source: webhook.Source{Scheme: c.scheme}}
		id, err := webhookDelivery{source, c.headers, []byte(c.body)}.eventID()
		if err != nil || (id != "") != c.isEvent {
			t.Errorf("%s, %s: got %q, %v", c.scheme, c.body, id, err)
		}
	}
}

// `resend` and the console must not post a webhook's payload to POST /events, because the request
// would have no signature. POST /events would accept this payload, because it has an eventType.
func TestWebhookEvent_IsNotPostedAgainWithoutASignature(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	body := []byte(`{"eventType":"demo"}`)
	accepted, err := d.ingest().Accept(t.Context(), pipeline.Request{
		Body: body, Caller: "webhook:github", Webhook: &pipeline.WebhookRequest{
			Webhook: pipeline.Webhook{Source: "github"}, Type: "github.push", Payload: body,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	id := accepted.Event.ID
	code, _, errOut := d.run(t, "resend", id)
	if code != exitFailure || !strings.Contains(errOut, d.url+" --as github:TYPE FILE") {
		t.Errorf("exit code %d: %s", code, errOut)
	}
	b := d.openConsole(t, "--write")
	page := b.get(t, b.base+"/events/"+id)
	if strings.Contains(page, "Send again") || strings.Contains(page, "send?from=") {
		t.Errorf("the page offers to send the event: %s", page)
	}
	status, response := b.post(t, "/events/"+id+"/send", "")
	if status != http.StatusUnprocessableEntity || !strings.Contains(response, "--as github:TYPE") {
		t.Errorf("send: %d %s", status, response)
	}
}

func TestRotate_WithoutATerminalNeedsYes(t *testing.T) {
	code, _, errOut := runMain(t, "webhooks", "rotate", "github")
	if code != exitUsage || !strings.Contains(errOut, "--yes") ||
		strings.Contains(errOut, "--dry-run") {
		t.Errorf("exit code %d: %s", code, errOut)
	}
}

func TestSendAs_ExcludesTheFlagsOfOtherEvents(t *testing.T) {
	for _, flags := range []string{
		"--count 3", "--batch 2", "--wait", "--type demo", "--api http://x",
	} {
		args := append([]string{"send", "--as", "github:push"}, strings.Fields(flags)...)
		if code, _, errOut := runMain(t, args...); code != exitUsage ||
			!strings.Contains(errOut, "--as") {
			t.Errorf("%s: exit code %d, %s", flags, code, errOut)
		}
	}
}

// A secret that the user has no permission to read must not be shown as missing.
func TestWebhooksList_DistinguishesMissingAndUnreadableSecrets(t *testing.T) {
	sources := `[{"name":"github","secret":"changed"},{"name":"slack","secret":"missing"},` +
		`{"name":"stripe","secret":"denied"}]`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case strings.HasPrefix(r.URL.Path, "/2015-03-31/functions/"):
			_ = json.NewEncoder(w).Encode(map[string]any{"Environment": map[string]any{
				"Variables": map[string]string{contract.Webhooks: sources},
			}})
		case bytes.Contains(body, []byte("changed")):
			_, _ = io.WriteString(w, `{"LastChangedDate":1795000000}`)
		default:
			w.WriteHeader(http.StatusBadRequest)
			code := "ResourceNotFoundException"
			if bytes.Contains(body, []byte("denied")) {
				code = "AccessDeniedException"
			}
			_, _ = io.WriteString(w, `{"__type":"`+code+`"}`)
		}
	}))
	t.Cleanup(server.Close)
	cfg, err := deployment.LocalConfig(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	p := deployment.Pipeline{Config: cfg, APIFunction: "api"}
	if err := listWebhooks(t.Context(), &out, p, false); err != nil {
		t.Fatal(err)
	}
	lines := make(map[string]string)
	for line := range strings.Lines(out.String()) {
		name, _, _ := strings.Cut(line, " ")
		lines[name] = line
	}
	for source, want := range map[string]string{
		"github": " 2026-11-18 ", "slack": " missing ", "stripe": " unknown ",
	} {
		if !strings.Contains(lines[source], want) {
			t.Errorf("%s: want %q, printed\n%s", source, want, &out)
		}
	}
}
