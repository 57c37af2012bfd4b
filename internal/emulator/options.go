package emulator

import (
	"io"
	"runtime"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/faults"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam/oidc"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// Account and region of stacks that do not name theirs.
const (
	DefaultAccount = "000000000000"
	DefaultRegion  = "us-east-1"
)

// Options configure a platform. The zero value runs the CDK app in the current folder on free
// ports.
type Options struct {
	Dir      string // folder of the CDK app; "" is the current one
	App      string // command that runs the app; "" is the one in cdk.json
	Stage    string // context value "stage" of the app; "" leaves it unset
	Assembly string // folder of an existing cloud assembly, which is run in place of the app

	APIPort int // of the first HTTP API; others get the ports after it; 0 is any free port
	AWSPort int // of AWS's APIs; 0 is any free port
	// Authorize makes the app require authorization as in its deployed stages
	// (contract.AuthorizeContext).
	Authorize bool
	// Keys checks the tokens of APIs with JWT authorization. If it is nil, the issuers' keys do.
	Keys oidc.KeySource
	// Credentials holds secrets by access key, besides LocalKey, for APIs with IAM authorization.
	Credentials map[string]string

	// Watch reloads the app when its sources change.
	Watch      bool
	NotSources []string // files and folders in the app's folder that are written while it runs

	NoWorker   bool          // starts no event source mappings: messages stay on their queues
	NoPolicies bool          // permits every call
	Faults     faults.Config // failures of the functions' AWS calls
	Data       string        // folder that keeps state across runs; "" keeps it in memory

	Progress io.Writer           // receives the output of the app while it synthesizes
	Phase    func(Phase)         // called when a phase of the start begins
	Steps    func(activity.Step) // called for each step of each event, by one goroutine
	// Logs receives every line that functions print, from many goroutines. A line is valid during
	// the call.
	Logs func(function string, line []byte)
	Now  func() time.Time // nil is time.Now
}

// Phase represents a phase of the start.
type Phase string

// The phases in their order. Synthesize is skipped if Options name an assembly.
const (
	Synthesize Phase = "synthesize"
	Provision  Phase = "provision"
)

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Phase == nil {
		o.Phase = func(Phase) {}
	}
	return o
}

// appContext returns the context values that the app gets.
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
