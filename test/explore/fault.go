package explore

import "errors"

// Kind classifies the outcome of a call to a service.
type Kind uint8

const (
	Succeed      Kind = iota
	FailBefore        // fails without effect
	FailAfter         // takes effect, but the response is lost
	Late              // fails, and takes effect later
	CrashBefore       // the actor crashes before the call
	CrashAfter        // the actor crashes after the call has taken effect
	Retried           // takes effect, the response is lost, and the SDK retries the call
	LateFirstTry      // the SDK's retry succeeds, and the first try takes effect later
	Hang              // has no effect, and no response until the call's context ends
	Stale             // an eventually consistent read misses the last write
	Wrong             // an approximate count returns 0
	Partial           // one entry of a batch fails
	Duplicated        // the queue delivers a message and keeps a copy
	Delayed           // the queue delivers a message hours later
	kinds        = iota
)

var kindNames = [kinds]string{
	"succeeds", "fails without effect", "takes effect, but the answer is lost",
	"fails, and takes effect later", "the process crashes before the call",
	"the process crashes after the call", "takes effect, and the SDK retries it",
	"the SDK's retry succeeds, and the first try takes effect later",
	"hangs until its context ends", "returns the state before the last write", "returns 0",
	"fails for one entry", "delivered twice", "delivered hours later",
}

func (k Kind) String() string { return kindNames[k] }

// outcome describes how the scheduler resolves a call.
type outcome struct {
	Kind
	entry int // index of the affected entry or message
}

// cost returns one fault, or nothing for a success.
func (h outcome) cost() Budget {
	if h.Kind == Succeed {
		return Budget{}
	}
	return Budget{Faults: 1}
}

// Each variable lists the outcomes of one class of calls. The lists omit these outcomes:
//   - Succeed, which every call has.
//   - CrashAfter, which equals a crash before the actor's next call. The coverage counts such a
//     crash as CrashAfter and as CrashBefore.
//   - Late, if a late effect equals an immediate effect. For example, a message that is sent late
//     equals a message that is delivered late.
var (
	aWrite     = []Kind{FailBefore, FailAfter, Late, CrashBefore, Retried, LateFirstTry}
	anAppend   = []Kind{FailBefore, FailAfter, CrashBefore, Retried}
	aRead      = []Kind{FailBefore, CrashBefore}
	aStaleRead = []Kind{FailBefore, CrashBefore, Stale}
	aCount     = []Kind{FailBefore, CrashBefore, Wrong}
	aResponse  = []Kind{FailBefore}
)

// commuting lists the calls that commute with all calls of other actors. They read data that never
// changes, or only add data. A preemption before such a call equals a preemption after it.
var commuting = map[string]bool{
	"Bronze.Get": true, "Bronze.Put": true, "Bronze.List": true, "Bronze.Types": true,
	"Bus.Publish": true,
	"DLQ.Send":    true, "DLQ.Delete": true, "Queue.Delay": true, "Answer": true,
}

// errService is the error of a call that fails.
var errService = errors.New("the service failed")

// errExpired is the error of a request that arrives long after it was signed.
var errExpired = errors.New("the request's signature has expired")

// errDead is the error of every call of a crashed process.
var errDead = errors.New("the process is dead")
