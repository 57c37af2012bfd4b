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

// listKeys returns a bucket's keys that begin with prefix. output is the stack output with the
// bucket's name.
func (p *platform) listKeys(t *testing.T, output, prefix string) []string {
	t.Helper()
	var keys []string
	pages := s3.NewListObjectsV2Paginator(s3.NewFromConfig(p.awsConfig()), &s3.ListObjectsV2Input{
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

// readObject returns the content of an object. location is a map with the keys "bucket" and "key",
// as in an API response.
func (p *platform) readObject(t *testing.T, location any) string {
	t.Helper()
	at := location.(map[string]any)
	out, err := s3.NewFromConfig(p.awsConfig()).GetObject(t.Context(), &s3.GetObjectInput{
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

// queueDepth returns the number of visible, invisible and delayed messages in a queue. output is
// the stack output with the queue's URL.
func (p *platform) queueDepth(t *testing.T, output string) int {
	t.Helper()
	client := sqs.NewFromConfig(p.awsConfig())
	out, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl:       aws.String(p.Outputs[output]),
		AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll},
	})
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, suffix := range []string{"", "NotVisible", "Delayed"} {
		name := "ApproximateNumberOfMessages" + suffix
		n, err := strconv.Atoi(out.Attributes[name])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sum += n
	}
	return sum
}

// receive receives up to ten messages from a queue.
func (p *platform) receive(ctx context.Context, t *testing.T, url string) []sqstypes.Message {
	t.Helper()
	out, err := sqs.NewFromConfig(p.awsConfig()).ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1,
		MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"All"},
		MessageAttributeNames:       []string{"All"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Messages
}

// countItems returns the number of items in the events table.
func (p *platform) countItems(t *testing.T) int {
	t.Helper()
	count := 0
	pages := dynamodb.NewScanPaginator(dynamodb.NewFromConfig(p.awsConfig()), &dynamodb.ScanInput{
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

// subscribe creates a queue and a rule. The rule sends the notifications about one event type to
// the queue. subscribe returns the queue's URL.
func (p *platform) subscribe(t *testing.T, name, eventType string) string {
	t.Helper()
	ctx := t.Context()
	queues, events := sqs.NewFromConfig(p.awsConfig()), eventbridge.NewFromConfig(p.awsConfig())
	queue, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		t.Fatal(err)
	}
	attributes, err := queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: queue.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"},
	})
	if err != nil {
		t.Fatal(err)
	}
	arn := attributes.Attributes["QueueArn"]
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:SendMessage",` +
		`"Principal":{"Service":"events.amazonaws.com"},"Resource":"` + arn + `"}]}`
	_, err = queues.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{
		QueueUrl: queue.QueueUrl, Attributes: map[string]string{"Policy": policy},
	})
	if err != nil {
		t.Fatal(err)
	}
	bus := aws.String(p.Outputs["EventBusName"])
	pattern := `{"source":["eventpipeline"],"detail":{"eventType":["` + eventType + `"]}}`
	rule := &eventbridge.PutRuleInput{Name: &name, EventBusName: bus, EventPattern: &pattern}
	if _, err := events.PutRule(ctx, rule); err != nil {
		t.Fatal(err)
	}
	targets := &eventbridge.PutTargetsInput{
		Rule: &name, EventBusName: bus, Targets: []eventbridgetypes.Target{
			{Id: aws.String("queue"), Arn: aws.String(arn)},
		},
	}
	if _, err := events.PutTargets(ctx, targets); err != nil {
		t.Fatal(err)
	}
	return *queue.QueueUrl
}
