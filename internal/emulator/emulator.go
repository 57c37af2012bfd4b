package emulator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/resources"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// Platform represents a running platform. Its exported fields do not change after New returns.
type Platform struct {
	AWS    string // URL of AWS's APIs
	Region string
	APIs   []API
	Stacks []Stack  // a stack comes before the stacks that are nested in it
	NotRun []string // descriptions of the resources that the platform does not run
	// Lookups lists the values that the app looked up in AWS and for which it got placeholders.
	Lookups []Lookup

	db       *store.DB // nil if Options name no data folder
	services *services
	servers  []*http.Server // the server of AWS's APIs, then the servers of the HTTP APIs
	builds   *builds
	reloader *reloader

	stop    context.CancelFunc // stops the event source mappings
	stopped sync.WaitGroup
	unwatch context.CancelFunc // stops reloading
	watched sync.WaitGroup
	failed  chan error
	closing sync.Once
	closed  error
}

// API describes an HTTP API of a stack.
type API struct {
	Stack, Name, URL string
	Signed           bool // whether a route requires requests signed with AWS credentials
	Token            bool // whether a route requires a JSON Web Token
}

// Stack describes a stack of the app.
type Stack = cloudformation.StackDescription

// StackResource describes a resource of a stack.
type StackResource = cloudformation.StackResource

// Lookup represents a value that the app looks up in AWS.
type Lookup = cdkapp.Lookup

// Environment represents an AWS account and region.
type Environment = cdkapp.Environment

// Parameters holds values for parameters of the stacks.
type Parameters = cloudformation.Parameters

// MissingParameterError reports that a template uses a parameter that has no value.
type MissingParameterError = cloudformation.MissingParameterError

// UnknownParameterError reports a key of Parameters that is not a parameter of the stacks.
type UnknownParameterError = cloudformation.UnknownParameterError

// PolicyError reports a policy in a template. The platform can't enforce the policy, or the policy
// lacks permissions that AWS requires.
type PolicyError = resources.PolicyError

// LocalKey is an access key that APIs with IAM authorization always accept. The secret key is the
// same string.
const LocalKey = resources.LocalKey

// New starts a platform: it synthesizes the app, creates the app's resources and serves them. It
// fails immediately if a port or the data folder is in use.
//
// ctx limits only the start. If ctx ends before New returns, New returns an error.
func New(ctx context.Context, o Options) (*Platform, error) {
	o = o.withDefaults()
	builds := newBuilds(o)
	if o.Assembly == "" {
		var err error
		if o.Assembly, err = builds.app.Assembly(); err != nil {
			return nil, err
		}
	}
	if o.Assembly != "" && o.Watch {
		return nil, fmt.Errorf("can't watch the cloud assembly %s, because it has no sources; "+
			"to watch, pass the command of the CDK app instead of the assembly", o.Assembly)
	}
	if o.Assembly == "" {
		if err := builds.app.Check(); err != nil {
			return nil, err
		}
	}
	ports, err := listen(o.Listen, o.AWSPort, o.APIPort)
	if err != nil {
		return nil, err
	}
	p := &Platform{
		builds: builds, failed: make(chan error, 1), stop: func() {}, unwatch: func() {},
	}
	if err := p.start(ctx, o, ports); err != nil {
		ports.close()
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Platform) start(ctx context.Context, o Options, ports *ports) error {
	var err error
	if p.db, err = openData(o.Data); err != nil {
		return err
	}
	assembly, err := p.firstAssembly(ctx, o)
	if err != nil {
		return err
	}
	o.Phase(Provision)
	p.Lookups = assembly.Lookups
	account, region := o.accountAndRegion(assembly.Stacks)
	p.AWS, p.Region = "http://"+ports.aws.Addr().String(), region
	if p.services, err = newServices(o, p.db, p.AWS, account, region); err != nil {
		return err
	}
	provider := resources.NewProvider(p.services.Services, resources.Config{
		Region: region, Account: account, Now: o.Now, Listen: ports.listenAPI,
		TokenKeys: o.Keys, Credentials: o.Credentials, Parameters: o.Parameters, SSM: o.SSM,
		NoWorker: o.NoWorker, NoPolicies: o.NoPolicies, OnRuleSkipped: p.services.recordSkippedRule,
	})
	if err := createStacks(ctx, provider, assembly.Stacks); err != nil {
		return err
	}
	err = errors.Join(
		provider.Enforce(&p.services.authorizer, p.services.denyLogs),
		p.services.checkFaults(o.Faults, provider.FunctionNames()))
	if err != nil {
		return err
	}
	p.describe(provider)
	p.services.mappings = p.newMappings(provider.Mappings)
	if err := p.serve(o, ports, provider.APIs, account); err != nil {
		return err
	}
	p.startMappings()
	if o.Watch {
		p.startReloader(provider)
	}
	return nil
}

// firstAssembly returns the cloud assembly with which the platform starts. If Options.Watch is set,
// it also starts to watch the app's sources.
func (p *Platform) firstAssembly(ctx context.Context, o Options) (*cdkapp.Assembly, error) {
	if !o.Watch {
		return p.builds.firstAssembly(ctx, o)
	}
	var err error
	// Watch before the app is synthesized, so that no change is missed.
	if p.reloader, err = newReloader(o, p.builds); err != nil {
		return nil, err
	}
	begin := o.Now()
	assembly, err := p.builds.firstAssembly(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := p.reloader.watcher.EndBuild(); err != nil {
		return nil, err
	}
	return assembly, p.reloader.watchModules(assembly.Stacks, begin)
}

func createStacks(ctx context.Context, p *resources.Provider, stacks []cdkapp.Stack) error {
	if err := p.Parameters.Check(stacks); err != nil {
		return err
	}
	for _, s := range stacks {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if _, err := p.Engine.Create(s); err != nil {
			return fmt.Errorf("provision stack %s: %w", s.Name, err)
		}
	}
	return nil
}

// accountAndRegion returns the account and the region of the platform. Each comes from the first
// stack that sets it, or else from the options.
func (o Options) accountAndRegion(stacks []cdkapp.Stack) (account, region string) {
	for _, s := range stacks {
		account, region = cmp.Or(account, s.Account), cmp.Or(region, s.Region)
	}
	return cmp.Or(account, o.Account), cmp.Or(region, o.Region)
}

// describe sets the platform's fields APIs, Stacks and NotRun.
func (p *Platform) describe(provider *resources.Provider) {
	provider.NameAPIs()
	for _, a := range provider.APIs {
		signed, token, _ := a.Authorization()
		p.APIs = append(p.APIs, API{a.Stack, a.Name, a.URL(), signed, token})
	}
	for _, s := range provider.Engine.Stacks {
		p.Stacks = append(p.Stacks, s.StackDescription)
	}
	p.NotRun = provider.NotRun()
}

// serve starts the servers of AWS's APIs and of the HTTP APIs.
func (p *Platform) serve(o Options, ports *ports, apis []*resources.API, account string) error {
	aws := p.services.awsHandler(account, p.Stacks, apis)
	hosts := newHosts(o, p.services.recordForeignHost)
	p.startServer(ports.aws, hosts.checkOrigin(aws))
	for _, a := range apis {
		if _, _, open := a.Authorization(); open && o.Authorize {
			return fmt.Errorf("the API %s has no authorizer, although the context value %q "+
				"is set: the app must read this value, and then add an authorizer to the API",
				a.Name, contract.AuthorizeContext)
		}
		handler, err := p.services.apiHandler(a)
		if err != nil {
			return err
		}
		p.startServer(a.Listener, hosts.check(handler)) // the API's CORS settings check the origin
	}
	if len(apis) == 0 {
		_ = ports.api.Close() // no HTTP API uses this port
	}
	return nil
}

// Run waits until ctx is done or the platform fails. It returns the platform's error, or nil if ctx
// is done. It does not close the platform.
func (p *Platform) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-p.failed:
		return err
	}
}

// fail makes Run return err, unless the platform has already failed.
func (p *Platform) fail(err error) {
	select {
	case p.failed <- err:
	default:
	}
}

// Close stops the platform. It rejects new requests and messages, and waits a few seconds until the
// running requests and batches end. Then it kills the functions and writes the state to disk.
func (p *Platform) Close() error {
	p.closing.Do(func() { p.closed = p.close() })
	return p.closed
}

func (p *Platform) close() error {
	var errs []error
	p.unwatch()
	p.watched.Wait()
	if p.reloader != nil {
		errs = append(errs, p.reloader.watcher.Close())
	}
	// Stop the HTTP APIs, then the event source mappings, then the functions. AWS's APIs stop last,
	// because running functions call them.
	for i := len(p.servers) - 1; i > 0; i-- {
		errs = append(errs, closeServer(p.servers[i]))
	}
	p.stop()
	p.stopped.Wait()
	if p.services != nil {
		errs = append(errs, p.services.Lambda.Close())
	}
	if len(p.servers) > 0 {
		errs = append(errs, closeServer(p.servers[0]))
	}
	if p.services != nil {
		errs = append(errs, p.services.close())
	}
	return errors.Join(append(errs, p.db.Close(), p.builds.close())...)
}
