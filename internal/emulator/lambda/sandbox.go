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

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// initTimeout is the maximum duration of the init phase, as in Lambda.
const initTimeout = 10 * time.Second

// sandbox represents a process that handles one invocation at a time.
type sandbox struct {
	id       string
	function *function
	cmd      *exec.Cmd
	source   LogSource
	outputs  [2]*output       // stdout and stderr
	work     chan *invocation // next invocation
	ready    chan struct{}    // signals that the runtime requests an invocation
	exited   chan struct{}    // closed when the process has exited
	exitErr  error            // set before exited is closed

	initialized bool // the runtime has requested its first invocation; used only by run

	mu        sync.Mutex
	current   *invocation // invocation without a response, if any
	initError []byte      // error that the runtime reported in its init phase
	idle      *time.Timer // kills the sandbox after the idle timeout
	keepsTail bool        // whether log adds to tail
	tail      []byte      // end of the log of the current invocation
}

// start starts a sandbox of the function.
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
	stream := s.config.Now().UTC().Format("2006/01/02") + "/[$LATEST]" + id
	b.source = LogSource{f.Name, f.LogGroup, stream}
	b.cmd.Dir, b.cmd.Env = f.Dir, f.environment(id, stream)
	setGroup(b.cmd)
	if err := s.startProcess(b); err != nil {
		return nil, errors.Join(err, b.closeOutputs())
	}
	return b, nil
}

// startProcess starts the process of a sandbox, unless the function was replaced.
func (s *Service) startProcess(b *sandbox) (err error) {
	for i := range b.outputs {
		if b.outputs[i], err = newOutput(b.log); err != nil {
			return err
		}
	}
	b.cmd.Stdout, b.cmd.Stderr = b.outputs[0].write, b.outputs[1].write
	f := b.function
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return errClosed
	}
	if s.functions[f.Name] != f {
		return errReplaced
	}
	if err := b.cmd.Start(); err != nil {
		return fmt.Errorf("start the bootstrap of the function %s: %w", f.Name, err)
	}
	s.sandboxes[b.id] = b
	s.running.Go(func() { s.awaitExit(b) })
	return nil
}

func (b *sandbox) closeOutputs() (err error) {
	for _, o := range b.outputs {
		if o != nil {
			err = errors.Join(err, o.close())
		}
	}
	return err
}

func (s *Service) awaitExit(b *sandbox) {
	b.exitErr = b.cmd.Wait()
	_ = b.closeOutputs() // an error loses no output
	s.mu.Lock()
	delete(s.sandboxes, b.id)
	s.mu.Unlock()
	close(b.exited)
}

// unpark stops the idle timer. It returns false if the process has exited or is about to be killed.
func (b *sandbox) unpark() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.idle != nil && !b.idle.Stop() {
		return false
	}
	return !b.hasExited()
}

// park starts the idle timer. It returns false if the process has exited.
func (b *sandbox) park(timeout time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.idle = time.AfterFunc(timeout, b.kill)
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

// kill kills the process and its children.
func (b *sandbox) kill() {
	if !b.hasExited() { // after the exit, another process can get the process id
		killGroup(b.cmd)
	}
}

// run sends the invocation to the runtime and waits for a response, an exit or the timeout.
func (b *sandbox) run(call *invocation) Result {
	b.startTail(call.keepTail)
	if failure := b.init(call.id); failure != nil {
		b.logFailure(call.id, failure)
		return Result{Payload: failure, FunctionError: "Unhandled", RequestID: call.id}
	}
	now := b.function.service.config.Now
	start, timeout := now(), b.function.Timeout
	call.deadline = start.Add(timeout)
	b.work <- call
	var got response
	select {
	case got = <-call.done:
	case <-time.After(timeout):
		b.kill()
		<-b.exited
		got = response{timedOut("Task", call.id, timeout), true}
		b.logFailure(call.id, got.payload)
	case <-b.exited:
		got = b.exitResponse(call)
	}
	result := Result{Payload: got.payload, RequestID: call.id, Duration: now().Sub(start)}
	if got.failed {
		result.FunctionError = "Unhandled"
	}
	return result
}

// init waits for the end of the init phase. It returns an error payload if the phase fails.
func (b *sandbox) init(requestID string) []byte {
	if b.initialized {
		return nil
	}
	select {
	case <-b.ready:
		b.initialized = true
		return nil
	case <-b.exited:
	case <-time.After(initTimeout):
		b.kill()
		<-b.exited
		return timedOut("Init", requestID, initTimeout)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.initError != nil {
		return b.initError
	}
	return b.exitError(requestID)
}

// awaitNext waits until the runtime requests the next invocation or exits. After the function's
// timeout, it kills the sandbox.
func (b *sandbox) awaitNext() {
	select {
	case <-b.ready:
	case <-b.exited:
	case <-time.After(b.function.Timeout):
		b.kill()
		<-b.exited
	}
}

// exitResponse returns the response of an invocation whose sandbox exited.
func (b *sandbox) exitResponse(call *invocation) response {
	select {
	case got := <-call.done:
		return got // aws-lambda-go reports a panic, then exits
	default:
		failure := b.exitError(call.id)
		b.logFailure(call.id, failure)
		return response{failure, true}
	}
}

// logFailure logs that the sandbox exceeded the timeout or exited. The line has Lambda's JSON
// format. payload is the function error's payload.
func (b *sandbox) logFailure(requestID string, payload []byte) {
	if b.function.service.ctx.Err() != nil {
		return // Close killed the sandbox
	}
	var failure struct {
		ErrorType    string `json:"errorType"`
		ErrorMessage string `json:"errorMessage"`
	}
	_ = protocol.Decode(payload, &failure) // a runtime can report an error of another form
	status := "error"
	if failure.ErrorType == timeoutError {
		status = "timeout"
	}
	line, _ := json.Marshal(map[string]any{ // cannot fail
		"time": b.function.service.config.Now().UTC().Format(time.RFC3339Nano),
		"type": "platform.report",
		"record": map[string]string{
			"requestId": requestID, "status": status,
			"errorType": failure.ErrorType, "errorMessage": failure.ErrorMessage,
		},
	})
	b.log(line)
}

const timeoutError = "Sandbox.Timedout"

func (b *sandbox) exitError(requestID string) []byte {
	text := "Runtime exited with error: " + exitText(b.exitErr)
	return errorPayload("Runtime.ExitError", requestID, text)
}

func timedOut(phase, requestID string, timeout time.Duration) []byte {
	text := fmt.Sprintf("%s timed out after %.2f seconds", phase, timeout.Seconds())
	return errorPayload(timeoutError, requestID, text)
}

func exitText(err error) string {
	if err == nil {
		return "exit status 0"
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.String()
	}
	return err.Error()
}

// errorPayload returns the payload of a function error.
func errorPayload(errorType, requestID, text string) []byte {
	payload, _ := json.Marshal(map[string]string{ // cannot fail
		"errorType":    errorType,
		"errorMessage": fmt.Sprintf("RequestId: %s Error: %s", requestID, text),
	})
	return payload
}
