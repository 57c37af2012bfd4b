package emulator

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventsource"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/lambda"
)

// functionProperties are those of a function that have an effect here.
type functionProperties struct {
	FunctionName string
	Runtime      string
	PackageType  string
	Code         struct{ S3Key string }
	MemorySize   number
	Timeout      number
	Environment  struct{ Variables map[string]any }

	Role          string
	TracingConfig struct{ Mode string }
	LoggingConfig struct{ LogGroup string }
}

// function makes functions that run a bootstrap of their own; others need a runtime that is not here.
func (p *provisioner) function(r cloudformation.Resource) (cloudformation.Made, error) {
	var in functionProperties
	if err := p.properties(r, &in); err != nil {
		return cloudformation.Made{}, err
	}
	switch {
	case in.PackageType == "Image":
		return p.skip(r, r.Type+" of an image"), nil
	case in.Runtime != "provided.al2023":
		return p.skip(r, fmt.Sprintf("%s on %s", r.Type, in.Runtime)), nil
	}
	dir, ok := p.current.Assets[in.Code.S3Key]
	if !ok {
		return p.skip(r, r.Type+" whose code is not an asset"), nil
	}
	if platform := foreign(filepath.Join(dir, "bootstrap")); platform != "" {
		return p.skip(r, r.Type+" "+r.LogicalID+", which is built for "+platform), nil
	}
	function, err := p.lambdaFunction(r, in)
	if err != nil {
		return cloudformation.Made{}, failed(r, err)
	}
	if err := p.services.lambda.CreateFunction(function); err != nil {
		return cloudformation.Made{}, failed(r, err)
	}
	p.running[p.current.Name+"/"+r.LogicalID] = runningFunction{function, in.Code.S3Key}
	p.functions[function.Name] = true
	p.stated.has(p.functionARN(function.Name))
	logGroup := in.LoggingConfig.LogGroup
	if logGroup == "" {
		logGroup = "/aws/lambda/" + function.Name
	}
	p.stated.functions = append(p.stated.functions, &statedFunction{
		resource: r, name: function.Name, roleARN: in.Role, traced: in.TracingConfig.Mode == "Active", logGroup: logGroup,
	})
	return cloudformation.Made{Ref: function.Name, Attributes: map[string]string{"Arn": p.functionARN(function.Name)}}, nil
}

// foreign is the system that a bootstrap is built for, if that is another than this one and it is a Go program. The
// pipelines' own functions are built for this machine; others of the app may be built for Lambda alone.
func foreign(bootstrap string) string {
	info, err := buildinfo.ReadFile(bootstrap)
	if err != nil {
		return "" // no Go program, or none that says; that it can't be run shows when it is
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

// lambdaFunction is what Lambda runs of the function.
func (p *provisioner) lambdaFunction(r cloudformation.Resource, in functionProperties) (lambda.Function, error) {
	dir := p.current.Assets[in.Code.S3Key]
	if _, err := os.Stat(filepath.Join(dir, "bootstrap")); errors.Is(err, os.ErrNotExist) {
		return lambda.Function{}, fmt.Errorf("its asset %s has no bootstrap: was the app synthesized without bundling?", dir)
	}
	function := lambda.Function{
		Name:        p.name(in.FunctionName, r, 64),
		Dir:         dir,
		MemoryMB:    int(in.MemorySize),
		Timeout:     in.Timeout.seconds(),
		Environment: map[string]string{},
	}
	for name, value := range in.Environment.Variables {
		text, ok := value.(string)
		if !ok {
			return lambda.Function{}, fmt.Errorf("its environment variable %s is not a string", name)
		}
		function.Environment[name] = p.localURLs(text)
	}
	return function, nil
}

// logGroup is not run: what functions print is in the feed. Policies name its ARN.
func (p *provisioner) logGroup(r cloudformation.Resource) (cloudformation.Made, error) {
	var in struct{ LogGroupName, KmsKeyId string }
	if err := p.properties(r, &in); err != nil {
		return cloudformation.Made{}, err
	}
	p.leaveOut(r.Type, 1)
	name := p.name(in.LogGroupName, r, 512)
	arn := p.arn("logs", "log-group:"+name)
	p.uses(r, "logs."+p.region+".amazonaws.com", in.KmsKeyId, arn, "aws:logs:arn")
	return cloudformation.Made{Ref: name, Attributes: map[string]string{"Arn": arn + ":*"}}, nil
}

func (p *provisioner) functionARN(name string) string { return p.arn("lambda", "function:"+name) }

// version is the function itself: there is one deployment.
func (p *provisioner) version(r cloudformation.Resource) (cloudformation.Made, error) {
	var in struct{ FunctionName string }
	if err := p.properties(r, &in); err != nil {
		return cloudformation.Made{}, err
	}
	arn := p.functionARN(functionName(in.FunctionName)) + ":1"
	return cloudformation.Made{Ref: arn, Attributes: map[string]string{"Version": "1", "FunctionArn": arn}}, nil
}

// alias is the function itself under another name.
func (p *provisioner) alias(r cloudformation.Resource) (cloudformation.Made, error) {
	var in struct{ FunctionName, Name string }
	if err := p.properties(r, &in); err != nil {
		return cloudformation.Made{}, err
	}
	arn := p.functionARN(functionName(in.FunctionName)) + ":" + in.Name
	return cloudformation.Made{Ref: arn, Attributes: map[string]string{"AliasArn": arn}}, nil
}

// mapping makes event source mappings of queues. They run once everything is provisioned.
func (p *provisioner) mapping(r cloudformation.Resource) (cloudformation.Made, error) {
	var in struct {
		FunctionName                   string
		EventSourceArn                 string
		Enabled                        *flag
		BatchSize                      number
		MaximumBatchingWindowInSeconds number
		FunctionResponseTypes          []string
		ScalingConfig                  struct{ MaximumConcurrency number }
		FilterCriteria                 any
	}
	if err := p.properties(r, &in); err != nil {
		return cloudformation.Made{}, err
	}
	id := uniqueSuffix(p.current.Name, r.LogicalID)
	made := cloudformation.Made{Ref: id, Attributes: map[string]string{"Id": id, "EventSourceMappingArn": p.arn("lambda", "event-source-mapping:"+id)}}
	queue, ok := p.services.sqs.QueueByARN(in.EventSourceArn)
	name := functionName(in.FunctionName)
	switch {
	case !ok:
		return p.skip(r, r.Type+" of another source than a queue"), nil
	case in.FilterCriteria != nil:
		return p.skip(r, r.Type+" with FilterCriteria"), nil
	case !p.functions[name]:
		return p.skip(r, r.Type+" to a function that is not run"), nil
	}
	p.stated.takes(name, queue.ARN())
	if in.Enabled != nil && !bool(*in.Enabled) || p.options.NoWorker {
		return made, nil
	}
	mapping := eventsource.Mapping{
		Queue:          p.services.faults.Queue(queue, name),
		Function:       name,
		Region:         p.region,
		Invoke:         p.services.invoke,
		BatchSize:      int(in.BatchSize),
		BatchWindow:    in.MaximumBatchingWindowInSeconds.seconds(),
		Linger:         linger,
		MaxConcurrency: concurrency(int(in.ScalingConfig.MaximumConcurrency)),
		DrainTimeout:   closeDelay,
		Now:            p.options.Now,
		OnDeliver:      p.services.delivered,
		OnBatch:        p.services.batchDone,
	}
	for _, kind := range in.FunctionResponseTypes {
		mapping.ReportBatchItemFailures = mapping.ReportBatchItemFailures || kind == "ReportBatchItemFailures"
	}
	p.mappings = append(p.mappings, mapping)
	return made, nil
}

// linger is about the time that a round trip to SQS gives a batch on AWS.
const linger = 20 * time.Millisecond

// maxSandboxes is how many sandboxes a function may have at once: enough to overlap their waiting for AWS's APIs, which
// run on the same processors.
var maxSandboxes = max(4, 2*runtime.NumCPU())

// concurrency is that of an event source mapping, whose maximum is 0 when the template sets none. More than there are
// sandboxes would only take small batches from the queue early, to wait for a sandbox.
func concurrency(maximum int) int {
	if maximum == 0 {
		return maxSandboxes
	}
	return min(maximum, maxSandboxes)
}
