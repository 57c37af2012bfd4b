package templates

import (
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
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
// of words. The error must begin with the first word, which is the prop. The error must contain all
// other words.
type invalidProps struct {
	props  props
	errors []string
}

func invalid(p props, errors ...string) invalidProps { return invalidProps{p, errors} }

func invalidBronze() map[string]invalidProps {
	lock := awss3.ObjectLockRetention_Compliance(days(1))
	return map[string]invalidProps{
		"InfrequentAccessTooEarly": invalid(props{BronzeInfrequentAccessAfter: days(29)},
			"BronzeInfrequentAccessAfter 30 29"),
		"InfrequentAccessInHours": invalid(props{BronzeInfrequentAccessAfter: hours(732)},
			"BronzeInfrequentAccessAfter 30 30.5"),
		"ArchiveTooEarly": invalid(props{BronzeArchiveAfter: days(59)}, "BronzeArchiveAfter 60 59"),
		"ExpirationBeforeArchive": invalid(
			props{BronzeArchiveAfter: days(90), BronzeExpiration: days(90)},
			"BronzeExpiration 91 90 BronzeArchiveAfter"),
		"ExpirationBeforeInfrequentAccess": invalid(
			props{BronzeInfrequentAccessAfter: days(40), BronzeExpiration: days(40)},
			"BronzeExpiration 41 40 BronzeInfrequentAccessAfter"),
		"ArchiveAfterExpiration": invalid(
			props{
				BronzeArchiveAfter: days(20),
				BronzeExpiration:   days(25),
			},
			"BronzeArchiveAfter 60 20",
		),
		"ExpirationOfZero": invalid(props{BronzeExpiration: days(0)}, "BronzeExpiration 1 0"),
		"ObjectLockWithDestroy": invalid(
			props{RemovalPolicy: awscdk.RemovalPolicy_DESTROY, BronzeObjectLock: lock},
			"BronzeObjectLock RemovalPolicy DESTROY"),
		"DeletionProtectionWithDestroy": invalid(
			props{
				RemovalPolicy:                 awscdk.RemovalPolicy_DESTROY,
				EventsTableDeletionProtection: jsii.Bool(true),
			},
			"EventsTableDeletionProtection RemovalPolicy DESTROY"),
	}
}

func invalidRetentions() map[string]invalidProps {
	return map[string]invalidProps{
		"SilverExpiration": invalid(props{SilverExpiration: days(0)}, "SilverExpiration 1 0"),
		"ServerAccessLogsExpiration": invalid(props{ServerAccessLogsExpiration: hours(36)},
			"ServerAccessLogsExpiration 1 1.5"),
		"NoncurrentVersionExpiration": invalid(props{NoncurrentVersionExpiration: hours(12)},
			"NoncurrentVersionExpiration 1 0.5"),
		"AbortIncompleteMultipartUpload": invalid(
			props{
				AbortIncompleteMultipartUploadAfter: days(0),
			},
			"AbortIncompleteMultipartUploadAfter 1 0",
		),
		"StatusRetentionTooShort": invalid(
			props{StatusRetention: days(29)}, "StatusRetention 30 29"),
		"StatusRetentionInHours": invalid(
			props{StatusRetention: hours(36)}, "StatusRetention 30 1.5"),
		"QueueRetentionTooLong": invalid(
			props{QueueRetention: days(15), DeadLetterQueueRetention: days(16)},
			"QueueRetention 7200 1209600 1296000", "DeadLetterQueueRetention 60 1209600 1382400"),
		"QueueRetentionNotBelowDLQ": invalid(props{QueueRetention: days(14)},
			"DeadLetterQueueRetention QueueRetention 1209600"),
	}
}

func invalidFunctions(parameter awscdk.CfnParameter) map[string]invalidProps {
	memory := func(mib float64) *functionOptions { return &functionOptions{MemorySize: &mib} }
	timeout := func(n float64) *functionOptions { return &functionOptions{Timeout: seconds(n)} }
	reserved := func(n float64) *functionOptions {
		return &functionOptions{ReservedConcurrentExecutions: &n}
	}
	variables := func(variables map[string]*string) *functionOptions {
		return &functionOptions{Environment: &variables}
	}
	missingRuns := func(n float64) *alarmThresholds {
		return &alarmThresholds{ReconcilerMissingRuns: &n}
	}
	token := parameter.ValueAsNumber()
	return map[string]invalidProps{
		"VisibilityTooShort": invalid(
			props{VisibilityTimeout: seconds(189), MaxBatchingWindow: seconds(10)},
			"VisibilityTimeout 190 43200 189 WorkerFunction.Timeout MaxBatchingWindow"),
		"MaxReceiveCountTooLow": invalid(props{MaxReceiveCount: jsii.Number(2)},
			"MaxReceiveCount 3 1000 2"),
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
		"ReconcilerIntervalInSeconds": invalid(
			props{ReconcilerInterval: seconds(90), ReconcilerMaxReenqueues: jsii.Number(0)},
			"ReconcilerInterval 1 1440 1.5", "ReconcilerMaxReenqueues 1 100 0"),
		"ReconcilerIntervalTooLong": invalid(
			props{ReconcilerInterval: hours(25), ReconcilerMaxReenqueues: jsii.Number(101)},
			"ReconcilerInterval 1 1440 1500", "ReconcilerMaxReenqueues 1 100 101"),
		"ReconcilerGracePeriodTooShort": invalid(
			props{ReconcilerGracePeriod: seconds(299), VisibilityTimeout: seconds(300)},
			"ReconcilerGracePeriod 300 1209600 299 VisibilityTimeout"),
		"Memory": invalid(
			props{
				ApiFunction:        memory(127),
				WorkerFunction:     memory(10241),
				ReconcilerFunction: memory(128.5),
			},
			"ApiFunction.MemorySize 128 10240 127",
			"WorkerFunction.MemorySize 128 10240 10241",
			"ReconcilerFunction.MemorySize 128 10240 128.5",
		),
		"Timeouts": invalid(
			props{
				ApiFunction:        timeout(30),
				WorkerFunction:     timeout(4),
				ReconcilerFunction: timeout(29),
			},
			"ApiFunction.Timeout 1 29 30",
			"WorkerFunction.Timeout 5 900 4",
			"ReconcilerFunction.Timeout 30 900 29",
		),
		"TimeoutInMilliseconds": invalid(
			props{
				WorkerFunction: &functionOptions{
					Timeout: awscdk.Duration_Millis(jsii.Number(5500)),
				},
			},
			"WorkerFunction.Timeout 5 900 5.5",
		),
		"Reserved": invalid(
			props{
				ApiFunction:        reserved(0),
				WorkerFunction:     reserved(1),
				ReconcilerFunction: reserved(0.5),
			},
			"ApiFunction.ReservedConcurrentExecutions 1 2147483647 0",
			"WorkerFunction.ReservedConcurrentExecutions 2 2147483647 1",
			"ReconcilerFunction.ReservedConcurrentExecutions 1 2147483647 0.5",
		),
		"Layers": invalid(
			props{WorkerFunction: &functionOptions{Layers: &[]awslambda.ILayerVersion{6: nil}}},
			"WorkerFunction.Layers nil", "WorkerFunction.Layers 5 7"),
		"FormerKeys": invalid(props{FormerEncryptionKeys: &[]awskms.IKey{nil}},
			"FormerEncryptionKeys nil"),
		"Environment": invalid(
			props{
				ApiFunction: variables(map[string]*string{
					"BRONZE_BUCKET": jsii.String("mine"), "TEAM": jsii.String("events"),
				}),
				WorkerFunction: variables(map[string]*string{
					"AWS_REGION": jsii.String("mars"), "LAMBDA_TASK_ROOT": jsii.String("/"),
				}),
				ReconcilerFunction: variables(map[string]*string{
					"1": jsii.String("one"), "A": jsii.String("a"), "NOTHING": nil,
				}),
			},
			"ApiFunction.Environment BRONZE_BUCKET pipeline",
			"WorkerFunction.Environment AWS_REGION Lambda",
			"WorkerFunction.Environment LAMBDA_TASK_ROOT Lambda",
			`ReconcilerFunction.Environment "1"`, `ReconcilerFunction.Environment "A"`,
			"ReconcilerFunction.Environment NOTHING nil"),
		"BatchWithoutWindow": invalid(props{BatchSize: jsii.Number(11)},
			"BatchSize 10 11 MaxBatchingWindow"),
		"BatchTooLarge": invalid(
			props{BatchSize: jsii.Number(10001), MaxBatchingWindow: seconds(301)},
			"BatchSize 1 10000 10001", "MaxBatchingWindow 0 300 301"),
		"WindowForOneMessage": invalid(
			props{
				BatchSize:         jsii.Number(1),
				MaxBatchingWindow: seconds(1),
			},
			"MaxBatchingWindow BatchSize 1",
		),
		"MaxConcurrencyTooLow": invalid(
			props{MaxConcurrency: jsii.Number(1)}, "MaxConcurrency 2 1000 1"),
		"MinimumPollersTooLow": invalid(
			props{MinimumPollers: jsii.Number(1)}, "MinimumPollers 2 200 1"),
		"MinimumPollersTooHigh": invalid(
			props{MinimumPollers: jsii.Number(201), MaximumPollers: jsii.Number(300)},
			"MinimumPollers 2 200 201"),
		"MaximumPollersBelowMinimum": invalid(
			props{MinimumPollers: jsii.Number(5), MaximumPollers: jsii.Number(4)},
			"MaximumPollers 5 2000 4"),
		"MaximumPollersAboveReserved": invalid(
			props{
				MinimumPollers: jsii.Number(2), MaximumPollers: jsii.Number(6),
				WorkerFunction: &eventpipeline.FunctionOptions{
					ReservedConcurrentExecutions: jsii.Number(59),
				},
			},
			"MaximumPollers 6 59"),
		"MaximumPollersAlone": invalid(
			props{MaximumPollers: jsii.Number(4)}, "MaximumPollers MinimumPollers"),
		"ConcurrencyWithPollers": invalid(
			props{MinimumPollers: jsii.Number(2), MaxConcurrency: jsii.Number(4)},
			"MaxConcurrency MinimumPollers"),
		"MaxConcurrencyAboveReserved": invalid(
			props{MaxConcurrency: jsii.Number(20), WorkerFunction: reserved(19)},
			"MaxConcurrency WorkerFunction.ReservedConcurrentExecutions 20 19"),
		"LogRetention": invalid(props{LogRetention: awslogs.RetentionDays_INFINITE},
			"LogRetention INFINITE"),
		"LogLevel": invalid(
			props{LogLevel: jsii.String("INFO")},
			`LogLevel "debug" "error" "INFO"`,
		),
		"AlarmThresholds": invalid(
			props{AlarmThresholds: &alarmThresholds{
				OldestMessage: seconds(0), ApiServerErrors: jsii.Number(0),
			}},
			"AlarmThresholds.OldestMessage 1 0", "AlarmThresholds.ApiServerErrors 1 0"),
		"MissingRunsOfZero": invalid(
			props{AlarmThresholds: missingRuns(0)}, "AlarmThresholds.ReconcilerMissingRuns 1 0"),
		"MissingRunsFraction": invalid(props{AlarmThresholds: missingRuns(1.5)},
			"AlarmThresholds.ReconcilerMissingRuns 1 96 1.5"),
		"MissingRunsOfMoreThanADay": invalid(props{AlarmThresholds: missingRuns(97)},
			"AlarmThresholds.ReconcilerMissingRuns 1 96 97 CloudWatch"),
		"MissingRunsOfMoreThanAWeek": invalid(
			props{AlarmThresholds: missingRuns(169), ReconcilerInterval: hours(1)},
			"AlarmThresholds.ReconcilerMissingRuns 1 168 169 CloudWatch"),
		"MissingRunsWithoutSchedule": invalid(
			props{AlarmThresholds: missingRuns(4), ReconcilerEnabled: jsii.Bool(false)},
			"AlarmThresholds.ReconcilerMissingRuns ReconcilerEnabled"),
		"RefusedSignaturesWithoutWebhooks": invalid(
			props{AlarmThresholds: &alarmThresholds{RefusedSignatures: jsii.Number(1)}},
			"AlarmThresholds.RefusedSignatures Webhooks"),
	}
}

func invalidWorkerEntries(t *testing.T) map[string]invalidProps {
	t.Helper()
	library := folderOf(t, map[string]string{"go.mod": "module x\n", "x.go": "package orders\n"})
	noModule := folderOf(t, map[string]string{"x.go": "package main\n"})
	noSources := folderOf(t, map[string]string{
		"x_windows.go": "package main\n", "x_test.go": "package main\n",
	})
	module := folderOf(t, map[string]string{"go.mod": "module x\n"})
	spaced := filepath.Join(*module, "functions", "my orders")
	main := folderOf(t, map[string]string{"main.go": "package main\n"})
	if err := os.CopyFS(spaced, os.DirFS(*main)); err != nil {
		t.Fatal(err)
	}
	return map[string]invalidProps{
		"WorkerEntryEmpty": invalid(props{WorkerEntry: jsii.String("")}, `WorkerEntry ""`),
		"WorkerEntryMissing": invalid(props{WorkerEntry: jsii.String("./functions/orders")},
			`WorkerEntry "./functions/orders" /functions/orders`),
		"WorkerEntryLibrary": invalid(props{WorkerEntry: library}, "WorkerEntry orders "+*library),
		"WorkerEntryNoModule": invalid(
			props{WorkerEntry: noModule}, "WorkerEntry go.mod "+*noModule),
		"WorkerEntryBadPath": invalid(
			props{WorkerEntry: &spaced}, "WorkerEntry functions/my orders"),
		"WorkerEntryNoSources": invalid(
			props{WorkerEntry: noSources, LogLevel: jsii.String("trace")},
			`LogLevel "trace"`, "WorkerEntry go.mod "+*noSources, "WorkerEntry Go "+*noSources),
	}
}

func invalidAuthorization() map[string]invalidProps {
	lambda := func(p eventpipeline.LambdaAuthorizerProps) props {
		return props{LambdaAuthorizer: &p}
	}
	open := eventpipeline.AuthorizationOpenToAnyoneOnTheInternet
	return map[string]invalidProps{
		"Authorization": invalid(props{Authorization: "NONE"},
			`Authorization "IAM" "JWT" "LAMBDA" "OPEN_TO_ANYONE_ON_THE_INTERNET" "NONE"`),
		"JWTWithoutAuthorizer": invalid(props{Authorization: eventpipeline.AuthorizationJWT},
			`JwtAuthorizer Authorization "JWT"`),
		"LambdaWithoutAuthorizer": invalid(props{Authorization: eventpipeline.AuthorizationLambda},
			`LambdaAuthorizer Authorization "LAMBDA"`),
		"OpenWithAuthorizer": invalid(props{Authorization: open, JwtAuthorizer: jwt()},
			`JwtAuthorizer Authorization "JWT" "OPEN_TO_ANYONE_ON_THE_INTERNET"`),
		"IAMWithAuthorizer": invalid(
			props{Authorization: eventpipeline.AuthorizationIAM, JwtAuthorizer: jwt()},
			`JwtAuthorizer Authorization "JWT" "IAM"`),
		"BothAuthorizers": invalid(
			props{JwtAuthorizer: jwt(), LambdaAuthorizer: &eventpipeline.LambdaAuthorizerProps{}},
			"JwtAuthorizer LambdaAuthorizer", "LambdaAuthorizer.Handler"),
		"JWTEmpty": invalid(props{JwtAuthorizer: &eventpipeline.JwtAuthorizerProps{}},
			"JwtAuthorizer.Issuer https nil", "JwtAuthorizer.Audience"),
		"JWTByPlainHTTP": invalid(
			props{JwtAuthorizer: &eventpipeline.JwtAuthorizerProps{
				Issuer:       jsii.String("http://login.example.org"),
				Audience:     jsii.Strings("a b"),
				IngestScopes: &[]*string{}, StatusScopes: jsii.Strings(""),
			}},
			`JwtAuthorizer.Issuer https "http://login.example.org"`, `JwtAuthorizer.Audience "a b"`,
			"JwtAuthorizer.IngestScopes empty", `JwtAuthorizer.StatusScopes ""`),
		"LambdaAuthorizer": invalid(
			lambda(eventpipeline.LambdaAuthorizerProps{
				ResponseType:    "YES",
				ResultsCacheTtl: hours(2),
				IdentitySource:  &[]*string{jsii.String("Authorization"), nil},
			}),
			"LambdaAuthorizer.Handler", `LambdaAuthorizer.ResponseType "SIMPLE" "IAM" "YES"`,
			"LambdaAuthorizer.ResultsCacheTtl 0 3600 7200",
			`LambdaAuthorizer.IdentitySource $request.header.NAME "Authorization"`,
			`LambdaAuthorizer.IdentitySource nil`),
		"LambdaAuthorizerWithoutSource": invalid(
			lambda(eventpipeline.LambdaAuthorizerProps{IdentitySource: &[]*string{}}),
			"LambdaAuthorizer.Handler", "LambdaAuthorizer.IdentitySource empty"),
		"StatusForAllCallersOfOpenApi": invalid(
			props{Authorization: open, StatusForAllCallers: jsii.Bool(true)},
			`StatusForAllCallers Authorization "OPEN_TO_ANYONE_ON_THE_INTERNET"`),
	}
}

func invalidApis() map[string]invalidProps {
	noOrigins := &awsapigatewayv2.CorsPreflightOptions{AllowOrigins: &[]*string{}}
	return map[string]invalidProps{
		"DomainWithoutCertificate": invalid(
			props{
				DomainName:       jsii.String("Events.example.org"),
				DomainMappingKey: jsii.String("/v1/"),
			},
			`DomainName "Events.example.org"`,
			"DomainCertificate DomainName",
			`DomainMappingKey "/v1/"`,
		),
		"MappingWithoutDomain": invalid(props{DomainMappingKey: jsii.String("v1")},
			"DomainMappingKey DomainName"),
		"MutualTlsWithoutDomain": invalid(
			props{
				MutualTls:                 &awsapigatewayv2.MTLSConfig{},
				DisableExecuteApiEndpoint: jsii.Bool(false),
			},
			"MutualTls DomainName",
			"MutualTls Bucket Key",
			"DisableExecuteApiEndpoint MutualTls",
		),
		"NoEndpoint": invalid(props{DisableExecuteApiEndpoint: jsii.Bool(true)},
			"DisableExecuteApiEndpoint DomainName"),
		"MaxPayloadBytes": invalid(props{MaxPayloadBytes: jsii.Number(2<<20 + 1)},
			"MaxPayloadBytes 1 2097152 2097153"),
		"AcceptTextPlain": invalid(props{AcceptTextPlain: jsii.Bool(true)},
			`AcceptTextPlain Authorization "IAM"`),
		"NotificationFormat": invalid(props{NotificationFormat: "XML"},
			`NotificationFormat "JSON" "CLOUDEVENTS" "XML"`),
		"Throttling": invalid(
			props{ThrottlingRateLimit: jsii.Number(0), ThrottlingBurstLimit: jsii.Number(0)},
			"ThrottlingRateLimit 0", "ThrottlingBurstLimit 1 2147483647 0"),
		"CorsWithoutOrigins": invalid(
			props{CorsPreflight: noOrigins}, "CorsPreflight AllowOrigins"),
	}
}

func invalidSchemas(t *testing.T) map[string]invalidProps {
	t.Helper()
	violating := folderOf(t, map[string]string{
		"a.json": `{"properties":{"x":{"minimum":"1"}}}`,
		"b.json": `{"$ref":"https://example.com/x"}`,
	})
	broken := folderOf(t, map[string]string{"a.json": "{\n  oops\n}"})
	empty, outside := folderOf(t, nil), linkedFolder(t)
	directory := func(name *string) props { return props{SchemaDirectory: name} }
	refuse := eventpipeline.UnknownEventTypesRefuse
	return map[string]invalidProps{
		"SchemasViolating": invalid(directory(violating),
			"SchemaDirectory a.json#/properties/x/minimum "+*violating,
			`SchemaDirectory b.json#/$ref "https://example.com/x" `+*violating),
		"SchemasBroken": invalid(directory(broken), "SchemaDirectory a.json:2:3 'o' "+*broken),
		"SchemasEmpty":  invalid(directory(empty), "SchemaDirectory <eventType>.json "+*empty),
		"SchemasOutside": invalid(
			directory(outside), "SchemaDirectory demo.json escapes "+*outside),
		"SchemasNoFolder": invalid(directory(jsii.String("")), `SchemaDirectory ""`),
		"SchemasMissing":  invalid(directory(jsii.String("nowhere")), "SchemaDirectory nowhere"),
		"Notifications": invalid(props{Notifications: "SOME"},
			`Notifications "PER_EVENT" "PER_BATCH" "NONE" "SOME"`),
		"UnknownEventTypes": invalid(props{UnknownEventTypes: "DROP"},
			`UnknownEventTypes "ACCEPT" "REFUSE" "DROP"`),
		"UnknownEventTypesWithoutSchemas": invalid(props{UnknownEventTypes: refuse},
			`UnknownEventTypes "REFUSE" SchemaDirectory`),
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
		"UnusedKey": invalid(
			props{
				EncryptionKey: key, BronzeEncryptionKey: key, SilverEncryptionKey: key,
				EventsTableEncryptionKey: key, QueueEncryptionKey: key, LogEncryptionKey: key,
				EventBusEncryptionKey: key,
			}, "EncryptionKey"),
	}
	for _, group := range []map[string]invalidProps{
		invalidBronze(), invalidRetentions(), invalidFunctions(parameter), invalidWorkerEntries(t),
		invalidAuthorization(), invalidApis(), invalidSchemas(t), invalidWithExisting(stack),
		invalidWebhooks(stack),
	} {
		maps.Copy(all, group)
	}
	return all
}

// One synth must report all errors of several pipelines.
func TestValidation_ReportsAllErrorsTogether(t *testing.T) {
	stack := newStack(t)
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
	stack := newStack(t)
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
	stack := newStack(t)
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
		keys := invalid("Keys", props{EncryptionKey: newKey(stack, "Key")})
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
	stack := newStack(t)
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

// expectErrors synthesizes an app. Synth must fail with exactly the errors in want. want maps the
// path of a construct to the errors, in the form of invalidProps.
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
			pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps { return &props })
		})
	}
}

const layerARN = "arn:aws:lambda:eu-central-1:123456789012:layer:tools:3"

func hours(n float64) awscdk.Duration { return awscdk.Duration_Hours(&n) }
