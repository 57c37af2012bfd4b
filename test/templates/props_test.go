package templates

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

// eachProp is each prop with a valid value that is not its default. A new prop needs a line here.
func eachProp(t *testing.T, given awscdk.Stack) map[string]any {
	id := jsii.String
	key := awskms.NewKey(given, id("Key"), nil)
	bucket := awss3.Bucket_FromBucketName(given, id("Bucket"), id("given"))
	return map[string]any{
		"PhysicalNamePrefix": jsii.String("orders"),
		"RemovalPolicy":      awscdk.RemovalPolicy_DESTROY,

		"EncryptionKey":            key,
		"BronzeEncryptionKey":      key,
		"SilverEncryptionKey":      key,
		"EventsTableEncryptionKey": key,
		"QueueEncryptionKey":       key,
		"LogEncryptionKey":         key,
		"EventBusEncryptionKey":    key,

		"BronzeInfrequentAccessAfter":         days(31),
		"BronzeArchiveAfter":                  days(100),
		"BronzeExpiration":                    days(400),
		"BronzeObjectLock":                    awss3.ObjectLockRetention_Governance(days(1)),
		"SilverExpiration":                    days(400),
		"ServerAccessLogsBucket":              bucket,
		"ServerAccessLogsExpiration":          days(91),
		"NoncurrentVersionExpiration":         days(31),
		"AbortIncompleteMultipartUploadAfter": days(8),
		"StatusRetention":                     days(366),

		"QueueRetention":           days(5),
		"DeadLetterQueueRetention": days(13),
		"VisibilityTimeout":        seconds(600),
		"MaxReceiveCount":          jsii.Number(6),

		"ReconcilerEnabled":       jsii.Bool(false),
		"ReconcilerInterval":      hours(1),
		"ReconcilerGracePeriod":   hours(2),
		"ReconcilerMaxReenqueues": jsii.Number(4),

		"Architecture":         awslambda.Architecture_X86_64(),
		"ApiMemorySize":        jsii.Number(1024),
		"ApiTimeout":           seconds(11),
		"WorkerMemorySize":     jsii.Number(1024),
		"WorkerTimeout":        seconds(31),
		"BatchSize":            jsii.Number(9),
		"MaxBatchingWindow":    seconds(1),
		"MaxConcurrency":       jsii.Number(51),
		"LogRetention":         awslogs.RetentionDays_ONE_YEAR,
		"ReconcilerMemorySize": jsii.Number(1024),
		"ReconcilerTimeout":    seconds(301),
		"LogLevel":             jsii.String("debug"),
		"Tracing":              awslambda.Tracing_DISABLED,

		"Authorization":        eventpipeline.AuthorizationOpenToAnyoneOnTheInternet,
		"JwtAuthorizer":        jwt(),
		"LambdaAuthorizer":     &eventpipeline.LambdaAuthorizerProps{Handler: doorman(given)},
		"StatusForAllCallers":  jsii.Bool(true),
		"MaxPayloadBytes":      jsii.Number(1 << 10),
		"SchemaDirectory":      folderOf(t, map[string]string{"demo.json": `{"type":"object"}`}),
		"UnknownEventTypes":    eventpipeline.UnknownEventTypesRefuse,
		"ThrottlingRateLimit":  jsii.Number(999),
		"ThrottlingBurstLimit": jsii.Number(1999),
		"CorsPreflight":        &awsapigatewayv2.CorsPreflightOptions{AllowOrigins: jsii.Strings("https://example.org")},

		"DomainName":                jsii.String("events.example.org"),
		"DomainCertificate":         awscertificatemanager.Certificate_FromCertificateArn(given, id("Certificate"), id(certificate)),
		"DomainMappingKey":          jsii.String("v1"),
		"MutualTls":                 &awsapigatewayv2.MTLSConfig{Bucket: bucket, Key: jsii.String("store.pem")},
		"DisableExecuteApiEndpoint": jsii.Bool(true),

		"EventBus": awsevents.EventBus_FromEventBusName(given, id("Default"), id("default")),

		"AlarmTopic":            awssns.NewTopic(given, id("Topic"), nil),
		"OldestMessageAgeAlarm": seconds(301),
		"ApiServerErrorAlarm":   jsii.Number(6),
	}
}

// needOthers are the props that are a mistake by themselves.
var needOthers = []string{"DisableExecuteApiEndpoint", "DomainCertificate", "DomainMappingKey", "DomainName", "MutualTls", "UnknownEventTypes"}

// Each prop alone changes the template, or is told to be a mistake: none is ever silently ignored.
func TestProps_AreNeverIgnored(t *testing.T) {
	app := newApp(t, nil)
	given := awscdk.NewStack(app, jsii.String("Given"), nil)
	values := eachProp(t, given)
	fields := reflect.TypeFor[props]()
	stacks, reported := map[string]awscdk.Stack{}, []string{}
	add := func(name string, p *props) {
		must(t, func() error {
			stack := awscdk.NewStack(app, jsii.String("With"+name), nil)
			made := eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), p)
			if len(*made.Node().Validate()) > 0 {
				reported = append(reported, name)
				app.Node().TryRemoveChild(stack.Node().Id())
				return nil
			}
			stacks[name] = stack
			return nil
		})
	}
	const nothing, empty = "Nothing", "Empty"
	add(nothing, nil)
	add(empty, new(props))
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		value, ok := values[name]
		if !ok {
			t.Errorf("there is no value for %s; add one to eachProp", name)
			continue
		}
		delete(values, name)
		p := new(props)
		reflect.ValueOf(p).Elem().Field(i).Set(reflect.ValueOf(value))
		add(name, p)
	}
	if len(values) > 0 {
		t.Errorf("there are values for props that are none: %v", slices.Sorted(maps.Keys(values)))
	}
	slices.Sort(reported)
	if diff := cmp.Diff(needOthers, reported); diff != "" {
		t.Errorf("props that are a mistake by themselves (-want +got):\n%s", diff)
	}
	standard := textOf(t, stacks[nothing])
	for name, stack := range stacks {
		ignored := name == nothing || name == empty // or the comparison would be worth nothing
		if changes := textOf(t, stack) != standard; changes == ignored {
			t.Errorf("%s changes the template: %t", name, changes)
		}
	}
}

// textOf is a stack's template; the app is synthesized once for all of them. What CDK makes of the stack's own name, which
// differs in any case, is left out.
func textOf(t *testing.T, stack awscdk.Stack) (text string) {
	t.Helper()
	must(t, func() error {
		template := *assertions.Template_FromStack(stack, nil).ToJSON()
		ownName := regexp.MustCompile(*stack.StackName() + `EventPipeline\w+`)
		text = ownName.ReplaceAllString(fmt.Sprint(template), "") // of maps, in the order of their keys
		return nil
	})
	return text
}
