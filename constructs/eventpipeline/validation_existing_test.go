package eventpipeline_test

import (
	"maps"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

// invalidWithExisting returns props with existing resources that the pipeline can't use. It also
// returns props that configure an existing resource. Such props are invalid.
func invalidWithExisting(stack awscdk.Stack) map[string]invalidProps {
	all := invalidQueues(stack)
	maps.Copy(all, unusedProps(stack))
	maps.Copy(all, unusedApiProps(stack))
	maps.Copy(all, invalidNetworks(stack))
	sortedTable := awsdynamodb.NewTableV2(
		stack,
		jsii.String("SortedTable"),
		&awsdynamodb.TablePropsV2{
			PartitionKey: &awsdynamodb.Attribute{
				Name: jsii.String("id"), Type: awsdynamodb.AttributeType_STRING,
			},
			SortKey: &awsdynamodb.Attribute{
				Name: jsii.String("at"), Type: awsdynamodb.AttributeType_NUMBER,
			},
		},
	)
	all["TableWithSortKey"] = invalid(props{EventsTable: sortedTable},
		`EventsTable pk ["id HASH S" "at RANGE N"]`, `EventsTable expiresAt ""`)
	logs := func(id string, bucket *awss3.BucketProps) props {
		return props{ServerAccessLogsBucket: awss3.NewBucket(stack, &id, bucket)}
	}
	all["LogsWithKey"] = invalid(
		logs("KeyLogs", &awss3.BucketProps{
			Encryption: awss3.BucketEncryption_KMS, EncryptionKey: synth.NewKey(stack, "LogsKey"),
		}),
		"ServerAccessLogsBucket BucketEncryption_S3_MANAGED KMS")
	all["LogsWithManagedKey"] = invalid(
		logs("ManagedKeyLogs", &awss3.BucketProps{Encryption: awss3.BucketEncryption_KMS_MANAGED}),
		"ServerAccessLogsBucket BucketEncryption_S3_MANAGED KMS")
	return all
}

func unusedProps(stack awscdk.Stack) map[string]invalidProps {
	key := synth.NewKey(stack, "ExistingKey")
	bucket := func(id string) awss3.IBucket { return awss3.NewBucket(stack, &id, nil) }
	queue, dlq := newQueues(stack, "Valid", validQueue(), longRetention())
	return map[string]invalidProps{
		"ExistingBronze": invalid(
			props{
				BronzeBucket: bucket("ExistingBronzeBucket"), BronzeEncryptionKey: key,
				BronzeInfrequentAccessAfter: days(30), BronzeArchiveAfter: days(90),
				BronzeExpiration: days(100),
				BronzeObjectLock: awss3.ObjectLockRetention_Governance(days(1)),
			},
			eachWith("BronzeBucket", "BronzeEncryptionKey", "BronzeInfrequentAccessAfter",
				"BronzeArchiveAfter", "BronzeExpiration", "BronzeObjectLock")...),
		"ExistingSilver": invalid(
			props{
				SilverBucket:        bucket("ExistingSilverBucket"),
				SilverEncryptionKey: key, SilverExpiration: days(1),
			},
			eachWith("SilverBucket", "SilverEncryptionKey", "SilverExpiration")...),
		"ExistingBuckets": invalid(
			props{
				BronzeBucket: bucket("BothBronze"), SilverBucket: bucket("BothSilver"),
				ServerAccessLogsExpiration: days(1), NoncurrentVersionExpiration: days(1),
				AbortIncompleteMultipartUploadAfter: days(1),
			},
			"NoncurrentVersionExpiration BronzeBucket SilverBucket",
			"AbortIncompleteMultipartUploadAfter BronzeBucket SilverBucket",
			"ServerAccessLogsExpiration"),
		"ExistingBucketsAndLogs": invalid(
			props{
				BronzeBucket: bucket("LoggedBronze"), SilverBucket: bucket("LoggedSilver"),
				ServerAccessLogsBucket: bucket("UnusedLogs"),
			},
			"ServerAccessLogsBucket BronzeBucket SilverBucket"),
		"ExistingLogs": invalid(
			props{ServerAccessLogsBucket: bucket("Logs"), ServerAccessLogsExpiration: days(1)},
			"ServerAccessLogsExpiration"),
		"KeyForExistingParts": invalid(
			props{
				EncryptionKey: key, LogEncryptionKey: key, QueueEncryptionKey: key,
				BronzeBucket: bucket("KeyBronze"), SilverBucket: bucket("KeySilver"),
				EventsTable: newTable(stack, "KeyTable"),
				EventBus:    awsevents.NewEventBus(stack, jsii.String("KeyBus"), nil),
			},
			"EncryptionKey"),
		"ExistingTable": invalid(
			props{
				EventsTable: newTable(stack, "Table"), EventsTableEncryptionKey: key,
				EventsTableDeletionProtection: jsii.Bool(true),
			},
			eachWith("EventsTable", "EventsTableEncryptionKey",
				"EventsTableDeletionProtection")...),
		"ExistingBus": invalid(
			props{
				EventBus:              awsevents.NewEventBus(stack, jsii.String("Bus"), nil),
				EventBusEncryptionKey: key,
			},
			eachWith("EventBus", "EventBusEncryptionKey")...),
		"ExistingQueue": invalid(
			props{
				Queue:                    queue,
				DeadLetterQueue:          dlq,
				QueueEncryptionKey:       key,
				QueueRetention:           days(4),
				DeadLetterQueueRetention: days(14),
				VisibilityTimeout:        seconds(180),
			},
			eachWith("Queue", "QueueEncryptionKey", "QueueRetention", "DeadLetterQueueRetention",
				"VisibilityTimeout")...),
		"ReconcilerDisabled": invalid(
			props{ReconcilerEnabled: jsii.Bool(false), ReconcilerInterval: seconds(60)},
			"ReconcilerInterval ReconcilerEnabled false"),
	}
}

func unusedApiProps(stack awscdk.Stack) map[string]invalidProps {
	return map[string]invalidProps{
		"ExistingApi": invalid(
			props{
				HttpApi:              awsapigatewayv2.NewHttpApi(stack, jsii.String("Api"), nil),
				ThrottlingRateLimit:  jsii.Number(1),
				ThrottlingBurstLimit: jsii.Number(1),
				CorsPreflight: &awsapigatewayv2.CorsPreflightOptions{
					AllowOrigins: jsii.Strings("*"),
				},
				DomainName:       jsii.String("events.example.org"),
				DomainMappingKey: jsii.String("v1"),
				DomainCertificate: awscertificatemanager.Certificate_FromCertificateArn(stack,
					jsii.String("UnusedCertificate"), jsii.String(certificate)),
				MutualTls: &awsapigatewayv2.MTLSConfig{
					Bucket: awss3.NewBucket(stack, jsii.String("Trust"), nil),
					Key:    jsii.String("store.pem"),
				},
				DisableExecuteApiEndpoint: jsii.Bool(true),
				AlarmThresholds:           &alarmThresholds{ThrottledRequests: jsii.Number(1)},
			},
			eachWith("HttpApi", "ThrottlingRateLimit", "ThrottlingBurstLimit", "CorsPreflight",
				"DomainName", "DomainCertificate", "DomainMappingKey", "MutualTls",
				"DisableExecuteApiEndpoint", "AlarmThresholds.ThrottledRequests")...),
	}
}

func invalidNetworks(stack awscdk.Stack) map[string]invalidProps {
	noGroups := &[]awsec2.ISecurityGroup{}
	vpc := func(id string) awsec2.IVpc {
		return awsec2.NewVpc(stack, &id, &awsec2.VpcProps{MaxAzs: jsii.Number(1)})
	}
	return map[string]invalidProps{
		"NoVpc": invalid(props{VpcSubnets: &awsec2.SubnetSelection{}, SecurityGroups: noGroups},
			eachWith("Vpc", "VpcSubnets", "SecurityGroups")...),
		"PublicSubnets": invalid(
			props{
				Vpc: vpc("Vpc"), SecurityGroups: noGroups,
				VpcSubnets: &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PUBLIC},
			},
			"VpcSubnets private public", "SecurityGroups empty"),
		"UnknownSubnets": invalid(
			props{
				Vpc: vpc("SmallVpc"), LogLevel: jsii.String("loud"),
				VpcSubnets: &awsec2.SubnetSelection{SubnetGroupName: jsii.String("Data")},
			},
			`LogLevel "loud"`, "VpcSubnets 'Data'"),
		"VpcWithoutSubnets": invalid(
			props{Vpc: awsec2.Vpc_FromVpcAttributes(stack, jsii.String("EmptyVpc"),
				&awsec2.VpcAttributes{
					VpcId: jsii.String("vpc-1"), AvailabilityZones: jsii.Strings("a"),
				})},
			"Vpc subnets"),
	}
}

func invalidQueues(stack awscdk.Stack) map[string]invalidProps {
	imported := func(id string) awssqs.IQueue {
		arn := jsii.String("arn:aws:sqs:eu-central-1:123456789012:work")
		return awssqs.Queue_FromQueueArn(stack, &id, arn)
	}
	with := func(p props, queue, dlq awssqs.IQueue) props {
		p.Queue, p.DeadLetterQueue = queue, dlq
		return p
	}
	fifo := func(props awssqs.QueueProps) awssqs.QueueProps {
		props.Fifo = jsii.Bool(true)
		return props
	}
	lone, _ := newQueues(stack, "Lone", validQueue(), longRetention())
	standard, standardDLQ := newQueues(stack, "Defaults", awssqs.QueueProps{}, awssqs.QueueProps{})
	ordered, orderedDLQ := newQueues(stack, "Fifo", fifo(validQueue()), fifo(longRetention()))
	redirected, _ := newQueues(stack, "Redirected", validQueue(), longRetention())
	dlq := func(id string) awssqs.IQueue {
		props := longRetention()
		return awssqs.NewQueue(stack, &id, &props)
	}
	fewDLQ, bareProps, fewProps := dlq("FewDLQ"), validQueue(), validQueue()
	bare := awssqs.NewQueue(stack, jsii.String("Bare"), &bareProps)
	fewProps.DeadLetterQueue = &awssqs.DeadLetterQueue{
		Queue: fewDLQ, MaxReceiveCount: jsii.Number(99),
	}
	few := awssqs.NewQueue(stack, jsii.String("Few"), &fewProps)
	textDLQ, textProps := dlq("TextDLQ"), validQueue()
	text := awssqs.NewQueue(stack, jsii.String("Text"), &textProps)
	text.Node().DefaultChild().(awssqs.CfnQueue).SetRedrivePolicy(map[string]any{
		"deadLetterTargetArn": textDLQ.QueueArn(), "maxReceiveCount": "5",
	})
	return map[string]invalidProps{
		"QueueAlone": invalid(with(props{}, lone, nil), "DeadLetterQueue Queue"),
		"DeadLetterQueueAlone": invalid(
			with(props{}, nil, dlq("LoneDLQ")), "DeadLetterQueue Queue"),
		"OneQueueForBoth": invalid(with(props{}, imported("Work"), imported("Failed")),
			"DeadLetterQueue Queue"),
		"QueueFifo": invalid(
			with(props{}, ordered, orderedDLQ), "Queue FIFO", "DeadLetterQueue FIFO"),
		"QueueDefaults": invalid(
			with(props{MaxBatchingWindow: seconds(10)}, standard, standardDLQ),
			"Queue 190 30 WorkerFunction.Timeout MaxBatchingWindow",
			"DeadLetterQueue Queue 345600"),
		"QueueMaxReceiveCountTooLow": invalid(with(props{}, few, fewDLQ),
			"Queue's maxReceiveCount 100 99"),
		"QueueMaxReceiveCountIsText": invalid(with(props{}, text, textDLQ),
			"Queue's maxReceiveCount 100 5"),
		"QueueWithoutRedrivePolicy": invalid(with(props{}, bare, dlq("BareDLQ")),
			"Queue redrive policy DeadLetterQueue"),
		"QueueRedrivePolicyDiffers": invalid(with(props{}, redirected, dlq("OtherDLQ")),
			"Queue redrive policy DeadLetterQueue"),
	}
}

// validQueue returns the props of a valid queue. Its visibility timeout is the minimum for a
// pipeline with default props.
func validQueue() awssqs.QueueProps { return awssqs.QueueProps{VisibilityTimeout: seconds(180)} }

func longRetention() awssqs.QueueProps { return awssqs.QueueProps{RetentionPeriod: days(14)} }

// newQueues creates a queue, and a DLQ to which the queue's redrive policy refers.
func newQueues(
	stack awscdk.Stack, id string, queue, dlq awssqs.QueueProps,
) (awssqs.IQueue, awssqs.IQueue) {
	deadLetterQueue := awssqs.NewQueue(stack, jsii.String(id+"QueueDLQ"), &dlq)
	queue.DeadLetterQueue = &awssqs.DeadLetterQueue{
		Queue: deadLetterQueue, MaxReceiveCount: jsii.Number(100),
	}
	return awssqs.NewQueue(stack, jsii.String(id+"Queue"), &queue), deadLetterQueue
}

// eachWith returns the expected errors, one for each prop. Each error must name the prop and the
// existing resource.
func eachWith(existing string, props ...string) (errors []string) {
	for _, prop := range props {
		errors = append(errors, prop+" "+existing)
	}
	return errors
}
