package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

const ownProcessor = "../../examples/own-processor"

// The test runs the example in its own folder and with its own processor.
func TestOwnProcessor_SplitsFiltersAndRejects(t *testing.T) {
	p := startIn(t, ownProcessor)
	p.addOutputs(t, "orders", "WorkerFunction")
	queue := p.subscribe(t, "orders", "order.placed")
	split := p.accept(t, `{"eventType":"order.placed","orderId":"7","currency":"EUR","lines":[`+
		`{"sku":"tea","quantity":2,"cents":350},{"sku":"milk","quantity":1,"cents":99}]}`)
	single := p.accept(t, `{"eventType":"order.placed","orderId":"8","currency":"USD","lines":[`+
		`{"sku":"tea","quantity":1,"cents":350}]}`)
	test := p.accept(t, `{"eventType":"order.placed","orderId":"9","test":true}`)
	unusable := p.accept(t, `{"eventType":"order.placed","orderId":"10","currency":"XXX"}`)

	for id, want := range map[string][]string{
		split: {
			`{"orderId":"7","sku":"tea","quantity":2,"cents":700,"currency":"EUR"}`,
			`{"orderId":"7","sku":"milk","quantity":1,"cents":99,"currency":"EUR"}`,
		},
		single: {`{"orderId":"8","sku":"tea","quantity":1,"cents":350,"currency":"USD"}`},
	} {
		records := p.readRecords(t, p.waitForStatus(t, id, "PROCESSED"))
		if len(records) != len(want) {
			t.Fatalf("event %s has the records %+v, want %v", id, records, want)
		}
		for i, r := range records {
			wrongPart := len(want) > 1 && (r.Part != i+1 || r.Parts != len(want))
			if r.ID != id || string(r.Payload) != want[i] || wrongPart {
				t.Errorf("record %d of event %s = %+v, want %s", i, id, r, want[i])
			}
		}
	}

	status := p.waitForStatus(t, test, "PROCESSED")
	filtered, _ := status["dropped"].(map[string]any)
	if filtered["code"] != "test-order" {
		t.Errorf("status = %v, want the filter's code", status)
	}
	records := p.readRecords(t, status)
	if len(records) != 1 || records[0].Filtered.Code != "test-order" || records[0].Payload != nil {
		t.Errorf("records = %+v, want one without a payload", records)
	}
	out, err := command(t.Context(), "status", "--api", p.API, test).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "filtered   test-order: ") {
		t.Errorf("eventpipeline status: %v\n%s", err, out)
	}

	status = p.waitForStatus(t, unusable, "FAILED")
	failure, _ := status["failure"].(map[string]any)
	if failure["code"] != "rejected.unknown-currency" ||
		failure["reason"] != "currency must be one of [EUR USD]" || status["attempts"] != 1.0 {
		t.Errorf("status = %v, want a rejection without retries", status)
	}
	deadLetters := p.receive(t.Context(), t, p.Outputs["DeadLetterQueueUrl"])
	if len(deadLetters) != 1 || aws.ToString(deadLetters[0].
		MessageAttributes["failureCode"].StringValue) != "rejected.unknown-currency" {
		t.Errorf("the DLQ holds %+v", deadLetters)
	}
	if keys := p.listKeys(t, "SilverBucketName", "silver/"); len(keys) != 3 {
		t.Errorf("Silver holds %v, want an object per processed event", keys)
	}

	notifications := map[string]string{}
	waitUntil(t, func() string {
		for _, m := range p.receive(t.Context(), t, queue) {
			var notification struct {
				DetailType string `json:"detail-type"`
				Detail     struct {
					EventID string
					Dropped pipeline.Filtered
				}
			}
			if err := json.Unmarshal([]byte(*m.Body), &notification); err != nil {
				t.Fatal(err)
			}
			detail := notification.Detail
			notifications[detail.EventID] = notification.DetailType + " " + detail.Dropped.Code
		}
		if len(notifications) < 4 {
			return "the rule did not match all events"
		}
		return ""
	})
	want := map[string]string{
		split: "EventProcessed ", single: "EventProcessed ",
		test: "EventProcessed test-order", unusable: "EventFailed ",
	}
	if diff := cmp.Diff(want, notifications); diff != "" {
		t.Errorf("notifications (-want +got):\n%s", diff)
	}
	testReplayCompare(t, p)
}

// addOutputs adds resource names to p.Outputs, for an app without stack outputs. It reads the names
// from a function's environment.
func (p *platform) addOutputs(t *testing.T, stack, function string) {
	t.Helper()
	list, err := cloudformation.NewFromConfig(p.awsConfig()).ListStackResources(t.Context(),
		&cloudformation.ListStackResourcesInput{StackName: &stack})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list.StackResourceSummaries {
		if aws.ToString(r.ResourceType) != "AWS::Lambda::Function" ||
			!strings.Contains(aws.ToString(r.LogicalResourceId), function) {
			continue
		}
		c, err := lambda.NewFromConfig(p.awsConfig()).GetFunctionConfiguration(t.Context(),
			&lambda.GetFunctionConfigurationInput{FunctionName: r.PhysicalResourceId})
		if err != nil {
			t.Fatal(err)
		}
		variables := c.Environment.Variables
		p.Outputs["SilverBucketName"] = variables[contract.SilverBucket]
		p.Outputs["EventBusName"] = variables[contract.EventBusName]
		p.Outputs["DeadLetterQueueUrl"] = variables[contract.DeadLetterQueueURL]
		return
	}
	t.Fatalf("stack %s has no %s", stack, function)
}

func testReplayCompare(t *testing.T, p *platform) {
	out, err := command(t.Context(), "replay", "--aws", p.AWS, "--type", "order.placed", "--from",
		"1h", "--compare",
		"--worker", "examples/own-processor/functions/orders").CombinedOutput()
	if err != nil || !strings.Contains(string(out),
		"3 same, 0 changed, 0 missing in Silver, 0 refused today, 1 skipped, of 4 events") {
		t.Errorf("replay --compare --worker: %v\n%s", err, out)
	}
}

func (p *platform) readRecords(t *testing.T, status map[string]any) pipeline.Records {
	t.Helper()
	records, err := pipeline.ReadRecords([]byte(p.readObject(t, status["silver"])))
	if err != nil {
		t.Fatal(err)
	}
	return records
}
