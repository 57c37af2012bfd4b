// Package lambda emulates AWS Lambda. It serves the API operations on functions, such as Invoke. It
// runs the bootstrap of a function in local processes, which get their invocations from the Runtime
// API.
//
// A sandbox is a process that handles one invocation at a time:
//
//   - If no sandbox is idle, the service starts one.
//   - A function has at most Config.MaxSandboxes sandboxes. If all are busy, invocations wait. (AWS
//     throttles them.)
//   - The service kills a sandbox that exceeds the function's timeout, or is idle for
//     Config.IdleTimeout.
//   - If the emulator is killed, sandboxes exit: aws-lambda-go exits when the Runtime API is gone.
package lambda

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Config configures a Service. Only Endpoint, Region and Account are required.
type Config struct {
	Endpoint        string // http://127.0.0.1:PORT; serves this Service and all other AWS APIs
	Region, Account string
	MaxSandboxes    int           // per function; default 4
	IdleTimeout     time.Duration // idle time after which a sandbox is killed; default 10 minutes
	// RetryDelay is the time before the first retry of a failed asynchronous invocation. It doubles
	// with each retry. The default is a minute, as in Lambda.
	RetryDelay time.Duration
	// Logs receives each line that a function prints. It also receives a line if a function times
	// out or exits. The line is valid only during the call.
	Logs func(from LogSource, line []byte)
	Now  func() time.Time // default time.Now
}

// Service runs functions.
type Service struct {
	config  Config
	handler http.Handler
	ctx     context.Context // canceled by Close
	stop    context.CancelFunc
	running sync.WaitGroup // processes and asynchronous invocations

	mu        sync.Mutex
	functions map[string]*function
	versions  map[string]string   // "name:qualifier" → version
	sandboxes map[string]*sandbox // by id
}

// New returns a service without functions.
func New(config Config) *Service {
	config.MaxSandboxes = cmp.Or(config.MaxSandboxes, 4)
	config.IdleTimeout = cmp.Or(config.IdleTimeout, 10*time.Minute)
	config.RetryDelay = cmp.Or(config.RetryDelay, time.Minute)
	if config.Logs == nil {
		config.Logs = func(LogSource, []byte) {}
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	s := &Service{
		config:    config,
		functions: make(map[string]*function),
		versions:  make(map[string]string),
		sandboxes: make(map[string]*sandbox),
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.handler = s.routes()
	return s
}

// Function describes a function.
type Function struct {
	Name string
	Dir  string // folder of the bootstrap
	// MemoryMB sets the number of processors, as in Lambda. It does not limit the memory. The
	// default is 128.
	MemoryMB    int
	Timeout     time.Duration // default 3 seconds
	Environment map[string]string
	LogGroup    string // default /aws/lambda/NAME
	// Description and Role appear only in the responses to requests that describe the function.
	Description, Role string
}

// LogSource names the origin of a log line: the function, and its log group and log stream.
type LogSource struct{ Function, Group, Stream string }

// CreateFunction adds a function or replaces the function with the same name. Running invocations
// finish in the old sandboxes. Waiting invocations run in the new function.
func (s *Service) CreateFunction(f Function) error {
	if f.Name == "" || f.Dir == "" {
		return errors.New("create function: a function must have a name and a folder")
	}
	if n := utf8.RuneCountInString(f.Description); n > maxDescription {
		return fmt.Errorf("create function %s: the description must have at most %d characters, "+
			"got %d", f.Name, maxDescription, n)
	}
	f.MemoryMB = cmp.Or(f.MemoryMB, 128)
	f.Timeout = cmp.Or(f.Timeout, 3*time.Second)
	f.LogGroup = cmp.Or(f.LogGroup, "/aws/lambda/"+f.Name)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replaceLocked(f)
	return nil
}

// replaceLocked adds a function or replaces the function with the same name. The caller holds s.mu.
func (s *Service) replaceLocked(f Function) *function {
	replaced := s.functions[f.Name]
	created := &function{
		service:  s,
		Function: f,
		slots:    make(chan struct{}, s.config.MaxSandboxes),
		replaced: make(chan struct{}),
		revision: uuid.NewString(),
		modified: s.config.Now(),
	}
	s.functions[f.Name] = created
	if replaced != nil {
		replaced.retire()
	}
	return created
}

// latest is the version to which a name without a qualifier refers.
const latest = "$LATEST"

// AddQualifier adds a version or an alias with the name qualifier to a function. The name refers to
// the parameter version. All versions run the same code.
func (s *Service) AddQualifier(function, qualifier, version string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.versions[function+":"+qualifier] = version
}

// NotFoundError reports that a function does not exist.
type NotFoundError struct{ ARN string }

func (e *NotFoundError) Error() string { return "Function not found: " + e.ARN }

// TooLargeError reports that a payload exceeds one of Lambda's quotas.
type TooLargeError struct{ Bytes, Limit int }

func (e *TooLargeError) Error() string {
	kind := "RequestResponse"
	if e.Limit == maxAsyncPayload {
		kind = "Event"
	}
	return fmt.Sprintf("%d byte payload is too large for the %s invocation type (limit %d bytes)",
		e.Bytes, kind, e.Limit)
}

// Lambda's quotas for the size of a payload, in bytes.
const (
	maxPayload      = 6 << 20 // request or response of a synchronous invocation
	maxAsyncPayload = 1 << 20 // 256 KB before October 2025
)

// Result holds the result of an invocation.
type Result struct {
	Payload       []byte
	FunctionError string // "Unhandled" if the function failed; Payload then holds the error
	RequestID     string
	Duration      time.Duration
	Tail          []byte // end of the log of the invocation, if requested
}

// Invoke runs a function and returns its response. The parameter name is a name or an ARN. If the
// function fails, the result has a FunctionError.
//
// Invoke returns an error if the function did not run, or if ctx ends before the response. If ctx
// ends, a running invocation continues.
func (s *Service) Invoke(ctx context.Context, name string, payload []byte) (Result, error) {
	if len(payload) > maxPayload {
		if _, _, err := s.find(name); err != nil {
			return Result{}, err
		}
		return Result{}, &TooLargeError{len(payload), maxPayload}
	}
	return s.invoke(ctx, name, newInvocation(payload))
}

// invoke runs the invocation. If the function is replaced while the invocation waits, the new
// function runs it.
func (s *Service) invoke(ctx context.Context, name string, call *invocation) (Result, error) {
	unqualified, qualifier := protocol.SplitFunction(name)
	call.arn = s.qualifiedARN(unqualified, qualifier)
	for {
		f, _, err := s.find(name)
		if err != nil {
			return Result{}, err
		}
		result, err := f.invoke(ctx, call)
		if !errors.Is(err, errReplaced) {
			return result, err
		}
		if s.ctx.Err() != nil {
			return Result{}, errClosed // Close retires functions without replacing them
		}
	}
}

// asyncAttempts is the maximum number of attempts of an asynchronous invocation, as in Lambda.
const asyncAttempts = 3

// InvokeAsync runs a function in the background and discards the response. It retries a failed
// invocation after Config.RetryDelay, and once more after twice that time.
func (s *Service) InvokeAsync(name string, payload []byte) error {
	if _, _, err := s.find(name); err != nil {
		return err
	}
	if len(payload) > maxAsyncPayload {
		return &TooLargeError{len(payload), maxAsyncPayload}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return errClosed
	}
	s.running.Go(func() { s.runAsync(name, payload) })
	return nil
}

// runAsync invokes a function until it succeeds, at most asyncAttempts times. All attempts have the
// same request id, as in Lambda.
func (s *Service) runAsync(name string, payload []byte) {
	id := uuid.NewString()
	for attempt := range asyncAttempts {
		if attempt > 0 {
			select {
			case <-time.After(s.config.RetryDelay << (attempt - 1)):
			case <-s.ctx.Done():
				return
			}
		}
		call := newInvocation(payload)
		call.id = id
		result, err := s.invoke(s.ctx, name, call)
		if s.ctx.Err() != nil || err == nil && result.FunctionError == "" {
			return
		}
	}
}

// CodeDirs returns the code folders in use. A replaced function uses its folder until its last
// sandbox exits.
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

// Close kills all sandboxes and waits for their exit. Running invocations fail.
func (s *Service) Close() error {
	s.stop()
	s.mu.Lock()
	functions := slices.Collect(maps.Values(s.functions))
	sandboxes := slices.Collect(maps.Values(s.sandboxes))
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

// find returns the function with a name, ARN or partial ARN, with or without a qualifier. version
// is the version to which the qualifier refers.
func (s *Service) find(reference string) (f *function, version string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.findLocked(reference)
}

func (s *Service) findLocked(reference string) (f *function, version string, err error) {
	name, qualifier := protocol.SplitFunction(reference)
	if arn := s.qualifiedARN(name, qualifier); strings.HasPrefix(reference, "arn:") &&
		reference != arn {
		return nil, "", &NotFoundError{reference} // in another account or region
	}
	f, version = s.functions[name], latest
	if qualifier != "" && qualifier != latest {
		version = s.versions[name+":"+qualifier]
	}
	if f == nil || version == "" {
		return nil, "", &NotFoundError{s.qualifiedARN(name, qualifier)}
	}
	return f, version, nil
}

// FindSandbox finds the sandbox that signs its requests with the access key. It returns the
// sandbox's function and a func that kills the sandbox.
func (s *Service) FindSandbox(accessKey string) (function string, kill func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.sandboxes[accessKey]
	if !ok {
		return "", nil, false
	}
	return b.function.Name, b.kill, true
}

// qualifiedARN returns the ARN of a function. qualifier can be "".
func (s *Service) qualifiedARN(name, qualifier string) string {
	arn := protocol.ARN(protocol.Lambda, s.config.Region, s.config.Account, "function:"+name)
	if qualifier == "" {
		return arn
	}
	return arn + ":" + qualifier
}
