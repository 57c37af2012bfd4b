package eventpipeline_test

import (
	"maps"
	"math"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

type (
	props           = eventpipeline.EventPipelineProps
	functionOptions = eventpipeline.FunctionOptions
	alarmThresholds = eventpipeline.AlarmThresholds
)

// invalidProps contains props and the errors that they cause, in order. An expected error is a list
// of words. The error must begin with the first word, the prop, and contain the others.
type invalidProps struct {
	props  props
	errors []string
}

func invalid(p props, errors ...string) invalidProps { return invalidProps{p, errors} }

func invalidTokens(parameter awscdk.CfnParameter) map[string]invalidProps {
	token := parameter.ValueAsNumber()
	return map[string]invalidProps{
		"Tokens": invalid(
			props{
				PhysicalNamePrefix: awscdk.Aws_STACK_NAME(), LogLevel: parameter.ValueAsString(),
				UnknownEventTypes: eventpipeline.UnknownEventTypes(*parameter.ValueAsString()),
				BatchSize:         jsii.Number(11),
				WorkerFunction: &functionOptions{
					MemorySize: token, Timeout: awscdk.Duration_Seconds(token),
				},
				AlarmThresholds: &alarmThresholds{DeadLetters: token},
			},
			"PhysicalNamePrefix token", "LogLevel token", "UnknownEventTypes token",
			"WorkerFunction.MemorySize token", "WorkerFunction.Timeout token",
			"AlarmThresholds.DeadLetters token", "BatchSize 10 11 MaxBatchingWindow"),
	}
}

func allInvalidProps(t *testing.T, stack awscdk.Stack) map[string]invalidProps {
	t.Helper()
	key := awskms.NewKey(stack, jsii.String("Key"), nil)
	parameter := awscdk.NewCfnParameter(stack, jsii.String("Parameter"),
		&awscdk.CfnParameterProps{Type: jsii.String("Number")})
	long := strings.Repeat("a", 54)
	all := map[string]invalidProps{
		"PrefixCharacters": invalid(props{PhysicalNamePrefix: jsii.String("Orders_Prod")},
			`PhysicalNamePrefix ^[a-z][a-z0-9-]{0,52}$ "Orders_Prod"`),
		"PrefixTooLong": invalid(props{PhysicalNamePrefix: &long},
			`PhysicalNamePrefix ^[a-z][a-z0-9-]{0,52}$ "`+long+`"`),
		"PrefixEmpty": invalid(props{PhysicalNamePrefix: jsii.String("")},
			`PhysicalNamePrefix ^[a-z][a-z0-9-]{0,52}$ ""`),
		"RemovalPolicy": invalid(props{RemovalPolicy: awscdk.RemovalPolicy_SNAPSHOT},
			"RemovalPolicy RETAIN RETAIN_ON_UPDATE_OR_DELETE DESTROY SNAPSHOT"),
		"OwnershipCertificateAlone": invalid(
			props{DomainOwnershipCertificate: awscertificatemanager.Certificate_FromCertificateArn(
				stack, jsii.String("Ownership"), jsii.String(certificate))},
			"DomainOwnershipCertificate MutualTls"),
		"FormerKeys": invalid(props{FormerEncryptionKeys: &[]awskms.IKey{nil}},
			"FormerEncryptionKeys nil"),
		"UnusedKey": invalid(
			props{
				EncryptionKey: key, BronzeEncryptionKey: key, SilverEncryptionKey: key,
				EventsTableEncryptionKey: key, QueueEncryptionKey: key, LogEncryptionKey: key,
				EventBusEncryptionKey: key,
			}, "EncryptionKey"),
	}
	for _, group := range []map[string]invalidProps{
		invalidTokens(parameter), invalidBronze(), invalidRetentions(), invalidDeliveries(),
		invalidReconcilers(), invalidFunctions(), invalidEnvironments(), invalidEventSources(),
		invalidWorkerEntries(t), invalidAuthorization(), invalidApis(), invalidSchemas(t),
		invalidWebhooks(stack), invalidAlarmThresholds(), invalidWithExisting(stack),
	} {
		maps.Copy(all, group)
	}
	return all
}

// One synth must report all errors of several pipelines.
func TestValidation_ReportsAllErrorsTogether(t *testing.T) {
	stack := synth.NewStack(t)
	want := map[string][]string{}
	synth.Must(t, func() error {
		for name, invalid := range allInvalidProps(t, stack) {
			eventpipeline.NewEventPipeline(stack, &name, &invalid.props)
			want["Stack/"+name] = invalid.errors
		}
		return nil
	})
	expectErrors(t, stack.Node().Root().(awscdk.App), want)
}

// Validation runs before the functions are compiled, so errors appear in seconds and without Go.
func TestValidation_DoesNotBuildAnInvalidPipeline(t *testing.T) {
	stack := synth.NewStack(t)
	t.Setenv("PATH", t.TempDir()) // without Go
	synth.Must(t, func() error {
		eventpipeline.NewEventPipeline(
			stack, jsii.String("Invalid"), &props{LogLevel: jsii.String("loud")})
		return nil
	})
	expectErrors(t, stack.Node().Root().(awscdk.App), map[string][]string{
		"Stack/Invalid": {`LogLevel "loud"`},
	})
}

// The app can call an invalid pipeline's getters before synth reports the errors.
func TestValidation_KeepsGettersOfAnInvalidPipeline(t *testing.T) {
	stack := synth.NewStack(t)
	want := map[string][]string{}
	invalid := func(id string, p props, errors ...string) eventpipeline.EventPipeline {
		want["Stack/"+id] = append([]string{`LogLevel "loud"`}, errors...)
		p.LogLevel = jsii.String("loud")
		return eventpipeline.NewEventPipeline(stack, &id, &p)
	}
	synth.Must(t, func() error {
		user := newUser(stack)
		certificate := awscertificatemanager.Certificate_FromCertificateArn(
			stack, jsii.String("Certificate"), jsii.String(certificate))
		vpc := awsec2.NewVpc(stack, jsii.String("Vpc"), &awsec2.VpcProps{MaxAzs: jsii.Number(1)})
		deadLetters := awssqs.NewQueue(
			stack,
			jsii.String("FifoDLQ"),
			&awssqs.QueueProps{Fifo: jsii.Bool(true), RetentionPeriod: days(14)},
		)
		fifo := awssqs.NewQueue(stack, jsii.String("FifoQueue"), &awssqs.QueueProps{
			Fifo:              jsii.Bool(true),
			VisibilityTimeout: seconds(180),
			DeadLetterQueue: &awssqs.DeadLetterQueue{
				Queue:           deadLetters,
				MaxReceiveCount: jsii.Number(100),
			},
		})
		layer := awslambda.LayerVersion_FromLayerVersionAttributes(
			stack,
			jsii.String("Layer"),
			&awslambda.LayerVersionAttributes{
				LayerVersionArn:    jsii.String(layerARN),
				CompatibleRuntimes: &[]awslambda.Runtime{awslambda.Runtime_PROVIDED_AL2023()},
			},
		)

		invalid(
			"Domain",
			props{DomainName: jsii.String("events.example.org"), DomainCertificate: certificate},
		).DomainName().
			RegionalDomainName()
		invalid("DomainAlone", props{DomainName: jsii.String("events.example.org")},
			"DomainCertificate DomainName").DomainName().RegionalDomainName()
		keys := invalid("Keys", props{EncryptionKey: synth.NewKey(stack, "Key")})
		keys.BronzeBucket().EncryptionKey().GrantDecrypt(user)
		keys.Queue().EncryptionMasterKey().GrantDecrypt(user)
		inner := invalid("InVpc", props{Vpc: vpc, SecurityGroups: &[]awsec2.ISecurityGroup{}},
			"SecurityGroups empty")
		inner.WorkerFunction().Connections().AllowToAnyIpv4(awsec2.Port_Tcp(jsii.Number(443)), nil)
		inner.WorkerFunction().AddLayers(layer)
		invalid("Fifo", props{Queue: fifo, DeadLetterQueue: deadLetters},
			"Queue FIFO", "DeadLetterQueue FIFO").
			Queue().GrantSendMessages(user)
		hook := eventpipeline.GitHubWebhook("github", importedSecret(stack, "github"))
		invalid("Webhooks", props{Webhooks: &webhookSources{hook}}).
			RefusedSignaturesAlarm(jsii.String("github")).AddAlarmAction()
		props := existingResources(stack)
		p := invalid("Existing", *props)
		for name, same := range map[string]bool{
			"BronzeBucket":    p.BronzeBucket() == props.BronzeBucket,
			"SilverBucket":    p.SilverBucket() == props.SilverBucket,
			"EventsTable":     p.EventsTable() == props.EventsTable,
			"EventBus":        p.EventBus() == props.EventBus,
			"Queue":           p.Queue() == props.Queue,
			"DeadLetterQueue": p.DeadLetterQueue() == props.DeadLetterQueue,
			"HttpApi":         p.HttpApi() == props.HttpApi,
		} {
			if !same {
				t.Errorf("getter %s must return the existing resource", name)
			}
		}
		return nil
	})
	expectErrors(t, stack.Node().Root().(awscdk.App), want)
}

func TestValidation_ChecksL1ResourcesAtSynth(t *testing.T) {
	stack := synth.NewStack(t)
	synth.Must(t, func() error {
		p := eventpipeline.NewEventPipeline(stack, jsii.String("Own"), nil)
		mapping := p.EventSourceMapping().Node().DefaultChild().(awslambda.CfnEventSourceMapping)
		mapping.SetFunctionResponseTypes(&[]*string{})
		existing := existingResources(stack)
		eventpipeline.NewEventPipeline(stack, jsii.String("Existing"), existing)
		existing.Queue.Node().DefaultChild().(awssqs.CfnQueue).SetVisibilityTimeout(jsii.Number(60))
		return nil
	})
	expectErrors(t, stack.Node().Root().(awscdk.App), map[string][]string{
		"Stack/Own":      {"EventSourceMapping ReportBatchItemFailures"},
		"Stack/Existing": {"Queue 180 60 WorkerFunction.Timeout MaxBatchingWindow"},
	})
}

// expectErrors synthesizes an app. Synth must fail with exactly the errors in `want`. The keys of
// `want` are construct paths. The values are errors in the form of invalidProps.
func expectErrors(t *testing.T, app awscdk.App, want map[string][]string) {
	t.Helper()
	err := synth.Attempt(func() error { app.Synth(nil); return nil })
	if err == nil {
		t.Fatal("synth must fail")
	}
	got := map[string][]string{}
	for line := range strings.Lines(err.Error()) {
		if path, message, ok := strings.Cut(strings.TrimSpace(line), "] "); ok {
			path = strings.TrimPrefix(path, "[")
			got[path] = append(got[path], message)
		}
	}
	for path, errors := range want {
		if len(got[path]) != len(errors) {
			t.Errorf("%s must have the errors %q, got %q", path, errors, got[path])
			continue
		}
		for i, facts := range errors {
			expectFacts(t, path, got[path][i], strings.Fields(facts))
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d pipelines must have errors, got %d:\n%v", len(want), len(got), err)
	}
}

func expectFacts(t *testing.T, path, message string, facts []string) {
	t.Helper()
	if !strings.HasPrefix(message, facts[0]) {
		t.Errorf("%s: error must begin with %s, got %q", path, facts[0], message)
	}
	for _, fact := range facts[1:] {
		if !strings.Contains(message, fact) {
			t.Errorf("%s: error must contain %s, got %q", path, fact, message)
		}
	}
}

// The limits of a range are valid values, too.
func TestValidation_AcceptsTheLimits(t *testing.T) {
	options := func(memory, timeout float64) *functionOptions {
		return &functionOptions{MemorySize: &memory, Timeout: seconds(timeout)}
	}
	for name, props := range map[string]props{
		"least": {
			PhysicalNamePrefix:          jsii.String("a"),
			BronzeInfrequentAccessAfter: days(30), BronzeArchiveAfter: days(60),
			BronzeExpiration: days(61), SilverExpiration: days(1),
			NoncurrentVersionExpiration: days(1), AbortIncompleteMultipartUploadAfter: days(1),
			StatusRetention: days(30),
			QueueRetention:  hours(2), DeadLetterQueueRetention: seconds(2*60*60 + 1),
			VisibilityTimeout: seconds(30), MaxReceiveCount: jsii.Number(3),
			ApiFunction:        options(128, 1),
			WorkerFunction:     options(128, 5),
			ReconcilerFunction: options(128, 30),
			BatchSize:          jsii.Number(1), MaxConcurrency: jsii.Number(2),
			LogLevel: jsii.String("error"), MaxPayloadBytes: jsii.Number(1),
			ThrottlingRateLimit: jsii.Number(0.5), ThrottlingBurstLimit: jsii.Number(1),
			AlarmThresholds: &alarmThresholds{
				OldestMessage: seconds(1), ApiServerErrors: jsii.Number(1),
				ReconcilerMissingRuns: jsii.Number(1),
			},
			ReconcilerInterval: seconds(60), ReconcilerGracePeriod: seconds(30),
			ReconcilerMaxReenqueues: jsii.Number(1),
		},
		"most": {
			PhysicalNamePrefix: jsii.String(strings.Repeat("a", 53)),
			QueueRetention:     seconds(14*24*60*60 - 1), DeadLetterQueueRetention: days(14),
			VisibilityTimeout: hours(12), MaxReceiveCount: jsii.Number(1000),
			ApiFunction:        options(10240, 29),
			WorkerFunction:     options(10240, 900),
			ReconcilerFunction: options(10240, 900),
			BatchSize:          jsii.Number(10000), MaxBatchingWindow: seconds(300),
			MaxConcurrency: jsii.Number(1000), MaxPayloadBytes: jsii.Number(2 << 20),
			ThrottlingBurstLimit: jsii.Number(math.MaxInt32),
			AlarmThresholds:      &alarmThresholds{ReconcilerMissingRuns: jsii.Number(7)},
			ReconcilerInterval:   hours(24), ReconcilerGracePeriod: days(14),
			ReconcilerMaxReenqueues: jsii.Number(100),
		},
		"open, without StatusForAllCallers": {
			Authorization:       eventpipeline.AuthorizationOpenToAnyoneOnTheInternet,
			StatusForAllCallers: jsii.Bool(false),
		},
	} {
		t.Run(name, func(t *testing.T) {
			synth.Pipeline(
				t, func(awscdk.Stack) *eventpipeline.EventPipelineProps { return &props })
		})
	}
}

const layerARN = "arn:aws:lambda:eu-central-1:123456789012:layer:tools:3"

func hours(n float64) awscdk.Duration { return awscdk.Duration_Hours(&n) }
