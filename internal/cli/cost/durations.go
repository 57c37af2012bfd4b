package cost

import "math"

// Durations sets how long the functions run, in seconds. 0 selects the model's value.
type Durations struct {
	API    float64 `json:"api"`    // per request
	Worker float64 `json:"worker"` // per invocation
}

// Typical latencies of AWS services within a region, in seconds. They are assumptions.
const (
	putObjectLatency = 0.020
	getObjectLatency = 0.012
	dynamoDBLatency  = 0.005
	sqsLatency       = 0.008
	putEventsLatency = 0.012
)

// CPU times in seconds. They were measured with events of 800 bytes, on a core at 2.3 GHz.
const (
	apiTimePerRequest         = 0.001
	apiTimePerEvent           = 0.00004
	workerTimePerMessage      = 0.0014
	workerTimePerEvent        = 0.00004
	workerTimePerNotification = 0.000045
)

const (
	memoryPerCore   = 1769  // memory in MB with which Lambda provides one core
	schedulerPeriod = 0.020 // in seconds; assumed, because AWS does not document it
)

// computingTime returns the duration of a computation that takes the given seconds on one core. The
// function's memory determines its share of the core in each period of Lambda's scheduler.
func (f Function) computingTime(seconds float64) float64 {
	quota := schedulerPeriod / f.slowdown()
	pauses := math.Floor(seconds / quota)
	return pauses*schedulerPeriod + seconds - pauses*quota
}

// slowdown returns how much longer a long computation takes with the function's memory than on one
// full core. For example, 2 means twice as long.
func (f Function) slowdown() float64 { return max(1, memoryPerCore/f.MemoryMB) }

// apiDuration returns the time of a request. The function stores the payload, and then writes the
// item and sends the message in parallel.
func (p Pipeline) apiDuration(w Workload, measured Durations) float64 {
	if measured.API > 0 {
		return measured.API
	}
	processor := apiTimePerRequest + apiTimePerEvent*float64(w.PerRequest)
	return putObjectLatency + max(dynamoDBLatency, sqsLatency) +
		p.API.computingTime(processor)
}

// workerDuration returns the time of an invocation. The function handles its messages in parallel,
// and makes up to ten PutEvents requests at once.
func (p Pipeline) workerDuration(w Workload, messages float64, measured Durations) float64 {
	if measured.Worker > 0 {
		return measured.Worker
	}
	process := messages * (workerTimePerMessage + workerTimePerEvent*float64(w.PerRequest))
	notify := messages * workerTimePerNotification * p.Notifications.forBatch(w.PerRequest)
	putEvents := math.Ceil(WorkerCalls(messages, w.PerRequest, p.Notifications).PutEvents / 10)
	return getObjectLatency + putObjectLatency + putEvents*putEventsLatency + dynamoDBLatency +
		p.Worker.computingTime(process) + p.Worker.computingTime(notify)
}

// pollers is the number of concurrent ReceiveMessage requests that Lambda makes for a queue that is
// not busy.
const pollers = 5

// messagesPerInvocation returns the mean number of messages that Lambda delivers together. The
// parameter requests is the number of API requests per second.
func (p Pipeline) messagesPerInvocation(w Workload, requests float64, d Durations) float64 {
	limit := p.Source.BatchSize
	if p.Source.Window == 0 {
		limit = min(10, limit) // the messages of one ReceiveMessage request
	}
	wait := max(p.Source.Window, p.workerDuration(w, 1, d)/pollers)
	return min(limit, max(1, math.Floor(requests*wait)))
}
