// Package lambda is AWS Lambda as far as the platform needs it: it runs a function's real bootstrap in processes of
// this machine, which take their invocations from the Runtime API, and serves the Invoke API.
//
// A sandbox is a process that handles one invocation at a time. It is started when an invocation finds none free, kept
// while warm, and killed at the function's timeout. Where AWS throttles, callers wait: a laptop has fewer sandboxes to
// give than an account has concurrency. A sandbox whose platform was killed ends by itself, since aws-lambda-go exits
// when the Runtime API is gone.
package lambda

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Config says how functions run. Only Endpoint, Region and Account are required.
type Config struct {
	Endpoint        string // http://127.0.0.1:PORT, where ServeHTTP is reached and functions find AWS's APIs
	Region, Account string
	MaxSandboxes    int                                // of each function at once; 4 when zero
	IdleTimeout     time.Duration                      // after which a sandbox that is not needed ends; 10 minutes when zero
	Logs            func(function string, line []byte) // gets what functions print, line by line; the line is valid during the call
	Now             func() time.Time                   // time.Now when nil
}

// Service runs functions.
type Service struct {
	config  Config
	handler http.Handler
	ctx     context.Context // ends with Close
	stop    context.CancelFunc
	running sync.WaitGroup // processes and asynchronous invocations

	mu        sync.Mutex
	functions map[string]*function
	sandboxes map[string]*sandbox
}

// NewRecorder is a service without functions.
func New(config Config) *Service {
	if config.MaxSandboxes == 0 {
		config.MaxSandboxes = 4
	}
	if config.IdleTimeout == 0 {
		config.IdleTimeout = 10 * time.Minute
	}
	if config.Logs == nil {
		config.Logs = func(string, []byte) {}
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	s := &Service{config: config, functions: make(map[string]*function), sandboxes: make(map[string]*sandbox)}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.handler = s.routes()
	return s
}

// FunctionOf is what a function is made from.
type Function struct {
	Name        string
	Dir         string        // holds the bootstrap
	MemoryMB    int           // decides the processors, but is not enforced itself; 128 when zero
	Timeout     time.Duration // 3 seconds when zero
	Environment map[string]string
}

// CreateFunction adds a function, or replaces the one of that name: its sandboxes end with their invocations, and
// invocations that wait for one go to the new function.
func (s *Service) CreateFunction(f Function) error {
	if f.Name == "" || f.Dir == "" {
		return errors.New("create function: it needs a name and a folder")
	}
	if f.MemoryMB == 0 {
		f.MemoryMB = 128
	}
	if f.Timeout == 0 {
		f.Timeout = 3 * time.Second
	}
	s.mu.Lock()
	replaced := s.functions[f.Name]
	s.functions[f.Name] = newFunction(s, f)
	s.mu.Unlock()
	if replaced != nil {
		replaced.retire()
	}
	return nil
}

// NotFoundError is returned for a function that does not exist.
type NotFoundError struct{ ARN string }

func (e *NotFoundError) Error() string { return "Function not found: " + e.ARN }

// TooLargeError is returned for a payload above Lambda's quota.
type TooLargeError struct{ Bytes int }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%d byte payload is too large for the RequestResponse invocation type (limit %d bytes)", e.Bytes, maxPayload)
}

// maxPayload is Lambda's quota "invocation payload", synchronous, each way.
const maxPayload = 6 << 20

// Result is what an invocation gave.
type Result struct {
	Payload       []byte
	FunctionError string // "Unhandled" when the function failed; Payload is its error then
	RequestID     string
	Duration      time.Duration
}

// Invoke runs a function, named by its name or ARN, and waits for its answer. That the function failed is in the
// result; an error means that it did not run, or that ctx ended first, and then it runs on without its caller.
func (s *Service) Invoke(ctx context.Context, name string, payload []byte) (Result, error) {
	if len(payload) > maxPayload {
		if _, err := s.function(name); err != nil {
			return Result{}, err
		}
		return Result{}, &TooLargeError{len(payload)}
	}
	return s.invoke(ctx, name, newInvocation(payload))
}

// invoke runs the invocation in the function as it is once there is a sandbox for it.
func (s *Service) invoke(ctx context.Context, name string, call *invocation) (Result, error) {
	for {
		f, err := s.function(name)
		if err != nil {
			return Result{}, err
		}
		result, err := f.invoke(ctx, call)
		if !errors.Is(err, errReplaced) {
			return result, err
		}
		if s.ctx.Err() != nil {
			return Result{}, errClosed // functions retire then, and nothing takes their place
		}
	}
}

// asyncAttempts is how often Lambda tries an asynchronous invocation.
const asyncAttempts = 3

// InvokeAsync runs a function in the background; when it fails, twice more, after one and two seconds (AWS waits one
// and two minutes). What it answers is lost, as with Lambda; what it logs is not.
func (s *Service) InvokeAsync(name string, payload []byte) error {
	if _, err := s.function(name); err != nil {
		return err
	}
	if len(payload) > maxPayload {
		return &TooLargeError{len(payload)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return errClosed
	}
	s.running.Go(func() {
		for attempt := range asyncAttempts {
			result, err := s.invoke(s.ctx, name, newInvocation(payload))
			if s.ctx.Err() != nil || err == nil && result.FunctionError == "" {
				return
			}
			select {
			case <-time.After(time.Second << attempt):
			case <-s.ctx.Done():
				return
			}
		}
	})
	return nil
}

// CodeDirs are the folders of the functions, and those of replaced ones whose sandboxes have not ended.
func (s *Service) CodeDirs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var dirs []string
	for _, f := range s.functions {
		dirs = append(dirs, f.Dir)
	}
	for _, b := range s.sandboxes {
		dirs = append(dirs, b.function.Dir)
	}
	return dirs
}

// Close kills every sandbox and waits until all are gone. Invocations under way fail.
func (s *Service) Close() error {
	s.stop()
	s.mu.Lock()
	functions := make([]*function, 0, len(s.functions))
	for _, f := range s.functions {
		functions = append(functions, f)
	}
	sandboxes := make([]*sandbox, 0, len(s.sandboxes))
	for _, b := range s.sandboxes {
		sandboxes = append(sandboxes, b)
	}
	s.mu.Unlock()
	for _, f := range functions {
		f.retire()
	}
	for _, b := range sandboxes {
		b.kill()
	}
	s.running.Wait()
	return nil
}

// function finds a function by its name, ARN or partial ARN, with or without a version behind it.
func (s *Service) function(reference string) (*function, error) {
	name := reference
	if _, after, ok := strings.Cut(reference, "function:"); ok {
		name = after
	}
	name, _, _ = strings.Cut(name, ":")
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.functions[name]
	if !ok {
		return nil, &NotFoundError{s.arn(name)}
	}
	return f, nil
}

// FindSandbox finds the sandbox whose calls are signed with that access key: its function's name, and how to kill it.
func (s *Service) FindSandbox(accessKey string) (function string, kill func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.sandboxes[accessKey]
	if !ok {
		return "", nil, false
	}
	return b.function.Name, b.kill, true
}

func (s *Service) arn(name string) string {
	return fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", s.config.Region, s.config.Account, name)
}
