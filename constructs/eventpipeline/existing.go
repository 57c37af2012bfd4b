package eventpipeline

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
)

// The functions in this file read the settings of existing resources. These are known for resources
// that the app creates, and unknown for imported ones.

// copyQueueSettings sets the props that an existing queue determines.
func copyQueueSettings(p *EventPipelineProps) {
	if resource := cfnQueue(p.Queue); resource != nil {
		if retention := queueRetention(resource); retention != nil {
			setDefault(&p.QueueRetention, seconds(*retention))
		}
		if timeout := visibilityTimeout(resource); timeout != nil {
			setDefault(&p.VisibilityTimeout, seconds(*timeout))
		}
		_, count := redrivePolicy(resource)
		setDefault(&p.MaxReceiveCount, count)
	}
	setDefault(&p.QueueRetention, days(14)) // SQS's maximum: no message is older
}

// cfnQueue returns nil for an imported queue.
func cfnQueue(queue awssqs.IQueue) awssqs.CfnQueue {
	resource, _ := queue.Node().DefaultChild().(awssqs.CfnQueue)
	return resource
}

// queueRetention returns seconds; SQS's default is 4 days.
func queueRetention(queue awssqs.CfnQueue) *float64 {
	return numberOrDefault(queue.MessageRetentionPeriod(), 4*24*60*60)
}

// visibilityTimeout returns seconds; SQS's default is 30.
func visibilityTimeout(queue awssqs.CfnQueue) *float64 {
	return numberOrDefault(queue.VisibilityTimeout(), 30)
}

// numberOrDefault returns nil for a token.
func numberOrDefault(value *float64, standard float64) *float64 {
	switch {
	case value == nil:
		return &standard
	case *awscdk.Token_IsUnresolved(*value):
		return nil
	}
	return value
}

// redrivePolicy returns the resolved target and the maxReceiveCount of a queue; nil without a
// policy.
func redrivePolicy(queue awssqs.CfnQueue) (target any, count *float64) {
	if queue.RedrivePolicy() == nil {
		return nil, nil
	}
	policy, ok := queue.Stack().Resolve(queue.RedrivePolicy()).(map[string]any)
	if !ok {
		return nil, nil
	}
	if n, ok := policy["maxReceiveCount"].(float64); ok {
		count = &n
	}
	return policy["deadLetterTargetArn"], count
}

// identity distinguishes the resources of an app: by path, or by the name or ARN of an imported
// resource with its environment. A name that only CloudFormation knows, such as a parameter's
// value, may differ between stacks.
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

// resourceEnvironment returns the account and region in a resource's ARN, else those of its stack.
func resourceEnvironment(resource awscdk.IResource, arn *string) (account, region string) {
	if parts := strings.Split(*arn, ":"); !isUnresolved(arn) && len(parts) > 4 {
		return parts[4], parts[3]
	}
	environment := resource.Env()
	return *environment.Account, *environment.Region
}

// tableSchema returns a table's key, such as "pk HASH S", and its time-to-live attribute. It
// reports false for an imported table and for tokens.
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

// encryptedByKMS reports whether a bucket is known to use KMS, with any key.
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
		panic(fmt.Sprintf("encode %T: %v", value, err)) // all values come from JSON
	}
	return string(text)
}

func isUnresolved(text *string) bool { return *awscdk.Token_IsUnresolved(text) }

func isStandard(queue awssqs.IQueue) bool { return queue != nil && !*queue.Fifo() }
