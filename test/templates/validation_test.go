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
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

type props = eventpipeline.EventPipelineProps

// mistake is props that are wrong, and what is said about them.
type mistake struct {
	props    props
	messages []string
}

func mistakes(t *testing.T, stack awscdk.Stack) map[string]mistake {
	key := awskms.NewKey(stack, jsii.String("Key"), nil)
	parameter := awscdk.NewCfnParameter(stack, jsii.String("Parameter"), &awscdk.CfnParameterProps{Type: jsii.String("Number")})
	invalid := folderOf(t, map[string]string{"a.json": `{"properties":{"x":{"minimum":"1"}}}`, "b.json": `{"$ref":"https://example.com/x"}`})
	broken := folderOf(t, map[string]string{"a.json": "{\n  oops\n}"})
	empty, outside := folderOf(t, nil), linked(t)
	library := folderOf(t, map[string]string{"go.mod": "module x\n", "x.go": "package orders\n"})
	homeless := folderOf(t, map[string]string{"x.go": "package main\n"})
	nothing := folderOf(t, map[string]string{"x_windows.go": "package main\n", "x_test.go": "package main\n"})
	spaced := jsii.String(filepath.Join(*folderOf(t, map[string]string{"go.mod": "module x\n"}), "functions", "my orders"))
	if err := os.CopyFS(*spaced, os.DirFS(*folderOf(t, map[string]string{"main.go": "package main\n"}))); err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return map[string]mistake{
		"PrefixOfOtherCharacters": {props{PhysicalNamePrefix: jsii.String("Orders_Prod")},
			[]string{`PhysicalNamePrefix is "Orders_Prod"; take one that matches ^[a-z][a-z0-9-]{0,52}$, as the names of functions and queues must`}},
		"PrefixTooLong": {props{PhysicalNamePrefix: jsii.String(strings.Repeat("a", 54))},
			[]string{`PhysicalNamePrefix is "` + strings.Repeat("a", 54) + `"; take one that matches ^[a-z][a-z0-9-]{0,52}$, as the names of functions and queues must`}},
		"PrefixEmpty": {props{PhysicalNamePrefix: jsii.String("")},
			[]string{`PhysicalNamePrefix is ""; take one that matches ^[a-z][a-z0-9-]{0,52}$, as the names of functions and queues must`}},
		"RemovalPolicy": {props{RemovalPolicy: awscdk.RemovalPolicy_SNAPSHOT},
			[]string{"RemovalPolicy is SNAPSHOT; take RETAIN or DESTROY"}},

		"InfrequentAccessTooEarly": {props{BronzeInfrequentAccessAfter: days(29)},
			[]string{"BronzeInfrequentAccessAfter is 29 days; take whole days, at least 30, which is S3's least"}},
		"InfrequentAccessInHours": {props{BronzeInfrequentAccessAfter: hours(732)},
			[]string{"BronzeInfrequentAccessAfter is 30.5 days; take whole days, at least 30, which is S3's least"}},
		"ArchiveTooEarly": {props{BronzeArchiveAfter: days(59)},
			[]string{"BronzeArchiveAfter is 59 days; take whole days, at least 60, 30 after BronzeInfrequentAccessAfter"}},
		"ExpirationBeforeArchive": {props{BronzeArchiveAfter: days(90), BronzeExpiration: days(90)},
			[]string{"BronzeExpiration is 90 days; take whole days, at least 91, after BronzeArchiveAfter"}},
		"ExpirationBeforeInfrequentAccess": {props{BronzeInfrequentAccessAfter: days(40), BronzeExpiration: days(40)},
			[]string{"BronzeExpiration is 40 days; take whole days, at least 41, after BronzeInfrequentAccessAfter"}},
		"ArchiveTooEarlyForAnything": {props{BronzeArchiveAfter: days(20), BronzeExpiration: days(25)},
			[]string{"BronzeArchiveAfter is 20 days; take whole days, at least 60, 30 after BronzeInfrequentAccessAfter"}},
		"ExpirationAtOnce": {props{BronzeExpiration: days(0)},
			[]string{"BronzeExpiration is 0 days; take whole days, at least 1, or leave it out to keep payloads"}},
		"ObjectLockOfWhatIsDestroyed": {props{RemovalPolicy: awscdk.RemovalPolicy_DESTROY, BronzeObjectLock: awss3.ObjectLockRetention_Compliance(days(1))},
			[]string{"BronzeObjectLock keeps what RemovalPolicy DESTROY is to remove; take RETAIN, or leave the lock out"}},
		"SilverExpiration": {props{SilverExpiration: days(0)},
			[]string{"SilverExpiration is 0 days; take whole days, at least 1, or leave it out to keep records"}},
		"ServerAccessLogsExpiration": {props{ServerAccessLogsExpiration: hours(36)},
			[]string{"ServerAccessLogsExpiration is 1.5 days; take whole days, at least 1, which is S3's least"}},
		"NoncurrentVersionExpiration": {props{NoncurrentVersionExpiration: hours(12)},
			[]string{"NoncurrentVersionExpiration is 0.5 days; take whole days, at least 1, which is S3's least"}},
		"AbortIncompleteMultipartUpload": {props{AbortIncompleteMultipartUploadAfter: days(0)},
			[]string{"AbortIncompleteMultipartUploadAfter is 0 days; take whole days, at least 1, which is S3's least"}},
		"StatusRetentionTooShort": {props{StatusRetention: days(29)},
			[]string{"StatusRetention is 29 days; take whole days, at least 30, since clients rely on their idempotency keys for so long"}},
		"StatusRetention": {props{StatusRetention: hours(36)},
			[]string{"StatusRetention is 1.5 days; take whole days, at least 30, since clients rely on their idempotency keys for so long"}},

		"QueueRetentionTooLong": {props{QueueRetention: days(15), DeadLetterQueueRetention: days(16)},
			[]string{
				"QueueRetention in seconds is 1296000; take a whole number from 60 to 1209600, as SQS does",
				"DeadLetterQueueRetention in seconds is 1382400; take a whole number from 60 to 1209600, as SQS does",
			}},
		"QueueRetentionAsLongAsTheDLQs": {props{QueueRetention: days(14)},
			[]string{"DeadLetterQueueRetention must be longer than QueueRetention, since a message's age counts from when it was first sent; raise the one or lower the other"}},
		"VisibilityTooShort": {props{VisibilityTimeout: seconds(189), MaxBatchingWindow: seconds(10)},
			[]string{"VisibilityTimeout in seconds is 189; take a whole number from 190 to 43200, at least six times WorkerTimeout plus MaxBatchingWindow, or leave it out"}},
		"MaxReceiveCountTooLow": {props{MaxReceiveCount: jsii.Number(2)},
			[]string{"MaxReceiveCount is 2; take a whole number from 3 to 1000, since a passing fault or two would send good messages to the DLQ"}},

		"Tokens": {props{
			PhysicalNamePrefix: awscdk.Aws_STACK_NAME(), LogLevel: parameter.ValueAsString(), WorkerMemorySize: parameter.ValueAsNumber(),
			WorkerTimeout: awscdk.Duration_Seconds(parameter.ValueAsNumber()), UnknownEventTypes: eventpipeline.UnknownEventTypes(*parameter.ValueAsString()),
			BatchSize: jsii.Number(11)},
			append(each("%s is a token, whose value only CloudFormation knows; give a value that is known at synth, such as one of the app's context",
				"PhysicalNamePrefix", "WorkerMemorySize", "WorkerTimeout", "LogLevel", "UnknownEventTypes"),
				"BatchSize is 11; above 10 Lambda needs a MaxBatchingWindow of at least a second")},

		"ReconcilerInterval": {props{ReconcilerInterval: seconds(90), ReconcilerMaxReenqueues: jsii.Number(0)},
			[]string{
				"ReconcilerInterval in minutes is 1.5; take a whole number from 1 to 1440, as EventBridge does, and once a day at the least",
				"ReconcilerMaxReenqueues is 0; take a whole number from 1 to 100, or nothing is healed",
			}},
		"ReconcilerIntervalTooLong": {props{ReconcilerInterval: hours(25), ReconcilerMaxReenqueues: jsii.Number(101)},
			[]string{
				"ReconcilerInterval in minutes is 1500; take a whole number from 1 to 1440, as EventBridge does, and once a day at the least",
				"ReconcilerMaxReenqueues is 101; take a whole number from 1 to 100, or nothing is healed",
			}},
		"ReconcilerGracePeriodTooShort": {props{ReconcilerGracePeriod: seconds(299), VisibilityTimeout: seconds(300)},
			[]string{"ReconcilerGracePeriod in seconds is 299; take a whole number from 300 to 1209600, at least VisibilityTimeout, after which a killed worker's messages come again by themselves"}},
		"Reconciler": {props{ReconcilerMemorySize: jsii.Number(127), ReconcilerTimeout: seconds(29)},
			[]string{
				"ReconcilerMemorySize in MiB is 127; take a whole number from 128 to 10240, as Lambda does",
				"ReconcilerTimeout in seconds is 29; take a whole number from 30 to 900, since a run stops 10 seconds before and Lambda after 15 minutes",
			}},

		"Memory": {props{ApiMemorySize: jsii.Number(127), WorkerMemorySize: jsii.Number(10241)},
			[]string{
				"ApiMemorySize in MiB is 127; take a whole number from 128 to 10240, as Lambda does",
				"WorkerMemorySize in MiB is 10241; take a whole number from 128 to 10240, as Lambda does",
			}},
		"ApiTimeoutTooLong": {props{ApiTimeout: seconds(30)},
			[]string{"ApiTimeout in seconds is 30; take a whole number from 1 to 29, since the HTTP API gives up after 30"}},
		"WorkerTimeoutTooShort": {props{WorkerTimeout: seconds(4)},
			[]string{"WorkerTimeout in seconds is 4; take a whole number from 5 to 900, since a processor has to stop 4 seconds before and Lambda does after 15 minutes"}},
		"WorkerTimeoutInMilliseconds": {props{WorkerTimeout: awscdk.Duration_Millis(jsii.Number(5500))},
			[]string{"WorkerTimeout in seconds is 5.5; take a whole number from 5 to 900, since a processor has to stop 4 seconds before and Lambda does after 15 minutes"}},
		"BatchWithoutWindow": {props{BatchSize: jsii.Number(11)},
			[]string{"BatchSize is 11; above 10 Lambda needs a MaxBatchingWindow of at least a second"}},
		"BatchTooLarge": {props{BatchSize: jsii.Number(10001), MaxBatchingWindow: seconds(301)},
			[]string{
				"BatchSize is 10001; take a whole number from 1 to 10000, as Lambda does",
				"MaxBatchingWindow in seconds is 301; take a whole number from 0 to 300, as Lambda does",
			}},
		"MaxConcurrencyOfOne": {props{MaxConcurrency: jsii.Number(1)},
			[]string{"MaxConcurrency is 1; take a whole number from 2 to 1000, as Lambda does"}},
		"WorkerEntryEmpty": {props{WorkerEntry: jsii.String("")},
			[]string{"WorkerEntry is empty; give the folder of a main package in your module, or leave it out for the platform's own worker"}},
		"WorkerEntryMissing": {props{WorkerEntry: jsii.String("./functions/orders")},
			[]string{`WorkerEntry is "./functions/orders", and ` + here + `/functions/orders is no folder; give that of a main package in your module, relative to the folder the app runs in`}},
		"WorkerEntryWithoutMain": {props{WorkerEntry: library},
			[]string{`WorkerEntry is "` + *library + `", the package orders; give a package main whose main function calls processor.Start`}},
		"WorkerEntryWithoutModule": {props{WorkerEntry: homeless},
			[]string{`WorkerEntry is "` + *homeless + `", and neither ` + *homeless + ` nor a folder above it has a go.mod; take a package of your module`}},
		"WorkerEntryWithASpace": {props{WorkerEntry: spaced},
			[]string{`WorkerEntry is "` + *spaced + `", and the import path of a package can't have the " " of "functions/my orders"; rename the folder`}},
		"WorkerEntryWithoutPackage": {props{WorkerEntry: nothing, LogLevel: jsii.String("trace")},
			[]string{
				`WorkerEntry is "` + *nothing + `", and neither ` + *nothing + ` nor a folder above it has a go.mod; take a package of your module`,
				`WorkerEntry is "` + *nothing + `", and Go finds no package there: no buildable Go source files in ` + *nothing + `; give the folder of a main package`,
				`LogLevel is "trace"; take one of ["debug" "info" "warn" "error"]`,
			}},
		"MaxConcurrencyAboveReserved": {props{MaxConcurrency: jsii.Number(20), WorkerReservedConcurrentExecutions: jsii.Number(19)},
			[]string{"MaxConcurrency is 20 and WorkerReservedConcurrentExecutions less; lower the one, raise the other, or leave MaxConcurrency out: the workers beyond are throttled, which counts as deliveries"}},
		"ReservedTooLittle": {props{ApiReservedConcurrentExecutions: jsii.Number(0), WorkerReservedConcurrentExecutions: jsii.Number(1), ReconcilerReservedConcurrentExecutions: jsii.Number(0.5)},
			[]string{
				"ApiReservedConcurrentExecutions is 0; take a whole number from 1 to 2147483647, or nothing runs",
				"WorkerReservedConcurrentExecutions is 1; take a whole number from 2 to 2147483647, or nothing runs",
				"ReconcilerReservedConcurrentExecutions is 0.5; take a whole number from 1 to 2147483647, or nothing runs",
			}},
		"Environment": {
			props{
				ApiEnvironment:        &map[string]*string{"BRONZE_BUCKET": jsii.String("mine"), "TEAM": jsii.String("events")},
				WorkerEnvironment:     &map[string]*string{"AWS_REGION": jsii.String("mars"), "LAMBDA_TASK_ROOT": jsii.String("/")},
				ReconcilerEnvironment: &map[string]*string{"1": jsii.String("one"), "A": jsii.String("a"), "NOTHING": nil},
			},
			[]string{
				"ApiEnvironment has BRONZE_BUCKET, which the pipeline sets; take another name",
				"WorkerEnvironment has AWS_REGION, which Lambda sets; take another name",
				"WorkerEnvironment has LAMBDA_TASK_ROOT, which Lambda sets; take another name",
				`ReconcilerEnvironment has "1"; take a name of at least two letters, digits and _ that begins with a letter`,
				`ReconcilerEnvironment has "A"; take a name of at least two letters, digits and _ that begins with a letter`,
				"ReconcilerEnvironment has no value for NOTHING; give one",
			}},
		"LogsForEver": {props{LogRetention: awslogs.RetentionDays_INFINITE},
			[]string{"LogRetention is INFINITE; take a time, such as ONE_YEAR, or logs and their bill grow for ever"}},
		"LogLevel": {props{LogLevel: jsii.String("INFO")},
			[]string{`LogLevel is "INFO"; take one of ["debug" "info" "warn" "error"]`}},

		"Authorization": {props{Authorization: "NONE"},
			[]string{`Authorization is "NONE"; take one of ["IAM" "JWT" "LAMBDA" "OPEN_TO_ANYONE_ON_THE_INTERNET"]`}},
		"JWTWithoutAuthorizer": {props{Authorization: eventpipeline.AuthorizationJWT},
			[]string{`Authorization "JWT" and JwtAuthorizer go together: give both, or neither`}},
		"LambdaWithoutAuthorizer": {props{Authorization: eventpipeline.AuthorizationLambda},
			[]string{`Authorization "LAMBDA" and LambdaAuthorizer go together: give both, or neither`}},
		"OpenWithAnAuthorizer": {props{Authorization: eventpipeline.AuthorizationOpenToAnyoneOnTheInternet, JwtAuthorizer: jwt()},
			[]string{`Authorization "JWT" and JwtAuthorizer go together: give both, or neither`}},
		"IAMWithAnAuthorizer": {props{Authorization: eventpipeline.AuthorizationIAM, JwtAuthorizer: jwt()},
			[]string{`Authorization "JWT" and JwtAuthorizer go together: give both, or neither`}},
		"BothAuthorizers": {props{JwtAuthorizer: jwt(), LambdaAuthorizer: &eventpipeline.LambdaAuthorizerProps{}},
			[]string{
				"JwtAuthorizer and LambdaAuthorizer are both given; give one of them",
				"LambdaAuthorizer.Handler is missing; give the function that decides",
			}},
		"JWTOfNobody": {props{JwtAuthorizer: &eventpipeline.JwtAuthorizerProps{}},
			[]string{
				"JwtAuthorizer.Issuer is missing; take the https URL that tokens have as iss",
				"JwtAuthorizer.Audience is empty; name at least one, or any token of the issuer's would do",
			}},
		"JWTByPlainHTTP": {props{JwtAuthorizer: &eventpipeline.JwtAuthorizerProps{
			Issuer: jsii.String("http://login.example.org"), Audience: jsii.Strings("a b"), IngestScopes: &[]*string{}, StatusScopes: jsii.Strings("")}},
			[]string{
				`JwtAuthorizer.Issuer is "http://login.example.org"; take the https URL that tokens have as iss`,
				`JwtAuthorizer.Audience has "a b"; take texts without blanks`,
				"JwtAuthorizer.IngestScopes is empty; leave it out if no scope is asked for",
				`JwtAuthorizer.StatusScopes has ""; take texts without blanks`,
			}},
		"LambdaAuthorizer": {props{LambdaAuthorizer: &eventpipeline.LambdaAuthorizerProps{
			ResponseType: "YES", ResultsCacheTtl: hours(2), IdentitySource: jsii.Strings("Authorization")}},
			[]string{
				"LambdaAuthorizer.Handler is missing; give the function that decides",
				`LambdaAuthorizer.ResponseType is "YES"; take one of ["SIMPLE" "IAM"]`,
				"LambdaAuthorizer.ResultsCacheTtl in seconds is 7200; take a whole number from 0 to 3600, as API Gateway does",
				`LambdaAuthorizer.IdentitySource has "Authorization"; take such as $request.header.NAME or $request.querystring.NAME`,
			}},
		"LambdaAuthorizerWithoutSource": {props{LambdaAuthorizer: &eventpipeline.LambdaAuthorizerProps{IdentitySource: &[]*string{}}},
			[]string{
				"LambdaAuthorizer.Handler is missing; give the function that decides",
				"LambdaAuthorizer.IdentitySource is empty; leave it out for $request.header.Authorization",
			}},
		"DomainWithoutCertificate": {props{DomainName: jsii.String("Events.example.org"), DomainMappingKey: jsii.String("/v1/")},
			[]string{
				`DomainName is "Events.example.org"; take a host name in lower case, such as events.example.org`,
				"DomainName and DomainCertificate go together: give both, or neither",
				`DomainMappingKey is "/v1/"; take a path without slashes at its ends, such as v1`,
			}},
		"MappingWithoutDomain": {props{DomainMappingKey: jsii.String("v1")},
			[]string{"DomainMappingKey is a path of DomainName; give that, too"}},
		"MutualTlsWithoutDomain": {props{MutualTls: &awsapigatewayv2.MTLSConfig{}, DisableExecuteApiEndpoint: jsii.Bool(false)},
			[]string{
				"MutualTls needs a DomainName: the execute-api endpoint asks for no certificate",
				"MutualTls needs the Bucket and the Key of the truststore",
				"MutualTls with the execute-api endpoint left on can be got around; leave DisableExecuteApiEndpoint out",
			}},
		"NoWayIn": {props{DisableExecuteApiEndpoint: jsii.Bool(true)},
			[]string{"DisableExecuteApiEndpoint needs a DomainName, or nobody gets in"}},
		"MaxPayloadBytes": {props{MaxPayloadBytes: jsii.Number(2<<20 + 1)},
			[]string{"MaxPayloadBytes is 2097153; take a whole number from 1 to 2097152, since Lambda takes 6 MB and a body's quotes and backslashes count twice"}},
		"SchemasInvalid": {props{SchemaDirectory: invalid}, []string{
			"SchemaDirectory " + *invalid + ": a.json#/properties/x/minimum: got string, want number",
			"SchemaDirectory " + *invalid + `: b.json#/$ref: failing loading "https://example.com/x": references must stay in the schema folder`,
		}},
		"SchemasBroken": {props{SchemaDirectory: broken},
			[]string{"SchemaDirectory " + *broken + ": a.json:2:3: invalid character 'o' looking for beginning of object key string"}},
		"SchemasEmpty": {props{SchemaDirectory: empty},
			[]string{"SchemaDirectory " + *empty + " has no schema; name each <eventType>.json"}},
		"SchemasOutside": {props{SchemaDirectory: outside},
			[]string{"SchemaDirectory " + *outside + ": openat demo.json: path escapes from parent"}},
		"SchemasOfNoFolder": {props{SchemaDirectory: jsii.String("")},
			[]string{"SchemaDirectory is empty; give a folder with a schema for each event type, or leave it out"}},
		"SchemasMissing": {props{SchemaDirectory: jsii.String("nowhere")},
			[]string{"SchemaDirectory nowhere: open nowhere: no such file or directory"}},
		"UnknownEventTypes": {props{UnknownEventTypes: "DROP"},
			[]string{`UnknownEventTypes is "DROP"; take "ACCEPT" or "REFUSE"`}},
		"UnknownEventTypesWithoutSchemas": {props{UnknownEventTypes: eventpipeline.UnknownEventTypesRefuse},
			[]string{`UnknownEventTypes is "REFUSE", which would refuse every event without a SchemaDirectory; give one or take "ACCEPT"`}},
		"Throttling": {props{ThrottlingRateLimit: jsii.Number(0), ThrottlingBurstLimit: jsii.Number(0)},
			[]string{
				"ThrottlingRateLimit is 0; take more than 0, or nobody gets through",
				"ThrottlingBurstLimit is 0; take a whole number from 1 to 2147483647, or nobody gets through",
			}},
		"StatusOfAnOpenApi": {props{Authorization: eventpipeline.AuthorizationOpenToAnyoneOnTheInternet, StatusForAllCallers: jsii.Bool(true)},
			[]string{`StatusForAllCallers is of no use with Authorization "OPEN_TO_ANYONE_ON_THE_INTERNET", which tells no caller from another; leave it out`}},
		"WindowForOne": {props{BatchSize: jsii.Number(1), MaxBatchingWindow: seconds(1)},
			[]string{"MaxBatchingWindow is of no use with a BatchSize of 1, which is full at once; raise BatchSize, or leave the window out"}},
		"KeyForNothing": {props{EncryptionKey: key, BronzeEncryptionKey: key, SilverEncryptionKey: key, EventsTableEncryptionKey: key,
			QueueEncryptionKey: key, LogEncryptionKey: key, EventBusEncryptionKey: key},
			[]string{"EncryptionKey is of no use when each part is given or has a key of its own; leave it out"}},
		"CorsForNobody": {props{CorsPreflight: &awsapigatewayv2.CorsPreflightOptions{AllowOrigins: &[]*string{}}},
			[]string{"CorsPreflight without AllowOrigins lets no browser in; name the origins, or leave it out"}},
		"AlarmsThatAlwaysRing": {props{AlarmThresholds: &eventpipeline.AlarmThresholds{OldestMessage: seconds(0), ApiServerErrors: jsii.Number(0)}},
			[]string{
				"AlarmThresholds.OldestMessage in seconds must be at least 1, got 0",
				"AlarmThresholds.ApiServerErrors must be at least 1, got 0",
			}},
	}
}

// One synth of pipelines that all have mistakes: it must fail, and tell every one of them.
func TestValidation_TellsAllMistakesAtOnce(t *testing.T) {
	stack := newStack(t)
	mistakes := mistakes(t, stack)
	must(t, func() error {
		maps.Copy(mistakes, mistakesWithYours(stack))
		for name, mistake := range mistakes {
			eventpipeline.NewEventPipeline(stack, &name, &mistake.props)
		}
		return nil
	})
	want := map[string][]string{}
	for name, mistake := range mistakes {
		want["Stack/"+name] = mistake.messages
	}
	expectMistakes(t, stack.Node().Root().(awscdk.App), want)
}

// Whoever made a mistake is told in seconds: not after the functions were compiled, nor because they can't be.
func TestValidation_BuildsNothingOfAPipelineWithMistakes(t *testing.T) {
	stack := newStack(t)
	t.Setenv("PATH", t.TempDir()) // where no Go is
	must(t, func() error {
		eventpipeline.NewEventPipeline(stack, jsii.String("Mistaken"), &props{LogLevel: jsii.String("loud")})
		return nil
	})
	expectMistakes(t, stack.Node().Root().(awscdk.App), map[string][]string{
		"Stack/Mistaken": {`LogLevel is "loud"; take one of ["debug" "info" "warn" "error"]`},
	})
}

// Until synth, which tells the mistakes, the app goes on with what getters give.
func TestValidation_LetsTheAppGoOnUntilItTells(t *testing.T) {
	const loud = `LogLevel is "loud"; take one of ["debug" "info" "warn" "error"]`
	stack := newStack(t)
	want := map[string][]string{}
	mistaken := func(id string, p props, messages ...string) eventpipeline.EventPipeline {
		want["Stack/"+id] = append([]string{loud}, messages...)
		p.LogLevel = jsii.String("loud")
		return eventpipeline.NewEventPipeline(stack, &id, &p)
	}
	must(t, func() error {
		user := newUser(stack)
		certificate := awscertificatemanager.Certificate_FromCertificateArn(stack, jsii.String("Certificate"), jsii.String(certificate))
		vpc := awsec2.NewVpc(stack, jsii.String("Vpc"), &awsec2.VpcProps{MaxAzs: jsii.Number(1)})
		deadLetters := awssqs.NewQueue(stack, jsii.String("FifoDLQ"), &awssqs.QueueProps{Fifo: jsii.Bool(true), RetentionPeriod: days(14)})
		fifo := awssqs.NewQueue(stack, jsii.String("FifoQueue"), &awssqs.QueueProps{
			Fifo: jsii.Bool(true), VisibilityTimeout: seconds(180),
			DeadLetterQueue: &awssqs.DeadLetterQueue{Queue: deadLetters, MaxReceiveCount: jsii.Number(5)},
		})
		layer := awslambda.LayerVersion_FromLayerVersionAttributes(stack, jsii.String("Layer"), &awslambda.LayerVersionAttributes{
			LayerVersionArn:    jsii.String("arn:aws:lambda:eu-central-1:123456789012:layer:tools:3"),
			CompatibleRuntimes: &[]awslambda.Runtime{awslambda.Runtime_PROVIDED_AL2023()},
		})

		mistaken("Domain", props{DomainName: jsii.String("events.example.org"), DomainCertificate: certificate}).DomainName().RegionalDomainName()
		mistaken("DomainAlone", props{DomainName: jsii.String("events.example.org")},
			"DomainName and DomainCertificate go together: give both, or neither").DomainName().RegionalDomainName()
		keys := mistaken("Keys", props{EncryptionKey: newKey(stack, "Key")})
		keys.BronzeBucket().EncryptionKey().GrantDecrypt(user)
		keys.Queue().EncryptionMasterKey().GrantDecrypt(user)
		inner := mistaken("InVpc", props{Vpc: vpc, SecurityGroups: &[]awsec2.ISecurityGroup{}},
			"SecurityGroups is empty; leave it out for one of each function's own")
		inner.WorkerFunction().Connections().AllowToAnyIpv4(awsec2.Port_Tcp(jsii.Number(443)), nil)
		inner.WorkerFunction().AddLayers(layer)
		mistaken("Fifo", props{Queue: fifo, DeadLetterQueue: deadLetters},
			each("%s is a FIFO queue; give a standard one: a poison message would hold up its whole group", "Queue", "DeadLetterQueue")...).
			Queue().GrantSendMessages(user)
		props := yours(stack)
		given := mistaken("Given", *props)
		for name, same := range map[string]bool{
			"BronzeBucket": given.BronzeBucket() == props.BronzeBucket, "SilverBucket": given.SilverBucket() == props.SilverBucket,
			"EventsTable": given.EventsTable() == props.EventsTable, "EventBus": given.EventBus() == props.EventBus,
			"Queue": given.Queue() == props.Queue, "DeadLetterQueue": given.DeadLetterQueue() == props.DeadLetterQueue,
			"HttpApi": given.HttpApi() == props.HttpApi,
		} {
			if !same {
				t.Errorf("%s is not the one that was given", name)
			}
		}
		return nil
	})
	expectMistakes(t, stack.Node().Root().(awscdk.App), want)
}

// What an app does to L1 resources behind the pipeline's back is seen when it is synthesized.
func TestValidation_SeesWhatIsChangedLater(t *testing.T) {
	stack := newStack(t)
	must(t, func() error {
		p := eventpipeline.NewEventPipeline(stack, jsii.String("Whole"), nil)
		p.EventSourceMapping().Node().DefaultChild().(awslambda.CfnEventSourceMapping).SetFunctionResponseTypes(&[]*string{})
		given := yours(stack)
		eventpipeline.NewEventPipeline(stack, jsii.String("Given"), given)
		given.Queue.Node().DefaultChild().(awssqs.CfnQueue).SetVisibilityTimeout(jsii.Number(60))
		return nil
	})
	expectMistakes(t, stack.Node().Root().(awscdk.App), map[string][]string{
		"Stack/Whole": {"EventSourceMapping does not report batch item failures; leave its FunctionResponseTypes alone, or one message that is tried again brings back its whole batch"},
		"Stack/Given": {"Queue's visibility timeout is 60 seconds; make it at least 180, six times WorkerTimeout plus MaxBatchingWindow, as Lambda asks for"},
	})
}

// expectMistakes synthesizes an app, which must fail and tell these mistakes, by the construct's path, and no others.
func expectMistakes(t *testing.T, app awscdk.App, want map[string][]string) {
	t.Helper()
	err := attempt(func() error { app.Synth(nil); return nil })
	if err == nil {
		t.Fatal("the app was synthesized")
	}
	told := map[string][]string{}
	for line := range strings.Lines(err.Error()) {
		if path, message, ok := strings.Cut(strings.TrimSpace(line), "] "); ok {
			path = strings.TrimPrefix(path, "[")
			told[path] = append(told[path], message)
		}
	}
	for path, messages := range want {
		if diff := cmp.Diff(messages, told[path]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	if len(told) != len(want) {
		t.Errorf("mistakes of %d pipelines were told, want %d:\n%v", len(told), len(want), err)
	}
}

func TestValidation_TakesWhatIsJustRight(t *testing.T) {
	for name, props := range map[string]props{
		"least": {
			PhysicalNamePrefix:          jsii.String("a"),
			BronzeInfrequentAccessAfter: days(30), BronzeArchiveAfter: days(60), BronzeExpiration: days(61),
			SilverExpiration: days(1), NoncurrentVersionExpiration: days(1), AbortIncompleteMultipartUploadAfter: days(1), StatusRetention: days(30),
			QueueRetention: seconds(60), DeadLetterQueueRetention: seconds(61), VisibilityTimeout: seconds(30), MaxReceiveCount: jsii.Number(3),
			ApiMemorySize: jsii.Number(128), ApiTimeout: seconds(1), WorkerMemorySize: jsii.Number(128), WorkerTimeout: seconds(5),
			BatchSize: jsii.Number(1), MaxConcurrency: jsii.Number(2), LogLevel: jsii.String("error"), MaxPayloadBytes: jsii.Number(1),
			ThrottlingRateLimit: jsii.Number(0.5), ThrottlingBurstLimit: jsii.Number(1),
			AlarmThresholds:    &eventpipeline.AlarmThresholds{OldestMessage: seconds(1), ApiServerErrors: jsii.Number(1)},
			ReconcilerInterval: seconds(60), ReconcilerGracePeriod: seconds(30), ReconcilerMaxReenqueues: jsii.Number(1),
			ReconcilerMemorySize: jsii.Number(128), ReconcilerTimeout: seconds(30),
		},
		"most": {
			PhysicalNamePrefix: jsii.String(strings.Repeat("a", 53)),
			QueueRetention:     seconds(14*24*60*60 - 1), DeadLetterQueueRetention: days(14), VisibilityTimeout: hours(12), MaxReceiveCount: jsii.Number(1000),
			ApiMemorySize: jsii.Number(10240), ApiTimeout: seconds(29), WorkerMemorySize: jsii.Number(10240), WorkerTimeout: seconds(900),
			BatchSize: jsii.Number(10000), MaxBatchingWindow: seconds(300), MaxConcurrency: jsii.Number(1000), MaxPayloadBytes: jsii.Number(2 << 20),
			ThrottlingBurstLimit: jsii.Number(math.MaxInt32),
			ReconcilerInterval:   hours(24), ReconcilerGracePeriod: days(14), ReconcilerMaxReenqueues: jsii.Number(100),
			ReconcilerMemorySize: jsii.Number(10240), ReconcilerTimeout: seconds(900),
		},
		"open, with nothing for all callers": {
			Authorization: eventpipeline.AuthorizationOpenToAnyoneOnTheInternet, StatusForAllCallers: jsii.Bool(false),
		},
	} {
		t.Run(name, func(t *testing.T) {
			pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps { return &props })
		})
	}
}

func hours(n float64) awscdk.Duration { return awscdk.Duration_Hours(&n) }
