package console

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/events"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// stepView is a step as the page shows it.
type stepView struct {
	Time    time.Time
	Offset  string // time since the first step
	Took    string
	Name    string
	Text    string
	Source  string
	Tone    string
	IsCall  bool
	Details []field
	Output  string
	Bar     bar // the step's period on the time axis of the timeline

	begin time.Time
	took  time.Duration
}

// addSteps adds the steps of the event that the journal has recorded.
func (d *eventData) addSteps(e knownEvent, v *view) {
	d.Forgotten = e.forgotten
	for _, step := range e.steps {
		view := v.newStepView(step, e.steps[0].Time)
		if step.Name == activity.Request {
			d.Headers = headerFields(step)
			d.Response = escape(stringOf(step, activity.DetailResponse))
		}
		if view.IsCall {
			d.Calls++
		}
		if step.Name == activity.Published {
			d.Notifications = append(d.Notifications, view)
		}
		d.Steps = append(d.Steps, view)
	}
	placeBars(d.Steps)
}

// barsWidth is the width of the time axis in the units of the bars.
const barsWidth = 1000

// Names of the steps that the console itself adds.
const (
	stepRedriven      = events.MarkRedriven // from the console
	stepReplayed      = events.MarkReplayed // from the console
	stepEnqueued      = "enqueued"          // the last enqueuing, as the event's item says
	stepEnqueuedAgain = "enqueued again"    // by a command
)

// reopening lists the names of the steps that begin a new run of the event.
var reopening = []string{stepRedriven, stepReplayed, stepEnqueued, stepEnqueuedAgain}

// placeBars sets the bar of each step. Each run of the event has its own time axis, because a
// redrive or replay can follow much later.
func placeBars(steps []stepView) {
	begin := 0
	for i := range steps {
		if i > begin && slices.Contains(reopening, steps[i].Name) {
			placeRun(steps[begin:i])
			begin = i
		}
	}
	placeRun(steps[begin:])
}

// placeRun sets the bars of a run. The time axis begins with the first step and ends with the last
// one.
func placeRun(steps []stepView) {
	if len(steps) == 0 {
		return
	}
	first, last := steps[0].begin, steps[0].begin
	for _, step := range steps {
		if step.begin.Before(first) {
			first = step.begin
		}
		if end := step.begin.Add(step.took); end.After(last) {
			last = end
		}
	}
	scale := barsWidth / max(last.Sub(first).Seconds(), 0.001)
	for i, step := range steps {
		width := max(step.took.Seconds()*scale, 8) // also an instant must be visible
		left := min(step.begin.Sub(first).Seconds()*scale, barsWidth-width)
		steps[i].Bar = bar{X: math.Round(left), W: math.Round(width)}
	}
}

// shownElsewhere lists the details that the page shows in other places.
var shownElsewhere = []string{
	activity.DetailIDs, activity.DetailMs, activity.DetailHeaders, activity.DetailAuthorizer,
	activity.DetailResponse, activity.DetailBody, activity.DetailBodyBytes, activity.DetailService,
	activity.DetailOperation, activity.DetailCaller,
}

func (v *view) newStepView(step activity.Step, first time.Time) stepView {
	view := stepView{
		Time: step.Time, Offset: "+" + formatDuration(max(step.Time.Sub(first), 0)),
		Name: escape(step.Name), Source: v.sourceName(step), IsCall: isCall(step),
		Output: escape(step.Output), Tone: toneOf(step), Text: describe(step),
	}
	if step.Time.Equal(first) {
		view.Offset = ""
	}
	view.begin = step.Time
	if ms := step.Detail(activity.DetailMs); ms != nil {
		view.took = callTime(ms)
		view.Took = formatDuration(view.took)
	}
	for _, name := range []string{contract.FieldDurationMs, contract.FieldBatchMs} {
		if value := step.Detail(name); value != nil { // the functions log it at the end
			view.took = time.Duration(numberOf(step, name)) * time.Millisecond
			view.begin = step.Time.Add(-view.took)
			view.Took = formatMillis(view.took.Milliseconds())
		}
	}
	for _, d := range step.Details {
		text := detailText(d.Value)
		isShown := slices.Contains(shownElsewhere, d.Name) && step.Name != activity.BatchFailed
		if !isShown && text != "" && text != "null" && text != "[]" {
			view.Details = append(view.Details, field{escape(d.Name), terminalLines(text)})
		}
	}
	return view
}

// describe returns a sentence about a step.
func describe(step activity.Step) string {
	text := func(name string) string { return escape(stringOf(step, name)) }
	switch step.Name {
	case activity.Request:
		return fmt.Sprintf("%s %s answered %s", text(activity.DetailMethod),
			text(activity.DetailPath), text(activity.DetailStatus))
	case activity.Call:
		call := strings.TrimSpace(text(activity.DetailService) + " " +
			text(activity.DetailOperation))
		if numberOf(step, activity.DetailStatus) >= 300 {
			call += " answered " + text(activity.DetailStatus)
		}
		return call
	case activity.Accepted:
		if stringOf(step, contract.FieldReplayed) == "true" {
			return "Accepted again: the idempotency key is known"
		}
		return "Stored in Bronze, the table and the queue"
	case activity.Processed:
		return "Record stored in Silver, status PROCESSED"
	case activity.Filtered:
		return "The processor filtered the event"
	case activity.Retried:
		return "Attempt " + text(contract.FieldAttempt) + " failed; SQS delivers again in " +
			text(contract.FieldRetryInSeconds) + " s"
	case activity.Failed:
		return "Failed; the message is in the DLQ"
	case activity.DeliveredAgain:
		return "Delivered again: attempt " + text(contract.FieldAttempt)
	case activity.Published:
		return text(activity.DetailType) + " published on the bus"
	case activity.DeadLettered:
		return "Message moved to the DLQ"
	case stepEnqueuedAgain:
		return "Redriven or replayed by a command"
	case stepRedriven:
		return "Redriven from the console"
	case stepReplayed:
		return "Replayed from the console"
	}
	return ""
}

func toneOf(step activity.Step) string {
	switch {
	case step.Level >= slog.LevelError,
		isCall(step) && numberOf(step, activity.DetailStatus) >= 400:
		return "bad"
	case step.Level >= slog.LevelWarn:
		return "warn"
	case step.Name == activity.Processed || step.Name == activity.Filtered:
		return "good"
	}
	return ""
}

func isCall(step activity.Step) bool { return step.Name == activity.Call }

// callTime returns the duration of a request or an AWS call. ms can have decimal places.
func callTime(ms json.RawMessage) time.Duration {
	var number float64
	_ = json.Unmarshal(ms, &number) // the emulator writes a number
	return time.Duration(number * float64(time.Millisecond))
}

// maxLines is the maximum number of log lines that the page of an event shows.
const maxLines = 100

// stepsDuring returns the function's steps without an event id: the lines that the function logged
// while e was in progress, and the failed batches that contained e.
func (j *journal) stepsDuring(function string, e knownEvent) (steps []activity.Step) {
	if e.ID == "" { // the journal does not know the event
		return nil
	}
	j.mu.RLock()
	defer j.mu.RUnlock()
	for _, step := range j.others {
		isLine := step.Name == activity.Log && e.wasInProgress(step.Time)
		isBatch := slices.Contains(listOf(step, activity.DetailIDs), e.ID)
		if step.Source == function && (isLine || isBatch) && len(steps) < maxLines {
			steps = append(steps, step)
		}
	}
	return steps
}

// wasInProgress reports whether the event was in progress at the time. It extends the event's end
// by 100 ms, because the worker logs lines after the end.
func (e *event) wasInProgress(at time.Time) bool {
	end := e.finishedAt.Add(100 * time.Millisecond)
	return !at.Before(e.receivedAt) && (e.finishedAt.IsZero() || !at.After(end))
}

// sourceName returns a short name of the function, queue or bus of a step.
func (v *view) sourceName(step activity.Step) string {
	switch step.Source {
	case "":
		return escape(stringOf(step, activity.DetailCaller))
	case v.APIFunction:
		return "API function"
	case v.WorkerFunction:
		return "Worker function"
	case v.ReconcilerFunction:
		return "Reconciler function"
	case v.Bus:
		return "Event bus"
	case queueName(v.DLQURL):
		return "DLQ"
	}
	return escape(step.Source)
}
