package eventpipeline

import (
	"go/build"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

func (v *validation) validateFunctions(p EventPipelineProps) {
	for _, function := range []struct {
		prop                            string
		options                         *FunctionOptions
		minTimeout, maxTimeout          float64 // seconds
		timeoutReason                   string
		minReservedConcurrentExecutions float64
	}{
		{"ApiFunction", p.ApiFunction, 1, 29, "the HTTP API waits at most 30 seconds", 1},
		{"WorkerFunction", p.WorkerFunction, 5, 900,
			"processors must stop 4 seconds earlier, and Lambda's maximum is 15 minutes", 2},
		{"ReconcilerFunction", p.ReconcilerFunction, 30, 900,
			"a run stops 10 seconds earlier, and Lambda's maximum is 15 minutes", 1},
	} {
		prop, options := function.prop, function.options
		v.requireInteger(prop+".MemorySize in MiB", *options.MemorySize, 128, 10240,
			"Lambda's limits")
		v.requireSeconds(prop+".Timeout", options.Timeout, function.minTimeout, function.maxTimeout,
			function.timeoutReason)
		v.validateVariables(prop+".Environment", valueOrZero(options.Environment))
		requireNoNil(v, prop+".Layers", options.Layers)
		layers := len(valueOrZero(options.Layers))
		v.require(layers <= 5, prop+".Layers", "must contain at most 5 layers, got %d", layers)
		if reserved := options.ReservedConcurrentExecutions; reserved != nil {
			v.requireInteger(prop+".ReservedConcurrentExecutions", *reserved,
				function.minReservedConcurrentExecutions, math.MaxInt32,
				"with a lower number, Lambda would throttle invocations")
		}
	}
	v.validateEventSource(p)
	v.require(p.LogRetention != awslogs.RetentionDays_INFINITE, "LogRetention",
		"must be finite, such as ONE_YEAR, got INFINITE")
	levels := []string{"debug", "info", "warn", "error"}
	v.require(slices.Contains(levels, *p.LogLevel), "LogLevel", "must be one of %q, got %q",
		levels, *p.LogLevel)
}

// validateEventSource checks the props of the event source mapping.
func (v *validation) validateEventSource(p EventPipelineProps) {
	v.requireInteger("BatchSize", *p.BatchSize, 1, 10000, "Lambda's limits")
	v.requireSeconds("MaxBatchingWindow", p.MaxBatchingWindow, 0, 300, "Lambda's limits")
	v.require(*p.BatchSize <= 10 || inSeconds(p.MaxBatchingWindow) >= 1, "BatchSize",
		"must be at most 10 without a MaxBatchingWindow of at least 1 second, got %s",
		formatNumber(*p.BatchSize))
	v.requireInteger("MaxConcurrency", *p.MaxConcurrency, 2, 1000, "Lambda's limits")
	if p.MinimumPollers != nil {
		v.requireInteger("MinimumPollers", *p.MinimumPollers, 2, 200, "Lambda's limits")
		v.requireInteger("MaximumPollers", *p.MaximumPollers, *p.MinimumPollers, 2000,
			"Lambda's limits, and at least MinimumPollers")
	}
	switch reserved := p.WorkerFunction.ReservedConcurrentExecutions; {
	case reserved == nil:
	case p.MinimumPollers != nil:
		v.require(*p.MaximumPollers*invocationsPerPoller <= max(20, *reserved), "MaximumPollers",
			"must be at most a tenth of WorkerFunction.ReservedConcurrentExecutions, got %s and "+
				"%s: each poller makes up to 10 invocations at once, "+
				"and Lambda would throttle them",
			formatNumber(*p.MaximumPollers), formatNumber(*reserved))
	default:
		v.require(*p.MaxConcurrency <= max(2, *reserved), "MaxConcurrency",
			"must be at most WorkerFunction.ReservedConcurrentExecutions, got %s and %s: "+
				"Lambda would throttle deliveries, and each throttled delivery delays its messages",
			formatNumber(*p.MaxConcurrency), formatNumber(*reserved))
	}
}

// invocationsPerPoller is the number of invocations that a provisioned poller makes at once.
const invocationsPerPoller = 10

// maxInFlight is the approximate maximum number of messages in flight of a standard queue. See
// "Messages in flight" in
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html.
const maxInFlight = 120_000

// InFlightWarning is the id of the warning that more messages can be in flight than SQS allows. If
// most invocations have fewer than BatchSize messages, pass the id to
// Annotations.AcknowledgeWarning.
const InFlightWarning = "eventpipeline:messagesInFlight"

// warnAboutInFlight adds a warning if more than maxInFlight messages can be in flight. It assumes
// that each invocation has BatchSize messages.
func warnAboutInFlight(p *eventPipeline) {
	concurrency, prop := *p.props.MaxConcurrency, "MaxConcurrency"
	if p.props.MaximumPollers != nil {
		concurrency, prop = *p.props.MaximumPollers*invocationsPerPoller, "10 × MaximumPollers"
	}
	if n := *p.props.BatchSize * concurrency; n > maxInFlight {
		awscdk.Annotations_Of(p).AddWarningV2(jsii.String(InFlightWarning), jsii.String(
			"BatchSize × "+prop+" is "+formatNumber(n)+" messages, but SQS delivers no more than "+
				"about 120,000 at the same time. Lower BatchSize or the concurrency."))
	}
}

var (
	variablePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]+$`)
	// reservedPattern matches the names of variables that Lambda sets or does not allow.
	reservedPattern = regexp.MustCompile(`^(_.*|(AWS_)?LAMBDA_.*|AWS_(REGION|DEFAULT_REGION|` +
		`EXECUTION_ENV|ACCESS_KEY|ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN))$`)
)

func (v *validation) validateVariables(prop string, variables map[string]*string) {
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		switch {
		case slices.Contains(contract.Variables, name):
			v.addError(prop, "must not contain %s: the pipeline sets it", name)
		case reservedPattern.MatchString(name):
			v.addError(prop, "must not contain %s: Lambda reserves it", name)
		default:
			v.require(variablePattern.MatchString(name), prop,
				"must contain names that match %s, got %q", variablePattern, name)
		}
		v.require(variables[name] != nil, prop, "must contain a value for %s, got nil", name)
	}
}

// invalidInImportPath matches a character that Go rejects in an import path.
var invalidInImportPath = regexp.MustCompile(`[^A-Za-z0-9._~+/-]`)

// validateWorkerEntry adds an error for a folder that `go build` rejects.
func (v *validation) validateWorkerEntry(p EventPipelineProps) {
	if p.WorkerEntry == nil {
		return
	}
	if *p.WorkerEntry == "" {
		v.addError("WorkerEntry", `must be a folder, got "": omit it to use the platform's worker`)
		return
	}
	folder := absolutePath(*p.WorkerEntry)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		v.addError("WorkerEntry", "must be a folder, got %q: there is no folder %s",
			*p.WorkerEntry, folder)
		return
	}
	moduleFile := findModule(folder)
	if moduleFile == "" {
		v.addError("WorkerEntry", "must be in a Go module, got %q: no go.mod in %s or above",
			*p.WorkerEntry, folder)
	} else if path, err := filepath.Rel(filepath.Dir(moduleFile), folder); err == nil {
		invalid := invalidInImportPath.FindString(filepath.ToSlash(path))
		v.require(invalid == "", "WorkerEntry",
			"must be a valid import path, got %q: rename the folder whose name contains %q",
			*p.WorkerEntry, invalid)
	}
	lambda := build.Default
	lambda.GOOS, lambda.CgoEnabled = "linux", false
	found, err := lambda.ImportDir(folder, 0)
	if err == nil && len(found.GoFiles) == 0 {
		err = &build.NoGoError{Dir: folder} // the folder contains only tests
	}
	if err != nil {
		v.addError("WorkerEntry", "must be a main package, got %q: %v", *p.WorkerEntry, err)
		return
	}
	v.require(found.Name == "main", "WorkerEntry",
		"must be a main package that calls processor.Start, got %q with package %s",
		*p.WorkerEntry, found.Name)
}
