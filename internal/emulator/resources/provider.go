// Package resources creates the resources of CloudFormation templates with the emulated services.
//
// The registry maps each resource type to a handler. A service's file defines the properties that
// have an effect in the emulator, and the functions that create the resources.
package resources

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventsource"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam/oidc"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Config configures a provider.
type Config struct {
	Region, Account string
	Now             func() time.Time
	Listen          func() (net.Listener, error) // opens the listener of the next HTTP API
	TokenKeys       oidc.KeySource               // nil uses the keys that token issuers publish
	Credentials     map[string]string            // access key → secret key
	Parameters      cloudformation.Parameters    // values for parameters of the stacks
	SSM             map[string]string            // values of SSM parameters by name
	NoWorker        bool                         // if set, disables all event source mappings
	NoPolicies      bool                         // if set, enforces no policies
	OnRuleSkipped   func(rule, reason string)    // called for each rule that the emulator rejects
}

// Provider creates resources. It holds the APIs, event source mappings and functions that the
// emulator runs.
type Provider struct {
	Services
	Config
	Engine   *cloudformation.Engine
	APIs     []*API
	Mappings []eventsource.Mapping

	functions []*function
	iam       *iamState
	notRun    map[string]int // description of a kind of resource that does not run → count
}

// NewProvider returns a provider without resources.
func NewProvider(s Services, c Config) *Provider {
	p := &Provider{
		Services: s, Config: c,
		iam: newIAMState(), notRun: map[string]int{},
	}
	if p.TokenKeys == nil {
		p.TokenKeys = &oidc.Discovery{Client: http.DefaultClient, Now: c.Now}
	}
	p.Engine = cloudformation.NewEngine(c.Region, c.Account, p, c.Now)
	p.Engine.Parameters = c.Parameters
	maps.Copy(p.Engine.SSM, c.SSM)
	if s.SecretsManager != nil {
		p.Engine.Secret = s.SecretsManager.Value
	}
	return p
}

// Create creates a resource. It skips resources whose type has no handler.
func (p *Provider) Create(s *cloudformation.Stack, r cloudformation.Resource) (values, error) {
	c := &creation{p, s, r}
	h, ok := registry[r.Type]
	if !ok {
		return c.skip("")
	}
	v, err := h.create(c)
	if err != nil || v.Attribute != nil || r.Type == nestedStackType {
		return v, err
	}
	return c.withUnmodelled(v), nil
}

// FunctionNames returns the sorted names of the functions that the emulator runs.
func (p *Provider) FunctionNames() []string {
	var names []string
	for _, f := range p.functions {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return names
}

// runsFunction reports whether the emulator runs the named function.
func (p *Provider) runsFunction(functionName string) bool {
	return slices.ContainsFunc(p.functions, func(f *function) bool {
		return f.Name == functionName
	})
}

// NotRun describes the resources in the templates that the emulator does not run.
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

// reportNotRun adds n resources with the same description to the result of NotRun. It ignores the
// CDK's own metadata.
func (p *Provider) reportNotRun(description string, n int) {
	if description != "AWS::CDK::Metadata" {
		p.notRun[description] += n
	}
}

func (p *Provider) arn(service, resource string) string {
	return protocol.ARN(service, p.Region, p.Account, resource)
}

// functionARN returns the ARN of a function. The reference is the function's name, with or without
// a version or alias, as in worker:live.
func (p *Provider) functionARN(reference string) string {
	return p.arn(protocol.Lambda, "function:"+reference)
}
