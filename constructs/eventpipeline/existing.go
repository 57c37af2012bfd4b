package eventpipeline

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
)

// The functions in this file read the settings and identities of existing resources. The settings
// are known if the app creates the resource, and unknown if the app imports it.

// copyQueueSettings sets the defaults of QueueRetention and VisibilityTimeout to the settings of an
// existing queue. The default of QueueRetention is SQS's maximum if the queue's retention is
// unknown.
func copyQueueSettings(p *EventPipelineProps) {
	if resource := cfnQueue(p.Queue); resource != nil {
		if retention := queueRetention(resource); retention != nil {
			setDefault(&p.QueueRetention, seconds(*retention))
		}
		if timeout := visibilityTimeout(resource); timeout != nil {
			setDefault(&p.VisibilityTimeout, seconds(*timeout))
		}
	}
	setDefault(&p.QueueRetention, days(14)) // SQS's maximum
}

// cfnQueue returns the L1 resource of a queue, or nil for an imported queue.
func cfnQueue(queue awssqs.IQueue) awssqs.CfnQueue {
	resource, _ := queue.Node().DefaultChild().(awssqs.CfnQueue)
	return resource
}

// queueRetention returns a queue's message retention in seconds, or nil if the retention is a
// token. Without a retention, the result is SQS's default, 4 days.
func queueRetention(queue awssqs.CfnQueue) *float64 {
	return numberOrDefault(queue.MessageRetentionPeriod(), 4*24*60*60)
}

// visibilityTimeout returns a queue's visibility timeout in seconds, or nil if the timeout is a
// token. Without a timeout, the result is SQS's default, 30 seconds.
func visibilityTimeout(queue awssqs.CfnQueue) *float64 {
	return numberOrDefault(queue.VisibilityTimeout(), 30)
}

// numberOrDefault returns value. If value is nil, it returns fallback. If value is a token, it
// returns nil.
func numberOrDefault(value *float64, fallback float64) *float64 {
	switch {
	case value == nil:
		return &fallback
	case *awscdk.Token_IsUnresolved(*value):
		return nil
	}
	return value
}

// redrivePolicy returns the target and the maxReceiveCount of a queue's redrive policy. If the
// queue has no policy, both are nil. Tokens in the target are resolved.
func redrivePolicy(queue awssqs.CfnQueue) (target any, count *float64) {
	if queue.RedrivePolicy() == nil {
		return nil, nil
	}
	policy, ok := queue.Stack().Resolve(queue.RedrivePolicy()).(map[string]any)
	if !ok {
		return nil, nil
	}
	// CloudFormation accepts the number as a text, too.
	text := fmt.Sprint(policy["maxReceiveCount"])
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		count = &n
	}
	return policy["deadLetterTargetArn"], count
}

// identity returns a text that identifies a resource in the app:
// - the construct's path, if the app creates the resource
// - the name or ARN, followed by environment, if the resource is imported
// - the token and the path of the resource's stack, if the imported name is a token
//
// environment describes the account and region of the pipeline.
func identity(resource awscdk.IResource, name *string, environment string) string {
	if resource.Node().DefaultChild() != nil {
		return *resource.Node().Path()
	}
	stack := resource.Stack()
	if isUnresolved(name) {
		return formatJSON(stack.Resolve(name)) + " of the stack " + *stack.Node().Path()
	}
	return *name + " in " + environment
}

// sharedNames returns the values of the props that two pipelines must not share. Each value
// identifies a resource, except the value of PhysicalNamePrefix. That value consists of the prefix
// and the result of environmentOf.
func (p *eventPipeline) sharedNames(prefix *string) map[string]string {
	environment := environmentOf(p)
	names := map[string]string{
		"BronzeBucket":    identity(p.bronzeBucket, p.bronzeBucket.BucketName(), environment),
		"EventsTable":     identity(p.eventsTable, p.eventsTable.TableName(), environment),
		"Queue":           identity(p.queue, p.queue.QueueArn(), environment),
		"DeadLetterQueue": identity(p.deadLetterQueue, p.deadLetterQueue.QueueArn(), environment),
		"HttpApi":         identity(p.httpApi, p.httpApi.ApiId(), environment),
	}
	if prefix != nil {
		names["PhysicalNamePrefix"] = *prefix + " in " + environment
	}
	return names
}

// environmentOf returns a text that identifies the account and region of the pipeline's stack. If
// one of them is unknown, the text also contains the path of the CDK stage. Different stages can
// have different environments.
func environmentOf(p *eventPipeline) string {
	stack := awscdk.Stack_Of(p)
	if isUnresolved(stack.Account()) || isUnresolved(stack.Region()) {
		return *stack.Environment() + " of the stage " + *awscdk.Stage_Of(p).Node().Path()
	}
	return *stack.Environment()
}

// resourceEnvironment returns the account and region in a resource's ARN. If the ARN is a token, it
// returns those of the resource's stack.
func resourceEnvironment(resource awscdk.IResource, arn *string) (account, region string) {
	if parts := strings.Split(*arn, ":"); !isUnresolved(arn) && len(parts) > 4 {
		return parts[4], parts[3]
	}
	environment := resource.Env()
	return *environment.Account, *environment.Region
}

// tableSchema returns a table's key attributes, such as "pk HASH S", and its time-to-live
// attribute. ok is false if the schema is unknown: for an imported table, or if the schema contains
// tokens.
func tableSchema(table awsdynamodb.ITable) (keys []string, ttlAttribute string, ok bool) {
	resource, created := table.Node().DefaultChild().(interface { // a CfnTable or CfnGlobalTable
		KeySchema() any
		AttributeDefinitions() any
		TimeToLiveSpecification() any
	})
	if !created {
		return nil, "", false
	}
	var schema struct {
		Keys       []struct{ AttributeName, KeyType string }
		Attributes []struct{ AttributeName, AttributeType string }
		TimeToLive struct{ AttributeName string }
	}
	resolved := formatJSON(table.Stack().Resolve(map[string]any{
		"keys":       resource.KeySchema(),
		"attributes": resource.AttributeDefinitions(),
		"timeToLive": resource.TimeToLiveSpecification(),
	}))
	if err := json.Unmarshal([]byte(resolved), &schema); err != nil {
		return nil, "", false
	}
	types := map[string]string{}
	for _, a := range schema.Attributes {
		types[a.AttributeName] = a.AttributeType
	}
	for _, k := range schema.Keys {
		keys = append(keys, k.AttributeName+" "+k.KeyType+" "+types[k.AttributeName])
	}
	return keys, schema.TimeToLive.AttributeName, true
}

// encryptedByKMS reports whether a KMS key encrypts a bucket. It returns false if the encryption is
// unknown.
func encryptedByKMS(bucket awss3.IBucket) bool {
	if bucket.EncryptionKey() != nil {
		return true
	}
	resource, created := bucket.Node().DefaultChild().(awss3.CfnBucket)
	if !created || resource.BucketEncryption() == nil {
		return false
	}
	encryption := formatJSON(resource.Stack().Resolve(resource.BucketEncryption()))
	return strings.Contains(encryption, `"aws:kms`)
}

func formatJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", value, err)) // can't fail: all values come from JSON
	}
	return string(text)
}

func isUnresolved(text *string) bool { return *awscdk.Token_IsUnresolved(text) }

func isStandard(queue awssqs.IQueue) bool { return queue != nil && !*queue.Fifo() }
