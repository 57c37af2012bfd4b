// Package emulator runs a CDK app's event pipelines on this machine: it synthesizes the app, reads the template as
// CloudFormation would, makes each resource with the service that AWS has for it, and serves AWS's APIs and the HTTP API
// on loopback. There is no second description of the platform: what runs is what would be deployed.
package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp/watch"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventsource"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/faults"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam/oidc"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// Account and region of stacks that do not name theirs.
const (
	DefaultAccount = "000000000000"
	DefaultRegion  = "us-east-1"
)

// Options say what to run and how. The zero value runs the CDK app in the current folder on ports of the system's choice.
type Options struct {
	Dir      string // the CDK app's folder; the current one when empty
	App      string // the command that runs the app; the one in cdk.json when empty
	Stage    string // the app's context value "stage"; not set when empty
	Assembly string // the folder of a cloud assembly that exists already: the app is not run then

	APIPort int // of the first HTTP API; further ones get the ports behind it. 0 takes any that is free.
	AWSPort int // of AWS's APIs. 0 takes any that is free.
	// Authorize tells the app to have the authorization of its deployed stages here, too (context env.AuthorizeContext).
	Authorize   bool
	Keys        oidc.KeySource    // check the tokens of APIs with JWT authorization; the issuers' published ones when nil
	Credentials map[string]string // secret by access key, of APIs with IAM authorization; beside LocalKey

	// Watch rebuilds the app when its sources change, and replaces the functions that are others then.
	Watch      bool
	NotSources []string // files and folders in the app's folder that are written while it runs

	NoWorker   bool          // leaves the event source mappings off, so that messages stay on their queues
	NoPolicies bool          // lets functions do whatever they ask for
	Faults     faults.Config // what goes wrong with the functions' AWS calls; nothing when zero
	Data       string        // the folder that keeps buckets, tables and queues across runs; in memory when empty

	Progress io.Writer                          // gets the output of the app while it synthesizes
	Phase    func(Phase)                        // is told when a phase of the start begins
	Steps    func(activity.Step)                // is told of each step of each event's life, by one goroutine
	Logs     func(function string, line []byte) // gets every line that functions print, from many goroutines; valid during the call
	Now      func() time.Time                   // time.Now when nil
}

// Phase is a part of the start.
type Phase string

// The phases of a start, in their order. There is nothing to synthesize when Options name an assembly.
const (
	Synthesize Phase = "synthesize"
	Provision  Phase = "provision"
)

// Platform is a running platform. Its fields do not change.
type Platform struct {
	AWS    string // URL of AWS's APIs
	Region string
	APIs   []API    // the HTTP APIs
	Stacks []Stack  // the stacks that were provisioned, each before those that are nested in it
	NotRun []string // resources of the template that have no effect here, by type

	db        *store.DB // nil when nothing is kept
	services  *services
	servers   []*server
	stopping  context.CancelFunc // ends the event source mappings
	mappings  sync.WaitGroup
	failed    chan error // gets what ends the platform before it is closed
	temporary folder     // of the cloud assemblies, if it is ours
	watcher   *watch.Watcher
	unwatch   context.CancelFunc // ends the reloading
	reloading sync.WaitGroup
	closing   sync.Once
	closed    error
}

// API is an HTTP API of a stack.
type API struct {
	Stack, Name, URL string
	Signed           bool // takes requests that are signed with AWS credentials only
	Token            bool // takes requests with a JSON Web Token only
}

// Stack is a provisioned stack.
type Stack struct {
	Name     string
	ID       string // ARN
	ParentID string // of the stack that it is nested in, or ""
	Created  time.Time
	Outputs  map[string]string
	// Resources are those that were provisioned, and those that only have a name here.
	Resources []StackResource
}

// StackResource represents a resource of a stack, as CloudFormation describes it.
type StackResource struct {
	LogicalID, PhysicalID, Type string
	Metadata                    string // JSON, "" if the resource has none
}

// Start synthesizes, provisions and serves. ctx bounds the start alone: the platform runs until Close. The ports and the
// data folder are taken before anything else is done, so that one in use is refused at once.
func Start(ctx context.Context, o Options) (*Platform, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Phase == nil {
		o.Phase = func(Phase) {}
	}
	app := cdkapp.App{
		Dir: o.Dir, Command: o.App, Context: appContext(o),
		Account: DefaultAccount, Region: DefaultRegion,
	}
	if o.Assembly == "" {
		if err := app.Check(); err != nil {
			return nil, err
		}
	}
	ports, err := listen(o.AWSPort, o.APIPort)
	if err != nil {
		return nil, err
	}
	p := &Platform{failed: make(chan error, 1), stopping: func() {}, unwatch: func() {}}
	if err := p.start(ctx, app, o, ports); err != nil {
		ports.close()
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Platform) start(ctx context.Context, app cdkapp.App, o Options, ports *ports) error {
	var dir string
	var err error
	if p.db, err = openData(o); err != nil {
		return err
	}
	if o.Watch { // from before the synthesis, so that nothing changes unseen
		if o.Assembly != "" {
			return errors.New("a cloud assembly that exists already has no sources to watch")
		}
		if dir, p.watcher, err = watchSources(o); err != nil {
			return err
		}
	}
	builds, begun := &builds{app: app}, o.Now()
	synthesized, err := p.synthesize(ctx, builds, o)
	if err != nil {
		return err
	}
	if o.Watch {
		if err := watchModules(p.watcher, dir, synthesized.Stacks, begun); err != nil {
			return err
		}
	}
	o.Phase(Provision)
	account, region := place(synthesized.Stacks)
	p.AWS, p.Region = "http://"+ports.aws.Addr().String(), region
	if p.services, err = newServices(o, p.db, p.AWS, account, region); err != nil {
		return err
	}
	made := newProvisioner(o, p.services, ports, account, region)
	for _, stack := range synthesized.Stacks {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := made.stack(stack); err != nil {
			return fmt.Errorf("provision stack %s: %w", stack.Name, err)
		}
	}
	if err := errors.Join(made.enforce(), made.checkFaults()); err != nil {
		return err
	}
	p.Stacks, p.NotRun = made.stacks, made.notRun()
	p.serve(ports.aws, guard(p.services.front(account, p.Stacks, made.apis, o.NoPolicies), true))
	nameApart(made.apis)
	for _, api := range made.apis {
		if o.Authorize && api.open() {
			return fmt.Errorf("the API %s is open, though it was not to be: the app does not heed the context value %q", api.name, contract.AuthorizeContext)
		}
		handler, err := api.handler()
		if err != nil {
			return err
		}
		p.APIs = append(p.APIs, api.public())
		p.serve(api.listener, guard(handler, false)) // of origins it decides itself, by CORS
	}
	if len(made.apis) == 0 {
		_ = ports.api.Close() // nothing listens there
	}
	p.run(made.mappings)
	if o.Watch {
		p.reload(&reloader{dir: dir, watcher: p.watcher, builds: builds, made: made, lambda: p.services.lambda, feed: p.services.feed, now: o.Now})
	}
	return nil
}

// reload keeps the functions up to date with their sources until the platform is closed.
func (p *Platform) reload(r *reloader) {
	ctx, stop := context.WithCancel(context.Background())
	p.unwatch = stop
	p.reloading.Go(func() {
		if err := r.run(ctx); err != nil {
			p.fail(err)
		}
	})
}

// synthesize gives the cloud assembly to run.
func (p *Platform) synthesize(ctx context.Context, b *builds, o Options) (*cdkapp.Assembly, error) {
	if o.Assembly != "" {
		return cdkapp.Read(o.Assembly)
	}
	o.Phase(Synthesize)
	var err error
	if p.temporary, err = makeFolder(); err != nil {
		return nil, fmt.Errorf("make a folder for the cloud assembly: %w", err)
	}
	b.dir = filepath.Join(p.temporary.path, "builds")
	if err := os.Mkdir(b.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a folder for the cloud assembly: %w", err)
	}
	return b.next(ctx, o.Progress)
}

// place is the account and the region of the first stack that names one: the platform is one place.
func place(stacks []cdkapp.Stack) (account, region string) {
	for _, s := range stacks {
		if account == "" {
			account = s.Account
		}
		if region == "" {
			region = s.Region
		}
	}
	if account == "" {
		account = DefaultAccount
	}
	if region == "" {
		region = DefaultRegion
	}
	return account, region
}

// appContext is the context that the app gets.
func appContext(o Options) map[string]any {
	values := map[string]any{contract.PlatformContext: runtime.GOOS + "/" + runtime.GOARCH}
	if o.Stage != "" {
		values["stage"] = o.Stage
	}
	if o.Authorize {
		values[contract.AuthorizeContext] = true
	}
	return values
}

// run starts the event source mappings.
func (p *Platform) run(mappings []eventsource.Mapping) {
	ctx, stop := context.WithCancel(context.Background())
	p.stopping = stop
	for _, m := range mappings {
		p.mappings.Go(func() {
			if err := m.Run(ctx); err != nil {
				p.fail(fmt.Errorf("take messages to %s: %w", m.Function, err))
			}
		})
	}
}

// Wait blocks until ctx is done, and returns nil, or until the platform fails. It does not close the platform.
func (p *Platform) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-p.failed:
		return err
	}
}

// respondError lets Wait return the first error.
func (p *Platform) fail(err error) {
	select {
	case p.failed <- err:
	default:
	}
}

// Close stops taking requests and messages, lets what is under way end for a few seconds, kills the functions, and
// writes the state to disk.
func (p *Platform) Close() error {
	p.closing.Do(func() { p.closed = p.close() })
	return p.closed
}

func (p *Platform) close() error {
	var errs []error
	p.unwatch()
	p.reloading.Wait()
	if p.watcher != nil {
		errs = append(errs, p.watcher.Close())
	}
	// From the front to the back: the HTTP APIs, then the mappings, and AWS's APIs, which the functions need, last.
	for i := len(p.servers) - 1; i > 0; i-- {
		errs = append(errs, p.servers[i].close())
	}
	p.stopping()
	p.mappings.Wait()
	if p.services != nil {
		errs = append(errs, p.services.stopFunctions())
	}
	if len(p.servers) > 0 {
		errs = append(errs, p.servers[0].close())
	}
	if p.services != nil {
		errs = append(errs, p.services.close())
	}
	errs = append(errs, p.db.Close())
	return errors.Join(append(errs, p.temporary.remove())...)
}
