package templates

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
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
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

// samples maps each prop to a value that differs from the prop's default.
func samples(t *testing.T, stack awscdk.Stack) map[string]any {
	vpc := awsec2.Vpc_FromVpcAttributes(stack, jsii.String("V"), &awsec2.VpcAttributes{
		VpcId:             jsii.String("vpc-1"),
		AvailabilityZones: jsii.Strings("a", "b"),
		PrivateSubnetIds:  jsii.Strings("subnet-1", "subnet-2"),
		IsolatedSubnetIds: jsii.Strings("subnet-3", "subnet-4"),
	})
	key := awskms.Key_FromKeyArn(stack, jsii.String("K"), jsii.String(keyARN))
	bucket := func(name string) awss3.IBucket {
		return awss3.Bucket_FromBucketName(stack, &name,
			&name)
	}
	queue := func(name string) awssqs.IQueue {
		// Pipelines must not share a queue, so the name contains the stack's name.
		arn := "arn:aws:sqs:eu-central-1:123456789012:" + *stack.StackName() + name
		return awssqs.Queue_FromQueueArn(stack, &name, &arn)
	}
	layers := &[]awslambda.ILayerVersion{
		awslambda.LayerVersion_FromLayerVersionArn(
			stack,
			jsii.String("L"),
			jsii.String(layerARN),
		),
	}
	variables := &map[string]*string{"TEAM": jsii.String("events")}
	schemas := folderOf(t, map[string]string{"demo.json": `{"type":"object"}`})
	samples := map[string]any{
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
		"BronzeBucket":                        bucket("lake-bronze"),
		"SilverBucket":                        bucket("lake-silver"),
		"BronzeInfrequentAccessAfter":         days(31),
		"BronzeArchiveAfter":                  days(91),
		"BronzeExpiration":                    days(365),
		"BronzeObjectLock":                    awss3.ObjectLockRetention_Governance(days(1)),
		"SilverExpiration":                    days(365),
		"ServerAccessLogsBucket":              bucket("logs"),
		"ServerAccessLogsExpiration":          days(1),
		"NoncurrentVersionExpiration":         days(1),
		"AbortIncompleteMultipartUploadAfter": days(1),
		"EventsTable": awsdynamodb.Table_FromTableName(
			stack, jsii.String("T"), jsii.String("lifecycle")),
		"StatusRetention":          days(30),
		"Queue":                    queue("references"),
		"DeadLetterQueue":          queue("failed"),
		"QueueRetention":           days(1),
		"DeadLetterQueueRetention": days(13),
		"VisibilityTimeout":        seconds(500),
		"MaxReceiveCount":          jsii.Number(6),
		"ReconcilerEnabled":        jsii.Bool(false),
		"ReconcilerInterval":       seconds(60),
		"ReconcilerGracePeriod":    seconds(300),
		"ReconcilerMaxReenqueues":  jsii.Number(4),
		"Vpc":                      vpc,
		"VpcSubnets": &awsec2.SubnetSelection{
			SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED,
		},
		"SecurityGroups": &[]awsec2.ISecurityGroup{
			awsec2.SecurityGroup_FromSecurityGroupId(
				stack, jsii.String("G"), jsii.String("sg-1"), nil),
		},
		"Architecture": awslambda.Architecture_X86_64(),
		"WorkerEntry": folderOf(
			t,
			map[string]string{
				"go.mod":  "module x\n",
				"main.go": "package main\n\nfunc main() {}\n",
			},
		),
		"BatchSize":         jsii.Number(5),
		"MaxBatchingWindow": seconds(1),
		"MaxConcurrency":    jsii.Number(5),
		"MinimumPollers":    jsii.Number(3),
		"MaximumPollers":    jsii.Number(30),
		"LogRetention":      awslogs.RetentionDays_ONE_DAY,
		"LogLevel":          jsii.String("debug"),
		"Tracing":           awslambda.Tracing_DISABLED,
		"HttpApi": awsapigatewayv2.HttpApi_FromHttpApiAttributes(
			stack,
			jsii.String("A"),
			&awsapigatewayv2.HttpApiAttributes{HttpApiId: jsii.String("abcdefghij")},
		),
		"Authorization": eventpipeline.AuthorizationOpenToAnyoneOnTheInternet,
		"JwtAuthorizer": jwt(),
		"LambdaAuthorizer": &eventpipeline.LambdaAuthorizerProps{
			Handler: authorizerFunction(stack),
		},
		"StatusForAllCallers":  jsii.Bool(true),
		"MaxPayloadBytes":      jsii.Number(1),
		"AcceptTextPlain":      jsii.Bool(true),
		"SchemaDirectory":      schemas,
		"UnknownEventTypes":    eventpipeline.UnknownEventTypesRefuse,
		"Notifications":        eventpipeline.NotificationsPerBatch,
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
		"DomainName": jsii.String("events.example.org"),
		"DomainCertificate": awscertificatemanager.Certificate_FromCertificateArn(
			stack, jsii.String("C"), jsii.String(certificate)),
		"DomainOwnershipCertificate": awscertificatemanager.Certificate_FromCertificateArn(
			stack, jsii.String("O"), jsii.String(certificate)),
		"DomainMappingKey": jsii.String("v1"),
		"MutualTls": &awsapigatewayv2.MTLSConfig{
			Bucket: bucket("trust"),
			Key:    jsii.String("store.pem"),
		},
		"DisableExecuteApiEndpoint": jsii.Bool(true),
		"EventBus": awsevents.EventBus_FromEventBusName(
			stack, jsii.String("B"), jsii.String("shared")),
		"NotificationFormat": eventpipeline.NotificationFormatCloudEvents,
		"AlarmTopic": awssns.Topic_FromTopicArn(
			stack, jsii.String("S"), jsii.String("arn:aws:sns:eu-central-1:123456789012:alarms")),

		"AlarmThresholds.DeadLetters":      jsii.Number(2),
		"AlarmThresholds.OldestMessage":    seconds(60),
		"AlarmThresholds.ApiServerErrors":  jsii.Number(1),
		"AlarmThresholds.ApiErrors":        jsii.Number(2),
		"AlarmThresholds.ApiThrottles":     jsii.Number(2),
		"AlarmThresholds.WorkerErrors":     jsii.Number(2),
		"AlarmThresholds.WorkerThrottles":  jsii.Number(2),
		"AlarmThresholds.ReconcilerErrors": jsii.Number(2),
		"AlarmThresholds.UnhealedEvents":   jsii.Number(2),
		"AlarmThresholds.ReconcilerLag":    seconds(6 * 60 * 60),

		"AlarmThresholds.FailedEvents":            jsii.Number(2),
		"AlarmThresholds.RetriedEvents":           jsii.Number(2),
		"AlarmThresholds.ThrottledRequests":       jsii.Number(2),
		"AlarmThresholds.NotificationDeadLetters": jsii.Number(2),
		"AlarmThresholds.FailedDeliveries":        jsii.Number(2),
		"AlarmThresholds.RefusedSignatures":       jsii.Number(2),
		"AlarmThresholds.ReconcilerMissingRuns":   jsii.Number(2),
		"AlarmThresholds.LostEvents":              jsii.Number(2),
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

// requiredProps maps a prop to the props that it requires.
var requiredProps = map[string][]string{
	"Queue":             {"DeadLetterQueue"},
	"DeadLetterQueue":   {"Queue"}, // each requires the other
	"MaximumPollers":    {"MinimumPollers"},
	"VpcSubnets":        {"Vpc"},
	"SecurityGroups":    {"Vpc"},
	"UnknownEventTypes": {"SchemaDirectory"},
	"AcceptTextPlain":   {"Authorization"},
	"DomainName":        {"DomainCertificate"},
	"DomainCertificate": {"DomainName"},
	"DomainMappingKey": {
		"DomainName",
		"DomainCertificate",
	},
	"MutualTls": {"DomainName", "DomainCertificate"},
	"DomainOwnershipCertificate": {
		"DomainName", "DomainCertificate", "MutualTls",
	},
	"DisableExecuteApiEndpoint": {"DomainName", "DomainCertificate"},

	"WebhooksThrottlingRateLimit":       {"Webhooks"},
	"WebhooksThrottlingBurstLimit":      {"Webhooks"},
	"AlarmThresholds.RefusedSignatures": {"Webhooks"},
}

// testedElsewhere lists the props that change only a function's code, or only the alarms of rules.
// Other tests check them: TestSchemas_AreBuiltIntoTheApiFunction,
// TestWorkerEntry_IsBuiltFromTheUsersModule and TestAlarms_EachHasItsOwnThreshold.
var testedElsewhere = []string{"SchemaDirectory", "WorkerEntry", "AlarmThresholds.LostEvents"}

// Each prop must change the template. The test compares a template with the prop to a template
// without it. Both templates contain the props that this prop requires.
func TestProps_EachChangesTheTemplate(t *testing.T) {
	app := synth.NewApp(t, nil)
	made := map[string]awscdk.Stack{}
	build := func(name string, set ...string) {
		if _, ok := made[name]; ok {
			return
		}
		stack := awscdk.NewStack(app, jsii.String(stackName(name)), nil)
		values, p := samples(t, stack), &props{}
		for _, prop := range set {
			value, ok := values[prop]
			if !ok {
				t.Errorf("samples must contain a value for %s", prop)
				continue
			}
			setProp(p, prop, value)
		}
		eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), p)
		made[name] = stack
	}
	template := func(name string) string {
		resources := synth.ReadTemplate(t, made[name])["Resources"]
		text := goldenText(t, map[string]any{"Resources": resources})
		// The bus's name and a permission's id contain the stack's name. They differ between the
		// two templates, so a fixed text replaces them.
		return regexp.MustCompile(stackName(name)+`-?EventPipeline[-\w]*`).
			ReplaceAllString(string(text), "EventPipeline")
	}
	names := propNames()
	synth.Must(t, func() error {
		build("Nothing")
		for _, prop := range names {
			with := requiredProps[prop]
			build("Has"+prop, append([]string{prop}, with...)...)
			if len(with) > 0 {
				build("Lacks"+prop, baseline(prop, with)...)
			}
		}
		app.Synth(nil)
		for _, prop := range names {
			without := "Nothing"
			if len(requiredProps[prop]) > 0 {
				without = "Lacks" + prop
			}
			if slices.Contains(testedElsewhere, prop) {
				continue
			}
			if template("Has"+prop) == template(without) {
				t.Errorf("%s must change the template", prop)
			}
		}
		return nil
	})
}

// baseline returns the props that prop requires. The test compares the template with prop to a
// template that has only these props. If two props require each other, such as Queue and
// DeadLetterQueue, baseline returns none.
func baseline(prop string, required []string) []string {
	if len(requiredProps[required[0]]) > 0 && requiredProps[required[0]][0] == prop {
		return nil
	}
	return required
}

// propNames lists all props. A prop in a group is listed by its path, such as
// "AlarmThresholds.DeadLetters".
func propNames() (names []string) {
	for field := range reflect.TypeFor[props]().Fields() {
		switch field.Type {
		case reflect.TypeFor[*functionOptions](), reflect.TypeFor[*alarmThresholds]():
			for option := range field.Type.Elem().Fields() {
				names = append(names, field.Name+"."+option.Name)
			}
		default:
			names = append(names, field.Name)
		}
	}
	return names
}

func setProp(p *props, path string, value any) {
	name, option, grouped := strings.Cut(path, ".")
	field := reflect.ValueOf(p).Elem().FieldByName(name)
	if grouped {
		if field.IsNil() {
			field.Set(reflect.New(field.Type().Elem()))
		}
		field = field.Elem().FieldByName(option)
	}
	field.Set(reflect.ValueOf(value))
}

func stackName(path string) string { return strings.ReplaceAll(path, ".", "") }
