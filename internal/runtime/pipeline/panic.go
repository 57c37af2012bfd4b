package pipeline

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// Panic wraps a recovered panic.
type Panic struct {
	Value any
	At    string // file and line of the panic
	Stack string
}

func (p *Panic) Error() string { return fmt.Sprintf("%v (at %s)", p.Value, p.At) }

// newPanic returns the error for a recovered value. Only the deferred function that recovers can
// call it, because the call stack must contain the function that panicked.
func newPanic(cause any) *Panic {
	p := &Panic{Value: cause, At: "unknown line", Stack: string(debug.Stack())}
	var callers [64]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers[:])])
	for panicked := false; ; {
		frame, more := frames.Next()
		switch {
		case frame.Function == "runtime.gopanic":
			panicked = true
		case panicked && !strings.HasPrefix(frame.Function, "runtime."):
			p.At = fmt.Sprintf("%s:%d", frame.File, frame.Line)
			return p
		}
		if !more {
			return p
		}
	}
}
