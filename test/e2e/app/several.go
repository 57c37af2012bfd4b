package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

// addSeveral adds two pipelines that share a stack, a bus and a Silver bucket, and one whose data is in another stack. A
// queue is told of what the second one processed.
func addSeveral(app awscdk.App) {
	beside := awscdk.NewStack(app, jsii.String("beside"), nil)
	orders := eventpipeline.NewEventPipeline(beside, jsii.String("Orders"), open())
	props := open()
	props.EventBus, props.SilverBucket = orders.EventBus(), orders.SilverBucket()
	invoices := eventpipeline.NewEventPipeline(beside, jsii.String("Invoices"), props)
	told := awssqs.NewQueue(beside, jsii.String("Told"), nil)
	invoices.OnEventProcessed(jsii.String("OnProcessed"), awseventstargets.NewSqsQueue(told, nil))
	addOutputs(beside, orders, "")
	addOutputs(beside, invoices, "Invoices")
	awscdk.NewCfnOutput(beside, jsii.String("ToldUrl"), &awscdk.CfnOutputProps{Value: told.QueueUrl()})

	data := awscdk.NewStack(app, jsii.String("data"), nil)
	props = open()
	key := func(id string) awskms.IKey { return awskms.NewKey(data, &id, nil) } // whose use the functions must be allowed
	props.BronzeBucket = awss3.NewBucket(data, jsii.String("Lake"), &awss3.BucketProps{Encryption: awss3.BucketEncryption_KMS, EncryptionKey: key("LakeKey")})
	props.SilverBucket = props.BronzeBucket
	props.EventsTable = awsdynamodb.NewTable(data, jsii.String("Lifecycle"), &awsdynamodb.TableProps{
		PartitionKey:        &awsdynamodb.Attribute{Name: jsii.String("pk"), Type: awsdynamodb.AttributeType_STRING},
		TimeToLiveAttribute: jsii.String("expiresAt"),
		Encryption:          awsdynamodb.TableEncryption_CUSTOMER_MANAGED, EncryptionKey: key("TableKey"),
	})
	props.DeadLetterQueue = awssqs.NewQueue(data, jsii.String("Failed"), &awssqs.QueueProps{
		RetentionPeriod: awscdk.Duration_Days(jsii.Number(14)),
		Encryption:      awssqs.QueueEncryption_KMS, EncryptionMasterKey: key("FailedKey"),
	})
	props.Queue = awssqs.NewQueue(data, jsii.String("References"), &awssqs.QueueProps{
		VisibilityTimeout: awscdk.Duration_Minutes(jsii.Number(3)),
		Encryption:        awssqs.QueueEncryption_KMS, EncryptionMasterKey: key("ReferencesKey"),
		DeadLetterQueue: &awssqs.DeadLetterQueue{Queue: props.DeadLetterQueue, MaxReceiveCount: jsii.Number(5)},
	})
	split := awscdk.NewStack(app, jsii.String("split"), nil)
	addOutputs(split, eventpipeline.NewEventPipeline(split, jsii.String("Across"), props), "")
}

func open() *eventpipeline.EventPipelineProps {
	return &eventpipeline.EventPipelineProps{Authorization: eventpipeline.AuthorizationOpenToAnyoneOnTheInternet}
}
