package explore

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// checkIdleState checks the invariants that must hold at the end of a schedule, when the system is
// idle.
func (r *run) checkIdleState() {
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

// checkLimits checks that SQS has moved no message to the DLQ. It also checks that the processor
// has not failed too often for any event.
func (r *run) checkLimits() {
	for _, l := range r.queue.deadLetters {
		// The naive pipeline and broken workers need SQS to move messages to the DLQ.
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
		notified = r.countNotifications(item.ID, item)
	}
	switch item.Status {
	case pipeline.Enqueued:
		r.violate("I5", "event %s is still ENQUEUED at the end", item.ID)
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

// countNotifications counts the event's notifications that belong to the item's replay. It checks
// their number and their filter codes.
func (r *run) countNotifications(id string, item pipeline.Item) int {
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
	r.checkNotified(id, notified, 0)
	return notified
}

func (r *run) checkNotified(id string, notified, crashes int) {
	if most := 1 + r.used.Faults + r.used.Preemptions + crashes; notified > most {
		r.violate("I7", "event %s has %d notifications, more than %d", id, notified, most)
	}
}

// checkBatchNotified checks the notifications of each event in a batch's Silver object. It returns
// 0 if an event has no notification, and 1 otherwise.
func (r *run) checkBatchNotified(item pipeline.Item) int {
	records, _ := r.recordsAt(item.SilverKey())
	fewest := 1
	for _, record := range records {
		if covers(item.ID, record.ID) && record.ID != item.ID {
			ofEvent := item
			ofEvent.Filtered = record.Filtered
			fewest = min(fewest, r.countNotifications(record.ID, ofEvent))
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
	notified := 0
	for _, n := range r.notifications {
		if n.Detail.EventID == item.ID && n.Type == contract.EventFailed &&
			n.replay.SameGeneration(item.Replay) {
			notified++
		}
	}
	if notified == 0 {
		r.violate("I2", "event %s is FAILED without a notification", item.ID)
	}
	// Each crash of a worker can cause more notifications, because SQS delivers the event's message
	// again.
	crashes := len(r.crashing) * (maxReceiveCount + 1)
	r.checkNotified(item.ID, notified, crashes)
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
		if r.countFaults(1) < maxReenqueues {
			r.violate("I9", "good event %s is FAILED after %d faults: %s", item.ID, r.used.Faults,
				item.Failure.Code)
		}
	case pipeline.Unavailable:
		r.violate("I10", "a fault of a service failed event %s", item.ID)
	default:
		r.violate("I9", "good event %s is FAILED: %s", item.ID, item.Failure.Code)
	}
}

// hasBegun reports whether a worker has begun to process the event that it moves to the DLQ. For
// other actors, it returns true.
func (p *process) hasBegun(deadLetter pipeline.DeadLetter) bool {
	event, err := pipeline.ReadMessage(deadLetter.Body, "bronze")
	return err != nil || p.role != "worker" || p.responses["Bronze.Get"+event.Bronze.Key] > 0 ||
		deadLetter.Failure.Code == pipeline.WorkerCrashed
}

// record returns the first record in the Silver object with the key.
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
	records, err := r.readRecords(stored.body)
	if err == nil && len(records) == 0 {
		err = errors.New("no records")
	}
	return records, err
}

// readRecords is like pipeline.ReadRecords, but parses equal objects only once.
func (r *run) readRecords(lines []byte) (pipeline.Records, error) {
	if records, ok := r.objects[string(lines)]; ok {
		return records, nil
	}
	records, err := pipeline.ReadRecords(lines)
	if err == nil {
		r.objects[string(lines)] = records
	}
	return records, err
}

// checkTransformation checks that an event's records are a possible output for its payload.
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
	if source.SHA256 != sha256Hex(payload.body) {
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
