package eventpipeline

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdklambdagoalpha/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

func newApiFunction(p *eventPipeline) (awslambda.Function, awslogs.LogGroup) {
	open := p.props.Authorization == AuthorizationOpenToAnyoneOnTheInternet
	variables := map[string]*string{
		contract.UnknownEventTypes:   jsii.String(string(p.props.UnknownEventTypes)),
		contract.MaxPayloadBytes:     numberVariable(*p.props.MaxPayloadBytes),
		contract.OpenToAnyone:        boolVariable(open),
		contract.AcceptTextPlain:     boolVariable(*p.props.AcceptTextPlain),
		contract.StatusForAllCallers: boolVariable(*p.props.StatusForAllCallers),
	}
	if p.props.Webhooks != nil {
		variables[contract.Webhooks] = webhookVariable(p)
	}
	fn, logGroup := newFunction(p, "Api", "Accepts events: Bronze, then table and queue",
		p.props.ApiFunction, variables)
	grantApi(p, fn.Role())
	return fn, logGroup
}

func newWorkerFunction(p *eventPipeline) (awslambda.Function, awslogs.LogGroup) {
	fn, logGroup := newFunction(p, "Worker", "Processes events: Silver, EventBridge, status",
		p.props.WorkerFunction, map[string]*string{
			contract.SilverBucket:       p.silverBucket.BucketName(),
			contract.DeadLetterQueueURL: p.deadLetterQueue.QueueUrl(),
			contract.EventBusName:       p.eventBus.EventBusName(),
			contract.NotificationFormat: jsii.String(string(p.props.NotificationFormat)),
			contract.MaxReceiveCount:    numberVariable(*p.props.MaxReceiveCount),
			contract.Notifications:      jsii.String(string(p.props.Notifications)),
		})
	grantWorker(p, fn.Role())
	return fn, logGroup
}

func newReconcilerFunction(p *eventPipeline) (awslambda.Function, awslogs.LogGroup) {
	grace := inSeconds(p.props.ReconcilerGracePeriod)
	window := inSeconds(p.props.QueueRetention) + grace // SQS has deleted older messages
	const description = "Repairs events that a crash left unfinished"
	fn, logGroup := newFunction(p, "Reconciler", description, p.props.ReconcilerFunction,
		map[string]*string{
			contract.SilverBucket:           p.silverBucket.BucketName(),
			contract.DeadLetterQueueURL:     p.deadLetterQueue.QueueUrl(),
			contract.EventBusName:           p.eventBus.EventBusName(),
			contract.NotificationFormat:     jsii.String(string(p.props.NotificationFormat)),
			contract.ReconcileGraceSeconds:  numberVariable(grace),
			contract.ReconcileWindowSeconds: numberVariable(window),
			contract.MaxReenqueues:          numberVariable(*p.props.ReconcilerMaxReenqueues),
		})
	grantReconciler(p, fn.Role())
	return fn, logGroup
}

// newSchedule creates the rule that runs the reconciler. EventBridge does not repeat an invocation
// that it could not start, because the next run does the same work. Lambda repeats a failed
// invocation up to two times, which is harmless.
func newSchedule(p *eventPipeline) awsevents.Rule {
	target := awseventstargets.NewLambdaFunction(p.reconcilerFunction,
		&awseventstargets.LambdaFunctionProps{
			RetryAttempts: jsii.Number(0),
			MaxEventAge:   p.props.ReconcilerInterval,
		})
	return awsevents.NewRule(p, jsii.String("Schedule"), &awsevents.RuleProps{
		RuleName:    p.physicalName("reconcile"),
		Description: jsii.String("Runs the reconciler"),
		Enabled:     p.props.ReconcilerEnabled,
		Schedule:    awsevents.Schedule_Rate(p.props.ReconcilerInterval),
		Targets:     &[]awsevents.IRuleTarget{target},
	})
}

func numberVariable(n float64) *string { return jsii.String(formatNumber(n)) }

func boolVariable(b bool) *string { return jsii.String(strconv.FormatBool(b)) }

// newFunction creates a function with its role and log group. It adds the environment variables
// that all functions have, and those in the user's props.
func newFunction(
	p *eventPipeline, id, description string, options *FunctionOptions,
	variables map[string]*string,
) (awslambda.Function, awslogs.LogGroup) {
	props, name := p.props, strings.ToLower(id)
	logGroup := newLogGroup(p, id+"LogGroup", functionLogs, name)
	role := newRole(p, id+"Role", logGroup)
	if p.validation.failed() {
		return newPlaceholderFunction(p, id, role, logGroup), logGroup
	}
	code, err := newBundle(p, name)
	if err != nil {
		panic(fmt.Sprintf("EventPipeline %s: build function %s: %v", *p.Node().Path(), name, err))
	}
	variables[contract.BronzeBucket] = p.bronzeBucket.BucketName()
	variables[contract.EventsTable] = p.eventsTable.TableName()
	variables[contract.QueueURL] = p.queue.QueueUrl()
	variables[contract.StatusRetentionDays] = numberVariable(inDays(props.StatusRetention))
	variables[contract.LogLevel] = props.LogLevel
	maps.Copy(variables, valueOrZero(options.Environment))
	fn := awscdklambdagoalpha.NewGoFunction(p, jsii.String(id+"Function"),
		&awscdklambdagoalpha.GoFunctionProps{
			FunctionName:  p.physicalName(name),
			Description:   &description,
			Entry:         &code.folder,
			ModuleDir:     &code.moduleFile,
			Bundling:      &awscdklambdagoalpha.BundlingOptions{Environment: code.variables},
			Runtime:       awslambda.Runtime_PROVIDED_AL2023(),
			Architecture:  code.architecture,
			MemorySize:    options.MemorySize,
			Timeout:       options.Timeout,
			Layers:        options.Layers,
			Environment:   &variables,
			Role:          role,
			LogGroup:      logGroup,
			LoggingFormat: awslambda.LoggingFormat_JSON,

			ApplicationLogLevelV2: lambdaLogLevel(*props.LogLevel),

			Tracing: props.Tracing,

			ReservedConcurrentExecutions: options.ReservedConcurrentExecutions,

			Vpc:            props.Vpc,
			VpcSubnets:     props.VpcSubnets,
			SecurityGroups: props.SecurityGroups,
		})
	return fn, logGroup
}

// lambdaLogLevel returns the lowest level of log lines that Lambda keeps. Lambda must keep lines at
// the level INFO, because they contain metrics. The functions apply the prop LogLevel themselves.
func lambdaLogLevel(level string) awslambda.ApplicationLogLevel {
	if level == "debug" {
		return awslambda.ApplicationLogLevel_DEBUG
	}
	return awslambda.ApplicationLogLevel_INFO
}

// newPlaceholderFunction creates a function without compiling it, so that validation errors appear
// fast.
func newPlaceholderFunction(
	p *eventPipeline, id string, role awsiam.IRole, logGroup awslogs.ILogGroup,
) awslambda.Function {
	return awslambda.NewFunction(p, jsii.String(id+"Function"), &awslambda.FunctionProps{
		Code:         awslambda.Code_FromBucket(p.bronzeBucket, jsii.String("placeholder"), nil),
		Handler:      jsii.String("bootstrap"),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Architecture: p.props.Architecture,
		Role:         role,
		LogGroup:     logGroup,

		Vpc:               p.props.Vpc,
		AllowPublicSubnet: jsii.Bool(true),
	})
}

// addFunctionMetadata adds metadata by which tools recognize the pipeline's functions in a
// template.
func addFunctionMetadata(p *eventPipeline) {
	pipeline := logicalName(p)
	for role, function := range map[contract.Role]awslambda.Function{
		contract.RoleAPI:        p.apiFunction,
		contract.RoleWorker:     p.workerFunction,
		contract.RoleReconciler: p.reconcilerFunction,
	} {
		resource := function.Node().DefaultChild().(awslambda.CfnFunction)
		resource.AddMetadata(jsii.String(contract.FunctionMetadata),
			contract.Function{Pipeline: pipeline, Role: role}.Metadata())
	}
}

// logicalName returns the common prefix of the logical ids of the pipeline's resources. The CDK
// derives it from the pipeline's path in the stack.
func logicalName(p *eventPipeline) string {
	const hashLength = 8 // at the end of a logical id
	worker := p.workerFunction.Node().DefaultChild().(awslambda.CfnFunction)
	id := *awscdk.Stack_Of(p).GetLogicalId(worker)
	return strings.TrimSuffix(id[:max(0, len(id)-hashLength)], "WorkerFunction")
}

// Prefixes of the log groups' names. API Gateway adds each log group to a resource policy of
// limited size, except log groups under /aws/vendedlogs/.
const (
	functionLogs = "/aws/lambda/"
	apiLogs      = "/aws/vendedlogs/apigateway/"
)

func newLogGroup(p *eventPipeline, id, prefix, suffix string) awslogs.LogGroup {
	props := &awslogs.LogGroupProps{
		Retention:     p.props.LogRetention,
		RemovalPolicy: removalPolicy(p.props),
		EncryptionKey: p.props.LogEncryptionKey,
	}
	name := p.physicalName(suffix)
	if name == nil && prefix == apiLogs {
		name = accessLogName(p)
	}
	if name != nil {
		props.LogGroupName = jsii.String(prefix + *name)
	}
	return awslogs.NewLogGroup(p, &id, props)
}

// accessLogName returns the name of the access log's group, without the prefix apiLogs, for a
// pipeline without PhysicalNamePrefix. The name ends with a part of the stack's id, because the log
// group of a deleted stack can still exist.
func accessLogName(p *eventPipeline) *string {
	name := awscdk.Names_UniqueResourceName(p, &awscdk.UniqueResourceNameOptions{
		Separator: jsii.String("-"), AllowedSpecialCharacters: jsii.String("-"),
	})
	uuid := awscdk.Fn_Select(jsii.Number(2),
		awscdk.Fn_Split(jsii.String("/"), awscdk.Stack_Of(p).StackId(), nil))
	return jsii.String(*name + "-" + *uuid)
}

// allowLogs lets CloudWatch Logs perform the actions with the key, for the pipeline's log groups.
// The statement selects the log groups by name. If CloudFormation generates the names, the
// statement selects all log groups of the account and region.
func allowLogs(p *eventPipeline, key awskms.IKey, actions ...string) {
	if key == nil {
		return
	}
	names := []string{"*"}
	if p.props.PhysicalNamePrefix != nil {
		names = []string{
			functionLogs + *p.physicalName("api"), functionLogs + *p.physicalName("worker"),
			functionLogs + *p.physicalName("reconciler"), apiLogs + *p.physicalName("api"),
		}
	}
	stack := awscdk.Stack_Of(p)
	var groups []*string
	for _, name := range names {
		groups = append(groups, stack.FormatArn(&awscdk.ArnComponents{
			Service: jsii.String("logs"), Resource: jsii.String("log-group"), ResourceName: &name,
			ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
		}))
	}
	key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: servicePrincipal("logs." + *stack.Region() + "." + *stack.UrlSuffix()),
		Actions:    jsii.Strings(actions...),
		Resources:  jsii.Strings("*"), // in a key policy, * means this key
		Conditions: &map[string]any{
			"ArnLike": map[string]any{"kms:EncryptionContext:aws:logs:arn": groups},
		},
	}), jsii.Bool(true))
}
