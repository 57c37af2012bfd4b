package main

import (
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/webhook"
)

func TestMasked_HidesMostOfASecret(t *testing.T) {
	for secret, want := range map[string]string{
		"": "", "short": "*****", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": "whs******",
	} {
		if got := masked(secret); got != want {
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

func TestSendAs_ExcludesTheFlagsOfOtherEvents(t *testing.T) {
	for _, flags := range []string{"--count 3", "--batch 2", "--wait", "--type demo", "--api http://x"} {
		args := append([]string{"send", "--as", "github:push"}, strings.Fields(flags)...)
		if code, _, errOut := runMain(t, args...); code != exitUsage ||
			!strings.Contains(errOut, "--as") {
			t.Errorf("%s: exit code %d, %s", flags, code, errOut)
		}
	}
}
