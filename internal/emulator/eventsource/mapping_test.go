package eventsource_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventsource"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

func TestMapping_DeletesProcessedMessages(t *testing.T) {
	run(t, eventsource.Mapping{}, func(t *testing.T, r *runner) {
		r.send("a", "b", "c")
		synctest.Wait()
		r.expectDepth(t, 0, 0)
		if got := r.bodies(); !slices.Equal(got, []string{"a", "b", "c"}) {
			t.Errorf("the function got %v, want [a b c]", got)
		}
		if !slices.Equal(r.attempts, []string{"worker a 1", "worker b 1", "worker c 1"}) {
			t.Errorf("OnDeliver got %v", r.attempts)
		}
	})
}

func TestMapping_AppliesTheBatchResponse(t *testing.T) {
	const partial = true
	for name, test := range map[string]struct {
		partial  bool   // ReportBatchItemFailures
		response string // %s is the id of the first message
		failed   []string
		hasErr   bool
	}{
		"empty":      {partial, ``, nil, false},
		"null":       {partial, ` null `, nil, false},
		"no list":    {partial, `{}`, nil, false},
		"null list":  {partial, `{"batchItemFailures":null}`, nil, false},
		"empty list": {partial, `{"batchItemFailures":[]}`, nil, false},
		"one message": {partial, `{"batchItemFailures":[{"itemIdentifier":"%s"}]}`,
			[]string{"a"}, false},
		"one message twice": {partial,
			`{"batchItemFailures":[{"itemIdentifier":"%s"},{"itemIdentifier":"%[1]s"}]}`,
			[]string{"a"}, false},
		"unknown id": {partial,
			`{"batchItemFailures":[{"itemIdentifier":"%s"},{"itemIdentifier":"x"}]}`,
			[]string{"a", "b"}, true},
		"empty id": {partial, `{"batchItemFailures":[{"itemIdentifier":""}]}`,
			[]string{"a", "b"}, true},
		"null id": {partial, `{"batchItemFailures":[{"itemIdentifier":null}]}`,
			[]string{"a", "b"}, true},
		"misspelled id": {partial, `{"batchItemFailures":[{"ItemIdentifier":"%s"}]}`,
			[]string{"a", "b"}, true},
		"null entry": {partial, `{"batchItemFailures":[null]}`, []string{"a", "b"}, true},
		"list of strings": {partial, `{"batchItemFailures":["%s"]}`, []string{"a", "b"},
			true},
		"text":     {partial, `"done"`, []string{"a", "b"}, true},
		"not JSON": {partial, `{"batch`, []string{"a", "b"}, true},
		"ignored response": {!partial, `{"batchItemFailures":[{"itemIdentifier":"%s"}]}`, nil,
			false},
		"ignored and not JSON": {!partial, `{`, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := eventsource.Mapping{ReportBatchItemFailures: test.partial}
			run(t, m, func(t *testing.T, r *runner) {
				r.respond = func(e events.SQSEvent) (eventsource.Result, error) {
					response := test.response
					if strings.Contains(response, "%") {
						response = fmt.Sprintf(response, e.Records[0].MessageId)
					}
					return eventsource.Result{
						Payload: []byte(response), RequestID: "r-1", Duration: time.Second,
					}, nil
				}
				r.send("a", "b")
				synctest.Wait()
				r.expectDepth(t, 0, len(test.failed))
				r.expectBatch(t, test.failed, test.hasErr)
				b := r.batches[0]
				if b.RequestID != "r-1" || b.Duration != time.Second || b.Function != "worker" {
					t.Errorf("batch %+v", b)
				}
			})
		})
	}
}

func TestMapping_FailsTheBatchOfAFailedInvocation(t *testing.T) {
	for name, respond := range map[string]func(events.SQSEvent) (eventsource.Result, error){
		"function error": func(events.SQSEvent) (eventsource.Result, error) {
			payload := []byte(`{"errorMessage":"boom"}`)
			return eventsource.Result{FunctionError: "Unhandled", Payload: payload}, nil
		},
		"invocation error": func(events.SQSEvent) (eventsource.Result, error) {
			return eventsource.Result{}, errors.New("boom")
		},
	} {
		for _, partial := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, partial %v", name, partial), func(t *testing.T) {
				m := eventsource.Mapping{ReportBatchItemFailures: partial}
				run(t, m, func(t *testing.T, r *runner) {
					r.respond = respond
					r.send("a", "b")
					synctest.Wait()
					r.expectDepth(t, 0, 2)
					r.expectBatch(t, []string{"a", "b"}, true)
					if !strings.Contains(r.batches[0].Err.Error(), "boom") {
						t.Errorf("error %v does not contain the cause", r.batches[0].Err)
					}
				})
			})
		}
	}
}

func TestMapping_RetriesUntilMaxReceiveCount(t *testing.T) {
	run(t, eventsource.Mapping{ReportBatchItemFailures: true}, func(t *testing.T, r *runner) {
		r.respond = func(e events.SQSEvent) (eventsource.Result, error) {
			for _, record := range e.Records {
				if record.Body == "poison" {
					payload := fmt.Appendf(nil, `{"batchItemFailures":[{"itemIdentifier":%q}]}`,
						record.MessageId)
					return eventsource.Result{Payload: payload}, nil
				}
			}
			return eventsource.Result{}, nil
		}
		r.send("poison", "good")
		time.Sleep(10 * visibility)
		synctest.Wait()
		want := []string{"worker poison 1", "worker good 1", "worker poison 2", "worker poison 3"}
		if !slices.Equal(r.attempts, want) {
			t.Errorf("OnDeliver got %v", r.attempts)
		}
		r.expectDepth(t, 0, 0)
		if visible, _, _ := r.dead.Depth(); visible != 1 {
			t.Errorf("%d messages in the dead-letter queue, want 1", visible)
		}
	})
}

func TestMapping_WithoutBatchWindowDoesNotWait(t *testing.T) {
	run(t, eventsource.Mapping{BatchSize: 25, MaxConcurrency: 2}, func(t *testing.T, r *runner) {
		r.hold()
		r.send("x")
		synctest.Wait()
		r.send("y")
		synctest.Wait() // two batches of one message use both slots
		r.send(slices.Repeat([]string{"z"}, 33)...)
		r.release()
		synctest.Wait()
		if want := []int{1, 1, 8, 25}; !slices.Equal(r.sizes(), want) {
			t.Errorf("batches of %v, want %v", r.sizes(), want)
		}
	})
}

func TestMapping_WithBatchWindowWaitsForMessages(t *testing.T) {
	m := eventsource.Mapping{BatchSize: 12, BatchWindow: 5 * time.Second}
	run(t, m, func(t *testing.T, r *runner) {
		r.send("a")
		time.Sleep(3 * time.Second)
		r.send("b") // takes one millisecond, which the next line subtracts
		time.Sleep(2*time.Second - time.Millisecond - time.Nanosecond)
		synctest.Wait()
		if len(r.sizes()) != 0 {
			t.Fatalf("batches of %v before the end of the window, want none", r.sizes())
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		r.send(slices.Repeat([]string{"z"}, 12)...)
		synctest.Wait() // a full batch does not wait
		if want := []int{2, 12}; !slices.Equal(r.sizes(), want) {
			t.Errorf("batches of %v, want %v", r.sizes(), want)
		}
	})
}

func TestMapping_LingersOnlyWhileOtherInvocationsRun(t *testing.T) {
	m := eventsource.Mapping{BatchSize: 10, Linger: 20 * time.Millisecond}
	run(t, m, func(t *testing.T, r *runner) {
		r.hold()
		r.send("a") // delivered immediately: no other invocation runs
		synctest.Wait()
		if want := []int{1}; !slices.Equal(r.sizes(), want) {
			t.Fatalf("batches of %v, want %v", r.sizes(), want)
		}
		r.send("b")
		time.Sleep(10 * time.Millisecond)
		r.send("c")
		time.Sleep(10 * time.Millisecond)
		synctest.Wait()
		r.release()
		if want := []int{1, 2}; !slices.Equal(r.sizes(), want) {
			t.Errorf("batches of %v, want %v", r.sizes(), want)
		}
	})
}

func TestMapping_BoundsConcurrentInvocations(t *testing.T) {
	for limit, want := range map[int]int{0: 5, 1: 2, 3: 3} {
		m := eventsource.Mapping{BatchSize: 1, MaxConcurrency: limit}
		run(t, m, func(t *testing.T, r *runner) {
			r.hold()
			r.send(slices.Repeat([]string{"x"}, 10)...)
			synctest.Wait()
			r.expectDepth(t, 10-want, want) // the other messages are not received yet
			r.release()
			synctest.Wait()
			r.expectDepth(t, 0, 0)
			if r.most != want {
				t.Errorf("%d concurrent invocations with MaxConcurrency %d, want %d", r.most, limit,
					want)
			}
		})
	}
}

func TestMapping_SplitsBatchesAtThePayloadQuota(t *testing.T) {
	m := eventsource.Mapping{BatchSize: 10, BatchWindow: time.Second}
	run(t, m, func(t *testing.T, r *runner) {
		body := strings.Repeat(`"`, 900_000) // JSON escapes each character, which doubles the size
		r.send(slices.Repeat([]string{body}, 10)...)
		time.Sleep(time.Second)
		synctest.Wait()
		r.expectDepth(t, 0, 0)
		if sizes := r.sizes(); len(sizes) != 4 || len(r.bodies()) != 10 {
			t.Errorf("batches of %v, want 4 batches of 10 messages in total", sizes)
		}
		if r.largest > 6<<20 {
			t.Errorf("a payload of %d bytes, want at most 6 MiB", r.largest)
		}
	})
}

func TestMapping_DeliversAtOnceAtThePayloadQuota(t *testing.T) {
	m := eventsource.Mapping{BatchSize: 100, BatchWindow: time.Minute}
	run(t, m, func(t *testing.T, r *runner) {
		r.send(slices.Repeat([]string{strings.Repeat("x", 1<<20)}, 10)...)
		synctest.Wait()
		if want := []int{5, 5}; !slices.Equal(r.sizes(), want) {
			t.Errorf("batches of %v, want %v at once", r.sizes(), want)
		}
	})
}

func TestMapping_IgnoresErrorsOfShortPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		q := &fixedQueue{
			messages:     make([]sqs.Message, 10),
			shortPollErr: errors.New("too many messages in flight"),
		}
		m := eventsource.Mapping{Queue: q, Function: "worker", BatchSize: 20, Invoke: succeed}
		time.AfterFunc(time.Minute, stop)
		start := time.Now()
		if err := m.Run(ctx); err != nil || time.Since(start) != time.Minute {
			t.Errorf("returned %v after %v, want no error after a minute", err, time.Since(start))
		}
	})
}

func TestMapping_EncodesEventsAsLambda(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &fixedQueue{messages: []sqs.Message{{
			ID: "059f36b4", ReceiptHandle: "AQEB", Body: "<Hello> \"SQS\"", Sender: "AIDA",
			Sent: time.UnixMilli(1545082649183), FirstReceived: time.UnixMilli(1545082649185),
			ReceiveCount: 1, TraceHeader: "Root=1",
			Attributes: map[string]sqs.Attribute{
				"kind": {DataType: "String", StringValue: "demo"},
				"raw":  {DataType: "Binary", BinaryValue: []byte{1}},
			},
		}}}
		var payload string
		ctx, stop := context.WithCancel(t.Context())
		m := eventsource.Mapping{Queue: q, Function: "worker", Region: "us-east-1"}
		m.Invoke = func(_ context.Context, _ string, p []byte) (eventsource.Result, error) {
			payload = string(p)
			stop()
			return eventsource.Result{}, nil
		}
		if err := m.Run(ctx); err != nil {
			t.Fatal(err)
		}
		want := `{"Records":[{"messageId":"059f36b4","receiptHandle":"AQEB",` +
			`"body":"<Hello> \"SQS\"",` +
			`"attributes":{"AWSTraceHeader":"Root=1",` +
			`"ApproximateFirstReceiveTimestamp":"1545082649185","ApproximateReceiveCount":"1",` +
			`"SenderId":"AIDA","SentTimestamp":"1545082649183"},` +
			`"messageAttributes":{"kind":{"stringValue":"demo","stringListValues":[],` +
			`"binaryListValues":[],"dataType":"String"},` +
			`"raw":{"binaryValue":"AQ==","stringListValues":[],"binaryListValues":[],` +
			`"dataType":"Binary"}},` +
			`"md5OfMessageAttributes":"` + sqs.AttributesMD5(q.messages[0].Attributes) + `",` +
			`"md5OfBody":"` + q.messages[0].BodyMD5() + `","eventSource":"aws:sqs",` +
			`"eventSourceARN":"arn:aws:sqs:us-east-1:000000000000:fixed","awsRegion":"us-east-1"}]}`
		if payload != want {
			t.Errorf("event %s\nwant  %s", payload, want)
		}
	})
}

func TestMapping_StopLetsInvocationsFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRunner(t, eventsource.Mapping{DrainTimeout: time.Minute})
		r.hold()
		r.send("a")
		synctest.Wait()
		r.stop()
		synctest.Wait()
		r.send("after the stop")
		time.Sleep(time.Minute - time.Second)
		r.release()
		if err := <-r.done; err != nil {
			t.Fatal(err)
		}
		r.expectDepth(t, 1, 0)
	})
}

func TestMapping_StopCancelsInvocationsAfterTheDrainTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRunner(t, eventsource.Mapping{DrainTimeout: time.Minute})
		r.hold()
		r.send("a")
		synctest.Wait()
		start := time.Now()
		r.stop()
		if err := <-r.done; err != nil || time.Since(start) != time.Minute {
			t.Fatalf("returned %v after %v", err, time.Since(start))
		}
		r.expectBatch(t, []string{"a"}, true)
	})
}

func TestMapping_ReturnsErrorsOfTheQueue(t *testing.T) {
	broken := errors.New("no such queue")
	q := &fixedQueue{err: broken}
	err := eventsource.Mapping{Queue: q, Function: "worker"}.Run(t.Context())
	if !errors.Is(err, broken) {
		t.Fatalf("returned %v", err)
	}
}

func TestMapping_ReportsFailedDeletes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var reported error
		err := eventsource.Mapping{
			Queue: &fixedQueue{messages: []sqs.Message{{ID: "1"}},
				deleteErr: errors.New("disk full")},
			Function: "worker",
			Invoke: func(context.Context, string, []byte) (eventsource.Result, error) {
				stop()
				return eventsource.Result{}, nil
			},
			OnBatch: func(b eventsource.BatchResult) { reported = b.Err },
		}.Run(ctx)
		if err != nil || reported == nil || !strings.Contains(reported.Error(), "disk full") {
			t.Fatalf("returned %v, reported %v", err, reported)
		}
	})
}

// fixedQueue returns messages and err from the first call of Receive. Later calls return no
// messages. A later call with the wait time 0 also returns shortPollErr.
type fixedQueue struct {
	messages []sqs.Message
	received bool

	err, shortPollErr, deleteErr error
}

func (q *fixedQueue) ARN() string { return "arn:aws:sqs:us-east-1:000000000000:fixed" }

func (q *fixedQueue) Receive(
	ctx context.Context, _ int, wait time.Duration,
) ([]sqs.Message, error) {
	if !q.received {
		q.received = true
		return q.messages, q.err
	}
	if wait == 0 {
		return nil, q.shortPollErr
	}
	select {
	case <-ctx.Done():
	case <-time.After(wait):
	}
	return nil, ctx.Err()
}

func (q *fixedQueue) Delete(...string) error { return q.deleteErr }

func succeed(context.Context, string, []byte) (eventsource.Result, error) {
	return eventsource.Result{}, nil
}

const visibility = time.Minute

// runner runs a mapping with a queue of the SQS emulator and records the invocations.
type runner struct {
	queue, dead *sqs.Queue
	respond     func(events.SQSEvent) (eventsource.Result, error)
	stop        context.CancelFunc
	done        chan error
	t           *testing.T

	mu       sync.Mutex
	gate     chan struct{} // blocks invocations until it is closed
	invoked  []events.SQSEvent
	running  int // running invocations
	most     int // maximum of running
	largest  int // size of the largest payload in bytes
	attempts []string
	batches  []eventsource.BatchResult
}

// run starts the mapping in a synctest bubble, calls the function test, and stops the mapping.
func run(t *testing.T, m eventsource.Mapping, test func(t *testing.T, r *runner)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRunner(t, m)
		test(t, r)
		r.stop()
		if err := <-r.done; err != nil {
			t.Error(err)
		}
	})
}

func newRunner(t *testing.T, m eventsource.Mapping) *runner {
	t.Helper()
	service, err := sqs.New(sqs.Config{Region: "us-east-1", Account: "000000000000"})
	if err != nil {
		t.Fatal(err)
	}
	r := &runner{t: t, done: make(chan error, 1), gate: make(chan struct{})}
	close(r.gate)
	if r.dead, err = service.CreateQueue(sqs.QueueConfig{Name: "dead"}); err != nil {
		t.Fatal(err)
	}
	r.queue, err = service.CreateQueue(sqs.QueueConfig{
		Name: "events", VisibilityTimeout: new(visibility),
		MaxReceiveCount: 3, DeadLetterQueue: "dead",
	})
	if err != nil {
		t.Fatal(err)
	}
	r.respond = func(events.SQSEvent) (eventsource.Result, error) {
		return eventsource.Result{}, nil
	}
	m.Queue, m.Function, m.Region, m.Invoke = r.queue, "worker", "us-east-1", r.invoke
	m.OnDeliver = func(function string, message sqs.Message) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.attempts = append(r.attempts,
			fmt.Sprintf("%s %s %d", function, message.Body, message.ReceiveCount))
	}
	m.OnBatch = func(b eventsource.BatchResult) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.batches = append(r.batches, b)
	}
	ctx, stop := context.WithCancel(t.Context())
	r.stop = stop
	go func() { r.done <- m.Run(ctx) }()
	return r
}

func (r *runner) invoke(ctx context.Context, _ string, payload []byte) (eventsource.Result, error) {
	var event events.SQSEvent
	if err := json.Unmarshal(payload, &event); err != nil {
		return eventsource.Result{}, err
	}
	r.mu.Lock()
	r.invoked = append(r.invoked, event)
	r.running++
	r.most, r.largest = max(r.most, r.running), max(r.largest, len(payload))
	gate := r.gate
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		r.running--
		r.mu.Unlock()
	}()
	select {
	case <-gate:
		return r.respond(event)
	case <-ctx.Done():
		return eventsource.Result{}, ctx.Err()
	}
}

// hold blocks invocations until release is called.
func (r *runner) hold() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gate = make(chan struct{})
}

func (r *runner) release() { close(r.gate) }

// send sends messages that become visible at the same time, so that one batch receives them.
func (r *runner) send(bodies ...string) {
	r.t.Helper()
	for _, body := range bodies {
		if _, err := r.queue.Send(body, time.Millisecond); err != nil {
			r.t.Fatal(err)
		}
	}
	time.Sleep(time.Millisecond)
}

// sizes returns the sorted sizes of all batches.
func (r *runner) sizes() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	var sizes []int
	for _, e := range r.invoked {
		sizes = append(sizes, len(e.Records))
	}
	slices.Sort(sizes)
	return sizes
}

func (r *runner) bodies() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var bodies []string
	for _, e := range r.invoked {
		for _, record := range e.Records {
			bodies = append(bodies, record.Body)
		}
	}
	return bodies
}

func (r *runner) expectDepth(t *testing.T, visible, inFlight int) {
	t.Helper()
	if v, f, _ := r.queue.Depth(); v != visible || f != inFlight {
		t.Errorf("%d visible and %d in flight, want %d and %d", v, f, visible, inFlight)
	}
}

// expectBatch expects one batch. The parameter failed lists the bodies of its failed messages.
func (r *runner) expectBatch(t *testing.T, failed []string, hasErr bool) {
	t.Helper()
	if len(r.batches) != 1 {
		t.Fatalf("got %d batches", len(r.batches))
	}
	b := r.batches[0]
	var got []string
	for _, m := range b.Messages {
		if slices.Contains(b.Failed, m.ID) {
			got = append(got, m.Body)
		}
	}
	if !slices.Equal(got, failed) || (b.Err != nil) != hasErr {
		t.Errorf("failed %v, error %v; want %v failed", got, b.Err, failed)
	}
}
