package explore

import (
	"slices"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Invariants lists the properties that must hold in every schedule.
var Invariants = map[string]string{
	"I1": "when a client gets 202, Bronze has the request's bytes, and the table has the " +
		"event's item",
	"I2": "at the end, each acknowledged event is PROCESSED with exactly one record in Silver, " +
		"or FAILED with its message in the DLQ; it has a notification",
	"I3": "each record and each notification has its payload in Bronze",
	"I4": "an event's state changes only as its lifecycle allows; no event returns to an " +
		"earlier generation",
	"I5": "the system comes to rest, and then no event is ENQUEUED",
	"I6": "requests with the same key create one event; at most one response says that the " +
		"event is new, and exactly one if every request gets a response; a request with another " +
		"payload is rejected without effect, but a webhook with another payload is a duplicate",
	"I7": "an event has at most 1 + faults + preemptions notifications; each crash of the " +
		"event's worker can repeat EventFailed",
	"I8": "each record is the processor's output for its payload in Bronze",
	"I9": "failures are isolated: a good event becomes FAILED only after crashes of its own " +
		"workers, and its own payload or a fault caused the last crash; no worker exceeds its " +
		"deadline",
	"I10": "a fault of a service fails no event, even in an outage of an hour; SQS itself moves " +
		"no message to the DLQ",
	"I12": "each event of a batch has records in at most one Silver object at any time; a " +
		"replay keeps the records in this object; at the end, each event has records or was " +
		"split off",
	"I11": "only failures of the processor and crashes of the worker count toward " +
		"MaxReceiveCount; an event's processor fails at most MaxReceiveCount + faults + " +
		"preemptions times, and once more if the event was split off",
}

// acknowledge records that a client has received the response 202.
func (r *run) acknowledge(client string, request pipeline.Request, result pipeline.Accepted) {
	event, payload := result.Event, sha256Hex(request.Body)
	if request.Webhook != nil && result.Duplicate {
		payload = event.SHA256 // a repeated request can have another payload
	}
	item, there := r.table.items[event.ID]
	if !there {
		r.violate("I1", "%s got 202, but the table has no item of %s", client, event.ID)
	} else if item.SHA256 != payload {
		r.violate("I6", "%s got 202, but event %s has another payload", client, event.ID)
	}
	stored, err := r.bronze.get(event.Bronze.Key)
	if err != nil || sha256Hex(stored.body) != payload {
		r.violate("I1", "%s got 202, but Bronze has another payload or none under %s", client,
			event.Bronze.Key)
	}
	for _, other := range r.accepted {
		if key := keyOf(request); key != "" && other.key == key && other.id != event.ID {
			r.violate("I6", "%s got event %s, but %s got %s for the same key", client, event.ID,
				other.client, other.id)
		}
	}
	a := accepted{client: client, id: event.ID, sha256: payload, key: keyOf(request),
		duplicate: result.Duplicate}
	r.accepted, r.seen = append(r.accepted, a), r.seen+hash(a)
}

// checkFirst checks the responses for one event. At most one of them may report a new event. All
// others must report a duplicate. If no response was lost, exactly one must report a new event.
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
	payload := sha256Hex(request.Body)
	r.rejected, r.seen = append(r.rejected, payload), r.seen+hash("rejected", payload)
}

// checkWrite checks a write to the table.
func (r *run) checkWrite(old, item pipeline.Item) {
	if !legalTransition(old, item, r.now) {
		r.violate("I4", "event %s moved from %s (replay %+v, %s) to %s (replay %+v, %s)", item.ID,
			old.Status, old.Replay, old.Bronze.Key, item.Status, item.Replay, item.Bronze.Key)
	}
	r.checkTries(old, item)
	past := r.generations[item.ID]
	if i := slices.Index(past, item.Replay); i >= 0 && i < len(past)-1 {
		r.violate("I4", "event %s returned to generation %+v", item.ID, item.Replay)
	} else if i < 0 {
		r.generations = copyWith(r.generations, item.ID, append(slices.Clip(past), item.Replay))
	}
}

// legalTransition checks a change of an event's state. It repeats the rules of pipeline.CheckMove
// to find errors in CheckMove.
func legalTransition(old, item pipeline.Item, now time.Time) bool {
	if old.ID == "" || old.Expired(now) {
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

// falseCrash is the number of faults after which a worker can count a crash of another worker, A,
// although A has not crashed. Each of these effects needs a fault:
//   - A does not finish the event.
//   - A does not remove its mark from the item.
//   - The next delivery arrives after the mark has expired.
//
// Two faults are enough if the event can't be processed.
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

// countFaults returns the number of faults so far. An outage counts as outageFaults faults.
func (r *run) countFaults(outageFaults int) int {
	if r.outageEnds.IsZero() {
		return r.used.Faults
	}
	return r.used.Faults + outageFaults
}

// checkCrash checks a write that counts a crash. A worker must have crashed before the write.
// falseCrash describes the exceptions.
func (r *run) checkCrash(old pipeline.Item, tries pipeline.Tries) {
	worker := r.markedBy(&old)
	if worker == nil || !worker.crashed {
		good := !r.mayFail(old.Event) && !r.poison[old.SHA256]
		if good && r.countFaults(2) < falseCrash {
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
	records, err := r.readRecords(lines)
	if err != nil || len(records) == 0 {
		r.violate("I8", "records are not JSON: %v", err)
		return
	}
	r.checkSource(records[0].Source.Key, "a record was stored")
	r.checkHome(key, records)
}
