package explore

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Invariants lists the properties that must hold in every schedule.
var Invariants = map[string]string{
	"I1": "when a client gets 202, Bronze has the request's bytes and the table has the " +
		"event's item",
	"I2": "at rest, each acknowledged event is PROCESSED, with exactly one record in Silver and " +
		"a notification, or FAILED, with its message in the DLQ",
	"I3": "each record and each notification has its payload in Bronze",
	"I4": "an event's state changes only as its lifecycle allows, and no event returns to an " +
		"earlier generation",
	"I5": "the system comes to rest, and then no event is ENQUEUED",
	"I6": "requests with the same key create one event; at most one response does not call it a " +
		"duplicate, and exactly one if every request gets a response; a request with another " +
		"payload is rejected and has no effect, and a webhook's first payload counts",
	"I7": "an event has at most 1 + faults + preemptions notifications",
	"I8": "each record is the processor's output for its payload in Bronze",
	"I9": "failures are isolated: a good event becomes FAILED only after crashes of its own " +
		"workers, the last of which its own payload or a fault caused; no worker exceeds its " +
		"deadline",
	"I10": "a fault of a service fails no event, even in an outage of an hour, and SQS itself " +
		"moves no message to the DLQ",
	"I12": "each event of a batch has records in at most one Silver object at any time, and a " +
		"replay keeps them there; at rest, each event has records or was split off",
	"I11": "only a failed processor or a crashed worker counts toward MaxReceiveCount, and a " +
		"processor fails no more often than that, apart from faults and preemptions",
}

// acknowledge records that a client has received its 202.
func (r *run) acknowledge(client string, request pipeline.Request, result pipeline.Accepted) {
	event, payload := result.Event, sha(request.Body)
	if request.Webhook != nil && result.Duplicate {
		payload = event.SHA256 // a repeated request may have another payload
	}
	item, there := r.table.items[event.ID]
	if !there {
		r.violate("I1", "%s got 202, but the table has no item of %s", client, event.ID)
	} else if item.SHA256 != payload {
		r.violate("I6", "%s got 202, but event %s has another payload", client, event.ID)
	}
	stored, err := r.bronze.get(event.Bronze.Key)
	if err != nil || sha(stored.body) != payload {
		r.violate("I1", "%s got 202, but Bronze has another payload or none under %s", client,
			event.Bronze.Key)
	}
	for _, other := range r.accepted {
		if key := keyOf(request); key != "" && other.key == key && other.id != event.ID {
			r.violate("I6", "%s got event %s, but %s got %s for the same key", client, event.ID,
				other.client, other.id)
		}
	}
	r.accepted = append(r.accepted, accepted{client: client, id: event.ID,
		sha256: payload, key: keyOf(request), duplicate: result.Duplicate})
}

// checkFirst checks that at most one response for an event says that the event is new. If each
// request got a response, exactly one response must say so.
func (r *run) checkFirst(id string) {
	var responses, first int
	for _, a := range r.accepted {
		if a.id == id {
			responses++
			if !a.duplicate {
				first++
			}
		}
	}
	if first > 1 || first == 0 && responses > 0 && !r.unanswered {
		r.violate("I6", "%d of %d responses call event %s new", first, responses, id)
	}
}

// reject records that a client's request was rejected.
func (r *run) reject(client string, request pipeline.Request, err error) {
	if request.Webhook != nil || pipeline.ErrorCode(err) != pipeline.KeyReused {
		r.violate("I6", "%s was rejected: %v", client, err)
	}
	r.rejected = append(r.rejected, sha(request.Body))
}

// checkWrite checks a write to the table.
func (r *run) checkWrite(old, item pipeline.Item) {
	if !legalTransition(old, item) {
		r.violate("I4", "event %s moved from %s (replay %+v, %s) to %s (replay %+v, %s)", item.ID,
			old.Status, old.Replay, old.Bronze.Key, item.Status, item.Replay, item.Bronze.Key)
	}
	r.checkTries(old, item)
	past := r.generations[item.ID]
	if i := slices.Index(past, item.Replay); i >= 0 && i < len(past)-1 {
		r.violate("I4", "event %s returned to generation %+v", item.ID, item.Replay)
	} else if i < 0 {
		r.generations[item.ID] = append(slices.Clone(past), item.Replay)
	}
}

// legalTransition checks a change of an event's state. It repeats the rules of pipeline.CheckMove,
// so that an error in CheckMove is found.
func legalTransition(old, item pipeline.Item) bool {
	if old.ID == "" || old.Expired(time.Now()) {
		return true
	}
	same := old.Replay == item.Replay
	redriven := item.Replay.ID == old.Replay.ID && item.Replay.Redrives == old.Replay.Redrives+1
	if old.Bronze != item.Bronze {
		return false
	}
	switch string(old.Status + ">" + item.Status) {
	case "ENQUEUED>PROCESSED", "ENQUEUED>FAILED", "FAILED>PROCESSED":
		return same
	case "ENQUEUED>ENQUEUED":
		reenqueued := item.Reenqueues == old.Reenqueues+1 && item.Tries == old.Tries
		tried := item.Reenqueues == old.Reenqueues && item.EnqueuedAt.Equal(old.EnqueuedAt)
		return same && (reenqueued || tried) || redriven
	case "FAILED>ENQUEUED":
		return redriven
	case "PROCESSED>ENQUEUED":
		return item.Replay.ID > old.Replay.ID
	}
	return false
}

// falseCrash is the least number of faults after which a worker may count as crashed although it
// has not crashed. One fault prevents the end of the event, one keeps the mark, and one delays the
// message. The first fault is not needed if the event can't be processed.
const falseCrash = 3

// checkTries checks a write that counts a failure or a crash.
func (r *run) checkTries(old, item pipeline.Item) {
	if old.ID != "" && !old.Replay.SameGeneration(item.Replay) {
		return
	}
	if n := r.failuresOf(item.ID); item.Tries.Failures > n {
		r.violate("I11", "event %s has %d failures, but its processor failed %d times", item.ID,
			item.Tries.Failures, n)
	}
	if item.Tries.Crashes > old.Tries.Crashes {
		r.checkCrash(old, item.Tries)
	}
}

// faults returns the number of faults so far. If there was an outage, it adds outageFaults.
func (r *run) faults(outageFaults int) int {
	if r.outageEnds.IsZero() {
		return r.used.Faults
	}
	return r.used.Faults + outageFaults
}

// checkCrash checks a write that counts a crash: a worker must have crashed.
func (r *run) checkCrash(old pipeline.Item, tries pipeline.Tries) {
	worker := r.markedBy(old)
	if worker == nil || !worker.crashed {
		good := !r.mayFail(old.Event) && !r.poison[old.SHA256]
		if good && r.faults(2) < falseCrash {
			r.violate("I11", "a crash of event %s counts, but no worker has crashed", old.ID)
		}
		return
	}
	last := tries.Failures+tries.Crashes >= maxReceiveCount && tries.Crashes > 1
	if last && worker.crashedBy != "" && !covers(old.ID, worker.crashedBy) {
		r.violate("I9", "event %s has its last try while another event crashes the worker", old.ID)
	}
}

func (r *run) checkSource(bronzeKey, what string) {
	if _, err := r.bronze.get(bronzeKey); err != nil {
		r.violate("I3", "%s, but Bronze has no object %s", what, bronzeKey)
	}
}

// checkRecord checks a write to Silver.
func (r *run) checkRecord(key string, lines []byte) {
	records, err := pipeline.ReadRecords(lines)
	if err != nil || len(records) == 0 {
		r.violate("I8", "records are not JSON: %v", err)
		return
	}
	r.checkSource(records[0].Source.Key, "a record was stored")
	r.checkHome(key, records)
}

// checkRest checks the invariants that must hold when the system is at rest.
func (r *run) checkRest() {
	ids := make(map[string]bool)
	for _, a := range r.accepted {
		ids[a.id] = true
		if _, there := r.table.items[a.id]; !there {
			r.violate("I2", "%s got 202, but the table has no item of %s", a.client, a.id)
		}
	}
	for id := range r.table.items {
		ids[id] = true
	}
	for _, key := range r.silver.keys {
		id := silverID(key)
		if ids[id] = true; r.table.items[id].ID == "" {
			r.violate("I2", "Silver has %s, but the table has no item of the event", key)
		}
		r.checkTransformation(key)
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		r.checkEvent(r.table.items[id])
		r.checkBatch(r.table.items[id])
		r.checkFirst(id)
	}
	r.checkLimits()
	for _, hash := range r.rejected {
		for _, item := range r.table.items {
			if item.SHA256 == hash {
				r.violate("I6", "the payload of event %s was rejected", item.ID)
			}
		}
	}
}

// checkLimits checks that SQS has moved no message to the DLQ, and that no processor has failed too
// often for an event.
func (r *run) checkLimits() {
	for _, l := range r.queue.deadLetters {
		// The control and broken workers rely on SQS.
		if l.Failure.Code == "" && r.system.Reconciles && !r.scenario.Broken {
			r.violate("I10", "SQS moved a message to the DLQ: %s", l.Body)
		}
	}
	for id, n := range r.failures {
		most := maxReceiveCount + r.used.Faults + r.used.Preemptions
		if strings.Contains(id, ".") {
			most++ // the failure with the batch, before the event was split off
		}
		if n > most {
			r.violate("I11", "the processor failed %d times for event %s", n, id)
		}
	}
}

func silverID(key string) string {
	return strings.TrimSuffix(key[strings.LastIndex(key, "/")+1:], ".json")
}

func (r *run) checkEvent(item pipeline.Item) {
	records := 0
	for _, key := range r.silver.keys {
		if silverID(key) == item.ID {
			records++
		}
	}
	notified := 0
	if item.IsBatch() {
		notified = r.checkBatchNotified(item)
	} else {
		notified = r.notified(item.ID, item)
	}
	switch item.Status {
	case pipeline.Enqueued:
		r.violate("I5", "event %s is ENQUEUED at rest", item.ID)
	case pipeline.Processed:
		if records != 1 {
			r.violate("I2", "event %s is PROCESSED, but has %d Silver objects", item.ID, records)
		}
		if notified == 0 && !item.Replay.Quiet {
			r.violate("I2", "event %s is PROCESSED without a notification", item.ID)
		}
		if record, _ := r.record(item.SilverKey()); record.ReplayID != item.Replay.ID {
			r.violate("I8", "event %s is PROCESSED for replay %q, but its record is for %q",
				item.ID, item.Replay.ID, record.ReplayID)
		} else if record.Filtered != item.Filtered && !item.IsBatch() {
			r.violate("I8", "event %s was filtered with code %q, but its record has %q", item.ID,
				item.Filtered.Code, record.Filtered.Code)
		}
	case pipeline.Failed:
		r.checkFailed(item)
	}
}

// notified returns the number of notifications about an event that belong to the item's replay.
func (r *run) notified(id string, item pipeline.Item) int {
	notified := 0
	for _, n := range r.notifications {
		if n.Detail.EventID != id || n.Type != contract.EventProcessed ||
			n.replay.ID != item.Replay.ID {
			continue
		}
		notified++
		if item.Status == pipeline.Processed && n.Detail.Filtered != item.Filtered {
			r.violate("I8", "event %s was filtered with code %q, but its notification has %q", id,
				item.Filtered.Code, n.Detail.Filtered.Code)
		}
	}
	if most := 1 + r.used.Faults + r.used.Preemptions; notified > most {
		r.violate("I7", "event %s has %d notifications, more than %d", id, notified, most)
	}
	return notified
}

// checkBatchNotified counts the notifications of each event in a batch's Silver object, and returns
// the smallest number. If the object contains no events of the batch, it returns 1.
func (r *run) checkBatchNotified(item pipeline.Item) int {
	records, _ := r.recordsAt(item.SilverKey())
	fewest := 1
	for _, record := range records {
		if covers(item.ID, record.ID) && record.ID != item.ID {
			ofEvent := item
			ofEvent.Filtered = record.Filtered
			fewest = min(fewest, r.notified(record.ID, ofEvent))
		}
	}
	return fewest
}

func (r *run) checkFailed(item pipeline.Item) {
	inDLQ := slices.ContainsFunc(r.queue.deadLetters, func(l pipeline.DeadLetter) bool {
		event, err := pipeline.ReadMessage(l.Body, "bronze")
		return err == nil && event == item.Event
	})
	if !inDLQ {
		r.violate("I2", "event %s is FAILED, but its message is not in the DLQ", item.ID)
	}
	if record, err := r.record(item.SilverKey()); err == nil && record.ReplayID == item.Replay.ID {
		r.violate("I2", "event %s is FAILED although its record is in Silver", item.ID)
	}
	if item.IsBatch() && item.Failure.Code == pipeline.WorkerCrashed && item.Replay.ID == "" {
		r.violate("I9", "batch %s failed with an event that crashes its worker", item.ID)
	}
	if r.poison[item.SHA256] || r.mayFail(item.Event) || r.scenario.Broken {
		return
	}
	switch item.Failure.Code {
	case pipeline.WorkerCrashed: // checkCrash has checked each crash
	case pipeline.NotFinished:
		if r.faults(1) < maxReenqueues {
			r.violate("I9", "good event %s is FAILED after %d faults: %s", item.ID, r.used.Faults,
				item.Failure.Code)
		}
	case pipeline.Unavailable:
		r.violate("I10", "a fault of a service failed event %s", item.ID)
	default:
		r.violate("I9", "good event %s is FAILED: %s", item.ID, item.Failure.Code)
	}
}

// checkBegun checks a message that a worker moves to the DLQ. Before that, the worker must have
// begun to process the event.
func (r *run) checkBegun(a *actor, deadLetter pipeline.DeadLetter) {
	event, err := pipeline.ReadMessage(deadLetter.Body, "bronze")
	begun := a.calls["Bronze.Get"+event.Bronze.Key] > 0 ||
		deadLetter.Failure.Code == pipeline.WorkerCrashed
	if err == nil && a.role == "worker" && !begun {
		r.violate("I9", "event %s is in the DLQ, but its last delivery was not begun", event.ID)
	}
}

// record returns the first record under a key.
func (r *run) record(key string) (pipeline.Record, error) {
	records, err := r.recordsAt(key)
	if err != nil {
		return pipeline.Record{}, err
	}
	return records[0], nil
}

func (r *run) recordsAt(key string) (pipeline.Records, error) {
	stored, err := r.silver.get(key)
	if err != nil {
		return nil, err
	}
	records, err := pipeline.ReadRecords(stored.body)
	if err == nil && len(records) == 0 {
		err = errors.New("no records")
	}
	return records, err
}

// checkTransformation checks that an event's records are a possible output for its payload in
// Bronze.
func (r *run) checkTransformation(key string) {
	records, err := r.recordsAt(key)
	if err != nil {
		r.violate("I8", "record %s is unreadable: %v", key, err)
		return
	}
	source := records[0].Source
	payload, err := r.bronze.get(source.Key)
	if err != nil {
		r.violate("I3", "the payload %s of record %s is not in Bronze", source.Key, key)
		return
	}
	if source.SHA256 != sha(payload.body) {
		r.violate("I8", "record %s has another hash than its payload %s", key, source.Key)
	}
	event := pipeline.Event{ID: silverID(key), Bronze: source.Location, Count: source.Count}
	payloads := r.payloads(event)
	for _, group := range groupByID(records) {
		id := group[0].ID
		if event.IsBatch() && id == event.ID {
			continue // all events were split off
		}
		outputs, _ := r.scenario.outputs([]byte(payloads[id]))
		valid := slices.ContainsFunc(outputs,
			func(o pipeline.Output) bool { return matches(group, o) })
		if !valid {
			r.violate("I8", "record %s is not an output for the payload %s", id, source.Key)
		}
	}
	if r.poison[source.SHA256] {
		r.violate("I8", "record %s has an unprocessable payload", key)
	}
}

// matches reports whether records contain exactly the output of one call of the processor.
func matches(records pipeline.Records, output pipeline.Output) bool {
	if len(records) != max(len(output.Payloads), 1) || records[0].Filtered != output.Filtered {
		return false
	}
	for i, payload := range output.Payloads {
		r, first := records[i], records[0]
		var compact bytes.Buffer
		samePayload := json.Compact(&compact, payload) == nil &&
			compact.String() == string(r.Payload)
		samePart := len(records) == 1 || r.Part == i+1 && r.Parts == len(records)
		if !samePayload || !samePart || r.ID != first.ID || r.ReplayID != first.ReplayID ||
			!r.ProcessedAt.Equal(first.ProcessedAt) || r.Source != first.Source {
			return false
		}
	}
	return true
}
