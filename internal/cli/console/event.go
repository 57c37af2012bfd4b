package console

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/events"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/stored"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// eventData holds the content of an event's page.
type eventData struct {
	row
	ReceivedAt    time.Time
	Facts         []field
	Failure       field // code and reason; the name is "" if the event did not fail
	Advice        string
	Steps         []stepView
	StepsNote     string
	Forgotten     int
	Calls         int // AWS calls among the steps
	Lines         []stepView
	Payload       document
	Records       []document
	RecordNote    string
	Headers       []field
	Response      string
	Notifications []stepView
	Parts         []row    // events and ranges that were split off the batch
	Members       []member // events that are still part of the batch
	Curl          string
	Command       string
	LogsCommand   string
	CanRedrive    bool
	CanReplay     bool
	CanSend       bool   // false for webhooks, because the API accepts only signed webhooks
	Gone          string // why the event has no item

	isLogged bool // the duration is from the journal
}

// TookFrom names the start and the end of the event's duration.
func (d eventData) TookFrom() string {
	const from = "From the receipt, or the last redrive or replay, "
	if d.isLogged {
		return from + "until the worker logged the result"
	}
	return from + "until the time in the event's item"
}

// document is a JSON text that the page shows as a tree.
type document struct {
	Title string
	Tree  tree
	Size  int
	Note  string
	Path  string // path of the raw text
}

func (v *view) event(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	since := v.server.journal.lastChange(id) // before the data, so that the stream misses no change
	data, err := v.eventData(r.Context(), id)
	if err != nil {
		v.showProblem(w, r, "events", eventProblem(err))
		return
	}
	v.show(w, r, page{
		Title: data.Type + " " + id, Nav: "events", Data: data,
		Live: fmt.Sprintf("id=%s&since=%d", id, since),
	})
}

// checkID returns an error if text does not have the form of an id.
func checkID(text string) error {
	if pipeline.ValidID(text) {
		return nil
	}
	return fmt.Errorf("%w, got %q", errInvalidID, text)
}

var (
	errInvalidID = errors.New(
		"the id must be a lower-case UUID such as 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001")
	errNoFile = errors.New("the event has no such file")
)

func (v *view) eventData(ctx context.Context, id string) (eventData, error) {
	known, isKnown := v.server.journal.get(id)
	item, err := v.lookUp(ctx, id)
	isMissing := errors.As(err, new(noEventError))
	if err != nil && !(isMissing && isKnown) {
		return eventData{}, err
	}
	batchID, _, isPart, _ := pipeline.ParseID(id)
	if isPart && !isKnown { // log lines about an event that was not split off name its batch
		known = v.server.journal.eventOrBatch(id)
	}
	data := eventData{row: known.row, ReceivedAt: known.receivedAt, isLogged: known.ID != ""}
	data.addSteps(known, v)
	data.Parts = v.server.journal.parts(id)
	if isMissing {
		data.Gone = "The events table has no item for this event."
	} else {
		data.addItem(item, v)
		v.addContent(ctx, &data, item)
		if len(data.Steps) == 0 {
			data.addStoredSteps(item)
		}
		if err := v.addMembers(ctx, &data, item); err != nil {
			return eventData{}, err
		}
	}
	if data.row.ID = id; isPart {
		data.Batch = batchID
	}
	for _, step := range v.server.journal.stepsDuring(v.WorkerFunction, known) {
		line := v.newStepView(step, known.receivedAt)
		line.Text = terminalLines(stringOf(step, activity.DetailLine) +
			stringOf(step, contract.FieldError))
		data.Lines = append(data.Lines, line)
	}
	data.Command, data.LogsCommand = v.command("status", id), v.command("logs", id)
	return data, nil
}

// addItem adds the event's item. The state in the item replaces the journal's state.
func (d *eventData) addItem(item pipeline.Item, v *view) {
	known := d.row
	d.row = itemEvent(item, v.Slug).row
	d.Mark, d.Attempts = cmp.Or(d.Mark, known.Mark), max(d.Attempts, known.Attempts)
	d.isLogged = d.useTook(known)
	d.ReceivedAt = item.ReceivedAt
	if item.Status == pipeline.Failed {
		d.Failure = field{escape(string(item.Failure.Code)), escape(item.Failure.Reason)}
		d.Advice = adviceFor(item.Failure.Code)
	}
	if item.Filtered != (pipeline.Filtered{}) {
		d.RecordNote = "The processor filtered the event: " +
			escape(item.Filtered.Code+": "+item.Filtered.Reason)
	}
	d.CanRedrive = item.Status == pipeline.Failed
	d.CanReplay = item.Status != pipeline.Enqueued
	d.CanSend = item.Webhook == nil
	d.addFacts(item)
}

func (d *eventData) addFacts(item pipeline.Item) {
	add := func(name, value string) {
		if value != "" {
			d.Facts = append(d.Facts, field{name, escape(value)})
		}
	}
	add("Caller", item.Caller)
	if item.RequestID != "" {
		add("Idempotency key", "hash "+item.RequestID)
	}
	if d.Batch == "" {
		add("Payload", formatBytes(item.Bytes))
	} else {
		add("Payload of the batch", formatBytes(item.Bytes))
	}
	if item.Count > 0 {
		add("Events in the batch", formatCount(item.Count))
	}
	if item.Reenqueues > 0 {
		add("Enqueued again", quantity(item.Reenqueues, "time")+" by the reconciler")
	}
	add("Replay", item.Replay.ID)
	if item.Replay.Redrives > 0 {
		add("Redriven", quantity(item.Replay.Redrives, "time"))
	}
	if last := item.LastEnqueued(); !last.Equal(item.ReceivedAt) {
		add("Last enqueued", last.Local().Format("2006-01-02 15:04:05.000"))
	}
	if !item.ExpiresAt.IsZero() {
		add("Item expires", formatMinute(item.ExpiresAt))
	}
	add("SHA-256", item.SHA256)
	add("Bronze", "s3://"+item.Bronze.Bucket+"/"+item.Bronze.Key)
	if item.Silver.Key != "" {
		add("Silver", "s3://"+item.Silver.Bucket+"/"+item.Silver.Key)
	}
}

// addMembers adds the events of a batch. d.Members gets the events that are still part of the
// batch. d.Parts gets the events and ranges that were split off.
func (v *view) addMembers(ctx context.Context, d *eventData, item pipeline.Item) error {
	parts, err := v.parts(ctx, item)
	if err != nil {
		return err
	}
	d.Failed = parts[item.ID].Failed
	for _, part := range d.Parts {
		delete(parts, part.ID)
	}
	for _, m := range membersOf(item) {
		if part, ok := parts[m.ID]; ok {
			d.Parts = append(d.Parts, part)
		} else if !m.splitOff {
			d.Members = append(d.Members, m)
		}
	}
	return nil
}

// maxBatchRows is the maximum number of a batch's parts that a page shows.
const maxBatchRows = 1000

// addContent adds the payload and the records.
func (v *view) addContent(ctx context.Context, d *eventData, item pipeline.Item) {
	payload, err := stored.Payload(ctx, v.Pipeline, item.Event)
	d.Payload = document{
		Title: "Payload", Tree: parseTree(payload), Size: len(payload),
		Path: v.path("events", item.ID, "payload.json"),
	}
	if err != nil {
		d.Payload.Note = "The payload can't be read: " + escape(err.Error())
	}
	if d.CanSend {
		d.Curl = v.curl(ctx, payload)
	}
	switch item.Status {
	case pipeline.Processed:
		v.addRecords(ctx, d, item)
	case pipeline.Enqueued:
		d.RecordNote = cmp.Or(d.RecordNote, "The worker has not made a record yet.")
	case pipeline.Failed:
		d.RecordNote = cmp.Or(d.RecordNote, "A failed event has no record.")
	}
}

// addRecords adds the records of a PROCESSED event. If the event has one record, addRecords marks
// the differences between the payload and the record.
func (v *view) addRecords(ctx context.Context, d *eventData, item pipeline.Item) {
	records, err := stored.Records(ctx, v.Pipeline, item)
	if err != nil {
		d.RecordNote = "The record can't be read: " + escape(err.Error())
	}
	lines := slices.Collect(bytes.Lines(records))
	for i, line := range lines[:min(len(lines), maxRecords)] {
		record := document{
			Title: "Record", Tree: parseTree(line), Size: len(line),
			Path: v.path("events", item.ID, "record.json"),
		}
		if len(lines) > 1 {
			record.Title = fmt.Sprintf("Record %d of %d", i+1, len(lines))
		} else if d.Mark != events.MarkFiltered && !item.IsBatch() {
			record.Tree.comparePayload(d.Payload.Tree)
		}
		d.Records = append(d.Records, record)
	}
	if len(lines) > maxRecords {
		d.RecordNote = fmt.Sprintf("The page shows %d of %d records.", maxRecords, len(lines))
	}
}

// maxRecords is the maximum number of an event's records that the page shows.
const maxRecords = 20

// lookUp returns the state of an event. If there is none, it returns a noEventError.
func (v *view) lookUp(ctx context.Context, id string) (pipeline.Item, error) {
	if err := checkID(id); err != nil {
		return pipeline.Item{}, err
	}
	item, err := pipeline.LookUp(ctx, v.Items(), id)
	switch {
	case errors.Is(err, pipeline.ErrNotFound):
		return item, noEventError{id}
	case err != nil:
		return item, fmt.Errorf("look up event %s: %w", id, err)
	}
	return item, nil
}

// eventFile serves the payload or the records as text.
func (v *view) eventFile(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	item, err := v.lookUp(r.Context(), id)
	var content []byte
	switch {
	case err != nil:
	case r.PathValue("file") == "payload.json":
		content, err = stored.Payload(r.Context(), v.Pipeline, item.Event)
	case r.PathValue("file") == "record.json" && item.Status == pipeline.Processed:
		content, err = stored.Records(r.Context(), v.Pipeline, item)
	default:
		err = fmt.Errorf("%w: event %s, file %q", errNoFile, id, r.PathValue("file"))
	}
	if err != nil {
		v.showProblem(w, r, "events", eventProblem(err))
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(content) // the browser can be gone
}

// adviceFor returns advice about an event that failed with the code.
func adviceFor(code pipeline.Code) string {
	switch {
	case code == pipeline.ProcessorError:
		return "The processor failed at each attempt. Fix it, then redrive the event."
	case code == pipeline.NotFinished:
		return "The worker crashed or timed out at each attempt. Look at its log lines, fix the " +
			"processor, then redrive the event."
	case pipeline.Permanent(code):
		return "The payload can't be processed as it is. If the processor should accept it, fix " +
			"the processor, then redrive the event. Otherwise discard it."
	}
	return "A service failed. When it works again, redrive the event."
}
