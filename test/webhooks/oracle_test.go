// Package webhooks compares package webhook with the official SDKs of the webhooks' senders.
// Package webhook and the SDKs must accept the same signatures.
package webhooks

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/webhook"
)

// call asks an SDK to sign a request or to verify its headers.
type call struct {
	Scheme    webhook.Scheme    `json:"scheme"`
	Sign      bool              `json:"sign"`
	Secret    string            `json:"secret"`
	Body      string            `json:"body"`
	ID        string            `json:"id"`
	Timestamp int64             `json:"timestamp"`
	Headers   map[string]string `json:"headers"`
}

// askSDKs returns the response to each call. .ci/run installs the SDKs in cdk.out/clients. Without
// the SDKs, the test is skipped. If the environment variable CLIENTS_REQUIRED contains "webhooks",
// the test fails instead.
func askSDKs(t *testing.T, calls []call) []json.RawMessage {
	t.Helper()
	installed, err := filepath.Abs("../../cdk.out/clients/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	path := "NODE_PATH=" + installed + ":" + os.Getenv("NODE_PATH")
	probe := exec.Command("node", "-e", "require('standardwebhooks'); require('@slack/bolt')")
	probe.Env = append(os.Environ(), path)
	if err := probe.Run(); err != nil {
		const missing = "node can't load the SDKs: set NODE_PATH to their node_modules folder"
		if slices.Contains(strings.Fields(os.Getenv("CLIENTS_REQUIRED")), "webhooks") {
			t.Fatal(missing)
		}
		t.Skip("NOT TESTED: the SDKs of webhooks; " + missing)
	}
	in, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(t.Context(), "node", "testdata/oracle.js")
	node.Env = append(os.Environ(), path)
	node.Stdin = bytes.NewReader(in)
	node.Stderr = os.Stderr
	out, err := node.Output()
	if err != nil {
		t.Fatal(err)
	}
	var responses []json.RawMessage
	if err := json.Unmarshal(out, &responses); err != nil || len(responses) != len(calls) {
		t.Fatalf("got %d responses to %d calls, %v", len(responses), len(calls), err)
	}
	return responses
}

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

var bodies = []string{
	`{"id":"evt_1","type":"a"}`, `{"text":"h` + "\u00e9" + `llo \ud83d\ude00"}`, " {\r\n} ",
	"payload=%7B%7D&a=b+c", `{"long":"` + strings.Repeat("x", 100_000) + `"}`,
}

func TestSDKs_AgreeAboutSignatures(t *testing.T) {
	now := time.Now()
	var calls []call
	for _, scheme := range []webhook.Scheme{
		webhook.GitHub, webhook.Standard, webhook.Stripe, webhook.Slack,
	} {
		source := webhook.Source{Name: "x", Scheme: scheme}
		for _, body := range bodies {
			headers, err := source.Sign(secret, webhook.Delivery{
				Type: "push", ID: "msg_1", At: now, Body: []byte(body),
			})
			if err != nil {
				t.Fatal(err)
			}
			c := call{
				Scheme: scheme, Secret: secret, Body: body, ID: "msg_1", Timestamp: now.Unix(),
				Headers: headers,
			}
			calls = append(calls, c)
			c.Body += " "
			calls = append(calls, c)
			if c.Body, c.Sign = body, true; scheme != webhook.Slack {
				calls = append(calls, c)
			}
		}
	}
	for i, response := range askSDKs(t, calls) {
		c := calls[i]
		source := webhook.Source{Name: "x", Scheme: c.Scheme}
		if !c.Sign {
			ours := source.Verify(c.Headers, []byte(c.Body), []string{c.Secret}, now) == nil
			// The SDKs of Stripe and of Standard Webhooks also parse the body as JSON.
			parsed := json.Valid([]byte(c.Body)) || c.Scheme == webhook.GitHub ||
				c.Scheme == webhook.Slack
			if theirs := string(response) == "true"; parsed && ours != theirs {
				t.Errorf("%s %.40q: we accept: %t, the SDK: %t", c.Scheme, c.Body, ours, theirs)
			}
			continue
		}
		var headers map[string]string
		if err := json.Unmarshal(response, &headers); err != nil {
			t.Fatalf("%s %.40q: %s: %v", c.Scheme, c.Body, response, err)
		}
		for _, secrets := range [][]string{{c.Secret}, {"b3RoZXI=", c.Secret}} {
			if err := source.Verify(headers, []byte(c.Body), secrets, now); err != nil {
				t.Errorf("%s %.40q, signed by the SDK: %v", c.Scheme, c.Body, err)
			}
		}
	}
}
