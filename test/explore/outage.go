package explore

import (
	"slices"
	"strings"
	"time"
)

// outage lists the services that fail together. For example, "Bronze" is the service of the call
// "Bronze.Put".
type outage []string

var (
	s3Outage    = outage{"Bronze", "Silver"}
	busOutage   = outage{"Bus"}
	tableOutage = outage{"Items", "Checkpoints"}
	// In an outage of all services, SQS still delivers the messages.
	fullOutage = slices.Concat(s3Outage, busOutage, tableOutage, outage{"Queue", "DLQ"})
)

const outageDuration = time.Hour

// appendOutage appends a step in which the scenario's outage begins. A schedule has at most one
// outage, which can begin at any step.
func (r *run) appendOutage(steps []step) []step {
	if r.scenario.Outage == nil || !r.outageEnds.IsZero() || len(steps) == 0 {
		return steps
	}
	return append(steps, step{Budget{Preemptions: 1}, func() {
		r.tracef("an outage begins")
		r.outageEnds = r.now.Add(outageDuration)
	}})
}

// isDown reports whether a call fails because of the outage.
func (r *run) isDown(site string) bool {
	service, method, _ := strings.Cut(site, ".")
	return r.now.Before(r.outageEnds) && site != "Queue.Delete" && method != "Receive" &&
		slices.Contains(r.scenario.Outage, service)
}
