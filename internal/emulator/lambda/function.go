package lambda

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// function represents a Lambda function and its sandboxes. If the code or the settings change, the
// service creates a new function, which replaces the old one.
type function struct {
	service *Service
	Function
	slots    chan struct{} // holds one element per running invocation
	replaced chan struct{} // closed by retire
	revision string        // different after each change
	modified time.Time

	mu      sync.Mutex
	idle    []*sandbox // most recently used last
	retired bool
}

// invocation represents an invocation of a function.
type invocation struct {
	id       string
	trace    string
	arn      string // ARN with which the function is invoked
	payload  []byte
	deadline time.Time     // when run kills the sandbox
	done     chan response // receives one response
	keepTail bool          // whether Result.Tail is set
}

// response holds the response of a sandbox to an invocation.
type response struct {
	payload []byte
	failed  bool // payload is an error
}

func newInvocation(payload []byte) *invocation {
	return &invocation{
		id: uuid.NewString(), trace: newTraceHeader(), payload: payload,
		done: make(chan response, 1),
	}
}

// newTraceHeader returns an X-Ray trace header with Sampled=0, because X-Ray is not emulated.
func newTraceHeader() string {
	id := strings.ReplaceAll(uuid.NewString()+uuid.NewString(), "-", "")
	return fmt.Sprintf("Root=1-%s-%s;Parent=%s;Sampled=0", id[:8], id[8:32], id[32:48])
}

// errClosed reports that the service was closed before the function responded.
var errClosed = errors.New("the emulator is stopping")

// errReplaced reports that the function was replaced before the invocation got a sandbox.
var errReplaced = errors.New("the function was replaced")

// invoke waits for a free slot and runs the invocation in an idle or a new sandbox.
func (f *function) invoke(ctx context.Context, call *invocation) (Result, error) {
	select {
	case f.slots <- struct{}{}:
	case <-f.replaced:
		return Result{}, errReplaced
	case <-ctx.Done():
		return Result{}, context.Cause(ctx)
	case <-f.service.ctx.Done():
		return Result{}, errClosed
	}
	b, err := f.acquireSandbox()
	if err != nil {
		<-f.slots
		return Result{}, err
	}
	results := make(chan Result, 1)
	go func() {
		result := b.run(call)
		b.awaitNext() // the sandbox is busy until the runtime requests the next invocation
		if call.keepTail {
			result.Tail = b.endTail()
		}
		f.releaseSandbox(b)
		<-f.slots
		results <- result
	}()
	select {
	case result := <-results:
		if f.service.ctx.Err() != nil && result.FunctionError != "" {
			return Result{}, errClosed // Close killed the sandbox
		}
		return result, nil
	case <-ctx.Done():
		return Result{}, context.Cause(ctx)
	}
}

// acquireSandbox returns the most recently used idle sandbox, or starts a new sandbox.
func (f *function) acquireSandbox() (*sandbox, error) {
	f.mu.Lock()
	if f.retired {
		f.mu.Unlock()
		return nil, errReplaced
	}
	for len(f.idle) > 0 {
		b := f.idle[len(f.idle)-1]
		f.idle = f.idle[:len(f.idle)-1]
		if b.unpark() {
			f.mu.Unlock()
			return b, nil
		}
	}
	f.mu.Unlock()
	return f.service.start(f)
}

// releaseSandbox keeps a sandbox for the next invocation, or kills it if the function was replaced.
func (f *function) releaseSandbox(b *sandbox) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.retired || !b.park(f.service.config.IdleTimeout) {
		b.kill()
		return
	}
	f.idle = append(f.idle, b)
}

// retire kills the idle sandboxes. releaseSandbox kills a busy sandbox after its invocation.
func (f *function) retire() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.retired {
		f.retired = true
		close(f.replaced)
	}
	for _, b := range f.idle {
		b.kill()
	}
	f.idle = nil
}

func (f *function) bootstrap() string {
	name := "bootstrap"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(f.Dir, name)
}

// mbPerProcessor is the memory size, in MB, for which Lambda assigns one vCPU.
const mbPerProcessor = 1769

// environment returns the environment variables of a sandbox. It contains no variables of the
// emulator's process, except SYSTEMROOT on Windows.
func (f *function) environment(sandboxID, logStream string) []string {
	config := f.service.config
	_, address, _ := strings.Cut(config.Endpoint, "://")
	env := []string{
		"AWS_LAMBDA_RUNTIME_API=" + address + RuntimePrefix + sandboxID,
		"AWS_ENDPOINT_URL=" + config.Endpoint,
		"AWS_REGION=" + config.Region,
		"AWS_DEFAULT_REGION=" + config.Region,
		"AWS_ACCESS_KEY_ID=" + sandboxID,     // FindSandbox finds the sandbox by this key
		"AWS_SECRET_ACCESS_KEY=" + sandboxID, // needed to verify presigned URLs
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_LAMBDA_FUNCTION_NAME=" + f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(f.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=" + f.LogGroup,
		"AWS_LAMBDA_LOG_STREAM_NAME=" + logStream,
		"LAMBDA_TASK_ROOT=" + f.Dir,
		"_HANDLER=bootstrap",
		"TZ=:UTC",
		// Like Lambda, assign more processors to functions with more memory. On a laptop, fewer
		// processors are faster: a sandbox of 512 MB handled 350 events per second with one
		// processor, and 230 with two.
		"GOMAXPROCS=" + strconv.Itoa(max(1, f.MemoryMB/mbPerProcessor)),
		"LANG=en_US.UTF-8",
		"PATH=/usr/local/bin:/usr/bin:/bin",
	}
	if runtime.GOOS == "windows" {
		env = append(env, "SYSTEMROOT="+os.Getenv("SYSTEMROOT")) // required to open sockets
	}
	for name, value := range f.Environment {
		env = append(env, name+"="+value)
	}
	return env
}
