package handler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/logging"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/inmem"
)

// emptyQueue reports that it holds no messages.
type emptyQueue struct{ *inmem.Queue }

func (emptyQueue) CountMessages(context.Context) (int, error) { return 0, nil }

// failingQueue returns an error for each message that is sent.
type failingQueue struct{ emptyQueue }

func (failingQueue) SendMany(_ context.Context, events []pipeline.Event) []error {
	errs := make([]error, len(events))
	for i := range errs {
		errs[i] = errors.New("SQS is down")
	}
	return errs
}

// reconciler returns a reconciler whose clock is two hours after the events were received.
func (w *world) reconciler() Reconciler {
	return Reconciler{
		Reconciler: pipeline.Reconciler{
			Bronze:        &w.bronze,
			Items:         &w.events,
			Silver:        new(inmem.Bucket),
			Queue:         emptyQueue{&w.queue},
			DeadLetters:   &w.deadLetters,
			Bus:           new(inmem.Bus),
			Checkpoints:   &w.checkpoints,
			Grace:         time.Hour,
			Window:        24 * time.Hour,
			MaxReenqueues: 3,
			Now:           func() time.Time { return w.api().Ingest.Now().Add(2 * time.Hour) },
		},
		FunctionName: "reconciler", QueueName: "events",
		Log: slog.New(slog.NewJSONHandler(&w.log, nil)),
	}
}

func (w *world) reconcile(t *testing.T, event string) ReconcileResponse {
	t.Helper()
	out, err := w.reconciler().Invoke(t.Context(), []byte(event))
	if err != nil {
		t.Fatal(err)
	}
	var resp ReconcileResponse
	if err := json.Unmarshal(out, &resp); err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestReconciler_RunsOnScheduledEvent(t *testing.T) {
	var w world
	w.message(t, body)
	resp := w.reconcile(
		t,
		`{"version":"0","id":"1","detail-type":"Scheduled Event","source":"aws.events",`+
			`"time":"2026-11-23T07:30:00Z","detail":{}}`,
	)
	if resp.Report.Reenqueued != 1 || !resp.Report.Done || resp.Pass != nil {
		t.Errorf("response = %+v", resp)
	}
	if c, _ := w.checkpoints.Load(t.Context()); !c.Pass.Done {
		t.Errorf("got checkpoint %+v", c)
	}
}

func TestReconciler_KeepsCheckpointInRequestedRuns(t *testing.T) {
	for _, c := range []struct {
		name, event string
		sent        int
	}{
		{"dry", `{"dryRun":true}`, 1},
		{"dry, similar name", `{"dryRun":true,"DryRun":false,"Since":"2026-11-23T08:00:00Z"}`, 1},
		{"dry since", `{"since":"2026-11-23T00:00:00Z","dryRun":true}`, 1},
		{"since", `{"since":"2026-11-23T00:00:00Z"}`, 2},
		{
			"continued",
			`{"pass":{"from":"2026-11-23T00:00:00Z","to":"2026-11-23T08:00:00Z","done":false}}`, 2,
		},
	} {
		var w world
		w.message(t, body)
		resp := w.reconcile(t, c.event)
		if resp.Report.Reenqueued != 1 || resp.Pass == nil || !resp.Pass.Done ||
			resp.Report.DryRun != (c.sent == 1) {
			t.Errorf("%s: response = %+v", c.name, resp)
		}
		if sent := len(w.queue.Sent()); sent != c.sent {
			t.Errorf("%s: sent %d, want %d", c.name, sent, c.sent)
		}
		if checkpoint, _ := w.checkpoints.Load(t.Context()); checkpoint != (pipeline.Checkpoint{}) {
			t.Errorf("%s: got checkpoint %+v", c.name, checkpoint)
		}
	}
}

func TestReconciler_IgnoresEventsBeforeSince(t *testing.T) {
	var w world
	w.message(t, body)
	if resp := w.reconcile(t, `{"since":"2026-11-23T08:00:00Z"}`); resp.Report.Scanned != 0 {
		t.Errorf("response = %+v", resp)
	}
}

func TestReconciler_RejectsInvalidRequest(t *testing.T) {
	var w world
	for _, event := range []string{`[`, `{"since":"yesterday"}`} {
		if _, err := w.reconciler().Invoke(t.Context(), []byte(event)); err == nil {
			t.Errorf("%s: no error", event)
		}
	}
}

func TestReconciler_LogsOneLineWithMetrics(t *testing.T) {
	var w world
	w.message(t, body)
	w.log.Reset()
	w.reconcile(t, `{"dryRun":true}`)
	if strings.Contains(w.log.String(), "_aws") {
		t.Error("a dry run has metrics")
	}
	w.log.Reset()
	w.reconcile(t, `{}`)
	type entry struct {
		Level, Msg, FunctionName    string
		Scanned, Reenqueued, Errors int
		AWS                         struct {
			Timestamp         int64
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name, Unit string }
			}
		} `json:"_aws"`
	}
	lines := bytes.Split(bytes.TrimSpace(w.log.Bytes()), []byte("\n"))
	var got entry
	if err := json.Unmarshal(lines[0], &got); err != nil || len(lines) != 1 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	if got.Msg != "reconciled" || got.Level != "INFO" || got.Scanned != 1 || got.Reenqueued != 1 ||
		got.FunctionName != "reconciler" {
		t.Errorf("line = %s", lines[0])
	}
	directive := got.AWS.CloudWatchMetrics[0]
	if directive.Namespace != "EventPipeline" || directive.Dimensions[0][0] != "FunctionName" ||
		got.AWS.Timestamp == 0 {
		t.Errorf("directive = %+v", directive)
	}
	for _, m := range directive.Metrics {
		if (m.Unit == "Seconds") != (m.Name == "Lag") || m.Unit != "Seconds" && m.Unit != "Count" {
			t.Errorf("%s is in %s", m.Name, m.Unit)
		}
	}
	metrics := metricsIn(t, lines[0])
	for _, want := range []string{
		"Scanned", "Waiting", "Reenqueued", "GivenUp", "Repaired", "Orphans", "Errors",
	} {
		if _, ok := metrics["reconciler "+want]; !ok {
			t.Errorf("want a metric %s, got %v", want, metrics)
		}
	}
}

// The run starts 30 minutes after a full hour. The events were received about two hours earlier.
func TestReconciler_MeasuresTheLagOfScheduledRuns(t *testing.T) {
	var w world
	w.message(t, body)
	h := w.reconciler()
	hour := h.Reconciler.Now().Truncate(time.Hour)
	h.Reconciler.Now = func() time.Time { return hour.Add(30 * time.Minute) }
	lag := func(ctx context.Context, event string) (float64, bool) {
		w.log.Reset()
		_, err := h.Invoke(ctx, []byte(event))
		if (err != nil) != (ctx.Err() != nil) {
			t.Fatal(err)
		}
		value, ok := metricsIn(t, bytes.TrimSpace(w.log.Bytes()))["reconciler Lag"]
		return value, ok
	}
	expired, cancel := context.WithDeadline(t.Context(), time.Now().Add(time.Second))
	defer cancel()
	h.Reconciler.StopBefore = time.Minute // the run ends before its first page
	h.Reconciler.Bronze = endedBucket{&w.bronze}
	if got, ok := lag(expired, `{}`); !ok || got != (24*time.Hour+30*time.Minute).Seconds() {
		t.Errorf("lag of an unfinished pass = %v, %v; want the window's", got, ok)
	}
	h.Reconciler.Bronze = &w.bronze
	if got, ok := lag(t.Context(), `{}`); !ok || got != (90*time.Minute).Seconds() {
		t.Errorf("lag of a complete pass = %v, %v; want 90 minutes", got, ok)
	}
	if got, ok := lag(t.Context(), `{"since":"2026-11-23T00:00:00Z"}`); ok {
		t.Errorf("lag of an operator's run = %v, want none", got)
	}
}

// endedBucket is a bucket whose method Types returns an error after the context has ended. S3's
// client does the same.
type endedBucket struct{ *inmem.Bucket }

func (b endedBucket) Types(ctx context.Context, after string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return b.Bucket.Types(ctx, after)
}

func TestReconciler_CountsGivenUpEventsAsFailed(t *testing.T) {
	var w world
	w.message(t, body)
	h := w.reconciler()
	for range h.Reconciler.MaxReenqueues + 1 {
		w.log.Reset()
		if _, err := h.Invoke(t.Context(), []byte(`{"since":"2026-11-23T00:00:00Z"}`)); err != nil {
			t.Fatal(err)
		}
		now := h.Reconciler.Now
		h.Reconciler.Now = func() time.Time { return now().Add(4 * time.Hour) }
	}
	got := metricsIn(t, bytes.TrimSpace(w.log.Bytes()))
	if got["reconciler GivenUp"] != 1 || got["events Failed"] != 1 {
		t.Errorf("metrics = %v", got)
	}
}

func TestReconciler_WarnsOfEventsThatItCannotReconcile(t *testing.T) {
	var w world
	w.message(t, body)
	id := w.queue.Sent()[0].ID
	w.log.Reset()
	h := w.reconciler()
	h.Reconciler.Queue = failingQueue{emptyQueue{&w.queue}}
	if _, err := h.Invoke(t.Context(), []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"level":"WARN","msg":"` + logging.Reconciled + `"`, `"Errors":1`,
		`"level":"WARN","msg":"` + logging.EventNotReconciled + `","eventId":"` + id + `"`,
		`"error":"enqueue the event: `,
	} {
		if log := w.log.String(); !strings.Contains(log, want) {
			t.Errorf("the log has no %s:\n%s", want, log)
		}
	}
}
