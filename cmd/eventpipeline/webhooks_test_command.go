package main

import (
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
)

// testEventType is the type of the event that "webhooks test" sends. The source adds its prefix.
const testEventType = "eventpipeline.test"

func newWebhooksTestCommand(stack *stackFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "test NAME",
		Short: "Test that a webhook source accepts only signed requests",
		Long: `Sends four requests to a webhook source. A request without a signature and a
request with a changed body must be rejected. A signed request must be accepted.
The same request again must be a duplicate. The command creates one event with
the type <prefix>.eventpipeline.test.

Exits with 1 if a response is not the expected one.`,
		Example: `  eventpipeline webhooks test github
  eventpipeline webhooks test stripe --stack shop-prod`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, source, err := findWebhook(cmd.Context(), stack, args[0])
			if err != nil {
				return err
			}
			return testWebhook(cmd, source)
		},
	}
}

func testWebhook(cmd *cobra.Command, source deployment.WebhookSource) error {
	ctx, id := cmd.Context(), newDeliveryID()
	body := source.Example(testEventType, id)
	signed, err := newWebhookDelivery(ctx, source, testEventType, id, body)
	if err != nil {
		return err
	}
	unsigned, changed := signed, signed
	unsigned.headers = map[string]string{"content-type": "application/json"}
	changed.body = append([]byte(" "), body...)
	failed := 0
	for _, test := range []webhookTest{
		{"without a signature", unsigned, "401", isUnauthorized},
		{"with a changed body", changed, "401", isUnauthorized},
		{"signed", signed, "a new event", func(a webhookResponse) bool {
			return a.accepted() && !a.Duplicate
		}},
		{"signed, again", signed, "a duplicate", func(a webhookResponse) bool {
			return a.accepted() && a.Duplicate
		}},
	} {
		passed, err := test.run(cmd)
		if err != nil {
			return err
		}
		if !passed {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of 4 requests got an unexpected response", failed)
	}
	return nil
}

func isUnauthorized(a webhookResponse) bool { return a.Status == http.StatusUnauthorized }

// webhookTest sends a request to a webhook source and checks the response.
type webhookTest struct {
	name     string
	delivery webhookDelivery
	want     string
	ok       func(webhookResponse) bool
}

// run sends the request and prints whether the response is the expected one.
func (t webhookTest) run(cmd *cobra.Command) (passed bool, err error) {
	response, err := t.delivery.send(cmd.Context())
	if err != nil {
		return false, err
	}
	result := "ok"
	if passed = t.ok(response); !passed {
		result = "FAILED, want " + t.want
	}
	got := fmt.Sprintf("HTTP %d", response.Status)
	if response.Problem != nil {
		got = response.Problem.Error()
	}
	if response.EventID != "" {
		got += ", event " + response.EventID
	}
	if response.Duplicate {
		got += ", a duplicate"
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%-20s %s: %s\n", t.name, result, got)
	return passed, err
}
