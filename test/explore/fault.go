package explore

import "errors"

// Kind classifies the outcome of a port call.
type Kind uint8

const (
	Succeed      Kind = iota
	FailBefore        // fails without effect
	FailAfter         // takes effect, but the answer is lost
	Late              // fails, and takes effect later
	CrashBefore       // the actor crashes before the call
	CrashAfter        // the actor crashes after the call took effect
	Retried           // takes effect, the answer is lost, and the SDK retries
	LateFirstTry      // the SDK's retry succeeds, and the first try takes effect later too
	Hang              // no effect and no answer until the call's context ends
	Stale             // an eventually consistent read misses the last write
	Wrong             // an approximate count returns 0
	Partial           // one entry of a batch fails
	Duplicated        // the queue delivers a message and keeps a copy
	Delayed           // the queue delivers a message hours later
	kinds        = iota
)

var kindNames = [kinds]string{
	"succeeds", "fails before its effect", "fails after its effect", "fails and takes effect late",
	"the process crashes before it", "the process crashes after it", "takes effect and is retried",
	"succeeds when retried, and the first try takes effect late", "hangs until its context ends",
	"returns the state before the last write", "returns 0", "fails for one entry",
	"delivered twice", "delivered hours later",
}

func (k Kind) String() string { return kindNames[k] }

// Possible kinds per sort of call, besides Succeed. A crash after a call equals the crash before
// the actor's next call, and counts as both. Late effects are explored where they differ from
// effects in time: a late message equals a late delivery.
var (
	aWrite     = []Kind{FailBefore, FailAfter, Late, CrashBefore, Retried, LateFirstTry}
	anAppend   = []Kind{FailBefore, FailAfter, CrashBefore, Retried}
	aRead      = []Kind{FailBefore, CrashBefore}
	aStaleRead = []Kind{FailBefore, CrashBefore, Stale}
	aCount     = []Kind{FailBefore, CrashBefore, Wrong}
	anAnswer   = []Kind{FailBefore}
)

// commuting lists the calls that commute with all calls of other actors: they read immutable data
// or append. A preemption before them equals one after them.
var commuting = map[string]bool{
	"Bronze.Get": true, "Bronze.Put": true, "Bronze.List": true, "Bronze.Types": true,
	"Bus.Publish": true,
	"DLQ.Send":    true, "DLQ.Delete": true, "Queue.Delay": true, "Answer": true,
}

// errService fails a call.
var errService = errors.New("the service failed")

// errExpired rejects a request that was signed long before it arrived.
var errExpired = errors.New("the request's signature has expired")

// errDead answers all calls of a crashed process.
var errDead = errors.New("the process is dead")
