package explore

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// batchClient sends a request with several events. After an error, batchClient repeats a request
// that has a key.
func (r *run) batchClient(number int, key string, bodies ...string) {
	name := "client " + strconv.Itoa(number)
	request := pipeline.BatchRequest{
		Body: []byte(batchPayload(bodies)), Lenient: true, Keyed: key != "", Key: key,
		Caller: "caller",
	}
	for _, body := range bodies {
		request.Elements = append(request.Elements, []byte(body))
	}
	r.spawn("client", name, hash(name), 0, func(ctx context.Context, p *process) error {
		attempt := 0
		for range cmp.Or(r.scenario.Attempts, 3) {
			in := pipeline.Ingest{
				Bronze: bronzePort{p}, Items: itemsPort{process: p}, Queue: queuePort{p},
				KeyCache: r.keyCache, BronzeBucket: "bronze", MaxPayloadBytes: maxPayload,
				StatusRetention: retention, Now: time.Now, NewID: func() (string, error) {
					attempt++
					return idOf(number + 1000*(attempt-1)), nil
				},
			}
			result, err := in.AcceptBatch(ctx, request)
			if err == nil {
				err = p.exec(ctx, "Answer", result.Batches[0].ID, aResponse, func() error {
					r.acknowledgeBatch(name, request, result)
					return nil
				})
			} else if pipeline.ErrorCode(err) != pipeline.Unavailable {
				return p.exec(ctx, "Answer", "is rejected", aResponse, func() error {
					r.reject(name, pipeline.Request{Body: request.Body}, err)
					return nil
				})
			}
			if err != nil {
				p.report(func(r *reaction) { r.unanswered = true })
			}
			if err == nil || key == "" {
				return err
			}
		}
		return errors.New("all attempts failed")
	})
}

// acceptBatch sends a request with several events, without faults.
func (r *run) acceptBatch(bodies ...string) {
	r.batchClient(1, "", bodies...)
	r.runWithoutFaults()
}

// batchPayload returns the Bronze object of a batch.
func batchPayload(bodies []string) string { return "[" + strings.Join(bodies, ",\n") + "]" }

// acknowledgeBatch records that a client has received the response 202 for several events.
func (r *run) acknowledgeBatch(
	client string, request pipeline.BatchRequest, result pipeline.AcceptedBatch,
) {
	bodies := make(map[string][]string) // by batch id
	for i, element := range result.Elements {
		batchID, span, _, _ := pipeline.ParseID(element.EventID)
		if span.First != len(bodies[batchID]) {
			r.violate("I6", "element %d has the id %s", i, element.EventID)
		}
		bodies[batchID] = append(bodies[batchID], string(request.Elements[i]))
	}
	for _, batch := range result.Batches {
		r.acknowledge(client, pipeline.Request{
			Body: []byte(batchPayload(bodies[batch.ID])), Keyed: request.Keyed,
			Key: request.Key + " " + batch.Type,
		}, pipeline.Accepted{Event: batch, Duplicate: result.Duplicate})
	}
}

// payloads returns the event's payload. For a batch, it returns the payload of each event. The
// map's keys are event ids.
func (r *run) payloads(event pipeline.Event) map[string]string {
	object, err := r.bronze.get(event.Bronze.Key)
	if err != nil {
		return nil
	}
	if event.Count == 0 {
		return map[string]string{event.ID: string(object.body)}
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(object.body, &elements); err != nil {
		panic(err)
	}
	payloads := make(map[string]string)
	for i, element := range elements {
		if id := elementID(event.ID, i); covers(event.ID, id) {
			payloads[id] = string(element)
		}
	}
	return payloads
}

func elementID(id string, index int) string {
	batchID, _, _ := strings.Cut(id, ".")
	return fmt.Sprintf("%s.%d", batchID, index)
}

// covers reports whether id includes the event elementID. id can be this event, its batch, or a
// part of the batch.
func covers(id, elementID string) bool {
	if id == elementID {
		return true
	}
	batchID, span, isPart, ok := pipeline.ParseID(id)
	elementBatch, element, isElement, _ := pipeline.ParseID(elementID)
	return ok && isElement && batchID == elementBatch &&
		(!isPart || span.First <= element.First && element.Last <= span.Last)
}

// mayFail reports whether the scenario's processor can fail for the event, or for an event in the
// batch.
func (r *run) mayFail(event pipeline.Event) bool {
	for id, payload := range r.payloads(event) {
		if _, fails := r.scenario.outputs([]byte(payload)); fails || r.crashing[id] {
			return true
		}
	}
	return r.crashing[event.ID]
}

// failuresOf returns how often the processor has failed for an event. For a batch, it returns the
// largest count among the batch's events.
func (r *run) failuresOf(id string) int {
	most := 0
	for failed, n := range r.failures {
		if covers(id, failed) {
			most = max(most, n)
		}
	}
	return most
}

// eventsIn returns the event ids in a batch's records, without duplicates.
func eventsIn(records pipeline.Records) []string {
	var ids []string
	for _, record := range records {
		_, _, isPart, _ := pipeline.ParseID(record.ID)
		if isPart && !slices.Contains(ids, record.ID) {
			ids = append(ids, record.ID)
		}
	}
	return ids
}

// checkHome checks that no Silver object except `key` contains records of these events.
func (r *run) checkHome(key string, records pipeline.Records) {
	for _, id := range eventsIn(records) {
		for _, other := range r.silver.keys {
			if other == key || !strings.HasPrefix(silverID(other), silverID(key)[:36]) {
				continue
			}
			stored, err := r.recordsAt(other)
			if err == nil && slices.Contains(eventsIn(stored), id) {
				r.violate("I12", "event %s has records in %s and in %s", id, other, key)
			}
		}
	}
}

// checkReplaced checks that a Silver object has the same events before and after a replay.
func (r *run) checkReplaced(key string, old, lines []byte) {
	before, errBefore := r.readRecords(old)
	after, errAfter := r.readRecords(lines)
	if errBefore == nil && errAfter == nil && !slices.Equal(eventsIn(before), eventsIn(after)) {
		r.violate("I12", "%s had the events %v, and has %v after a replay", key, eventsIn(before),
			eventsIn(after))
	}
}

// checkBatch checks that each event of a batch is in exactly one place. The place is the batch's
// Silver object, or a part that was split off the batch and has its own item.
func (r *run) checkBatch(item pipeline.Item) {
	if !item.IsBatch() || item.Status != pipeline.Processed {
		return
	}
	records, err := r.recordsAt(item.SilverKey())
	if err != nil {
		return // checkEvent reports this error
	}
	stored := eventsIn(records)
	for id := range r.payloads(item.Event) {
		places := 0
		if slices.Contains(stored, id) {
			places++
		}
		for _, part := range item.Parts() {
			if covers(part.ID, id) {
				places++
				if r.table.items[part.ID].ID == "" {
					r.violate("I12", "event %s was split off, but %s has no item", id, part.ID)
				}
			}
		}
		if places != 1 {
			r.violate("I12", "event %s of batch %s is in %d places", id, item.ID, places)
		}
	}
}

// discard moves the queue's messages to the DLQ, and makes their events FAILED.
func (r *run) discard() {
	for _, m := range r.queue.messages {
		item := r.table.items[m.event.ID]
		item.Status, item.FailedAt = pipeline.Failed, r.now
		item.Failure = pipeline.Failure{Code: pipeline.NotFinished, Reason: "discarded"}
		r.table.write(item)
		r.queue.deadLetters = append(r.queue.deadLetters, pipeline.DeadLetter{
			Body: []byte(m.body), EventID: item.ID, Failure: item.Failure, FailedAt: item.FailedAt,
		})
	}
	r.queue.messages = nil
}

// rejectsOther rejects the payload `other` at every attempt. For the payload `third`, it fails at
// the first attempt only.
func rejectsOther(attempt int, payload []byte) (pipeline.Output, error) {
	switch {
	case string(payload) == other:
		return pipeline.Output{}, pipeline.NewRejection("unwanted", "not wanted")
	case string(payload) == third && attempt == 1:
		return pipeline.Output{}, errors.New("the processor failed")
	}
	return pipeline.Output{Payloads: []json.RawMessage{payload}}, nil
}

// batchScenarios lists the scenarios of batches.
var batchScenarios = []Scenario{
	{Name: "a batch", Begin: func(r *run) { r.batchClient(1, "", good, third) }},
	{Name: "a batch of two types with a key", Preemptions: 1, Begin: func(r *run) {
		r.batchClient(1, "key", good, otherType)
	}},
	{Name: "two clients, one key, same batch", Preemptions: 1, Attempts: 1, Begin: func(r *run) {
		r.batchClient(1, "key", good, otherType)
		r.batchClient(2, "key", good, otherType)
	}},
	{Name: "two clients, one key, other batch", Preemptions: 1, Begin: func(r *run) {
		r.batchClient(1, "key", good, third)
		r.batchClient(2, "key", good, other)
	}},
	{Name: "a batch with a rejected event and one that fails once", Preemptions: 1,
		Processor: rejectsOther, Setup: func(r *run) { r.acceptBatch(good, other, third) }},
	{Name: "a batch that arrives twice", Preemptions: 1, Batch: 1, Processor: rejectsOther,
		Setup: func(r *run) {
			r.acceptBatch(good, third)
			r.send(r.queue.messages[0].event)
		}},
	{Name: "a batch whose processor always fails", Preemptions: 1, Processor: alwaysFails,
		Setup: func(r *run) { r.acceptBatch(good, third) }},
	{Name: "a batch whose processor changes its output", Preemptions: 1, Processor: rejectsLater,
		Setup: func(r *run) { r.acceptBatch(good, third) }},
	{Name: "a batch with an event that crashes its worker", Preemptions: 1,
		Setup: func(r *run) {
			r.acceptBatch(good, third)
			r.crashing[idOf(1)+".1"] = true
		}},
	{Name: "an outage of S3 during a batch", Preemptions: 1, Outage: s3Outage,
		Processor: rejectsOther, Setup: func(r *run) { r.acceptBatch(good, third) }},
	{Name: "an outage of the table during a batch", Preemptions: 1, Outage: tableOutage,
		Processor: rejectsOther, Setup: func(r *run) { r.acceptBatch(good, other) }},
	{Name: "a replay of a batch", Preemptions: 1, Processor: rejectsOther, Setup: func(r *run) {
		r.acceptBatch(good, third)
		r.processOne()
		r.processOne()
		r.reconcileAll()
	}, Begin: func(r *run) { r.replay(pipeline.Replay{ID: "replay-1"}) }},
	{Name: "a replay of a batch races a late delivery", Preemptions: 1, Setup: func(r *run) {
		r.acceptBatch(good, third)
		r.send(r.queue.messages[0].event)
		r.processOne()
		r.reconcileAll()
	}, Begin: func(r *run) { r.replay(pipeline.Replay{ID: "replay-1"}) }},
	{Name: "a redrive of an event of a batch", Preemptions: 1, Processor: rejectsOther,
		Setup: func(r *run) {
			r.acceptBatch(good, other)
			r.processOne()
			r.reconcileAll()
		}, Begin: func(r *run) { r.redrive() }},
	{Name: "two replays of a batch", Preemptions: 1, Setup: func(r *run) {
		r.acceptBatch(good, third)
		r.processOne()
		r.reconcileAll()
	}, Begin: func(r *run) {
		r.replay(pipeline.Replay{ID: "replay-1"})
		r.replay(pipeline.Replay{ID: "replay-2"})
	}},
	{Name: "a replay of a batch whose processor now rejects events", Preemptions: 1,
		Processor: rejectsLater, Setup: func(r *run) {
			r.acceptBatch(good, third)
			r.processOne()
			r.reconcileAll()
		}, Begin: func(r *run) { r.replay(pipeline.Replay{ID: "replay-1"}) }},
	{Name: "the reconciler races a batch", Preemptions: 1, MiscountsQueue: true,
		Setup: func(r *run) {
			r.acceptBatch(good, third)
			r.sleep(tick)
		}, Begin: func(r *run) { r.passTime() }},
	{Name: "a FAILED batch that has records", Preemptions: 1, Processor: rejectsOther,
		Setup: func(r *run) {
			r.acceptBatch(good, third)
			r.deliver(r.queue.visible(r.now), outcome{})
			r.crashAt("Items.Create")
			r.discard()
			r.sleep(2 * tick)
		}, Begin: func(r *run) { r.passTime() }},
	{Name: "the message of an event of a batch is lost", Preemptions: 1, Processor: rejectsOther,
		Setup: func(r *run) {
			r.acceptBatch(good, third)
			r.processOne()
			r.queue.messages = nil
		}},
}

// groupByID returns the records of each event in a Silver object.
func groupByID(records pipeline.Records) []pipeline.Records {
	var groups []pipeline.Records
	for i, record := range records {
		if i == 0 || records[i-1].ID != record.ID {
			groups = append(groups, nil)
		}
		last := len(groups) - 1
		groups[last] = append(groups[last], record)
	}
	return groups
}
