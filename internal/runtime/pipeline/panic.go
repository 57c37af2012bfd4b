package pipeline

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// Panic is an error that a panic was made.
type Panic struct {
	Value any
	At    string // file and line of what panicked
	Stack string
}

func (p *Panic) Error() string { return fmt.Sprintf("%v (at %s)", p.Value, p.At) }

// recovered is what a deferred function recovered. That one has to call it itself, while the stack is that of the panic.
func recovered(cause any) *Panic {
	p := &Panic{Value: cause, At: "an unknown place", Stack: string(debug.Stack())}
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
