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

// What is read here of resources of the user's is known of those that the app makes, and of none that it looks up.

// takeQueue sets the props that a given queue decides about, as far as the app knows them.
func takeQueue(p *EventPipelineProps) {
	if resource := cfnQueue(p.Queue); resource != nil {
		if kept := retention(resource); kept != nil {
			duration(&p.QueueRetention, awscdk.Duration_Seconds, *kept)
		}
		if hidden := visibility(resource); hidden != nil {
			duration(&p.VisibilityTimeout, awscdk.Duration_Seconds, *hidden)
		}
		if _, count := redrive(resource); count != nil {
			number(&p.MaxReceiveCount, *count)
		}
	}
	duration(&p.QueueRetention, awscdk.Duration_Days, 14) // SQS's most: no message is older
}

// cfnQueue is nil for a queue that the app looks up.
func cfnQueue(queue awssqs.IQueue) awssqs.CfnQueue {
	resource, _ := queue.Node().DefaultChild().(awssqs.CfnQueue)
	return resource
}

// retention is in seconds; 4 days is SQS's default.
func retention(queue awssqs.CfnQueue) *float64 { return or(queue.MessageRetentionPeriod(), 4*24*60*60) }

// visibility is in seconds; 30 is SQS's default.
func visibility(queue awssqs.CfnQueue) *float64 { return or(queue.VisibilityTimeout(), 30) }

// or is nil for a number that only CloudFormation knows.
func or(value *float64, standard float64) *float64 {
	switch {
	case value == nil:
		return &standard
	case numberUnresolved(value):
		return nil
	}
	return value
}

// redrive is where the queue's redrive policy leads to, resolved, and after how many deliveries; nil without one.
func redrive(queue awssqs.CfnQueue) (target any, count *float64) {
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

// identity tells resources of an app apart: by their path, or by the name or ARN that they are looked up by in a place. A name
// that only CloudFormation knows, such as a parameter's value, may be another in each stack.
func identity(resource awscdk.IResource, name *string, place string) string {
	if resource.Node().DefaultChild() != nil {
		return *resource.Node().Path()
	}
	stack := resource.Stack()
	if unresolved(name) {
		return written(stack.Resolve(name)) + " of the stack " + *stack.Node().Path()
	}
	return *name + " in " + place
}

// home is the account and region that a resource is looked up in by its ARN, and else those of its stack.
func home(resource awscdk.IResource, arn *string) (account, region string) {
	if parts := strings.Split(*arn, ":"); !unresolved(arn) && len(parts) > 4 {
		return parts[4], parts[3]
	}
	place := resource.Env()
	return *place.Account, *place.Region
}

// schemaOf is a table's key, as in "pk HASH S", and the attribute of its time to live.
func schemaOf(table awsdynamodb.ITable) (keys []string, expiry string, ok bool) {
	var schema, attributes, timeToLive any
	switch resource := table.Node().DefaultChild().(type) {
	case awsdynamodb.CfnTable:
		schema, attributes, timeToLive = resource.KeySchema(), resource.AttributeDefinitions(), resource.TimeToLiveSpecification()
	case awsdynamodb.CfnGlobalTable:
		schema, attributes, timeToLive = resource.KeySchema(), resource.AttributeDefinitions(), resource.TimeToLiveSpecification()
	default:
		return nil, "", false
	}
	var read struct {
		Keys       []struct{ AttributeName, KeyType string }
		Attributes []struct{ AttributeName, AttributeType string }
		TimeToLive struct{ AttributeName string }
	}
	resolved := table.Stack().Resolve(map[string]any{"keys": schema, "attributes": attributes, "timeToLive": timeToLive})
	if err := json.Unmarshal([]byte(written(resolved)), &read); err != nil {
		return nil, "", false // it is in the hands of CloudFormation
	}
	types := map[string]string{}
	for _, a := range read.Attributes {
		types[a.AttributeName] = a.AttributeType
	}
	for _, k := range read.Keys {
		keys = append(keys, k.AttributeName+" "+k.KeyType+" "+types[k.AttributeName])
	}
	return keys, read.TimeToLive.AttributeName, true
}

// encryptedByKMS tells whether a bucket is known to have a key of KMS, AWS's own included.
func encryptedByKMS(bucket awss3.IBucket) bool {
	if bucket.EncryptionKey() != nil {
		return true
	}
	resource, made := bucket.Node().DefaultChild().(awss3.CfnBucket)
	return made && resource.BucketEncryption() != nil && strings.Contains(written(resource.Stack().Resolve(resource.BucketEncryption())), `"aws:kms`)
}

// written is what CDK resolved as text, to compare it by.
func written(resolved any) string {
	raw, err := json.Marshal(resolved)
	if err != nil {
		panic(fmt.Sprintf("write what CDK resolved: %v", err)) // it is made of JSON
	}
	return string(raw)
}
