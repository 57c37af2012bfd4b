package e2e

import (
	"context"
	"io"
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventbridgetypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// keys lists the keys below prefix in the bucket that the stack's output names.
func (p *platform) keys(t *testing.T, output, prefix string) []string {
	t.Helper()
	var keys []string
	pages := s3.NewListObjectsV2Paginator(s3.NewFromConfig(p.config()), &s3.ListObjectsV2Input{
		Bucket: aws.String(p.Outputs[output]), Prefix: &prefix,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range page.Contents {
			keys = append(keys, *object.Key)
		}
	}
	return keys
}

// object reads an object at a location as the API tells it.
func (p *platform) object(t *testing.T, location any) string {
	t.Helper()
	at := location.(map[string]any)
	out, err := s3.NewFromConfig(p.config()).GetObject(t.Context(), &s3.GetObjectInput{
		Bucket: aws.String(at["bucket"].(string)), Key: aws.String(at["key"].(string)),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// depth returns how many messages a queue has, delivered or not.
func (p *platform) depth(t *testing.T, output string) int {
	t.Helper()
	out, err := sqs.NewFromConfig(p.config()).GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl:       aws.String(p.Outputs[output]),
		AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll},
	})
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, name := range []string{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"} {
		n, err := strconv.Atoi(out.Attributes[name])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sum += n
	}
	return sum
}

// receive takes up to ten messages from a queue.
func (p *platform) receive(ctx context.Context, t *testing.T, url string) []sqstypes.Message {
	t.Helper()
	out, err := sqs.NewFromConfig(p.config()).ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1,
		MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{sqstypes.MessageSystemAttributeNameAll},
		MessageAttributeNames:       []string{"All"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Messages
}

// items counts the items of the events table.
func (p *platform) items(t *testing.T) int {
	t.Helper()
	count := 0
	pages := dynamodb.NewScanPaginator(dynamodb.NewFromConfig(p.config()), &dynamodb.ScanInput{
		TableName: aws.String(p.Outputs["EventsTableName"]),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		count += int(page.Count)
	}
	return count
}

// listen makes a rule on the pipeline's bus that sends its events of a type to a new queue, whose URL it returns.
func (p *platform) listen(t *testing.T, name, eventType string) string {
	t.Helper()
	ctx := t.Context()
	queues, events := sqs.NewFromConfig(p.config()), eventbridge.NewFromConfig(p.config())
	queue, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		t.Fatal(err)
	}
	attributes, err := queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: queue.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn},
	})
	if err != nil {
		t.Fatal(err)
	}
	bus := aws.String(p.Outputs["EventBusName"])
	pattern := `{"source":["eventpipeline"],"detail":{"eventType":["` + eventType + `"]}}`
	if _, err := events.PutRule(ctx, &eventbridge.PutRuleInput{Name: &name, EventBusName: bus, EventPattern: &pattern}); err != nil {
		t.Fatal(err)
	}
	if _, err := events.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: &name, EventBusName: bus, Targets: []eventbridgetypes.Target{
		{Id: aws.String("queue"), Arn: aws.String(attributes.Attributes["QueueArn"])},
	}}); err != nil {
		t.Fatal(err)
	}
	return *queue.QueueUrl
}
