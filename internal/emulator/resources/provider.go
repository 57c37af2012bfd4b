// Package resources creates the resources of CloudFormation templates with the emulated services.
//
// The registry names a handler per resource type. A file per type or family of types defines the
// properties that have an effect here, and the function that creates the resource.
package resources

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventsource"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam/oidc"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/lambda"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/s3"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

// Services holds the emulated services that resources are created with.
type Services struct {
	S3          *s3.Service
	DynamoDB    *dynamodb.Service
	SQS         *sqs.Service
	EventBridge *eventbridge.Service
	Lambda      *lambda.Service
}

// Config says where resources are created, and how.
type Config struct {
	Region, Account string
	Now             func() time.Time
	Listen          func() (net.Listener, error) // listens for the next HTTP API
	TokenKeys       oidc.KeySource               // nil: the keys that issuers publish
	Credentials     map[string]string            // secret by access key
	NoWorker        bool                         // creates no event source mappings
	NoPolicies      bool                         // ignores resource policies
}

// Provider creates resources and holds what the emulator runs of them.
type Provider struct {
	Services
	Config
	Engine   *cloudformation.Engine
	APIs     []*API
	Mappings []eventsource.Mapping

	functions []*function
	iam       *iamState
	notRun    map[string]int // number of resources by description
}

// NewProvider returns a provider that has created nothing.
func NewProvider(s Services, c Config) *Provider {
	p := &Provider{
		Services: s, Config: c,
		iam: newIAMState(), notRun: map[string]int{},
	}
	if p.TokenKeys == nil {
		p.TokenKeys = &oidc.Discovery{Client: http.DefaultClient, Now: c.Now}
	}
	p.Engine = cloudformation.NewEngine(c.Region, c.Account, p, c.Now)
	return p
}

// Create creates a resource. It skips resources whose type has no handler.
func (p *Provider) Create(s *cloudformation.Stack, r cloudformation.Resource) (values, error) {
	c := &creation{p, s, r}
	if h, ok := registry[r.Type]; ok {
		return h.create(c)
	}
	return c.skip("")
}

// FunctionNames returns the names of the functions that run, sorted.
func (p *Provider) FunctionNames() []string {
	var names []string
	for _, f := range p.functions {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return names
}

// runs reports whether the function of that name runs.
func (p *Provider) runs(functionName string) bool {
	return slices.Contains(p.FunctionNames(), functionName)
}

// NotRun lists what the templates have and the emulator does not run.
func (p *Provider) NotRun() []string {
	var list []string
	for _, what := range slices.Sorted(maps.Keys(p.notRun)) {
		if n := p.notRun[what]; n > 1 {
			what = fmt.Sprintf("%s (%d)", what, n)
		}
		list = append(list, what)
	}
	return list
}

// reportNotRun adds to what NotRun lists, except for the CDK's own metadata.
func (p *Provider) reportNotRun(what string, n int) {
	if what != "AWS::CDK::Metadata" {
		p.notRun[what] += n
	}
}

func (p *Provider) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + p.Region + ":" + p.Account + ":" + resource
}

func (p *Provider) functionARN(name string) string { return p.arn("lambda", "function:"+name) }
