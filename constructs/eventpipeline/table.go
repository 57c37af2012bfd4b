package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/jsii-runtime-go"
)

func newEventsTable(p *eventPipeline) awsdynamodb.ITable {
	if p.props.EventsTable != nil {
		return p.props.EventsTable
	}
	destroy := p.props.RemovalPolicy == awscdk.RemovalPolicy_DESTROY
	props := &awsdynamodb.TableProps{
		TableName: p.physicalName("events"),
		PartitionKey: &awsdynamodb.Attribute{
			Name: jsii.String("pk"), Type: awsdynamodb.AttributeType_STRING,
		},
		BillingMode:         awsdynamodb.BillingMode_PAY_PER_REQUEST,
		TimeToLiveAttribute: jsii.String("expiresAt"),
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{
			// With RemovalPolicy DESTROY, nothing must remain. But DynamoDB keeps a backup of a
			// deleted table for 35 days if the table had point-in-time recovery.
			PointInTimeRecoveryEnabled: jsii.Bool(!destroy),
		},
		RemovalPolicy:      removalPolicy(p.props),
		DeletionProtection: p.props.EventsTableDeletionProtection,
	}
	if key := p.props.EventsTableEncryptionKey; key != nil {
		props.Encryption = awsdynamodb.TableEncryption_CUSTOMER_MANAGED
		props.EncryptionKey = key
	}
	return awsdynamodb.NewTable(p, jsii.String("EventsTable"), props)
}
