package emulator

import (
	"cmp"
	"io"
	"runtime"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/faults"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam/oidc"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// Defaults for the account and the region, used if neither Options nor a stack sets them.
const (
	DefaultAccount = "000000000000"
	DefaultRegion  = "us-east-1"
)

// Options configure a platform. The zero value runs the CDK app in the current folder, on free
// ports.
type Options struct {
	Dir      string // folder of the CDK app; "" is the current folder
	App      string // command that runs the app, or a cloud assembly; "" is "app" in cdk.json
	Stage    string // context value "stage" of the app; "" leaves it unset
	Assembly string // folder of an existing cloud assembly; if set, the app is not synthesized

	// Account and Region are the app's CDK_DEFAULT_ACCOUNT and CDK_DEFAULT_REGION. They also apply
	// to stacks that set no account or region.
	Account, Region string
	Parameters      Parameters        // values for parameters of the stacks
	SSM             map[string]string // values of SSM parameters by name

	APIPort int // port of the first HTTP API; other APIs use the next ports; 0 is any free port
	AWSPort int // port of AWS's APIs; 0 is any free port
	// Listen is the IP address on which the platform listens; "" is 127.0.0.1. With another
	// address, every machine that reaches the address can call the emulated AWS APIs, even without
	// valid credentials.
	Listen string
	// AllowHosts lists names that the Host header may contain besides this machine's names, such as
	// a tunnel's name. Whoever controls a listed name can attack the platform with DNS rebinding.
	AllowHosts []string
	// Authorize sets the context value contract.AuthorizeContext. The app's APIs then require
	// authorization, as in deployed stages.
	Authorize bool
	// Keys contains the keys that verify tokens for APIs with JWT authorization. If Keys is nil,
	// the platform uses the keys that the token issuers publish.
	Keys oidc.KeySource
	// Credentials maps access keys to secret keys. APIs with IAM authorization accept these keys
	// and LocalKey. S3 verifies presigned URLs with these keys.
	Credentials map[string]string

	// Watch makes the platform reload the app when its sources change.
	Watch      bool
	NotSources []string // files and folders that Watch ignores, because they change during a run

	NoWorker   bool          // if set, no event source mappings start and messages stay on queues
	NoPolicies bool          // if set, every call is allowed
	Faults     faults.Config // failures that the platform injects into the functions' AWS calls
	Data       string        // folder that keeps state across runs; "" keeps no state

	Progress io.Writer           // receives the output of the app during synthesis
	Phase    func(Phase)         // called when a phase of the start begins
	Steps    func(activity.Step) // called for each step of each event, by one goroutine
	Debug    bool                // also record the steps of level DEBUG: see activity.Request
	// Logs is called for each line that a function prints, concurrently by many goroutines. It must
	// not keep the line after it returns.
	Logs func(function string, line []byte)
	Now  func() time.Time // nil is time.Now
}

// Phase represents a phase of the platform's start.
type Phase string

// The phases in their order. Synthesize is skipped if Options.Assembly is set.
const (
	Synthesize Phase = "synthesize"
	Provision  Phase = "provision"
)

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Account, o.Region = cmp.Or(o.Account, DefaultAccount), cmp.Or(o.Region, DefaultRegion)
	o.Listen = cmp.Or(o.Listen, "127.0.0.1")
	if o.Phase == nil {
		o.Phase = func(Phase) {}
	}
	return o
}

// appContext returns the context values for the app.
func (o Options) appContext() map[string]any {
	values := map[string]any{contract.PlatformContext: runtime.GOOS + "/" + runtime.GOARCH}
	if o.Stage != "" {
		values["stage"] = o.Stage
	}
	if o.Authorize {
		values[contract.AuthorizeContext] = true
	}
	return values
}
