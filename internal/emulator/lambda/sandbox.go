package lambda

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// initTimeout is Lambda's limit for the time before a runtime asks for its first invocation.
const initTimeout = 10 * time.Second

// sandbox is a process that handles one invocation at a time.
type sandbox struct {
	id       string
	function *function
	cmd      *exec.Cmd
	logs     [2]*lineWriter   // of standard output and standard error
	work     chan *invocation // the one that the runtime takes next
	ready    chan struct{}    // gets one when the runtime asks for an invocation
	exited   chan struct{}    // closed when the process is gone
	exitErr  error            // how it went, once exited

	initialized bool // it has asked for its first invocation; for run alone

	mu        sync.Mutex
	current   *invocation // handed to the runtime and not answered
	initError []byte      // what the runtime reported instead of getting ready
	idle      *time.Timer // ends the sandbox while it is not used
}

// start runs a new process of the function's bootstrap, in use from the beginning.
func (s *Service) start(f *function) (*sandbox, error) {
	id := strings.ReplaceAll(uuid.NewString(), "-", "")
	b := &sandbox{
		id:       id,
		function: f,
		cmd:      exec.Command(f.bootstrap()),
		work:     make(chan *invocation, 1),
		ready:    make(chan struct{}, 1),
		exited:   make(chan struct{}),
	}
	b.cmd.Dir, b.cmd.Env = f.Dir, f.environment(id)
	for i := range b.logs {
		b.logs[i] = &lineWriter{emit: func(line []byte) { s.config.Logs(f.Name, line) }}
	}
	b.cmd.Stdout, b.cmd.Stderr = b.logs[0], b.logs[1] // each has lines of its own
	b.cmd.WaitDelay = time.Second                     // a grandchild may hold the output open
	ownGroup(b.cmd)

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return nil, errClosed
	}
	if s.functions[f.Name] != f {
		return nil, errReplaced
	}
	if err := b.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the bootstrap of %s: %w", f.Name, err)
	}
	s.sandboxes[id] = b
	s.running.Go(func() { s.awaitExit(b) })
	return b, nil
}

func (s *Service) awaitExit(b *sandbox) {
	b.exitErr = b.cmd.Wait()
	for _, log := range b.logs {
		log.flush()
	}
	s.mu.Lock()
	delete(s.sandboxes, b.id)
	s.mu.Unlock()
	close(b.exited)
}

// unpark takes the sandbox out of its rest. It is false when the process is gone.
func (b *sandbox) unpark() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.idle != nil && !b.idle.Stop() {
		return false // it is being ended
	}
	return !b.hasExited()
}

// park has the sandbox end unless it is used again in time. It is false when the process is gone.
func (b *sandbox) park(after time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.idle = time.AfterFunc(after, b.kill)
	return !b.hasExited()
}

func (b *sandbox) hasExited() bool {
	select {
	case <-b.exited:
		return true
	default:
		return false
	}
}

// kill ends the process and what it started.
func (b *sandbox) kill() {
	if !b.hasExited() { // its process id may be another's by now
		killGroup(b.cmd)
	}
}

// run hands the invocation to the runtime and waits for its answer, its end or its timeout.
func (b *sandbox) run(call *invocation) Result {
	if failure := b.init(call.id); failure != nil {
		return Result{Payload: failure, FunctionError: "Unhandled", RequestID: call.id}
	}
	now := b.function.service.config.Now
	start, timeout := now(), b.function.Timeout
	call.timeout = start.Add(timeout)
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	b.work <- call
	var got response
	select {
	case got = <-call.done:
	case <-timer.C:
		b.kill()
		<-b.exited
		got = response{failed: true, payload: errorPayload("Sandbox.Timedout", call.id, fmt.Sprintf("Task timed out after %.2f seconds", timeout.Seconds()))}
	case <-b.exited:
		got = b.exitOutcome(call)
	}
	result := Result{Payload: got.payload, RequestID: call.id, Duration: now().Sub(start)}
	if got.failed {
		result.FunctionError = "Unhandled"
	}
	return result
}

// init waits until the runtime is ready. Otherwise it returns what a caller is told.
func (b *sandbox) init(requestID string) []byte {
	if b.initialized {
		return nil
	}
	timer := time.NewTimer(initTimeout)
	defer timer.Stop()
	select {
	case <-b.ready:
		b.initialized = true
		return nil
	case <-b.exited:
	case <-timer.C:
		b.kill()
		<-b.exited
		return errorPayload("Sandbox.Timedout", requestID, fmt.Sprintf("Init timed out after %.2f seconds", initTimeout.Seconds()))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.initError != nil {
		return b.initError
	}
	return errorPayload("Runtime.ExitError", requestID, "Runtime exited with error: "+exitText(b.exitErr))
}

// awaitNext waits until the runtime asks for its next invocation, or has ended: one that reported a panic is about to.
func (b *sandbox) awaitNext() {
	timer := time.NewTimer(b.function.Timeout)
	defer timer.Stop()
	select {
	case <-b.ready:
	case <-b.exited:
	case <-timer.C:
		b.kill()
		<-b.exited
	}
}

// exitOutcome is the outcome of an invocation whose process ended: its answer, if that was in time, or that it ended.
func (b *sandbox) exitOutcome(call *invocation) response {
	select {
	case answer := <-call.done:
		return answer // aws-lambda-go reports a panic and exits
	default:
		return response{failed: true, payload: errorPayload("Runtime.ExitError", call.id, "Runtime exited with error: "+exitText(b.exitErr))}
	}
}

func exitText(err error) string {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return "exit status 0"
	case errors.As(err, &exit):
		return exit.String()
	}
	return err.Error()
}

// errorPayload is a function's error as Lambda words it.
func errorPayload(errorType, requestID, text string) []byte {
	payload, _ := json.Marshal(map[string]string{ // strings always marshal
		"errorType":    errorType,
		"errorMessage": fmt.Sprintf("RequestId: %s Error: %s", requestID, text),
	})
	return payload
}
