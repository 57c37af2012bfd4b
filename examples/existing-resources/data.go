package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

// data contains the resources that outlive the pipeline.
type data struct {
	key                awskms.Key
	lake               awss3.Bucket
	table              awsdynamodb.Table
	queue, deadLetters awssqs.Queue
	bus                awsevents.EventBus
	alarms             awssns.Topic
}

func newData(scope constructs.Construct) data {
	key := awskms.NewKey(scope, jsii.String("Key"), &awskms.KeyProps{
		EnableKeyRotation: jsii.Bool(true),
	})
	deadLetters := newQueue(scope, "DeadLetters", key, &awssqs.QueueProps{
		RetentionPeriod: awscdk.Duration_Days(jsii.Number(14)), // longer than the queue's retention
	})
	return data{
		key:  key,
		lake: newLake(scope, key),
		table: awsdynamodb.NewTable(scope, jsii.String("Lifecycle"), &awsdynamodb.TableProps{
			PartitionKey: &awsdynamodb.Attribute{
				Name: jsii.String("pk"), Type: awsdynamodb.AttributeType_STRING,
			},
			TimeToLiveAttribute: jsii.String("expiresAt"),
			BillingMode:         awsdynamodb.BillingMode_PAY_PER_REQUEST,
			Encryption:          awsdynamodb.TableEncryption_CUSTOMER_MANAGED,
			EncryptionKey:       key,
		}),
		queue: newQueue(scope, "References", key, &awssqs.QueueProps{
			// six times the worker function's timeout of 30 seconds
			VisibilityTimeout: awscdk.Duration_Seconds(jsii.Number(180)),
			DeadLetterQueue: &awssqs.DeadLetterQueue{
				Queue: deadLetters, MaxReceiveCount: jsii.Number(1000),
			},
		}),
		deadLetters: deadLetters,
		bus:         awsevents.NewEventBus(scope, jsii.String("Bus"), nil),
		alarms:      awssns.NewTopic(scope, jsii.String("Alarms"), nil),
	}
}

func newLake(scope constructs.Construct, key awskms.IKey) awss3.Bucket {
	lake := awss3.NewBucket(scope, jsii.String("Lake"), &awss3.BucketProps{
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		EnforceSSL:        jsii.Bool(true),
		Versioned:         jsii.Bool(true),
		Encryption:        awss3.BucketEncryption_KMS,
		EncryptionKey:     key,
		BucketKeyEnabled:  jsii.Bool(true),
	})
	eventpipeline.DenyOverwriting(lake)
	return lake
}

func newQueue(
	scope constructs.Construct, id string, key awskms.IKey, props *awssqs.QueueProps,
) awssqs.Queue {
	props.EnforceSSL = jsii.Bool(true)
	props.Encryption, props.EncryptionMasterKey = awssqs.QueueEncryption_KMS, key
	return awssqs.NewQueue(scope, &id, props)
}
