package cost

import (
	"math"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// Workload describes the events that clients send.
type Workload struct {
	EventsPerMonth float64 `json:"eventsPerMonth"`
	PerRequest     int     `json:"perRequest"` // number of events in a request, all of one type
	Bytes          int     `json:"bytes"`      // mean size of an event
	Peak           float64 `json:"peak"`       // peak rate as a multiple of the mean rate
	Types          int     `json:"types"`      // event types that share the rate equally
}

// hoursPerMonth is the number of hours in AWS's price examples.
const hoursPerMonth = 730

const secondsPerMonth = hoursPerMonth * 3600

// EventsPerSecond returns the mean rate.
func (w Workload) EventsPerSecond() float64 { return w.EventsPerMonth / secondsPerMonth }

// RequestBytes returns the size of a request's body.
func (w Workload) RequestBytes() float64 { return float64(w.PerRequest) * float64(w.Bytes) }

// Notifications selects which notifications the worker publishes.
type Notifications string

// The values of the prop Notifications.
const (
	PerEvent Notifications = contract.NotifyPerEvent
	PerBatch Notifications = contract.NotifyPerBatch
	None     Notifications = contract.NotifyNone
)

// forBatch returns the number of notifications for a batch of n events.
func (m Notifications) forBatch(n int) float64 {
	switch m {
	case PerBatch:
		return 1
	case None:
		return 0
	}
	return float64(n)
}

// Calls counts the calls that the functions make through the AWS SDK. Retries do not count.
type Calls struct {
	PutObject   float64 `json:"putObject"`
	GetObject   float64 `json:"getObject"`
	WriteItem   float64 `json:"writeItem"`
	ReadItems   float64 `json:"readItems"` // BatchGetItem
	SendMessage float64 `json:"sendMessage"`
	PutEvents   float64 `json:"putEvents"`
}

// Total returns the number of calls.
func (c Calls) Total() float64 {
	return c.PutObject + c.GetObject + c.WriteItem + c.ReadItems + c.SendMessage + c.PutEvents
}

func (c Calls) plus(other Calls) Calls {
	c.PutObject += other.PutObject
	c.GetObject += other.GetObject
	c.WriteItem += other.WriteItem
	c.ReadItems += other.ReadItems
	c.SendMessage += other.SendMessage
	c.PutEvents += other.PutEvents
	return c
}

// Times returns c with each number multiplied by n.
func (c Calls) Times(n float64) Calls {
	return Calls{
		PutObject: c.PutObject * n, GetObject: c.GetObject * n, WriteItem: c.WriteItem * n,
		ReadItems: c.ReadItems * n, SendMessage: c.SendMessage * n, PutEvents: c.PutEvents * n,
	}
}

// maxEntries is EventBridge's quota of events per PutEvents request.
const maxEntries = 10

// APICalls returns the calls of the API function for a request without an idempotency key. It
// assumes that all events of the request have the same type.
func APICalls() Calls { return Calls{PutObject: 1, WriteItem: 1, SendMessage: 1} }

// WorkerCalls returns the calls of the worker for one invocation. The invocation has the given
// number of messages, each with n events, and no retries.
func WorkerCalls(messages float64, n int, mode Notifications) Calls {
	return Calls{
		ReadItems: 1, GetObject: messages, PutObject: messages, WriteItem: messages,
		PutEvents: math.Ceil(messages * mode.forBatch(n) / maxEntries),
	}
}
