package e2e

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// An app may have several pipelines, in one stack and across stacks: each processes its own events, and rules are told of
// their own pipeline's.
func TestSeveral_PipelinesRunBesideEachOther(t *testing.T) {
	p := start(t, "--stage", "several", "--app", "go run ./test/e2e/app")
	if len(p.APIs) != 3 {
		t.Fatalf("there are the APIs %v, want three", p.APIs)
	}
	ids, buckets := map[string]string{}, map[string]bool{}
	for _, api := range p.APIs {
		p.API = api.URL
		id := p.accept(t, `{"eventType":"demo","of":"`+api.LogicalID+`"}`)
		processed := p.untilStatus(t, id, "PROCESSED")
		ids[api.LogicalID] = id
		buckets[processed["bronze"].(map[string]any)["bucket"].(string)] = true
	}
	if strings.Contains(p.log.String(), `"step":"denied"`) {
		t.Error("the functions may not do what they are for")
	}
	if len(buckets) != 3 {
		t.Errorf("three pipelines keep their payloads in %v", buckets)
	}

	queue, url := sqs.NewFromConfig(p.config()), p.Outputs["ToldUrl"]
	var told []string
	until(t, func() string {
		out, err := queue.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, message := range out.Messages {
			var event struct{ Detail struct{ EventID string } }
			if err := json.Unmarshal([]byte(*message.Body), &event); err != nil {
				t.Fatal(err)
			}
			told = append(told, event.Detail.EventID)
		}
		if len(told) == 0 {
			return "the rule tells nobody"
		}
		return ""
	})
	var invoices string
	for name, id := range ids {
		if strings.HasPrefix(name, "Invoices") {
			invoices = id
		}
	}
	if len(told) != 1 || told[0] != invoices {
		t.Errorf("the rule told of %v, want the event of Invoices, %v", told, ids)
	}

	out, err := command(context.Background(), "dlq", "list", "--aws", p.AWS).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "several stacks have a pipeline, beside, split: choose one with --aws "+p.AWS+" --stack NAME") {
		t.Errorf("a command that can't know which pipeline is meant: %v\n%s", err, out)
	}
	for _, stack := range []string{"beside", "split"} {
		if out, err := command(context.Background(), "dlq", "list", "--aws", p.AWS, "--stack", stack).CombinedOutput(); err != nil {
			t.Errorf("dlq list of %s: %v\n%s", stack, err, out)
		}
	}
}
