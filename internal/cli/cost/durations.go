package cost

import "math"

// Durations sets how long the functions run, in seconds. 0 selects the model's value.
type Durations struct {
	API    float64 `json:"api"`    // per request
	Worker float64 `json:"worker"` // per invocation
}

// Typical latencies of AWS services within a region, in seconds. They are assumptions: replace the
// durations of the model by those that CloudWatch measures.
const (
	putObjectLatency = 0.020
	getObjectLatency = 0.012
	dynamoDBLatency  = 0.005
	sqsLatency       = 0.008
	putEventsLatency = 0.012
)

// Processor time on one core, in seconds. These are assumptions, too.
const (
	apiTimePerRequest    = 0.0006
	apiTimePerEvent      = 0.00001
	workerTimePerMessage = 0.0008
	workerTimePerEvent   = 0.00002
)

// memoryPerCore is the memory in MB with which Lambda provides one core.
const memoryPerCore = 1769

// slowdown returns how much longer the function computes than on one core.
func (f Function) slowdown() float64 { return max(1, memoryPerCore/f.MemoryMB) }

// apiDuration returns the time of a request. The function stores the payload, and then writes the
// item and sends the message in parallel.
func (p Pipeline) apiDuration(w Workload, measured Durations) float64 {
	if measured.API > 0 {
		return measured.API
	}
	processor := apiTimePerRequest + apiTimePerEvent*float64(w.PerRequest)
	return putObjectLatency + max(dynamoDBLatency, sqsLatency) + processor*p.API.slowdown()
}

// workerDuration returns the time of an invocation. The function handles its messages in parallel,
// and makes up to ten PutEvents requests at once.
func (p Pipeline) workerDuration(w Workload, messages float64, measured Durations) float64 {
	if measured.Worker > 0 {
		return measured.Worker
	}
	processor := messages * (workerTimePerMessage + workerTimePerEvent*float64(w.PerRequest))
	putEvents := math.Ceil(WorkerCalls(messages, w.PerRequest, p.Notifications).PutEvents / 10)
	return getObjectLatency + putObjectLatency + putEvents*putEventsLatency + dynamoDBLatency +
		processor*p.Worker.slowdown()
}

// pollers is the number of batches that Lambda receives at a time while a queue is not busy.
const pollers = 5

// messagesPerInvocation returns the mean number of messages that Lambda delivers together if the
// API accepts a number of requests per second.
func (p Pipeline) messagesPerInvocation(w Workload, requests float64, d Durations) float64 {
	limit := p.Source.BatchSize
	if p.Source.Window == 0 {
		limit = min(10, limit) // one ReceiveMessage request
	}
	wait := max(p.Source.Window, p.workerDuration(w, 1, d)/pollers)
	return min(limit, max(1, math.Floor(requests*wait)))
}
