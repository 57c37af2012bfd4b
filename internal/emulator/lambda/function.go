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

// function represents a version of a function, with its sandboxes.
type function struct {
	service *Service
	Function
	slots    chan struct{} // one per running invocation; waiting ones are served in order
	replaced chan struct{} // closed when a new version takes over

	mu      sync.Mutex
	idle    []*sandbox // most recently used last
	retired bool
}

func newFunction(s *Service, f Function) *function {
	return &function{
		service:  s,
		Function: f,
		slots:    make(chan struct{}, s.config.MaxSandboxes),
		replaced: make(chan struct{}),
	}
}

// invocation represents an invocation of a function.
type invocation struct {
	id       string
	trace    string
	payload  []byte
	deadline time.Time     // at which the sandbox is killed
	done     chan response // receives one response
}

// response holds what a sandbox answered.
type response struct {
	payload []byte
	failed  bool
}

func newInvocation(payload []byte) *invocation {
	return &invocation{
		id: uuid.NewString(), trace: newTraceHeader(), payload: payload,
		done: make(chan response, 1),
	}
}

// newTraceHeader returns an X-Ray trace header that is not sampled: X-Ray is not emulated.
func newTraceHeader() string {
	id := strings.ReplaceAll(uuid.NewString()+uuid.NewString(), "-", "")
	return fmt.Sprintf("Root=1-%s-%s;Parent=%s;Sampled=0", id[:8], id[8:32], id[32:48])
}

// errClosed reports that the service was closed before the function responded.
var errClosed = errors.New("the emulator is stopping")

// errReplaced reports that the function was replaced before the invocation had a sandbox.
var errReplaced = errors.New("the function was replaced")

// invoke runs the invocation in an idle or a new sandbox, when a slot is free.
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
		b.awaitNext() // an invocation ends when the runtime asks for the next one
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

// acquireSandbox returns the most recently used idle sandbox, or starts one.
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

// retire kills the idle sandboxes. The others are killed after their invocations.
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

// mbPerProcessor gives the memory at which Lambda assigns one vCPU.
const mbPerProcessor = 1769

// environment returns the environment of a sandbox, without that of the developer.
func (f *function) environment(sandboxID string) []string {
	config := f.service.config
	_, address, _ := strings.Cut(config.Endpoint, "://")
	env := []string{
		"AWS_LAMBDA_RUNTIME_API=" + address + runtimePrefix + sandboxID,
		"AWS_ENDPOINT_URL=" + config.Endpoint,
		"AWS_REGION=" + config.Region,
		"AWS_DEFAULT_REGION=" + config.Region,
		"AWS_ACCESS_KEY_ID=" + sandboxID, // identifies the caller
		"AWS_SECRET_ACCESS_KEY=local",
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_LAMBDA_FUNCTION_NAME=" + f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(f.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + f.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME=" + sandboxID,
		"LAMBDA_TASK_ROOT=" + f.Dir,
		"_HANDLER=bootstrap",
		"TZ=:UTC",
		// Fewer processors also mean fewer process switches: a sandbox of 512 MB handled 230
		// events/s with two processors, and 350 with one.
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
