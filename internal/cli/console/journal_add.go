package console

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/events"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/logging"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// hiddenDetails lists details that the console hides. They are useful only in CloudWatch.
var hiddenDetails = []string{
	contract.FieldMetrics, contract.FieldTraceID, contract.FieldRequestID, contract.FieldMessageID,
	contract.FunctionDimension, contract.PipelineDimension, contract.MetricAccepted,
}

// longDetails lists the details that the emulator has already shortened.
var longDetails = []string{
	activity.DetailBody, activity.DetailResponse, activity.DetailHeaders, activity.DetailAuthorizer,
	activity.DetailIDs,
}

// reloadSteps lists the names of the steps that `eventpipeline local --watch` records.
var reloadSteps = []string{
	activity.Changed, activity.Reloaded, activity.NotReloaded, activity.NothingToReload,
	activity.RestartNeeded, activity.BuildOutputIgnored, activity.OldBuildKept,
}

// add adds a step to the journal. slug identifies the pipeline that recorded the step.
func (j *journal) add(step activity.Step, slug string) {
	step.Details = trimDetails(step.Details)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seq++
	ids := []string{step.EventID}
	if isCall(step) {
		ids = listOf(step, activity.DetailIDs)
		if isEnqueuedByUser(step) {
			j.reopen(ids, step.Time, stringOf(step, activity.DetailCaller))
		}
		if stringOf(step, activity.DetailCaller) == AccessKey {
			return // ignore the console's own calls
		}
		step.Details = slices.DeleteFunc(step.Details, func(d activity.Detail) bool {
			// A call can list the ids of 100 events. To save memory, no event stores this list.
			return d.Name == activity.DetailIDs
		})
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return !pipeline.ValidID(id) })
	if len(ids) == 0 {
		j.addOther(step, slug)
		return
	}
	for _, id := range ids {
		if e := j.event(id, step, slug); e != nil {
			j.addTo(e, step)
		}
	}
	j.forget()
}

// isEnqueuedByUser reports whether a command or the console sent messages to a queue. Redrives and
// replays send such messages.
func isEnqueuedByUser(call activity.Step) bool {
	return call.Detail(activity.DetailCaller) != nil &&
		strings.HasPrefix(stringOf(call, activity.DetailOperation), "SendMessage")
}

// reopen records that finished events were enqueued again. Their duration starts anew at the time
// at.
func (j *journal) reopen(ids []string, at time.Time, caller string) {
	for _, id := range ids {
		e := j.events[id]
		if e == nil || !e.wasFinished {
			continue
		}
		if caller != AccessKey { // the console records its own steps
			j.addStep(e, activity.Step{Time: at, Name: stepEnqueuedAgain, EventID: id})
		}
		e.reopenedAt = at
		j.markChanged(e)
		if e.finishedAt.After(at) { // the worker was faster than the response of SQS
			e.Took = e.finishedAt.Sub(at).Milliseconds()
			continue
		}
		e.reopen()
		j.reportToBatch(e)
	}
}

// AccessKey is the access key with which the console calls the local platform.
const AccessKey = "console"

func (j *journal) addOther(step activity.Step, slug string) {
	switch {
	case slices.Contains(reloadSteps, step.Name):
		j.reloads = appendLimited(j.reloads, step, maxOtherSteps)
	case isCall(step):
	case step.Name == activity.Request:
		j.addRejection(step, slug)
	default:
		j.others = appendLimited(j.others, step, maxOtherSteps)
		if step.Name == activity.BatchFailed {
			j.statsOf(slug).failedBatches.add(j.now(), 1)
		}
	}
}

// event returns the event with the id. It adds an unknown event, except in these cases:
//   - A call or notification is about a part of a batch. Then event returns the batch, or nil if
//     the batch is unknown.
//   - A command made the call, or the step does not prove that the event exists. Then event returns
//     nil.
func (j *journal) event(id string, step activity.Step, slug string) *event {
	e := j.events[id]
	batchID, _, isPart, _ := pipeline.ParseID(id)
	if e == nil && isPart && (isCall(step) || step.Name == activity.Published) {
		return j.events[batchID]
	}
	if e == nil && (isCall(step) && slug == "" || !provesEvent(step)) {
		return nil // perhaps no such event was accepted, or it was before the platform started
	}
	if e == nil {
		e = j.newEvent(id, slug)
		if e.receivedAt.IsZero() { // not a part of a known batch
			e.receivedAt, e.Time = step.Time, step.Time.UnixMilli()
		}
	}
	if e.pipeline == "" {
		e.pipeline = slug
	}
	if e.Type == "" {
		e.Type = escape(step.EventType)
	}
	return e
}

// reads matches the operations that do not change data.
var reads = regexp.MustCompile(`^(BatchGet|Get|Head|List|Query|Scan)`)

// provesEvent reports whether the event of the step exists. A client can request the status of any
// id: then a function reads an item that does not exist, and rejects the request.
func provesEvent(step activity.Step) bool {
	if isCall(step) {
		return !reads.MatchString(stringOf(step, activity.DetailOperation))
	}
	return step.Name != logging.RequestRejected && step.Name != logging.RequestFailed
}

// newEvent adds an event. A part of a known batch gets the batch's time of receipt. The caller sets
// the time of other events.
func (j *journal) newEvent(id, slug string) *event {
	j.arrived++
	e := &event{pipeline: slug, arrival: j.arrived}
	e.row = row{ID: id, Status: string(pipeline.Enqueued), Took: -1, Cursor: j.arrived}
	if batchID, span, isPart, _ := pipeline.ParseID(id); isPart {
		j.addPart(e, batchID, span)
	}
	j.events[id] = e
	e.inOrder, e.inChanges = j.order.PushFront(e), j.changes.PushFront(e)
	return e
}

// addTo adds the step to the event, and updates the event's state.
func (j *journal) addTo(e *event, step activity.Step) {
	wasFailed := e.isFailed()
	j.markChanged(e)
	j.addEventStep(e, step)
	j.update(e, step)
	if e.isFailed() != wasFailed {
		j.reportToBatch(e)
	}
}

// addEventStep adds the step to the steps of the event.
func (j *journal) addEventStep(e *event, step activity.Step) {
	if step.EventID != "" && step.EventID != e.ID { // an event of the batch
		id := activity.StringDetail(contract.FieldEventID, step.EventID)
		step.Details = append([]activity.Detail{id}, step.Details...)
	}
	j.addStep(e, step)
}

// update changes the event's state and the pipeline's counters.
func (j *journal) update(e *event, step activity.Step) {
	switch { // the worker logs why it has the event's message again
	case step.Detail(contract.FieldRedrives) != nil:
		e.Mark = events.MarkRedriven
	case step.Detail(contract.FieldReplayID) != nil:
		e.Mark = events.MarkReplayed
	}
	s := j.statsOf(e.pipeline)
	switch now := j.now(); step.Name {
	case activity.Request:
		e.Caller = escape(callerOf(step))
	case activity.Accepted:
		if stringOf(step, contract.FieldReplayed) == "true" {
			return // the same idempotency key again
		}
		took := time.Duration(numberOf(step, contract.FieldDurationMs)) * time.Millisecond
		e.receivedAt = step.Time.Add(-took)
		e.Time = e.receivedAt.UnixMilli()
		if e.Count = numberOf(step, contract.FieldEvents); e.finishedAt.IsZero() {
			e.Took = -1
		} else {
			e.Took = e.finishedAt.Sub(e.startedAt()).Milliseconds()
		}
		s.accepted.add(now, max(e.Count, 1))
	case activity.Processed, activity.Filtered:
		if !e.wasFinished { // a redriven or replayed event has waited for a user
			s.addLatency(now, step.Time.Sub(e.receivedAt))
		}
		e.finish(string(pipeline.Processed), step)
		if step.Name == activity.Filtered {
			e.Mark = events.MarkFiltered
		}
		if e.Code = ""; step.Name == activity.Filtered {
			e.Code = escape(stringOf(step, contract.FieldCode))
		}
		s.processed.add(now, max(e.Count-numberOf(step, contract.FieldSplitOff), 1))
	case activity.Failed:
		e.finish(string(pipeline.Failed), step)
		e.Code = escape(stringOf(step, contract.FieldCode))
		s.failed.add(now, max(e.Count, 1))
	case activity.DeadLettered:
		if !e.isFailed() {
			e.Status = string(pipeline.Failed)
			s.failed.add(now, max(e.Count, 1))
		}
	case activity.Retried:
		e.reopen()
		e.Code = escape(stringOf(step, contract.FieldCode))
		e.Attempts = max(e.Attempts, numberOf(step, contract.FieldAttempt))
		s.retried.add(now, 1)
	case activity.Published:
		s.published.add(now, 1)
	case stepRedriven, stepReplayed:
		e.reopen()
		e.reopenedAt = step.Time
		e.Mark, e.Code = step.Name, ""
	}
}

func (e *event) finish(status string, step activity.Step) {
	e.Status, e.finishedAt, e.wasFinished = status, step.Time, true
	e.Attempts = max(numberOf(step, contract.FieldAttempt), 1)
	e.Took = max(step.Time.Sub(e.startedAt()).Milliseconds(), 0)
}

// startedAt returns the time of the event's receipt, or of its last redrive or replay.
func (e *event) startedAt() time.Time {
	if e.reopenedAt.After(e.receivedAt) {
		return e.reopenedAt
	}
	return e.receivedAt
}

func (e *event) reopen() {
	e.Status, e.Took, e.finishedAt = string(pipeline.Enqueued), -1, time.Time{}
}

// forget removes the oldest events until the journal is within its limits. It keeps the newest
// event even if this event is too large.
func (j *journal) forget() {
	for len(j.events) > j.limits.events || j.size > j.limits.bytes && len(j.events) > 1 {
		oldest := j.order.Back().Value.(*event)
		j.order.Remove(oldest.inOrder)
		j.changes.Remove(oldest.inChanges)
		delete(j.events, oldest.ID)
		j.size -= oldest.size
		for _, at := range oldest.recorded {
			j.file.Delete(at)
		}
		j.forgetPart(oldest)
	}
}

// appendLimited appends the element to the list. The parameter limit is the number of newest
// elements that it always keeps. It can remove older ones.
func appendLimited[T any](list []T, element T, limit int) []T {
	if list = append(list, element); len(list) >= 2*limit {
		list = slices.Clone(list[len(list)-limit:])
	}
	return list
}

// trimDetails removes the hidden details, and shortens long values.
func trimDetails(details []activity.Detail) []activity.Detail {
	kept := make([]activity.Detail, 0, len(details))
	for _, d := range details {
		if slices.Contains(hiddenDetails, d.Name) {
			continue
		}
		if len(d.Value) > maxDetail && !slices.Contains(longDetails, d.Name) {
			start := strings.ToValidUTF8(string(d.Value[:maxDetail]), "")
			d = activity.StringDetail(d.Name, start+" …")
		}
		kept = append(kept, d)
	}
	return kept
}

// stringOf returns a detail of the step as text. If the detail is not a string, the text is JSON.
func stringOf(step activity.Step, name string) string { return detailText(step.Detail(name)) }

func detailText(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	return string(value)
}

func numberOf(step activity.Step, name string) int {
	var number float64
	_ = json.Unmarshal(step.Detail(name), &number) // 0 if it is not a number
	return int(number)
}

func listOf(step activity.Step, name string) []string {
	var list []string
	_ = json.Unmarshal(step.Detail(name), &list) // nil if it is not a list
	return list
}
