package emulator

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventsource"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam/oidc"
)

// provisioner makes the resources of stacks, one stack after the other.
type provisioner struct {
	options  Options
	services *services
	account  string
	region   string
	ports    *ports
	exports  map[string]string
	outputs  map[string]map[string]string // by stack

	published *oidc.Discovery // the keys of the issuers of tokens

	// What it has made.
	stacks    []Stack
	templates []provisioned // of the app's stacks
	functions map[string]bool
	running   map[string]runningFunction // by stack and logical id
	apis      []*api
	mappings  []eventsource.Mapping
	stated    *stated
	skipped   map[string]int // how many resources are not run, by what they are

	making
}

// making is the stack that is being made.
type making struct {
	current  cdkapp.Stack
	resolver *cloudformation.Resolver
	nested   map[string]provisioned // by logical id
}

func newProvisioner(o Options, s *services, l *ports, account, region string) *provisioner {
	return &provisioner{
		options: o, services: s, account: account, region: region, ports: l,
		exports: map[string]string{}, outputs: map[string]map[string]string{}, functions: map[string]bool{}, running: map[string]runningFunction{}, stated: newStated(), skipped: map[string]int{},
		published: &oidc.Discovery{Client: http.DefaultClient, Now: o.Now},
	}
}

// makeFunc makes a resource with a service, and says how others refer to it. Its errors name the resource.
type makeFunc func(p *provisioner, r cloudformation.Resource) (cloudformation.Made, error)

var makers = map[string]makeFunc{
	"AWS::S3::Bucket":                 (*provisioner).bucket,
	"AWS::DynamoDB::Table":            (*provisioner).table,
	"AWS::DynamoDB::GlobalTable":      (*provisioner).table,
	"AWS::SQS::Queue":                 (*provisioner).queue,
	"AWS::Events::EventBus":           (*provisioner).bus,
	"AWS::Events::Rule":               (*provisioner).rule,
	"AWS::Lambda::Function":           (*provisioner).function,
	"AWS::Lambda::Version":            (*provisioner).version,
	"AWS::Lambda::Alias":              (*provisioner).alias,
	"AWS::Lambda::EventSourceMapping": (*provisioner).mapping,
	"AWS::IAM::Role":                  (*provisioner).role,
	"AWS::IAM::Policy":                (*provisioner).rolePolicy,
	"AWS::IAM::RolePolicy":            (*provisioner).rolePolicy,
	"AWS::IAM::ManagedPolicy":         (*provisioner).rolePolicy,
	"AWS::S3::BucketPolicy":           (*provisioner).bucketPolicy,
	"AWS::SQS::QueuePolicy":           (*provisioner).queuePolicy,
	"AWS::Lambda::Permission":         (*provisioner).permission,
	"AWS::KMS::Key":                   (*provisioner).key,
	"AWS::Logs::LogGroup":             (*provisioner).logGroup,
	"AWS::ApiGatewayV2::Api":          (*provisioner).api,
	"AWS::ApiGatewayV2::Stage":        (*provisioner).stage,
	"AWS::ApiGatewayV2::Route":        (*provisioner).route,
	"AWS::ApiGatewayV2::Integration":  (*provisioner).integration,
	"AWS::ApiGatewayV2::Authorizer":   (*provisioner).authorizer,
	"AWS::ApiGatewayV2::DomainName":   (*provisioner).domainName,
	"AWS::ApiGatewayV2::ApiMapping":   (*provisioner).apiMapping,
}

// stack makes a stack of the app.
func (p *provisioner) stack(s cdkapp.Stack) error {
	made, err := p.provision(s, "", nil)
	p.templates = append(p.templates, made)
	return err
}

// provision makes the resources of a stack in the order of their references, and works out its outputs. A nested stack has
// a parent, by its ID, which gives the parameters.
func (p *provisioner) provision(s cdkapp.Stack, parent string, parameters map[string]string) (provisioned, error) {
	parsed, err := cloudformation.Parse(s.Template)
	if err != nil {
		return provisioned{}, err
	}
	ordered, err := parsed.Order()
	if err != nil {
		return provisioned{}, err
	}
	id := fmt.Sprintf("arn:aws:cloudformation:%s:%s:stack/%s/%s", p.region, p.account, s.Name, strings.ToLower(uniqueSuffix(s.Name, "")))
	p.making = making{current: s, nested: map[string]provisioned{}, resolver: &cloudformation.Resolver{
		Template:   parsed,
		Parameters: parameters,
		Pseudo:     cloudformation.Pseudo{Region: p.region, Account: p.account, StackName: s.Name, StackID: id},
		Made:       map[string]cloudformation.Made{},
		Exports:    p.exports,
		Stacks:     p.outputs,
	}}
	place := len(p.stacks) // before those that are nested in it
	p.stacks = append(p.stacks, Stack{Name: s.Name, ID: id, ParentID: parent, Created: p.options.Now()})
	var resources []StackResource
	for _, resource := range ordered {
		exists, err := p.resolver.Exists(resource.Condition)
		if err != nil {
			return provisioned{}, fmt.Errorf("resource %s: %w", resource.LogicalID, err)
		}
		if !exists {
			continue
		}
		made, err := p.make(resource)
		if err != nil {
			return provisioned{}, err
		}
		p.resolver.Made[resource.LogicalID] = made
		metadata, err := p.resolver.Metadata(resource)
		if err != nil {
			return provisioned{}, err
		}
		resources = append(resources, StackResource{resource.LogicalID, made.Ref, resource.Type, metadata})
	}
	outputs, exports, err := p.resolver.Outputs()
	if err != nil {
		return provisioned{}, err
	}
	for name, value := range outputs {
		outputs[name] = p.localURLs(value)
	}
	maps.Copy(p.exports, exports)
	p.outputs[s.Name] = outputs
	p.stacks[place].Outputs, p.stacks[place].Resources = outputs, resources
	return provisioned{p.stacks[place], p.resolver, p.nested}, nil
}

func (p *provisioner) make(r cloudformation.Resource) (cloudformation.Made, error) {
	maker, ok := makers[r.Type]
	if !ok {
		return p.skip(r, r.Type), nil
	}
	return maker(p, r)
}

// skip leaves a resource out of what runs. Others may refer to it: to the name it would have, and to an ARN and other
// attributes made of that.
func (p *provisioner) skip(r cloudformation.Resource, what string) cloudformation.Made {
	p.leaveOut(what, 1)
	name := physicalName(p.current.Name, r.LogicalID, 64)
	service := "custom"
	if parts := strings.Split(r.Type, "::"); len(parts) == 3 {
		service = strings.ToLower(parts[1])
		// Most resources' name is in a property of the type's name or in Name.
		for _, property := range []string{parts[2] + "Name", "Name"} {
			given, err := p.resolver.Properties(r, property)
			if text, ok := given[property].(string); err == nil && ok {
				name = text
			}
		}
	}
	ref := name
	if slices.Contains(referredByARN, r.Type) {
		ref = p.arn(service, name)
	}
	return cloudformation.Made{Ref: ref, Attribute: func(attribute string) (string, bool) {
		if strings.HasSuffix(attribute, "Arn") {
			return p.arn(service, name), true
		}
		return name + "/" + attribute, true
	}}
}

// referredByARN are types of resources that are not run and whose Ref is their ARN, of those that a pipeline's neighbours
// often are.
var referredByARN = []string{
	"AWS::SNS::Topic", "AWS::StepFunctions::StateMachine", "AWS::SecretsManager::Secret", "AWS::CertificateManager::Certificate", "AWS::Lambda::LayerVersion",
}

// leaveOut notes what is not run. The CDK's own metadata is nothing to run.
func (p *provisioner) leaveOut(what string, n int) {
	if what == "AWS::CDK::Metadata" {
		return
	}
	p.skipped[what] += n
}

// notRun lists what was left out.
func (p *provisioner) notRun() []string {
	var list []string
	for _, what := range slices.Sorted(maps.Keys(p.skipped)) {
		if n := p.skipped[what]; n > 1 {
			what = fmt.Sprintf("%s (%d)", what, n)
		}
		list = append(list, what)
	}
	return list
}

func (p *provisioner) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + p.region + ":" + p.account + ":" + resource
}

// name is the given physical name, or one like CloudFormation's.
func (p *provisioner) name(given string, r cloudformation.Resource, longest int) string {
	if given != "" {
		return given
	}
	return physicalName(p.current.Name, r.LogicalID, longest)
}

// failed names the resource that could not be made.
func failed(r cloudformation.Resource, err error) error {
	return fmt.Errorf("resource %s (%s): %w", r.LogicalID, r.Type, err)
}

// properties fills a struct with the properties that its fields are named for; the others are not resolved.
func (p *provisioner) properties(r cloudformation.Resource, into any) error {
	resolved, err := p.resolver.Properties(r, fieldNames(into)...)
	if err != nil {
		return err
	}
	if err := decode(resolved, into); err != nil {
		return failed(r, err)
	}
	return nil
}
