package eventpipeline

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdklambdagoalpha/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

func newApiFunction(p *eventPipeline) (awslambda.Function, awslogs.LogGroup) {
	props := p.props
	fn, log := newFunction(p, "Api", "api", awslambda.FunctionOptions{
		Description: jsii.String("Accepts events: Bronze, then table and queue"),
		MemorySize:  props.ApiMemorySize,
		Timeout:     props.ApiTimeout,
		Layers:      props.ApiLayers,

		ReservedConcurrentExecutions: props.ApiReservedConcurrentExecutions,
		Environment: withVariables(map[string]*string{
			contract.BronzeBucket:        p.bronzeBucket.BucketName(),
			contract.EventsTable:         p.eventsTable.TableName(),
			contract.QueueURL:            p.queue.QueueUrl(),
			contract.UnknownEventTypes:   jsii.String(string(props.UnknownEventTypes)),
			contract.MaxPayloadBytes:     jsii.String(text(*props.MaxPayloadBytes)),
			contract.StatusRetentionDays: jsii.String(text(days(props.StatusRetention))),
			contract.OpenAPI:             boolText(props.Authorization == AuthorizationOpenToAnyoneOnTheInternet),
			contract.StatusForAllCallers: boolText(*props.StatusForAllCallers),
			contract.LogLevel:            props.LogLevel,
		}, props.ApiEnvironment),
	})
	grantApi(p, fn.Role())
	return fn, log
}

func newWorkerFunction(p *eventPipeline) (awslambda.Function, awslogs.LogGroup) {
	props := p.props
	fn, log := newFunction(p, "Worker", "worker", awslambda.FunctionOptions{
		Description: jsii.String("Processes events: Silver, EventBridge, status"),
		MemorySize:  props.WorkerMemorySize,
		Timeout:     props.WorkerTimeout,
		Layers:      props.WorkerLayers,

		ReservedConcurrentExecutions: props.WorkerReservedConcurrentExecutions,
		Environment: withVariables(map[string]*string{
			contract.BronzeBucket:        p.bronzeBucket.BucketName(),
			contract.SilverBucket:        p.silverBucket.BucketName(),
			contract.EventsTable:         p.eventsTable.TableName(),
			contract.QueueURL:            p.queue.QueueUrl(),
			contract.DeadLetterQueueURL:  p.deadLetterQueue.QueueUrl(),
			contract.EventBusName:        p.eventBus.EventBusName(),
			contract.MaxReceiveCount:     jsii.String(text(*props.MaxReceiveCount)),
			contract.StatusRetentionDays: jsii.String(text(days(props.StatusRetention))),
			contract.LogLevel:            props.LogLevel,
		}, props.WorkerEnvironment),
	})
	grantWorker(p, fn.Role())
	return fn, log
}

// addFunctionMetadata lets tools recognise the pipeline's functions in a template.
func addFunctionMetadata(p *eventPipeline) {
	pipeline := logicalName(p)
	for role, function := range map[string]awslambda.Function{
		"api": p.apiFunction, "worker": p.workerFunction, "reconciler": p.reconcilerFunction,
	} {
		function.Node().DefaultChild().(awslambda.CfnFunction).AddMetadata(jsii.String(contract.FunctionMetadata),
			map[string]string{"pipeline": pipeline, "role": role})
	}
}

// hashLength is the length of the hash at the end of a logical id.
const hashLength = 8

// logicalName returns what the logical ids of the pipeline's resources begin with: its path in the stack.
func logicalName(p *eventPipeline) string {
	worker := p.workerFunction.Node().DefaultChild().(awslambda.CfnFunction)
	id := *awscdk.Stack_Of(p).GetLogicalId(worker)
	return strings.TrimSuffix(id[:max(0, len(id)-hashLength)], "WorkerFunction")
}

func newEventSource(p *eventPipeline) awslambda.EventSourceMapping {
	mapping := &awslambda.EventSourceMappingProps{
		Target:                  p.workerFunction,
		EventSourceArn:          p.queue.QueueArn(),
		BatchSize:               p.props.BatchSize,
		MaxConcurrency:          p.props.MaxConcurrency,
		ReportBatchItemFailures: jsii.Bool(true),
	}
	if seconds(p.props.MaxBatchingWindow) > 0 {
		mapping.MaxBatchingWindow = p.props.MaxBatchingWindow
	}
	source := awslambda.NewEventSourceMapping(p, jsii.String("EventSource"), mapping)
	// Lambda refuses the mapping while the role may not yet receive.
	source.Node().AddDependency(p.workerFunction.Role())
	return source
}

// The flags make the same bootstrap of the same sources whatever the folder, without what Lambda does not need.
const (
	buildFlags   = `-mod=readonly ` + reproducible
	reproducible = `-trimpath -buildvcs=false -tags=lambda.norpc '-ldflags=-s -w -buildid='`
)

func newFunction(p *eventPipeline, id, name string, options awslambda.FunctionOptions) (awslambda.Function, awslogs.LogGroup) {
	props := p.props
	logGroup := newLogGroup(p, id+"LogGroup", functionLogs, name)
	role := newRole(p, id+"Role", logGroup)
	if len(p.mistakes.found) > 0 {
		return unbuilt(p, id, role, logGroup), logGroup
	}
	needGo(p)
	entry, err := entryOf(p, name)
	if err != nil {
		panic(fmt.Sprintf("EventPipeline %s: %v", *p.Node().Path(), err))
	}
	architecture, environment := target(p, entry.environment)
	fn := awscdklambdagoalpha.NewGoFunction(p, jsii.String(id+"Function"), &awscdklambdagoalpha.GoFunctionProps{
		FunctionName:  physicalName(props, name),
		Description:   options.Description,
		Entry:         &entry.folder,
		ModuleDir:     &entry.moduleFile,
		Bundling:      &awscdklambdagoalpha.BundlingOptions{Environment: environment},
		Runtime:       awslambda.Runtime_PROVIDED_AL2023(),
		Architecture:  architecture,
		MemorySize:    options.MemorySize,
		Timeout:       options.Timeout,
		Layers:        options.Layers,
		Environment:   options.Environment,
		Role:          role,
		LogGroup:      logGroup,
		LoggingFormat: awslambda.LoggingFormat_JSON,
		Tracing:       props.Tracing,

		ReservedConcurrentExecutions: options.ReservedConcurrentExecutions,

		Vpc:            props.Vpc,
		VpcSubnets:     props.VpcSubnets,
		SecurityGroups: props.SecurityGroups,
	})
	return fn, logGroup
}

// needGo says what a prebuilt app lacks on a machine without Go. GoFunction would go on with Docker and a Go of old.
func needGo(p *eventPipeline) {
	if _, err := exec.LookPath("go"); err != nil {
		panic(fmt.Sprintf("EventPipeline %s: build the Lambda functions: %v; install Go (https://go.dev/dl) where the app is synthesized", *p.Node().Path(), err))
	}
}

// target is what the bootstraps are built for: Lambda, unless the local platform asks for this machine.
func target(p *eventPipeline, build map[string]string) (awslambda.Architecture, *map[string]*string) {
	environment := buildEnvironment(platform(p), build)
	switch goarch := environment["GOARCH"]; {
	case goarch == nil:
		return p.props.Architecture, &environment
	case *goarch == "arm64":
		return awslambda.Architecture_ARM_64(), &environment
	}
	return awslambda.Architecture_X86_64(), &environment
}

// platform is the local platform's <GOOS>/<GOARCH>, "" when the app is to be deployed.
func platform(p *eventPipeline) string {
	name, _ := p.Node().TryGetContext(jsii.String(contract.PlatformContext)).(string)
	return name
}

// lambdaInstructions are those that all of Lambda's processors have. Whose environment asks for newer ones or for
// experiments would get bootstraps that may crash there, and other hashes than their colleagues.
var lambdaInstructions = map[string]string{"GOARM64": "v8.0", "GOAMD64": "v1", "GOEXPERIMENT": ""}

// buildEnvironment is what `go build` runs with. Without a platform, <GOOS>/<GOARCH>, GoFunction sets Lambda's.
func buildEnvironment(platform string, build map[string]string) map[string]*string {
	environment := make(map[string]*string)
	for name, value := range lambdaInstructions {
		environment[name] = &value
	}
	for name, value := range build {
		environment[name] = &value
	}
	if goos, goarch, ok := strings.Cut(platform, "/"); ok {
		environment["GOOS"], environment["GOARCH"] = &goos, &goarch
	}
	return environment
}

func boolText(value bool) *string { return jsii.String(strconv.FormatBool(value)) }

// newRole is a function's own role. It may write to its own log group, and be in the VPC; all else is granted by hand.
func newRole(p *eventPipeline, id string, logGroup awslogs.LogGroup) awsiam.Role {
	role := awsiam.NewRole(p, jsii.String(id), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
	})
	allow(role, logGroup.LogGroupArn(), "logs:CreateLogStream", "logs:PutLogEvents")
	allowVpc(p, role)
	return role
}

// What the names of log groups begin with.
const (
	functionLogs = "/aws/lambda/"
	accessLogs   = "/aws/apigateway/"
)

func newLogGroup(p *eventPipeline, id, path, name string) awslogs.LogGroup {
	props := &awslogs.LogGroupProps{Retention: p.props.LogRetention, RemovalPolicy: p.props.RemovalPolicy, EncryptionKey: p.props.LogEncryptionKey}
	if physical := physicalName(p.props, name); physical != nil {
		props.LogGroupName = jsii.String(path + *physical)
	}
	return awslogs.NewLogGroup(p, jsii.String(id), props)
}
