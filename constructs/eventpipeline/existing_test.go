package eventpipeline_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

// existingResources returns props with an existing resource for each prop that accepts one.
func existingResources(scope constructs.Construct) *props {
	deadLetters := awssqs.NewQueue(scope, jsii.String("YourDLQ"), &awssqs.QueueProps{
		RetentionPeriod:     days(14),
		Encryption:          awssqs.QueueEncryption_KMS,
		EncryptionMasterKey: synth.NewKey(scope, "YourDLQKey"),
	})
	return &props{
		BronzeBucket: awss3.NewBucket(scope, jsii.String("YourBronze"), &awss3.BucketProps{
			Encryption:    awss3.BucketEncryption_KMS,
			EncryptionKey: synth.NewKey(scope, "YourBronzeKey"),
		}),
		SilverBucket: awss3.NewBucket(scope, jsii.String("YourSilver"), nil),
		EventsTable:  newTable(scope, "YourTable"),
		Queue: awssqs.NewQueue(scope, jsii.String("YourQueue"), &awssqs.QueueProps{
			VisibilityTimeout: seconds(180),
			RetentionPeriod:   days(2),
			DeadLetterQueue: &awssqs.DeadLetterQueue{
				Queue:           deadLetters,
				MaxReceiveCount: jsii.Number(100),
			},
			Encryption:          awssqs.QueueEncryption_KMS,
			EncryptionMasterKey: synth.NewKey(scope, "YourQueueKey"),
		}),
		DeadLetterQueue:  deadLetters,
		EventBus:         awsevents.NewEventBus(scope, jsii.String("YourBus"), nil),
		LogEncryptionKey: synth.NewKey(scope, "YourLogKey"),
		AlarmTopic:       awssns.NewTopic(scope, jsii.String("YourTopic"), nil),
		HttpApi:          awsapigatewayv2.NewHttpApi(scope, jsii.String("YourApi"), nil),
		Vpc: awsec2.NewVpc(scope, jsii.String("YourVpc"), &awsec2.VpcProps{
			MaxAzs: jsii.Number(2),
		}),
	}
}

func newTable(scope constructs.Construct, id string) awsdynamodb.Table {
	return awsdynamodb.NewTable(scope, &id, &awsdynamodb.TableProps{
		PartitionKey: &awsdynamodb.Attribute{
			Name: jsii.String("pk"),
			Type: awsdynamodb.AttributeType_STRING,
		},
		TimeToLiveAttribute: jsii.String("expiresAt"),
		Encryption:          awsdynamodb.TableEncryption_CUSTOMER_MANAGED,
		EncryptionKey:       synth.NewKey(scope, id+"Key"),
	})
}

func pipelineOnExisting(t *testing.T) synth.Template {
	t.Helper()
	return synth.Shared("existing resources", func() synth.Template {
		return synth.Pipeline(
			t, func(stack awscdk.Stack) *props { return existingResources(stack) })
	})
}

// With existing resources, the pipeline creates only functions, log groups, alarms, the dashboard
// and the DLQ for notifications.
func TestExisting_ResourcesReplaceThePipelinesOwn(t *testing.T) {
	s := pipelineOnExisting(t)
	for kind, want := range map[string]int{
		"AWS::S3::Bucket": 2, "AWS::S3::BucketPolicy": 0, "AWS::DynamoDB::Table": 1,
		"AWS::SQS::Queue": 3, "AWS::SQS::QueuePolicy": 1,
		"AWS::Events::EventBus": 1, "AWS::ApiGatewayV2::Api": 1, "AWS::ApiGatewayV2::Stage": 1,
		"AWS::Logs::LogGroup": 3, "AWS::EC2::VPC": 1,
		"AWS::SNS::Topic": 1, "AWS::EC2::SecurityGroup": 3,
	} {
		s.ExpectCount(t, kind, want)
	}
	s.Environment(t, "WorkerFunction").Expect(t, `{
		"BRONZE_BUCKET": "${YourBronze}", "SILVER_BUCKET": "${YourSilver}",
			"EVENTS_TABLE": "${YourTable}", "QUEUE_URL": "${YourQueue}",
		"DEAD_LETTER_QUEUE_URL": "${YourDLQ}", "EVENT_BUS_NAME": "${YourBus}",
			"MAX_RECEIVE_COUNT": "5"
	}`)
	s.Resource(t, "EventSource", "AWS::Lambda::EventSourceMapping").
		Expect(t, `{"EventSourceArn": "${YourQueue.Arn}"}`)
	// The reconciler checks the events of a window. The window is the queue's retention of two days
	// plus the grace period of an hour.
	s.Environment(t, "ReconcilerFunction").
		Expect(t, `{"RECONCILE_GRACE_SECONDS": "3600", "RECONCILE_WINDOW_SECONDS": "176400"}`)
	synth.Check(t, func() {
		assertions.Annotations_FromStack(s.Stack).
			HasNoWarning(jsii.String("*"), assertions.Match_AnyValue())
	})
}

func TestExisting_FunctionsHaveLeastPrivilege(t *testing.T) {
	s := pipelineOnExisting(t)
	const vpc = ` if {"Null":{"lambda:SourceFunctionArn":"true"}}`
	everywhere := []string{
		"ec2:AssignPrivateIpAddresses" + vpc,
		"ec2:CreateNetworkInterface" + vpc,
		"ec2:DeleteNetworkInterface" + vpc,
		"ec2:DescribeNetworkInterfaces" + vpc,
		"ec2:DescribeSubnets" + vpc,
		"ec2:UnassignPrivateIpAddresses" + vpc,
		"xray:PutTelemetryRecords",
		"xray:PutTraceSegments",
	}
	existing := strings.NewReplacer(
		"BronzeBucket",
		"YourBronze",
		"SilverBucket",
		"YourSilver",
		"EventsTable",
		"YourTable",
		"DeadLetterQueue",
		"YourDLQ",
		"{Queue",
		"{YourQueue",
		"EventBus",
		"YourBus",
	)
	keys := map[string]map[string][]string{
		"ApiRole": {
			"${YourBronzeKey.Arn}": {
				generate + viaService("s3"),
			},
			"${YourTableKey.Arn}": {decrypt + viaService("dynamodb")},
			"${YourQueueKey.Arn}": {decrypt + viaService("sqs"), generate + viaService("sqs")},
		},
		"WorkerRole": {
			"${YourBronzeKey.Arn}": {
				decrypt + viaService("s3"),
			},
			"${YourTableKey.Arn}": {decrypt + viaService("dynamodb")},
			"${YourQueueKey.Arn}": {
				decrypt + viaService("sqs"),
				generate + viaService("sqs"),
			},
			"${YourDLQKey.Arn}": {decrypt + viaService("sqs"), generate + viaService("sqs")},
		},
		"ReconcilerRole": {
			"${YourTableKey.Arn}": {decrypt + viaService("dynamodb")},
			"${YourQueueKey.Arn}": {
				decrypt + viaService("sqs"),
				generate + viaService("sqs"),
			},
			"${YourDLQKey.Arn}": {decrypt + viaService("sqs"), generate + viaService("sqs")},
		},
	}
	for role, own := range grants {
		want := keys[role]
		for resource, actions := range own {
			want[existing.Replace(resource)] = actions
		}
		want["*"] = everywhere
		got := allowedActions(t, s.Resource(t, role+"DefaultPolicy", "AWS::IAM::Policy"))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("permissions of %s (-want +got):\n%s", role, diff)
		}
		s.Resource(t, role, "AWS::IAM::Role").Expect(t, `{"ManagedPolicyArns": null}`)
	}
}

func TestExisting_ApiGetsTwoRoutes(t *testing.T) {
	s := pipelineOnExisting(t)
	got := map[string]any{}
	for _, id := range s.IDsOf("AWS::ApiGatewayV2::Route") {
		route := s.Resources[id]
		route.Expect(t, `{"ApiId": "${YourApi}", "AuthorizationType": "AWS_IAM"}`)
		got[route.Properties["RouteKey"].(string)] = true
	}
	want := map[string]any{"POST /events": true, "GET /events/{eventId}": true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	s.Environment(t, "ApiFunction").Expect(t, `{"OPEN_API": "false"}`)
}

func TestExisting_ApiKeepsItsAuthorizers(t *testing.T) {
	for name, authorizer := range map[string]props{
		"JWT":    {JwtAuthorizer: jwtProps()},
		"CUSTOM": {LambdaAuthorizer: &eventpipeline.LambdaAuthorizerProps{}},
	} {
		s := synth.Pipeline(t, func(stack awscdk.Stack) *props {
			api := awsapigatewayv2.NewHttpApi(stack, jsii.String("YourApi"), nil)
			constructs.NewConstruct(api, jsii.String("JwtAuthorizer"))
			constructs.NewConstruct(api, jsii.String("LambdaAuthorizer"))
			if authorizer.LambdaAuthorizer != nil {
				authorizer.LambdaAuthorizer.Handler = authorizerFunction(stack)
			}
			authorizer.HttpApi = api
			return &authorizer
		})
		for _, id := range s.IDsOf("AWS::ApiGatewayV2::Route") {
			s.Resources[id].Expect(t, `{"AuthorizationType": "`+name+`"}`)
		}
		for _, id := range s.IDsOf("AWS::ApiGatewayV2::Authorizer") {
			if name == "CUSTOM" {
				s.Resources[id].Expect(t, `{"AuthorizerPayloadFormatVersion": "2.0"}`)
			}
		}
	}
}

func TestExisting_GettersReturnTheExistingResources(t *testing.T) {
	stack := synth.NewStack(t)
	synth.Must(t, func() error {
		props := existingResources(stack)
		p := eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), props)
		for name, same := range map[string]bool{
			"BronzeBucket":    p.BronzeBucket() == props.BronzeBucket,
			"SilverBucket":    p.SilverBucket() == props.SilverBucket,
			"EventsTable":     p.EventsTable() == props.EventsTable,
			"Queue":           p.Queue() == props.Queue,
			"DeadLetterQueue": p.DeadLetterQueue() == props.DeadLetterQueue,
			"EventBus":        p.EventBus() == props.EventBus,
			"HttpApi":         p.HttpApi() == props.HttpApi,
			"no HttpStage":    p.HttpStage() == nil,
			"no DomainName":   p.DomainName() == nil,
			"no AccessLog":    p.AccessLogGroup() == nil,
			"no AccessLogs":   p.ServerAccessLogsBucket() == nil,
		} {
			if !same {
				t.Errorf("%s: getter must return the existing resource, or nil", name)
			}
		}
		want := "https://${YourApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/"
		if got := synth.ReplaceIntrinsics(stack.Resolve(p.ApiUrl())); got != want {
			t.Errorf("ApiUrl must be %s, got %v", want, got)
		}
		return nil
	})
}

func TestExisting_MayBeImported(t *testing.T) {
	s := synth.Pipeline(t, func(stack awscdk.Stack) *props {
		bucket := awss3.Bucket_FromBucketAttributes(
			stack,
			jsii.String("Bucket"),
			&awss3.BucketAttributes{
				BucketName: jsii.String("lake"),
				EncryptionKey: awskms.Key_FromKeyArn(
					stack, jsii.String("Key"), jsii.String(keyARN)),
			},
		)
		queue := func(name string) awssqs.IQueue {
			return awssqs.Queue_FromQueueArn(
				stack, &name, jsii.String("arn:aws:sqs:eu-central-1:123456789012:"+name))
		}
		return &props{
			BronzeBucket: bucket,
			SilverBucket: bucket, // the same bucket with another prefix
			EventsTable: awsdynamodb.Table_FromTableName(
				stack, jsii.String("Table"), jsii.String("lifecycle")),
			Queue:           queue("references"),
			DeadLetterQueue: queue("failed"),
			HttpApi: awsapigatewayv2.HttpApi_FromHttpApiAttributes(
				stack,
				jsii.String("Api"),
				&awsapigatewayv2.HttpApiAttributes{HttpApiId: jsii.String("abcdefghij")},
			),
		}
	})
	s.ExpectCount(t, "AWS::S3::Bucket", 0)
	s.Environment(t, "WorkerFunction").
		Expect(t, `{"BRONZE_BUCKET": "lake", "SILVER_BUCKET": "lake", "EVENTS_TABLE": "lifecycle",
			"MAX_RECEIVE_COUNT": "5"}`)
	may := allowedActions(t, s.Resource(t, "WorkerRoleDefaultPolicy", "AWS::IAM::Policy"))
	for resource, want := range map[string][]string{
		"arn:${AWS::Partition}:s3:::lake/bronze/*": {"s3:GetObject"},
		"arn:${AWS::Partition}:s3:::lake/silver/*": {"s3:GetObject", "s3:PutObject"},
		keyARN: {decrypt + viaService("s3"), generate + viaService("s3")},
	} {
		if diff := cmp.Diff(want, may[resource]); diff != "" {
			t.Errorf("permissions of the worker on %s (-want +got):\n%s", resource, diff)
		}
	}
	// The retention of an imported queue is unknown. So the reconciler's window contains the
	// longest retention that SQS allows.
	s.Environment(t, "ReconcilerFunction").Expect(t, `{"RECONCILE_WINDOW_SECONDS": "1213200"}`)
}

// A queue's settings can be tokens, which the pipeline can't check.
func TestExisting_QueueMayHaveTokens(t *testing.T) {
	s := synth.Pipeline(t, func(stack awscdk.Stack) *props {
		deadLetters := awssqs.NewQueue(stack, jsii.String("YourDLQ"), nil)
		queue := awssqs.NewQueue(stack, jsii.String("YourQueue"), &awssqs.QueueProps{
			DeadLetterQueue: &awssqs.DeadLetterQueue{
				Queue:           deadLetters,
				MaxReceiveCount: jsii.Number(1000),
			},
		})
		parameter := awscdk.NewCfnParameter(
			stack, jsii.String("Seconds"), &awscdk.CfnParameterProps{Type: jsii.String("Number")})
		resource := queue.Node().DefaultChild().(awssqs.CfnQueue)
		resource.SetVisibilityTimeout(parameter.ValueAsNumber())
		resource.SetMessageRetentionPeriod(parameter.ValueAsNumber())
		return &props{Queue: queue, DeadLetterQueue: deadLetters}
	})
	s.Environment(t, "WorkerFunction").Expect(t, `{"MAX_RECEIVE_COUNT": "5"}`)
	s.Environment(t, "ReconcilerFunction").Expect(t, `{"RECONCILE_WINDOW_SECONDS": "1213200"}`)
}

const keyARN = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"

func TestExisting_MayBeOneBucketOnly(t *testing.T) {
	s := synth.Pipeline(t, func(stack awscdk.Stack) *props {
		return &props{
			SilverBucket:     awss3.NewBucket(stack, jsii.String("Lake"), nil),
			SilverExpiration: nil,
		}
	})
	s.ExpectCount(t, "AWS::S3::Bucket", 3)
	s.Resource(t, "BronzeBucket", "AWS::S3::Bucket").
		Expect(t, `{"LoggingConfiguration": {"DestinationBucketName": "${ServerAccessLogsBucket}",
			"LogFilePrefix": "bronze/"}}`)
	s.Resource(t, "Lake", "AWS::S3::Bucket").Expect(t, `{"LoggingConfiguration": null}`)
}

func TestFunctions_ApplyFunctionOptions(t *testing.T) {
	s := synth.Pipeline(t, func(stack awscdk.Stack) *props {
		layer := awslambda.LayerVersion_FromLayerVersionArn(
			stack,
			jsii.String("Layer"),
			jsii.String(layerARN),
		)
		options := func(team string, reserved float64) *functionOptions {
			return &functionOptions{
				Environment: &map[string]*string{
					"TEAM": &team,
				},
				Layers:                       &[]awslambda.ILayerVersion{layer},
				ReservedConcurrentExecutions: &reserved,
			}
		}
		return &props{
			ApiFunction:        options("a", 11),
			WorkerFunction:     options("w", 12),
			ReconcilerFunction: options("r", 1),
		}
	})
	for name, want := range map[string][2]string{"Api": {"a", "11"}, "Worker": {"w", "12"},
		"Reconciler": {"r", "1"}} {
		s.Environment(t, name+"Function").Expect(t, `{"TEAM": "`+want[0]+`", "LOG_LEVEL": "info"}`)
		s.Resource(t, name+"Function", "AWS::Lambda::Function").Expect(t, `{
			"Layers": ["arn:aws:lambda:eu-central-1:123456789012:layer:tools:3"],
				"ReservedConcurrentExecutions": `+want[1]+`
		}`)
	}
	// MaximumConcurrency equals the reserved concurrency, because Lambda would throttle more
	// concurrent invocations.
	s.Resource(t, "EventSource", "AWS::Lambda::EventSourceMapping").
		Expect(t, `{"ScalingConfig": {"MaximumConcurrency": 12}}`)
}

func TestVpc_SelectsSubnetsAndSecurityGroups(t *testing.T) {
	s := synth.Pipeline(t, func(stack awscdk.Stack) *props {
		vpc := awsec2.NewVpc(stack, jsii.String("Vpc"), &awsec2.VpcProps{
			MaxAzs: jsii.Number(1),
			SubnetConfiguration: &[]*awsec2.SubnetConfiguration{
				{Name: jsii.String("Inner"), SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED},
				{Name: jsii.String("Data"), SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED},
			},
		})
		return &props{
			Vpc:        vpc,
			VpcSubnets: &awsec2.SubnetSelection{SubnetGroupName: jsii.String("Data")},
			SecurityGroups: &[]awsec2.ISecurityGroup{
				awsec2.NewSecurityGroup(
					stack, jsii.String("Group"), &awsec2.SecurityGroupProps{Vpc: vpc}),
			},
		}
	})
	for _, name := range []string{"Api", "Worker", "Reconciler"} {
		s.Resource(t, name+"Function", "AWS::Lambda::Function").
			Expect(t, `{"VpcConfig": {"SubnetIds": ["${VpcDataSubnet1Subnet}"],
				"SecurityGroupIds": ["${Group.GroupId}"]}}`)
	}
}

// The CDK's escape hatches work on the pipeline as on any construct.
func TestEscapeHatches_Work(t *testing.T) {
	stack := synth.NewStack(t)
	synth.Must(t, func() error {
		p := eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), nil)
		p.BronzeBucket().Node().DefaultChild().(awss3.CfnBucket).AddPropertyOverride(
			jsii.String("AccelerateConfiguration.AccelerationStatus"), "Enabled")
		p.Queue().Node().DefaultChild().(awssqs.CfnQueue).SetReceiveMessageWaitTimeSeconds(
			jsii.Number(20))
		p.HttpApi().(awsapigatewayv2.HttpApi).AddStage(
			jsii.String("Canary"),
			&awsapigatewayv2.HttpStageOptions{StageName: jsii.String("canary")},
		)
		boundary := awsiam.ManagedPolicy_FromManagedPolicyName(
			stack, jsii.String("Boundary"), jsii.String("developers"))
		awsiam.PermissionsBoundary_Of(p).Apply(boundary)
		return nil
	})
	s := synth.Synthesize(t, stack)
	s.Resource(t, "BronzeBucket", "AWS::S3::Bucket").
		Expect(t, `{"AccelerateConfiguration": {"AccelerationStatus": "Enabled"}}`)
	s.Resource(t, "Queue", "AWS::SQS::Queue").Expect(t, `{"ReceiveMessageWaitTimeSeconds": 20}`)
	s.ExpectCount(t, "AWS::ApiGatewayV2::Stage", 2)
	for _, id := range s.IDsOf("AWS::IAM::Role") {
		const policy = "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/developers"
		s.Resources[id].Expect(t, `{"PermissionsBoundary": "`+policy+`"}`)
	}
}
