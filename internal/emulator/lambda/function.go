package lambda

import (
	"context"
	"crypto/rand"
	"encoding/hex"
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

// function is one version of a function's code with its sandboxes.
type function struct {
	service *Service
	Function
	slots    chan struct{} // one for each invocation that may run; those that wait are served in order
	replaced chan struct{} // closed when another version takes the invocations

	mu      sync.Mutex
	idle    []*sandbox // the most recently used last
	retired bool
}

func newFunction(s *Service, f Function) *function {
	return &function{service: s, Function: f, slots: make(chan struct{}, s.config.MaxSandboxes), replaced: make(chan struct{})}
}

// invocation is one call of a function.
type invocation struct {
	id      string
	trace   string
	payload []byte
	timeout time.Time     // when it is killed
	done    chan response // gets one
}

// response is what the sandbox answered.
type response struct {
	payload []byte
	failed  bool
}

func newInvocation(payload []byte) *invocation {
	return &invocation{id: uuid.NewString(), trace: newTraceID(), payload: payload, done: make(chan response, 1)}
}

// newTraceID is an X-Ray trace header, not sampled: there is no X-Ray here.
func newTraceID() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	h := hex.EncodeToString(b[:])
	return fmt.Sprintf("Root=1-%s-%s;Parent=%s;Sampled=0", h[:8], h[8:32], h[32:])
}

// errClosed is returned when the service ends before the function answered.
var errClosed = errors.New("the platform is stopping")

// errReplaced is returned when the function was replaced before the invocation had a sandbox.
var errReplaced = errors.New("the function was replaced")

// invoke runs the invocation in a sandbox that is free, or in a new one.
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
	answered := make(chan Result, 1)
	go func() {
		result := b.run(call)
		b.awaitNext() // an invocation is over when the runtime asks for the next
		f.releaseSandbox(b)
		<-f.slots
		answered <- result
	}()
	select {
	case result := <-answered:
		if f.service.ctx.Err() != nil && result.FunctionError != "" {
			return Result{}, errClosed // the sandbox was killed, not the function wrong
		}
		return result, nil
	case <-ctx.Done():
		return Result{}, context.Cause(ctx)
	}
}

// acquireSandbox returns the sandbox that was used last of those that are free, or starts one.
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

// releaseSandbox keeps a sandbox for the next invocation, unless it ended or its code was replaced.
func (f *function) releaseSandbox(b *sandbox) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.retired || !b.park(f.service.config.IdleTimeout) {
		b.kill()
		return
	}
	f.idle = append(f.idle, b)
}

// retire ends the sandboxes that are free; the others end with their invocations.
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
	name := filepath.Join(f.Dir, "bootstrap")
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return name
}

// mbPerProcessor is Lambda's: at 1,769 MB a function has one vCPU.
const mbPerProcessor = 1769

// environment is all that the function sees: nothing of the developer's own leaks in.
func (f *function) environment(sandboxID string) []string {
	config := f.service.config
	_, address, _ := strings.Cut(config.Endpoint, "://")
	env := []string{
		"AWS_LAMBDA_RUNTIME_API=" + address + runtimePrefix + sandboxID,
		"AWS_ENDPOINT_URL=" + config.Endpoint,
		"AWS_REGION=" + config.Region,
		"AWS_DEFAULT_REGION=" + config.Region,
		"AWS_ACCESS_KEY_ID=" + sandboxID, // tells whose call it is
		"AWS_SECRET_ACCESS_KEY=local",
		"AWS_EC2_METADATA_DISABLED=true", // there is none to ask
		"AWS_LAMBDA_FUNCTION_NAME=" + f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(f.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + f.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME=" + sandboxID,
		"LAMBDA_TASK_ROOT=" + f.Dir,
		"_HANDLER=bootstrap",
		"TZ=:UTC",
		// Lambda gives a function a processor for each 1,769 MB. To act like that halves the switching between processes,
		// too: a sandbox of 512 MB did 230 events/s with two processors to run on, and 350 with one.
		"GOMAXPROCS=" + strconv.Itoa(max(1, f.MemoryMB/mbPerProcessor)),
		"LANG=en_US.UTF-8",
		"PATH=/usr/local/bin:/usr/bin:/bin",
	}
	if runtime.GOOS == "windows" {
		env = append(env, "SYSTEMROOT="+os.Getenv("SYSTEMROOT")) // no program opens a socket without it
	}
	for name, value := range f.Environment {
		env = append(env, name+"="+value)
	}
	return env
}
