package eventpipeline_test

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

func TestEventsTable_IsOnDemandAndRecoverable(t *testing.T) {
	s := synth.DefaultPipeline(t)
	s.ExpectCount(t, "AWS::DynamoDB::Table", 1)
	s.Resource(t, "EventsTable", "AWS::DynamoDB::Table").Expect(t, `{
		"BillingMode": "PAY_PER_REQUEST",
		"ProvisionedThroughput": null,
		"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
		"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
		"GlobalSecondaryIndexes": null,
		"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true},
		"TimeToLiveSpecification": {"AttributeName": "expiresAt", "Enabled": true},
		"DeletionProtectionEnabled": false
	}`)
}

func TestEventsTableDeletionProtection_ProtectsTheTable(t *testing.T) {
	s := synth.Pipeline(t, func(awscdk.Stack) *props {
		return &props{EventsTableDeletionProtection: jsii.Bool(true)}
	})
	s.Resource(t, "EventsTable", "AWS::DynamoDB::Table").
		Expect(t, `{"DeletionProtectionEnabled": true}`)
}
