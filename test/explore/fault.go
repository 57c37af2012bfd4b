package explore

import "errors"

// Kind is how a port call goes.
type Kind uint8

const (
	Succeed     Kind = iota
	FailBefore       // fails without an effect
	FailAfter        // has its effect, and the answer is lost
	Late             // fails, and has its effect later
	CrashBefore      // the actor dies before the call
	CrashAfter       // the actor dies once the call has had its effect
	TriedTwice       // has its effect, the answer is lost, and the SDK tries again: the second answer counts
	Echo             // succeeds at the SDK's second try, and the first has its effect later, too
	Hang             // has no effect and no answer until the call's context ends
	Stale            // an eventually consistent read that misses the last write
	Wrong            // an approximate count that says 0
	Partial          // one entry of a batch fails
	Duplicate        // the queue delivers a message and keeps another copy of it
	HeldBack         // the queue delivers a message hours later
	kinds       = iota
)

var kindNames = [kinds]string{
	"succeeds", "fails before its effect", "fails after its effect", "fails, and its effect comes late",
	"the process dies before it", "the process dies after it", "has its effect, then the SDK tries it again",
	"succeeds, and the SDK's first try has its effect late", "hangs until its context ends", "returns what was there before the last write",
	"returns 0", "fails for one entry", "delivered twice", "held back for hours",
}

func (k Kind) String() string { return kindNames[k] }

// What can become of each sort of call, besides succeeding. A crash after a call is the crash before the actor's next
// one, and is counted as both. Late effects are chosen where somebody could tell them from effects that are in time: a
// message that is sent late is the same as one that is delivered late.
var (
	aWrite     = []Kind{FailBefore, FailAfter, Late, CrashBefore, TriedTwice, Echo}
	anAppend   = []Kind{FailBefore, FailAfter, CrashBefore, TriedTwice}
	aRead      = []Kind{FailBefore, CrashBefore}
	aStaleRead = []Kind{FailBefore, CrashBefore, Stale}
	aCount     = []Kind{FailBefore, CrashBefore, Wrong}
	anAnswer   = []Kind{FailBefore}
)

// alone are the calls that commute with every call of another actor: they read what is written once, or append. It is
// the same whether they come before a preemption or behind it.
var alone = map[string]bool{
	"Bronze.Get": true, "Bronze.Put": true, "Bronze.List": true, "Bronze.Types": true, "Bus.Publish": true,
	"DLQ.Send": true, "DLQ.Delete": true, "Queue.Delay": true, "Answer": true,
}

// errService is what a call that fails returns.
var errService = errors.New("the service failed")

// errExpired is what a service says to a request that was signed long before it came.
var errExpired = errors.New("the request's signature has expired")

// errDead is what calls of a dead process return to it; nobody sees what it makes of it.
var errDead = errors.New("the process is dead")
