package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

const (
	apiFunction = "event-driven-cloud-platform-dev-api"
	eventsTable = "event-driven-cloud-platform-dev-events"
	payload     = `{"body":"{\"eventType\":\"demo\",\"message\":\"hello\"}"}`
)

// The verification commands of README.md must work with the resource names of the stage `dev`. The
// first platform has no worker, so its messages stay on the queue. The second platform processes
// them.
func TestContract_VerificationCommands(t *testing.T) {
	data := t.TempDir()
	dev := app{"go run ./cmd/app", "dev"}
	withoutWorker := startShared(t, dev, "--data", data, "--no-worker")
	var ids []string
	t.Run("SDK", func(t *testing.T) { ids = append(ids, verifyBySDK(t, withoutWorker)) })
	t.Run("CLI", func(t *testing.T) {
		if _, err := exec.LookPath("aws"); err != nil {
			t.Skip("the AWS CLI is not installed; the SDK makes the same calls")
		}
		ids = append(ids, verifyByCLI(t, withoutWorker))
	})
	withoutWorker.stop(t)

	withWorker := startShared(t, dev, "--data", data)
	for _, id := range ids {
		waitUntil(t, func() string {
			item := withWorker.getItem(t, eventsTable, "EVENT#"+id)
			if status := stringAttribute(item, "status"); status != "PROCESSED" {
				return id + " is " + status
			}
			return ""
		})
	}
	waitUntil(t, func() string {
		if n := withWorker.queueDepth(t, "QueueUrl"); n != 0 {
			return fmt.Sprintf("%d messages on the queue", n)
		}
		return ""
	})
}

var acceptedPayload = regexp.MustCompile(`^\{"statusCode":202,` +
	`"headers":\{"content-type":"application/json"\},` +
	`"body":"\{\\"status\\":\\"accepted\\",\\"eventId\\":\\"([0-9a-f-]{36})\\"\}"\}$`)

func verifyBySDK(t *testing.T, p *platform) string {
	out, err := lambda.NewFromConfig(p.awsConfig()).Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: aws.String(apiFunction), Payload: []byte(payload),
	})
	if err != nil {
		t.Fatal(err)
	}
	match := acceptedPayload.FindSubmatch(out.Payload)
	if match == nil {
		t.Fatalf("the API function returned %s", out.Payload)
	}
	id := string(match[1])

	item := p.getItem(t, eventsTable, "EVENT#"+id)
	if stringAttribute(item, "eventType") != "demo" ||
		stringAttribute(item, "status") != "ENQUEUED" ||
		stringAttribute(item, "s3Bucket") != p.Outputs["BronzeBucketName"] {
		t.Errorf("item = %v", item)
	}
	if n := p.queueDepth(t, "QueueUrl"); n != 1 {
		t.Errorf("%d messages on the queue, want 1 without a worker", n)
	}
	keys := p.listKeys(t, "BronzeBucketName", "bronze/demo/")
	if !slices.Equal(keys, []string{stringAttribute(item, "s3Key")}) {
		t.Errorf("Bronze holds %v, want the item's key %s", keys, stringAttribute(item, "s3Key"))
	}
	return id
}

// getItem returns the item with the key pk.
func (p *platform) getItem(t *testing.T, table, pk string) map[string]dynamodbtypes.AttributeValue {
	t.Helper()
	out, err := dynamodb.NewFromConfig(p.awsConfig()).GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: &table,
		Key: map[string]dynamodbtypes.AttributeValue{
			"pk": &dynamodbtypes.AttributeValueMemberS{Value: pk},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Item
}

func stringAttribute(item map[string]dynamodbtypes.AttributeValue, name string) string {
	value, _ := item[name].(*dynamodbtypes.AttributeValueMemberS)
	if value == nil {
		return ""
	}
	return value.Value
}

// verifyByCLI runs the verification commands of README.md with the AWS CLI.
func verifyByCLI(t *testing.T, p *platform) string {
	dir := t.TempDir()
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "aws", args...)
		cmd.Dir, cmd.Env = dir, p.env()
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}

	invoke := []string{"lambda", "invoke", "--function-name", apiFunction, "--cli-binary-format",
		"raw-in-base64-out",
		"--payload", payload, "response.json"}
	var endpoint []string
	if strings.HasPrefix(run("--version"), "aws-cli/1.") {
		invoke = slices.Delete(invoke, 4, 6)         // version 1 lacks --cli-binary-format
		endpoint = []string{"--endpoint-url", p.AWS} // version 1 ignores AWS_ENDPOINT_URL for SQS
	}
	run(invoke...)
	response, err := os.ReadFile(filepath.Join(dir, "response.json"))
	if err != nil {
		t.Fatal(err)
	}
	match := acceptedPayload.FindSubmatch(response)
	if match == nil {
		t.Fatalf("response.json holds %s", response)
	}
	id := string(match[1])

	var got struct{ Item map[string]map[string]string }
	decode(t, run("dynamodb", "get-item", "--table-name", eventsTable, "--key",
		`{"pk":{"S":"EVENT#`+id+`"}}`), &got)
	bucket, key := got.Item["s3Bucket"]["S"], got.Item["s3Key"]["S"]
	if got.Item["eventType"]["S"] != "demo" || got.Item["status"]["S"] != "ENQUEUED" ||
		bucket == "" || key == "" {
		t.Errorf("item = %v", got.Item)
	}

	var queue struct{ Attributes map[string]string }
	decode(t, run(append(endpoint, "sqs", "get-queue-attributes", "--queue-url",
		p.Outputs["QueueUrl"],
		"--attribute-names", "ApproximateNumberOfMessages",
		"ApproximateNumberOfMessagesNotVisible")...), &queue)
	// The queue contains two messages: one sent by verifyBySDK and one sent here.
	if queue.Attributes["ApproximateNumberOfMessages"] != "2" ||
		queue.Attributes["ApproximateNumberOfMessagesNotVisible"] != "0" {
		t.Errorf("attributes = %v", queue.Attributes)
	}

	list := run("s3", "ls", "s3://"+p.Outputs["BronzeBucketName"]+"/bronze/demo/", "--recursive")
	if !strings.Contains(list, key) {
		t.Errorf("s3 ls printed\n%s", list)
	}
	raw := run("s3", "cp", "s3://"+bucket+"/"+key, "-")
	if raw != `{"eventType":"demo","message":"hello"}` {
		t.Errorf("Bronze holds %q", raw)
	}
	return id
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
}
