package templates

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"
)

// mistakesWithYours are those that props make which contradict each other, and resources of the user's that don't fit.
func mistakesWithYours(stack awscdk.Stack) map[string]mistake {
	key := newKey(stack, "MistakenKey")
	bucket := func(id string) awss3.IBucket { return awss3.NewBucket(stack, &id, nil) }
	queues := func(id string, queue, deadLetters awssqs.QueueProps) (awssqs.IQueue, awssqs.IQueue) {
		dlq := awssqs.NewQueue(stack, jsii.String(id+"DLQ"), &deadLetters)
		if queue.DeadLetterQueue == nil {
			queue.DeadLetterQueue = &awssqs.DeadLetterQueue{Queue: dlq, MaxReceiveCount: jsii.Number(5)}
		}
		return awssqs.NewQueue(stack, &id, &queue), dlq
	}
	lookedUp := func(id string) awssqs.IQueue {
		return awssqs.Queue_FromQueueArn(stack, &id, jsii.String("arn:aws:sqs:eu-central-1:123456789012:work"))
	}
	with := func(p props, queue, deadLetters awssqs.IQueue) props {
		p.Queue, p.DeadLetterQueue = queue, deadLetters
		return p
	}
	lone, _ := queues("Lone", awssqs.QueueProps{VisibilityTimeout: seconds(180)}, awssqs.QueueProps{RetentionPeriod: days(14)})
	right, rightDLQ := queues("Right", awssqs.QueueProps{VisibilityTimeout: seconds(180)}, awssqs.QueueProps{RetentionPeriod: days(14)})
	spareDLQ := awssqs.NewQueue(stack, jsii.String("SpareDLQ"), &awssqs.QueueProps{RetentionPeriod: days(14)})
	hasty, hastyDLQ := queues("Hasty", awssqs.QueueProps{}, awssqs.QueueProps{})
	impatient, impatientDLQ := queues("Impatient", awssqs.QueueProps{VisibilityTimeout: seconds(180)}, awssqs.QueueProps{RetentionPeriod: days(14)})
	fifo, fifoDLQ := queues("Fifo", awssqs.QueueProps{Fifo: jsii.Bool(true), VisibilityTimeout: seconds(180)}, awssqs.QueueProps{Fifo: jsii.Bool(true), RetentionPeriod: days(14)})
	elsewhere, _ := queues("Elsewhere", awssqs.QueueProps{VisibilityTimeout: seconds(180)}, awssqs.QueueProps{RetentionPeriod: days(14)})
	otherDLQ := awssqs.NewQueue(stack, jsii.String("OtherDLQ"), &awssqs.QueueProps{RetentionPeriod: days(14)})
	bare := awssqs.NewQueue(stack, jsii.String("Bare"), &awssqs.QueueProps{VisibilityTimeout: seconds(180)})
	bareDLQ := awssqs.NewQueue(stack, jsii.String("BareDLQ"), &awssqs.QueueProps{RetentionPeriod: days(14)})
	few, _ := queues("Few", awssqs.QueueProps{
		VisibilityTimeout: seconds(180),
		DeadLetterQueue:   &awssqs.DeadLetterQueue{Queue: bareDLQ, MaxReceiveCount: jsii.Number(2)},
	}, awssqs.QueueProps{RetentionPeriod: days(14)})

	return map[string]mistake{
		"BronzeIsGiven": {props{
			BronzeBucket: bucket("GivenBronze"), BronzeEncryptionKey: key, BronzeInfrequentAccessAfter: days(30), BronzeArchiveAfter: days(90),
			BronzeExpiration: days(100), BronzeObjectLock: awss3.ObjectLockRetention_Governance(days(1))},
			each("%s is for a bucket of the pipeline's own; leave it out, and set the like on BronzeBucket",
				"BronzeEncryptionKey", "BronzeInfrequentAccessAfter", "BronzeArchiveAfter", "BronzeExpiration", "BronzeObjectLock")},
		"SilverIsGiven": {props{SilverBucket: bucket("GivenSilver"), SilverEncryptionKey: key, SilverExpiration: days(1)},
			each("%s is for a bucket of the pipeline's own; leave it out, and set the like on SilverBucket", "SilverEncryptionKey", "SilverExpiration")},
		"BothAreGiven": {props{
			BronzeBucket: bucket("BothBronze"), SilverBucket: bucket("BothSilver"),
			ServerAccessLogsExpiration: days(1), NoncurrentVersionExpiration: days(1), AbortIncompleteMultipartUploadAfter: days(1)},
			each("%s is for buckets of the pipeline's own, of which there is none; leave it out, and set the like on BronzeBucket and SilverBucket",
				"ServerAccessLogsExpiration", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUploadAfter")},
		"BothAndLogsAreGiven": {props{BronzeBucket: bucket("LoggedBronze"), SilverBucket: bucket("LoggedSilver"), ServerAccessLogsBucket: bucket("UnusedLogs")},
			each("%s is for buckets of the pipeline's own, of which there is none; leave it out, and set the like on BronzeBucket and SilverBucket", "ServerAccessLogsBucket")},
		"LogsAreGiven": {props{ServerAccessLogsBucket: bucket("Logs"), ServerAccessLogsExpiration: days(1)},
			each("%s is for a bucket of the pipeline's own; leave it out, and have ServerAccessLogsBucket expire its objects", "ServerAccessLogsExpiration")},
		"KeyForWhatIsGiven": {props{EncryptionKey: key, LogEncryptionKey: key, QueueEncryptionKey: key,
			BronzeBucket: bucket("KeptBronze"), SilverBucket: bucket("KeptSilver"), EventsTable: yourTable(stack, "KeptTable"),
			EventBus: awsevents.NewEventBus(stack, jsii.String("KeptBus"), nil)},
			[]string{"EncryptionKey is of no use when each part is given or has a key of its own; leave it out"}},
		"LogsUnderAKey": {props{ServerAccessLogsBucket: awss3.NewBucket(stack, jsii.String("KeyLogs"), &awss3.BucketProps{
			Encryption: awss3.BucketEncryption_KMS, EncryptionKey: key})},
			each("%s is encrypted by a KMS key, to which S3 delivers no logs; give one with awss3.BucketEncryption_S3_MANAGED", "ServerAccessLogsBucket")},
		"LogsUnderAKeyOfAWS": {props{ServerAccessLogsBucket: awss3.NewBucket(stack, jsii.String("AWSKeyLogs"), &awss3.BucketProps{
			Encryption: awss3.BucketEncryption_KMS_MANAGED})},
			each("%s is encrypted by a KMS key, to which S3 delivers no logs; give one with awss3.BucketEncryption_S3_MANAGED", "ServerAccessLogsBucket")},
		"TableIsGiven": {props{EventsTable: yourTable(stack, "GivenTable"), EventsTableEncryptionKey: key},
			each("%s is for a table of the pipeline's own; leave it out, and encrypt EventsTable with it", "EventsTableEncryptionKey")},
		"BusIsGiven": {props{EventBus: awsevents.NewEventBus(stack, jsii.String("GivenBus"), nil), EventBusEncryptionKey: key},
			each("%s is for a bus of the pipeline's own; leave it out, and encrypt EventBus with it", "EventBusEncryptionKey")},
		"QueueIsGiven": {with(props{QueueEncryptionKey: key, QueueRetention: days(4), DeadLetterQueueRetention: days(14), VisibilityTimeout: seconds(180)}, right, rightDLQ),
			each("%s is for queues of the pipeline's own; leave it out, and set the like on Queue and DeadLetterQueue",
				"QueueEncryptionKey", "QueueRetention", "DeadLetterQueueRetention", "VisibilityTimeout")},
		"ReconcilerIsOff": {props{ReconcilerEnabled: jsii.Bool(false), ReconcilerInterval: seconds(60)},
			each("%s is how often the reconciler runs, which ReconcilerEnabled false switches off; leave one of them out", "ReconcilerInterval")},
		"ApiIsGiven": {props{
			HttpApi:             awsapigatewayv2.NewHttpApi(stack, jsii.String("GivenApi"), nil),
			ThrottlingRateLimit: jsii.Number(1), ThrottlingBurstLimit: jsii.Number(1), CorsPreflight: &awsapigatewayv2.CorsPreflightOptions{AllowOrigins: jsii.Strings("*")},
			DomainName: jsii.String("events.example.org"), DomainMappingKey: jsii.String("v1"),
			DomainCertificate:         awscertificatemanager.Certificate_FromCertificateArn(stack, jsii.String("MistakenCertificate"), jsii.String(certificate)),
			MutualTls:                 &awsapigatewayv2.MTLSConfig{Bucket: bucket("Trust"), Key: jsii.String("store.pem")},
			DisableExecuteApiEndpoint: jsii.Bool(true)},
			each("%s is for an API of the pipeline's own; leave it out, and set the like on HttpApi", "ThrottlingRateLimit", "ThrottlingBurstLimit",
				"CorsPreflight", "DomainName", "DomainCertificate", "DomainMappingKey", "MutualTls", "DisableExecuteApiEndpoint")},
		"NoVpc": {props{VpcSubnets: &awsec2.SubnetSelection{}, SecurityGroups: &[]awsec2.ISecurityGroup{}},
			each("%s is about a Vpc; give that, too, or leave it out", "VpcSubnets", "SecurityGroups")},
		"PublicSubnets": {props{
			Vpc:            awsec2.NewVpc(stack, jsii.String("Vpc"), &awsec2.VpcProps{MaxAzs: jsii.Number(1)}),
			VpcSubnets:     &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PUBLIC},
			SecurityGroups: &[]awsec2.ISecurityGroup{}},
			[]string{
				"VpcSubnets are public, from where functions reach neither AWS nor the internet; take private ones, with a NAT gateway or VPC endpoints",
				"SecurityGroups is empty; leave it out for one of each function's own",
			}},
		"SubnetsThatVpcHasNot": {
			props{
				Vpc:        awsec2.NewVpc(stack, jsii.String("SmallVpc"), &awsec2.VpcProps{MaxAzs: jsii.Number(1)}),
				VpcSubnets: &awsec2.SubnetSelection{SubnetGroupName: jsii.String("Data")},
				LogLevel:   jsii.String("loud"),
			},
			[]string{
				`LogLevel is "loud"; take one of ["debug" "info" "warn" "error"]`,
				"VpcSubnets finds no subnets of Vpc: ThereSubnetGroupsName: There are no subnet groups with name 'Data' in this VPC. Available names: Public,Private; select some that it has",
			}},
		"VpcWithoutSubnets": {
			props{Vpc: awsec2.Vpc_FromVpcAttributes(stack, jsii.String("EmptyVpc"), &awsec2.VpcAttributes{VpcId: jsii.String("vpc-1"), AvailabilityZones: jsii.Strings("a")})},
			[]string{"Vpc has no subnets for functions: ThereSubnetGroups: There are no 'Public' subnet groups in this VPC. Available types: ; give one that has private ones"}},
		"TooManyLayers": {props{WorkerLayers: &[]awslambda.ILayerVersion{nil, nil, nil, nil, nil, nil}},
			[]string{"WorkerLayers has more than 5 layers; give at most that, as Lambda takes"}},

		"QueueAlone":           {with(props{}, lone, nil), []string{"Queue and DeadLetterQueue go together: give both, or neither"}},
		"DeadLetterQueueAlone": {with(props{}, nil, otherDLQ), []string{"Queue and DeadLetterQueue go together: give both, or neither"}},
		"OneQueueForBoth":      {with(props{}, lookedUp("Work"), lookedUp("Failed")), []string{"Queue and DeadLetterQueue are one queue; give two, or what can't be processed is delivered again and again"}},
		"QueueFifo":            {with(props{}, fifo, fifoDLQ), each("%s is a FIFO queue; give a standard one: a poison message would hold up its whole group", "Queue", "DeadLetterQueue")},
		"QueueOfDefaults": {with(props{MaxBatchingWindow: seconds(10)}, hasty, hastyDLQ), []string{
			"Queue's visibility timeout is 30 seconds; make it at least 190, six times WorkerTimeout plus MaxBatchingWindow, as Lambda asks for",
			"DeadLetterQueue keeps messages for 345600 seconds and Queue for 345600; raise the one or lower the other: a message's age counts from when it was first sent",
		}},
		"QueueOfAnotherCount": {with(props{MaxReceiveCount: jsii.Number(6)}, impatient, impatientDLQ),
			[]string{"Queue's maxReceiveCount is 5 and MaxReceiveCount 6; make them the same, or leave MaxReceiveCount out: the worker function relies on it"}},
		"QueueOfTooFewDeliveries": {with(props{}, few, bareDLQ),
			[]string{"Queue's maxReceiveCount is 2; take a whole number from 3 to 1000, since a passing fault or two would send good messages to the DLQ"}},
		"QueueWithoutRedrive": {with(props{}, bare, spareDLQ),
			[]string{"Queue has no redrive policy; have it lead to DeadLetterQueue, or a poison message comes again until it expires"}},
		"QueueRedrivesElsewhere": {with(props{}, elsewhere, otherDLQ),
			[]string{"Queue's redrive policy leads to another queue than DeadLetterQueue; make them the same"}},
		"TableOfAnotherKey": {props{EventsTable: awsdynamodb.NewTableV2(stack, jsii.String("Mistaken"), &awsdynamodb.TablePropsV2{
			PartitionKey: &awsdynamodb.Attribute{Name: jsii.String("id"), Type: awsdynamodb.AttributeType_STRING},
			SortKey:      &awsdynamodb.Attribute{Name: jsii.String("at"), Type: awsdynamodb.AttributeType_NUMBER}})},
			[]string{
				`EventsTable has the key ["id HASH S" "at RANGE N"]; give one with the partition key pk, a string, and no sort key`,
				`EventsTable has the time-to-live attribute ""; set it to expiresAt, or items are kept for ever, whatever StatusRetention is`,
			}},
	}
}

// each is a sentence said of each of the names.
func each(sentence string, names ...string) (messages []string) {
	for _, name := range names {
		messages = append(messages, name+sentence[len("%s"):])
	}
	return messages
}
