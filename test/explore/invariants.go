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

// Invariants says what must hold in every schedule.
var Invariants = map[string]string{
	"I1": "at 202 Bronze holds the request's bytes and the table its item",
	"I2": "at rest an acknowledged event is PROCESSED with exactly one record in Silver and told to the bus, or FAILED and in the DLQ",
	"I3": "a record or a notice is of an event in Bronze",
	"I4": "only legal transitions happen, and no event goes back to an earlier generation",
	"I5": "at rest nothing is ENQUEUED, and rest comes",
	"I6": "one key is one event: same payload, same id; another payload is refused and has no effect",
	"I7": "an event is told to the bus at most 1 + faults + preemptions times",
	"I8": "a record is the transformation of what Bronze holds",
	"I9": "one event's failure is its own: a good event fails only by as many faults as it has deliveries, and only where it was begun, and no worker is killed by its deadline",
}

// acknowledge notes that a client has seen its 202.
func (r *run) acknowledge(client string, request pipeline.Request, receipt pipeline.Accepted) {
	event := receipt.Event
	item, there := r.table.items[event.ID]
	if !there {
		r.violate("I1", "%s has its 202, and the table has no item of %s", client, event.ID)
	} else if item.SHA256 != sha(request.Body) {
		r.violate("I6", "%s has its 202, and event %s has another payload", client, event.ID)
	}
	if stored, err := r.bronze.get(event.Bronze.Key); err != nil || !bytes.Equal(stored.body, request.Body) {
		r.violate("I1", "%s has its 202, and Bronze does not hold its payload under %s", client, event.Bronze.Key)
	}
	for _, other := range r.accepted {
		if request.Keyed && other.key == request.Key && other.id != event.ID {
			r.violate("I6", "%s got %s for a key for which %s got %s", client, event.ID, other.client, other.id)
		}
	}
	r.accepted = append(r.accepted, acceptance{client, event.ID, sha(request.Body), request.Key})
}

// refuse notes that a client was told that its request can't be accepted.
func (r *run) refuse(client string, request pipeline.Request, err error) {
	if pipeline.ErrorCode(err) != pipeline.KeyReused {
		r.violate("I6", "%s was refused: %v", client, err)
	}
	r.refused = append(r.refused, sha(request.Body))
}

// checkWrite is called for every write to the table.
func (r *run) checkWrite(old, item pipeline.Item) {
	if !legal(old, item) {
		r.violate("I4", "event %s went from %s (replay %+v, %s) to %s (replay %+v, %s)", item.ID,
			old.Status, old.Replay, old.Bronze.Key, item.Status, item.Replay, item.Bronze.Key)
	}
	past := r.generations[item.ID]
	if i := slices.Index(past, item.Replay); i >= 0 && i < len(past)-1 {
		r.violate("I4", "event %s went back to its earlier generation %+v", item.ID, item.Replay)
	} else if i < 0 {
		r.generations[item.ID] = append(slices.Clone(past), item.Replay)
	}
}

// legal is the lifecycle, written down once more: a mistake in the domain's must not excuse itself.
func legal(old, item pipeline.Item) bool {
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
		return same && item.Reenqueues == old.Reenqueues+1 || redriven
	case "FAILED>ENQUEUED":
		return redriven
	case "PROCESSED>ENQUEUED":
		return item.Replay.ID > old.Replay.ID
	}
	return false
}

func (r *run) checkSource(bronzeKey, what string) {
	if _, err := r.bronze.get(bronzeKey); err != nil {
		r.violate("I3", "%s, and Bronze has no %s", what, bronzeKey)
	}
}

// checkRecord is called for every write to Silver.
func (r *run) checkRecord(lines []byte) {
	records, err := pipeline.ReadRecords(lines)
	if err != nil || len(records) == 0 {
		r.violate("I8", "records are no JSON: %v", err)
		return
	}
	r.checkSource(records[0].Source.Key, "a record was written")
}

// checkRest holds the world at rest to the invariants.
func (r *run) checkRest() {
	ids := make(map[string]bool)
	for _, a := range r.accepted {
		ids[a.id] = true
		if _, there := r.table.items[a.id]; !there {
			r.violate("I2", "%s has its 202, and the table has no item of %s", a.client, a.id)
		}
	}
	for id := range r.table.items {
		ids[id] = true
	}
	for _, key := range r.silver.keys {
		id := silverID(key)
		if ids[id] = true; r.table.items[id].ID == "" {
			r.violate("I2", "Silver has %s, and the table has no such item", key)
		}
		r.checkTransformation(key)
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		r.checkEvent(r.table.items[id])
	}
	for _, hash := range r.refused {
		for _, item := range r.table.items {
			if item.SHA256 == hash {
				r.violate("I6", "a payload was refused, and is event %s", item.ID)
			}
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
	told := 0
	for _, n := range r.notices {
		if n.Detail.EventID == item.ID && n.Type == contract.EventProcessed && n.replay.ID == item.Replay.ID {
			told++
			if item.Status == pipeline.Processed && n.Detail.Filtered != item.Filtered {
				r.violate("I8", "event %s was told as dropped as %q, and is dropped as %q", item.ID, n.Detail.Filtered.Code, item.Filtered.Code)
			}
		}
	}
	if most := 1 + r.used.Faults + r.used.Preemptions; told > most {
		r.violate("I7", "event %s was told %d times, at most %d can be explained", item.ID, told, most)
	}
	switch item.Status {
	case pipeline.Enqueued:
		r.violate("I5", "event %s is ENQUEUED at rest", item.ID)
	case pipeline.Processed:
		if records != 1 {
			r.violate("I2", "event %s is PROCESSED and has %d records in Silver", item.ID, records)
		}
		if told == 0 && !item.Replay.Quiet {
			r.violate("I2", "event %s is PROCESSED and the bus was not told", item.ID)
		}
		if record, _ := r.record(item.SilverKey()); record.ReplayID != item.Replay.ID {
			r.violate("I8", "event %s is PROCESSED for replay %q, its record is of %q", item.ID, item.Replay.ID, record.ReplayID)
		} else if record.Filtered != item.Filtered {
			r.violate("I8", "event %s is PROCESSED, dropped as %q; its record says %q", item.ID, item.Filtered.Code, record.Filtered.Code)
		}
	case pipeline.Failed:
		r.checkFailed(item)
	}
}

func (r *run) checkFailed(item pipeline.Item) {
	inDLQ := slices.ContainsFunc(r.queue.letters, func(l pipeline.DeadLetter) bool {
		event, err := pipeline.ReadMessage(l.Body, "bronze")
		return err == nil && event == item.Event
	})
	if !inDLQ {
		r.violate("I2", "event %s is FAILED and not in the DLQ", item.ID)
	}
	if record, err := r.record(item.SilverKey()); err == nil && record.ReplayID == item.Replay.ID {
		r.violate("I2", "event %s is FAILED although its record is in Silver", item.ID)
	}
	_, rejected := r.scenario.outputs(nil)
	lost := r.used.Faults + r.scenario.Deliveries // deliveries, at most
	if r.used.Faults > 0 && len(r.killers) > 0 {
		lost = maxReceiveCount // to a fault, and to the company of what kills its worker
	}
	if !r.poison[item.SHA256] && !rejected && !r.killers[item.ID] && lost < maxReceiveCount {
		r.violate("I9", "event %s is good and FAILED, after %d faults: %s", item.ID, r.used.Faults, item.Failure.Code)
	}
}

// checkBegun is called when a message is put in the DLQ: a worker must have tried the event before it gives it up.
func (r *run) checkBegun(a *actor, letter pipeline.DeadLetter) {
	event, err := pipeline.ReadMessage(letter.Body, "bronze")
	if err == nil && a.role == "worker" && a.asked["Bronze.Get"+event.Bronze.Key] == 0 {
		r.violate("I9", "event %s is in the DLQ, and its last delivery was not begun", event.ID)
	}
}

// record is the first of those under a key.
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
		err = errors.New("it is empty")
	}
	return records, err
}

// checkTransformation makes an event's records anew from Bronze and compares.
func (r *run) checkTransformation(key string) {
	records, err := r.recordsAt(key)
	if err != nil {
		r.violate("I8", "record %s is unreadable: %v", key, err)
		return
	}
	source := records[0].Source
	payload, err := r.bronze.get(source.Key)
	if err != nil {
		r.violate("I3", "record %s is of %s, which Bronze does not have", key, source.Key)
		return
	}
	outputs, _ := r.scenario.outputs(payload.body)
	made := slices.ContainsFunc(outputs, func(o pipeline.Output) bool { return holds(records, o) })
	if !made || source.SHA256 != sha(payload.body) {
		r.violate("I8", "record %s is not what Bronze's %s becomes", key, source.Key)
	}
	if r.poison[source.SHA256] {
		r.violate("I8", "record %s was made of a payload that can't be processed", key)
	}
}

// holds tells whether records are those of an output, whole and of one processing.
func holds(records pipeline.Records, output pipeline.Output) bool {
	if len(records) != max(len(output.Payloads), 1) || records[0].Filtered != output.Filtered {
		return false
	}
	for i, payload := range output.Payloads {
		r, first := records[i], records[0]
		var compact bytes.Buffer
		if json.Compact(&compact, payload) != nil || compact.String() != string(r.Payload) || len(records) > 1 && (r.Part != i+1 || r.Parts != len(records)) ||
			r.ID != first.ID || r.ReplayID != first.ReplayID || !r.ProcessedAt.Equal(first.ProcessedAt) || r.Source != first.Source {
			return false
		}
	}
	return true
}
