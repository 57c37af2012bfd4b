package eventpipeline_test

import (
	"maps"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

// sampleProps maps each prop to a value that differs from the prop's default.
func sampleProps(t *testing.T, stack awscdk.Stack) map[string]any {
	t.Helper()
	all := map[string]any{}
	for _, group := range []map[string]any{
		storageSamples(stack), queueSamples(stack), functionSamples(t, stack),
		apiSamples(t, stack), domainSamples(stack), eventSamples(stack), thresholdSamples(),
	} {
		maps.Copy(all, group)
	}
	return all
}

func storageSamples(stack awscdk.Stack) map[string]any {
	key := awskms.Key_FromKeyArn(stack, jsii.String("K"), jsii.String(keyARN))
	return map[string]any{
		"PhysicalNamePrefix":                  jsii.String("orders"),
		"RemovalPolicy":                       awscdk.RemovalPolicy_DESTROY,
		"EventsTableDeletionProtection":       jsii.Bool(true),
		"EncryptionKey":                       key,
		"BronzeEncryptionKey":                 key,
		"SilverEncryptionKey":                 key,
		"EventsTableEncryptionKey":            key,
		"QueueEncryptionKey":                  key,
		"LogEncryptionKey":                    key,
		"EventBusEncryptionKey":               key,
		"FormerEncryptionKeys":                &[]awskms.IKey{key},
		"BronzeBucket":                        importedBucket(stack, "lake-bronze"),
		"SilverBucket":                        importedBucket(stack, "lake-silver"),
		"BronzeInfrequentAccessAfter":         days(31),
		"BronzeArchiveAfter":                  days(91),
		"BronzeExpiration":                    days(365),
		"BronzeObjectLock":                    awss3.ObjectLockRetention_Governance(days(1)),
		"SilverExpiration":                    days(365),
		"ServerAccessLogsBucket":              importedBucket(stack, "logs"),
		"ServerAccessLogsExpiration":          days(1),
		"NoncurrentVersionExpiration":         days(1),
		"AbortIncompleteMultipartUploadAfter": days(1),
		"EventsTable": awsdynamodb.Table_FromTableName(
			stack, jsii.String("T"), jsii.String("lifecycle")),
		"StatusRetention": days(30),
	}
}

func importedBucket(stack awscdk.Stack, name string) awss3.IBucket {
	return awss3.Bucket_FromBucketName(stack, &name, &name)
}

func queueSamples(stack awscdk.Stack) map[string]any {
	return map[string]any{
		"Queue":                    importedQueue(stack, "references"),
		"DeadLetterQueue":          importedQueue(stack, "failed"),
		"QueueRetention":           days(1),
		"DeadLetterQueueRetention": days(13),
		"VisibilityTimeout":        seconds(500),
		"MaxReceiveCount":          jsii.Number(6),
		"ReconcilerEnabled":        jsii.Bool(false),
		"ReconcilerInterval":       seconds(60),
		"ReconcilerGracePeriod":    seconds(300),
		"ReconcilerMaxReenqueues":  jsii.Number(4),
	}
}

// importedQueue imports a queue. Pipelines must not share a queue, so the queue's name contains the
// name of the stack.
func importedQueue(stack awscdk.Stack, name string) awssqs.IQueue {
	arn := "arn:aws:sqs:eu-central-1:123456789012:" + *stack.StackName() + name
	return awssqs.Queue_FromQueueArn(stack, &name, &arn)
}

func functionSamples(t *testing.T, stack awscdk.Stack) map[string]any {
	t.Helper()
	vpc := awsec2.Vpc_FromVpcAttributes(stack, jsii.String("V"), &awsec2.VpcAttributes{
		VpcId:             jsii.String("vpc-1"),
		AvailabilityZones: jsii.Strings("a", "b"),
		PrivateSubnetIds:  jsii.Strings("subnet-1", "subnet-2"),
		IsolatedSubnetIds: jsii.Strings("subnet-3", "subnet-4"),
	})
	layers := &[]awslambda.ILayerVersion{
		awslambda.LayerVersion_FromLayerVersionArn(stack, jsii.String("L"), jsii.String(layerARN)),
	}
	variables := &map[string]*string{"TEAM": jsii.String("events")}
	samples := map[string]any{
		"Vpc": vpc,
		"VpcSubnets": &awsec2.SubnetSelection{
			SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED,
		},
		"SecurityGroups": &[]awsec2.ISecurityGroup{
			awsec2.SecurityGroup_FromSecurityGroupId(
				stack, jsii.String("G"), jsii.String("sg-1"), nil),
		},
		"Architecture": awslambda.Architecture_X86_64(),
		"WorkerEntry": folderOf(t, map[string]string{
			"go.mod": "module x\n", "main.go": "package main\n\nfunc main() {}\n",
		}),
		"BatchSize":         jsii.Number(5),
		"MaxBatchingWindow": seconds(1),
		"MaxConcurrency":    jsii.Number(5),
		"MinimumPollers":    jsii.Number(3),
		"MaximumPollers":    jsii.Number(30),
		"LogRetention":      awslogs.RetentionDays_ONE_DAY,
		"LogLevel":          jsii.String("debug"),
		"Tracing":           awslambda.Tracing_DISABLED,
	}
	for _, function := range []string{"ApiFunction", "WorkerFunction", "ReconcilerFunction"} {
		samples[function+".MemorySize"] = jsii.Number(128)
		samples[function+".Timeout"] = seconds(29) // differs from all defaults
		samples[function+".Environment"] = variables
		samples[function+".Layers"] = layers
		samples[function+".ReservedConcurrentExecutions"] = jsii.Number(5)
	}
	samples["ReconcilerFunction.Timeout"] = seconds(60)
	return samples
}

func apiSamples(t *testing.T, stack awscdk.Stack) map[string]any {
	t.Helper()
	return map[string]any{
		"HttpApi": awsapigatewayv2.HttpApi_FromHttpApiAttributes(stack, jsii.String("A"),
			&awsapigatewayv2.HttpApiAttributes{HttpApiId: jsii.String("abcdefghij")}),
		"Authorization": eventpipeline.AuthorizationOpenToAnyoneOnTheInternet,
		"JwtAuthorizer": jwtProps(),
		"LambdaAuthorizer": &eventpipeline.LambdaAuthorizerProps{
			Handler: authorizerFunction(stack),
		},
		"StatusForAllCallers":  jsii.Bool(true),
		"MaxPayloadBytes":      jsii.Number(1),
		"AcceptTextPlain":      jsii.Bool(true),
		"SchemaDirectory":      folderOf(t, map[string]string{"demo.json": `{"type":"object"}`}),
		"UnknownEventTypes":    eventpipeline.UnknownEventTypesRefuse,
		"ThrottlingRateLimit":  jsii.Number(1),
		"ThrottlingBurstLimit": jsii.Number(1),
		"Webhooks": &[]*eventpipeline.WebhookSource{
			eventpipeline.GitHubWebhook("github", importedSecret(stack, "github")),
		},
		"WebhooksThrottlingRateLimit":  jsii.Number(1),
		"WebhooksThrottlingBurstLimit": jsii.Number(1),
		"CorsPreflight": &awsapigatewayv2.CorsPreflightOptions{
			AllowOrigins: jsii.Strings("https://example.org"),
		},
	}
}

func domainSamples(stack awscdk.Stack) map[string]any {
	return map[string]any{
		"DomainName": jsii.String("events.example.org"),
		"DomainCertificate": awscertificatemanager.Certificate_FromCertificateArn(
			stack, jsii.String("C"), jsii.String(certificate)),
		"DomainOwnershipCertificate": awscertificatemanager.Certificate_FromCertificateArn(
			stack, jsii.String("O"), jsii.String(certificate)),
		"DomainMappingKey": jsii.String("v1"),
		"MutualTls": &awsapigatewayv2.MTLSConfig{
			Bucket: importedBucket(stack, "trust"),
			Key:    jsii.String("store.pem"),
		},
		"DisableExecuteApiEndpoint": jsii.Bool(true),
	}
}

func eventSamples(stack awscdk.Stack) map[string]any {
	return map[string]any{
		"Notifications": eventpipeline.NotificationsPerBatch,
		"EventBus": awsevents.EventBus_FromEventBusName(
			stack, jsii.String("B"), jsii.String("shared")),
		"NotificationFormat": eventpipeline.NotificationFormatCloudEvents,
		"AlarmTopic": awssns.Topic_FromTopicArn(
			stack, jsii.String("S"), jsii.String("arn:aws:sns:eu-central-1:123456789012:alarms")),
	}
}

func thresholdSamples() map[string]any {
	return map[string]any{
		"AlarmThresholds.DeadLetters":             jsii.Number(2),
		"AlarmThresholds.OldestMessage":           seconds(60),
		"AlarmThresholds.ApiServerErrors":         jsii.Number(1),
		"AlarmThresholds.ApiErrors":               jsii.Number(2),
		"AlarmThresholds.ApiThrottles":            jsii.Number(2),
		"AlarmThresholds.WorkerErrors":            jsii.Number(2),
		"AlarmThresholds.WorkerThrottles":         jsii.Number(2),
		"AlarmThresholds.ReconcilerErrors":        jsii.Number(2),
		"AlarmThresholds.UnhealedEvents":          jsii.Number(2),
		"AlarmThresholds.ReconcilerLag":           seconds(6 * 60 * 60),
		"AlarmThresholds.FailedEvents":            jsii.Number(2),
		"AlarmThresholds.RetriedEvents":           jsii.Number(2),
		"AlarmThresholds.ThrottledRequests":       jsii.Number(2),
		"AlarmThresholds.NotificationDeadLetters": jsii.Number(2),
		"AlarmThresholds.FailedDeliveries":        jsii.Number(2),
		"AlarmThresholds.RefusedSignatures":       jsii.Number(2),
		"AlarmThresholds.ReconcilerMissingRuns":   jsii.Number(2),
		"AlarmThresholds.LostEvents":              jsii.Number(2),
	}
}
