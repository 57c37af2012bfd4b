package resources

import (
	"cmp"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventsource"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/lambda"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

type functionProperties struct {
	FunctionName string
	Runtime      string
	PackageType  string
	Code         struct{ S3Key string }
	MemorySize   *number
	Timeout      *number
	Environment  struct{ Variables map[string]string }

	Role          string
	TracingConfig struct{ Mode string }
	LoggingConfig struct{ LogGroup string }
}

// function represents a function that the emulator runs.
type function struct {
	lambda.Function
	stack, logicalID string
	s3Key            string // S3 key of the asset with the function's code
}

// createFunction creates a function that runs a bootstrap on provided.al2023. It skips all other
// functions. For a pipeline's function without a bootstrap for this machine, it returns an error.
func createFunction(c *creation, in functionProperties) (values, error) {
	switch {
	case in.PackageType == "Image":
		return c.skip(" with a container image")
	case in.Runtime != "provided.al2023":
		return c.skip(" on " + in.Runtime)
	}
	dir, ok := c.stack.Assets[in.Code.S3Key]
	if !ok {
		return c.skip(" whose code is not an asset")
	}
	isPipeline := c.resource.Metadata[contract.FunctionMetadata] != nil
	if !isPipeline && checkBootstrap(dir) != nil {
		return c.skip(" " + c.resource.LogicalID + ", whose asset contains no bootstrap")
	}
	if platform := foreignPlatform(filepath.Join(dir, "bootstrap")); platform != "" {
		if isPipeline {
			return values{}, fmt.Errorf("the function is built for %s; "+
				"synthesize the cloud assembly with -c %s=%s/%s",
				platform, contract.PlatformContext, runtime.GOOS, runtime.GOARCH)
		}
		return c.skip(" " + c.resource.LogicalID + ", which is built for " + platform)
	}
	f, err := c.lambdaFunction(in)
	if err != nil {
		return values{}, err
	}
	if err := c.Lambda.CreateFunction(f); err != nil {
		return values{}, err
	}
	running := &function{f, c.stack.Name, c.resource.LogicalID, in.Code.S3Key}
	c.functions = append(c.functions, running)
	arn := c.functionARN(f.Name)
	c.iam.addFunction(arn, &iamFunction{
		resource: c.resource, name: f.Name, roleARN: in.Role,
		traced:   in.TracingConfig.Mode == "Active",
		logGroup: cmp.Or(in.LoggingConfig.LogGroup, "/aws/lambda/"+f.Name),
	})
	return newValues(f.Name, "Arn", arn), nil
}

// lambdaFunction returns the definition of the function for the emulated Lambda service.
func (c *creation) lambdaFunction(in functionProperties) (lambda.Function, error) {
	dir := c.stack.Assets[in.Code.S3Key]
	if err := checkBootstrap(dir); err != nil {
		return lambda.Function{}, err
	}
	err := checkLimits(
		limit{"MemorySize", in.MemorySize, 128, 10_240}, limit{"Timeout", in.Timeout, 1, 900},
	)
	if err != nil {
		return lambda.Function{}, err
	}
	f := lambda.Function{
		Role:        in.Role,
		Name:        c.name(in.FunctionName, 64),
		Dir:         dir,
		MemoryMB:    in.MemorySize.int(),
		Timeout:     in.Timeout.seconds(),
		Environment: map[string]string{},
		LogGroup:    in.LoggingConfig.LogGroup,
	}
	for name, text := range in.Environment.Variables {
		f.Environment[name] = c.LocalURLs(text)
	}
	return f, nil
}

// checkBootstrap returns an error unless the asset is a folder that contains a bootstrap.
func checkBootstrap(asset string) error {
	info, err := os.Stat(filepath.Join(asset, "bootstrap"))
	if err != nil || !info.Mode().IsRegular() {
		return fmt.Errorf("asset %s must be a folder with a file named bootstrap: "+
			"synthesize the app with bundling", asset)
	}
	return nil
}

// foreignPlatform returns the platform, as GOOS/GOARCH, of a Go program that was not built for this
// machine. For all other files it returns "".
func foreignPlatform(bootstrap string) string {
	info, err := buildinfo.ReadFile(bootstrap)
	if err != nil {
		return "" // not a Go program, so its platform is unknown
	}
	built := map[string]string{"GOOS": runtime.GOOS, "GOARCH": runtime.GOARCH}
	for _, setting := range info.Settings {
		if _, ok := built[setting.Key]; ok {
			built[setting.Key] = setting.Value
		}
	}
	if built["GOOS"] == runtime.GOOS && built["GOARCH"] == runtime.GOARCH {
		return ""
	}
	return built["GOOS"] + "/" + built["GOARCH"]
}

// FunctionName returns the name of the function in a reference. A reference is a name, an ARN or
// API Gateway's URI of the function. It can contain a version or alias.
func FunctionName(reference string) string {
	name, _ := protocol.SplitFunction(strings.TrimSuffix(reference, "/invocations"))
	return name
}

// functionReference works like FunctionName, but keeps the version or alias, as in worker:live.
func functionReference(reference string) string {
	name, qualifier := protocol.SplitFunction(strings.TrimSuffix(reference, "/invocations"))
	if qualifier == "" {
		return name
	}
	return name + ":" + qualifier
}

// reloadable lists the properties of a function that can change without a restart of the platform.
var reloadable = []string{"Code", "MemorySize", "Timeout", "Environment"}

// fixedOfFunction returns the properties of a function that a reload can't change. It omits
// properties without effect in the emulator.
func fixedOfFunction(properties map[string]any) map[string]any {
	fixed := map[string]any{}
	for _, name := range fieldNames(reflect.TypeFor[functionProperties]()) {
		if value, ok := properties[name]; ok && !slices.Contains(reloadable, name) {
			fixed[name] = value
		}
	}
	return fixed
}

// functionOf returns the function of a resource, or nil if the emulator does not run it.
func (p *Provider) functionOf(s *cloudformation.Stack, r cloudformation.Resource) *function {
	for _, f := range p.functions {
		if f.stack == s.Name && f.logicalID == r.LogicalID {
			return f
		}
	}
	return nil
}

// updatedFunction returns a function with the properties in the new template. Unchanged code stays
// in the folder of f.
func (f *function) updatedFunction(c *creation) (*function, error) {
	var in functionProperties
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	next, err := c.lambdaFunction(in)
	if err != nil {
		return nil, err
	}
	if in.Code.S3Key == f.s3Key {
		next.Dir = f.Dir
	}
	return &function{next, f.stack, f.logicalID, in.Code.S3Key}, nil
}

type versionProperties struct{ FunctionName string }

// createVersion returns the ARN of version 1. This ARN refers to the function itself, because the
// emulator runs only one version.
func createVersion(c *creation, in versionProperties) (values, error) {
	name := FunctionName(in.FunctionName)
	c.Lambda.AddQualifier(name, "1", "1")
	arn := c.functionARN(name) + ":1"
	return newValues(arn, "Version", "1", "FunctionArn", arn), nil
}

type aliasProperties struct{ FunctionName, FunctionVersion, Name string }

// createAlias returns the ARN of an alias. The alias refers to the only version of the function.
func createAlias(c *creation, in aliasProperties) (values, error) {
	name := FunctionName(in.FunctionName)
	c.Lambda.AddQualifier(name, in.Name, in.FunctionVersion)
	arn := c.functionARN(name) + ":" + in.Name
	return newValues(arn, "AliasArn", arn), nil
}

type permissionProperties struct{ Action, FunctionName, Principal, SourceArn, SourceAccount string }

// createPermission adds a statement to the resource policy of a function, version or alias. Each of
// them has its own policy.
func createPermission(c *creation, in permissionProperties) (values, error) {
	arn := c.functionARN(functionReference(in.FunctionName))
	conditions := map[string]map[string]string{}
	if in.SourceArn != "" {
		conditions["ArnLike"] = map[string]string{"aws:SourceArn": in.SourceArn}
	}
	if in.SourceAccount != "" {
		conditions["StringEquals"] = map[string]string{"aws:SourceAccount": in.SourceAccount}
	}
	kind := "AWS"
	if strings.HasSuffix(in.Principal, ".amazonaws.com") {
		kind = "Service"
	}
	policy, err := json.Marshal(map[string]any{"Statement": map[string]any{
		"Effect":    "Allow",
		"Principal": map[string]string{kind: in.Principal},
		"Action":    in.Action,
		"Resource":  arn,
		"Condition": conditions,
	}})
	if err != nil {
		return values{}, err
	}
	return newValues(c.uniqueSuffix()), c.addResourcePolicy(arn, policy)
}

type mappingProperties struct {
	FunctionName                   string
	EventSourceArn                 string
	Enabled                        *flag
	BatchSize                      *number
	MaximumBatchingWindowInSeconds *number
	FunctionResponseTypes          []string
	ScalingConfig                  struct{ MaximumConcurrency *number }
	FilterCriteria                 struct{ Filters []any }
}

// createMapping creates an event source mapping from a queue to a function. After all stacks are
// created, the emulator starts the mapping if it is enabled.
func createMapping(c *creation, in mappingProperties) (values, error) {
	queue, ok := c.SQS.QueueByARN(in.EventSourceArn)
	name, qualifier := protocol.SplitFunction(in.FunctionName)
	switch {
	case !ok:
		return c.skip(" " + c.resource.LogicalID + ", whose source is not a queue of this app: " +
			in.EventSourceArn)
	case len(in.FilterCriteria.Filters) > 0:
		return c.skip(" with FilterCriteria")
	case !c.runsFunction(name):
		return c.skip(" to a function that is not run")
	}
	err := checkLimits(
		limit{"BatchSize", in.BatchSize, 1, 10_000},
		limit{"MaximumBatchingWindowInSeconds", in.MaximumBatchingWindowInSeconds, 0, 300},
		limit{"MaximumConcurrency", in.ScalingConfig.MaximumConcurrency, 2, 1000},
	)
	if err != nil {
		return values{}, err
	}
	c.iam.addEventSource(name, queue.ARN())
	id := c.uuid()
	concurrency := in.ScalingConfig.MaximumConcurrency.int()
	c.Mappings = append(c.Mappings, eventsource.Mapping{
		ID:                    id,
		Queue:                 queue,
		Function:              name,
		Qualifier:             qualifier,
		Region:                c.Region,
		BatchSize:             in.BatchSize.int(),
		BatchWindow:           in.MaximumBatchingWindowInSeconds.seconds(),
		MaxConcurrency:        concurrency,
		ConfiguredConcurrency: concurrency,
		ReportBatchItemFailures: slices.Contains(
			in.FunctionResponseTypes, "ReportBatchItemFailures"),
		Disabled: c.NoWorker || in.Enabled != nil && !bool(*in.Enabled),
		Now:      c.Now,
	})
	arn := c.arn(protocol.Lambda, "event-source-mapping:"+id)
	return newValues(id, "Id", id, "EventSourceMappingArn", arn), nil
}
