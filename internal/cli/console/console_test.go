package console

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/dlq"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/logging"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// world is a console with one pipeline. The pipeline's AWS services answer every call with an
// error.
type world struct {
	*Server
	handler http.Handler
}

func newWorld(t *testing.T, o Options) *world {
	t.Helper()
	services := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(services.Close)
	o.Command = func(words ...string) string { return strings.Join(words, " ") }
	o.Flags = func(deployment.Pipeline) string { return "" }
	s := New(o)
	t.Cleanup(func() { _ = s.Close() })
	s.SetPipelines([]deployment.Pipeline{{
		Name: "Orders", Stack: "shop", APIFunction: "api", WorkerFunction: "worker", Bus: "bus",
		QueueURL: services.URL + "/queue", DLQURL: services.URL + "/dlq",
		Config: aws.Config{
			Region: "us-east-1", BaseEndpoint: &services.URL, RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider("x", "x", ""),
		},
	}})
	return &world{s, s.handler()}
}

func (w *world) get(t *testing.T, path string) (int, string) {
	t.Helper()
	recorder := httptest.NewRecorder()
	w.handler.ServeHTTP(recorder, httptest.NewRequest("GET", path, nil))
	return recorder.Code, recorder.Body.String()
}

func step(name string, n int, details ...activity.Detail) activity.Step {
	return activity.Step{
		Time: time.Now(), Name: name, Source: "worker", EventID: eventID(n), EventType: "demo",
		Details: details,
	}
}

func eventID(n int) string { return fmt.Sprintf("019aaf3e-6f0b-7cc2-9c49-%012x", n) }

// badInput is text that an attacker can send. It contains markup, control characters, and
// characters that change the direction of text.
const badInput = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>" +
	"\u202eevil\u2066\x1b[31m\x00"

func wantHarmless(t *testing.T, html string) {
	t.Helper()
	for _, bad := range []string{
		"<script>alert", "<img src=x", "\u202e", "\u2066", "\x1b", "\x00", "ZgotmplZ",
	} {
		if strings.Contains(html, bad) {
			at := strings.Index(html, bad)
			t.Errorf("the page contains %q: %q", bad, html[max(at-60, 0):at+60])
		}
	}
}

func TestPages_EscapeAllTextOfEvents(t *testing.T) {
	w := newWorld(t, Options{Local: true, Watch: true, Write: true})
	failed := step("failed", 1, activity.StringDetail("error", badInput),
		activity.StringDetail("code", badInput), activity.StringDetail(badInput, badInput))
	failed.EventType, failed.Level = badInput, 8
	w.Record(failed)
	w.Record(activity.Step{
		Name: activity.Request, Source: "api", Details: []activity.Detail{
			{Name: "status", Value: []byte("400")}, activity.StringDetail("path", "/"+badInput),
			activity.StringDetail("body", `{"`+"<script>alert(1)</script>"+`":"\u202e<img src=x"}`),
			{Name: "headers",
				Value: []byte(`{"x-<script>alert(1)":"\u202e<img src=x onerror=y>"}`)},
			activity.StringDetail("response",
				`{"title":"<script>alert(1)</script>","pointer":"/\u202e"}`),
		},
	})
	w.Record(activity.Step{
		Name: "not reloaded", Output: badInput,
		Details: []activity.Detail{activity.StringDetail("error", badInput)},
	})
	for _, path := range []string{
		"/Orders/", "/Orders/events", "/Orders/events?q=" + "%3Cscript%3Ealert(1)%3C/script%3E",
		"/Orders/events/rows", "/Orders/events/" + eventID(1), "/Orders/refused", "/Orders/reload",
		"/Orders/replay?type=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "/Orders/deadletters",
	} {
		if _, html := w.get(t, path); html == "" {
			t.Errorf("%s: no page", path)
		} else {
			wantHarmless(t, html)
		}
	}
}

func TestTree_ShowsBadInput(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000)
	for name, payload := range map[string]string{
		"markup":      `{"<script>alert(1)</script>":"<img src=x onerror=alert(2)>\u202e"}`,
		"large field": `{"text":"` + strings.Repeat("<script>alert(1)</script>", 50_000) + `"}`,
		"long string": `{"text":"` + strings.Repeat("ä", 100_000) + `"}`,
		"long number": `{"n":` + strings.Repeat("9", 200_000) + `}`,
		"many values": "[" + strings.Repeat("1,", 50_000) + "1]",
		"deep":        deep,
		"no JSON":     badInput,
		"empty":       "",
	} {
		tree := parseTree([]byte(payload))
		html := string(tree.HTML())
		wantHarmless(t, html)
		if len(html) > 2<<20 {
			t.Errorf("%s: %d bytes of HTML", name, len(html))
		}
	}
}

func TestTree_KeepsTheTextOfNumbersAndTheOrderOfNames(t *testing.T) {
	html := string(parseTree([]byte(`{"z":12345678901234567890123,"a":1.0,"n":null}`)).HTML())
	z, a := strings.Index(html, "12345678901234567890123"), strings.Index(html, "1.0")
	if z < 0 || a < z || !strings.Contains(html, "null") {
		t.Errorf("got %s", html)
	}
}

func TestTree_MarksDifferences(t *testing.T) {
	before := parseTree([]byte(`{"same":1,"changed":1,"removed":{"x":1},"list":[1,2]}`))
	after := parseTree([]byte(`{"same":1,"changed":2,"added":true,"list":[1,3,4]}`))
	compareNodes(before.root, after.root)
	if before.Changes() != 3 || after.Changes() != 4 {
		t.Errorf("%d and %d marks:\n%s\n%s", before.Changes(), after.Changes(), before.HTML(),
			after.HTML())
	}
}

func TestTree_HighlightsTheValueOfAPointer(t *testing.T) {
	for pointer, marks := range map[string]string{ // of the nodes from the root to the number 2
		"": "[faulty   ]", "/a~1b": "[ faulty  ]", "/a~1b/~0": "[  faulty ]",
		"/a~1b/~0/1": "[   faulty]", "/a/b": "[   ]", "/a~1b/~0/2": "[   ]", "/x/y": "[   ]",
	} {
		parsed := parseTree([]byte(`{"a/b":{"~":[1,2]}}`))
		parsed.highlight([]string{pointer})
		object := parsed.root.children[0]
		list := object.children[0]
		got := fmt.Sprint([]string{
			parsed.root.mark, object.mark, list.mark, list.children[1].mark,
		})
		if got != marks {
			t.Errorf("pointer %q: got the marks %s, want %s", pointer, got, marks)
		}
	}
}

func TestJournal_FollowsTheLifeOfAnEvent(t *testing.T) {
	j := newJournal(time.Now)
	number := func(name string, n int) activity.Detail {
		return activity.Detail{Name: name, Value: fmt.Append(nil, n)}
	}
	want := func(status, note string) {
		t.Helper()
		if e, _ := j.get(eventID(1)); e.Status != status || e.Note() != note {
			t.Errorf("got %s %q, want %s %q", e.Status, e.Note(), status, note)
		}
	}
	j.add(step("accepted", 1, number("durationMs", 5)), "p")
	want("ENQUEUED", "")
	j.add(step("retried", 1, activity.StringDetail("code", "processor-error")), "p")
	want("ENQUEUED", "processor-error")
	j.add(step("failed", 1, activity.StringDetail("code", "rejected.x"), number("attempt", 3)), "p")
	want("FAILED", "rejected.x")
	j.add(step("redriven", 1), "p")
	want("ENQUEUED", "redriven")
	e, _ := j.get(eventID(1))
	processed := step("processed", 1, number("attempt", 1))
	processed.Time = e.reopenedAt.Add(20 * time.Millisecond)
	j.add(processed, "p")
	want("PROCESSED", "redriven")
	if e, _ := j.get(eventID(1)); e.Took != 20 {
		t.Errorf("took %d ms since the redrive, want 20", e.Took)
	}
	call := activity.Step{Name: activity.Call, Details: []activity.Detail{
		{Name: "events", Value: []byte(`["` + eventID(1) + `","` + eventID(2) + `.7","x"]`)},
	}}
	j.add(call, "")
	if e, _ := j.get(eventID(1)); len(e.steps) != 6 {
		t.Errorf("%d steps", len(e.steps))
	}
	if rows, _ := j.list(query{Pipeline: "p"}, 0, 10); len(rows) != 1 {
		t.Errorf("a call has added an event of a batch: %v", rows)
	}
	if latencies := j.statsOf("p").latencies; len(latencies) != 0 {
		t.Errorf("latencies %v, want none of a redriven event", latencies)
	}
	m := j.localMeasures("p")
	if m.totals["accepted"] != 1 || m.totals["failed"] != 1 || m.totals["processed"] != 1 {
		t.Errorf("counted %v", m.totals)
	}
}

// If a page shows only ENQUEUED events, it must also learn when one of them becomes PROCESSED.
func TestJournal_ReportsRowsThatNoLongerMatch(t *testing.T) {
	j := newJournal(time.Now)
	j.add(step("accepted", 1), "p")
	j.add(step("accepted", 2), "q")
	enqueued := query{Pipeline: "p", Status: "ENQUEUED"}
	rows, _, seq := j.changedRows(enqueued, 0, 10)
	if len(rows) != 1 || rows[0].IsOther {
		t.Errorf("got %+v", rows)
	}
	j.add(step("processed", 1), "p")
	j.add(step("processed", 2), "q")
	rows, skipped, _ := j.changedRows(enqueued, seq, 10)
	if len(rows) != 1 || !rows[0].IsOther || rows[0].Status != "PROCESSED" || skipped != 0 {
		t.Errorf("got %+v, skipped %d", rows, skipped)
	}
}

// The duration of a redriven or replayed event begins when the event is enqueued again. This must
// also apply if a command enqueues it.
func TestJournal_MeasuresFromTheLastEnqueue(t *testing.T) {
	j := newJournal(time.Now)
	begin := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
	add := func(name string, after time.Duration, details ...activity.Detail) {
		s := step(name, 1, details...)
		s.Time = begin.Add(after)
		j.add(s, "p")
	}
	send := func(caller string, after time.Duration) {
		j.add(activity.Step{
			Name: activity.Call, Time: begin.Add(after), Details: []activity.Detail{
				activity.StringDetail("operation", "SendMessageBatch"),
				activity.StringDetail("caller", caller),
				{Name: "events", Value: []byte(`["` + eventID(1) + `"]`)},
			}}, "")
	}
	want := func(status string, took int64) {
		t.Helper()
		if e, _ := j.get(eventID(1)); e.Status != status || e.Took != took {
			t.Errorf("got %s after %d ms, want %s after %d ms", e.Status, e.Took, status, took)
		}
	}
	add("accepted", 0)
	add("processed", 20*time.Millisecond)
	want("PROCESSED", 20)
	send("local", time.Hour) // by a command
	want("ENQUEUED", -1)
	add("processed", time.Hour+30*time.Millisecond)
	want("PROCESSED", 30)
	send(AccessKey, 2*time.Hour)
	add("processed", 2*time.Hour+40*time.Millisecond)
	want("PROCESSED", 40)
	add("processed", 3*time.Hour+50*time.Millisecond) // before the response of SQS
	send(AccessKey, 3*time.Hour)
	want("PROCESSED", 50)
	for range 2 * maxSteps {
		send("local", 4*time.Hour)
	}
	if e, _ := j.get(eventID(1)); len(e.steps) != maxSteps {
		t.Errorf("the journal keeps %d steps", len(e.steps))
	}
}

func TestJournal_ForgetsTheOldestEvents(t *testing.T) {
	j := newJournal(time.Now)
	j.limits = limits{events: 20, bytes: 100 << 10}
	for i := range 30 {
		j.add(step("accepted", i), "p")
	}
	if len(j.events) != 20 || j.order.Len() != 20 || j.changes.Len() != 20 {
		t.Errorf("%d events", len(j.events))
	}
	if _, ok := j.get(eventID(9)); ok {
		t.Error("an old event is still there")
	}
	large := activity.StringDetail("error", strings.Repeat("x", maxDetail))
	for i := range 50 {
		j.add(step("retried", i, large), "p")
	}
	if j.size > j.limits.bytes || len(j.events) == 0 {
		t.Errorf("%d bytes", j.size)
	}
}

func TestJournal_ListsPagesAndSearches(t *testing.T) {
	j := newJournal(time.Now)
	for i := range 25 {
		j.add(step("accepted", i), "p")
	}
	j.add(step("failed", 3, activity.StringDetail("code", "rejected.x")), "p")
	rows, more := j.list(query{Pipeline: "p"}, 0, 10)
	next, _ := j.list(query{Pipeline: "p"}, rows[9].Cursor, 100)
	if !more || rows[0].ID != eventID(24) || len(next) != 15 || next[0].ID != eventID(14) {
		t.Errorf("%v, then %v", rows, next)
	}
	for _, q := range []query{
		{Code: "rejected.x"}, {Status: "FAILED"}, {Text: eventID(3)}, {Text: "rejected"},
	} {
		q.Pipeline = "p"
		if rows, _ := j.list(q, 0, 100); len(rows) != 1 || rows[0].ID != eventID(3) {
			t.Errorf("%+v: got %v", q, rows)
		}
	}
	if rows, _ := j.list(query{Pipeline: "other"}, 0, 100); len(rows) != 0 {
		t.Errorf("another pipeline has %v", rows)
	}
}

// A browser that does not read its stream must not delay the platform. Later, this browser gets
// only some of the rows.
func TestStream_NeverBlocksTheFeed(t *testing.T) {
	w := newWorld(t, Options{Local: true})
	server := httptest.NewServer(w.handler)
	t.Cleanup(server.Close)
	request, err := http.NewRequestWithContext(t.Context(), "GET",
		server.URL+"/Orders/stream?rows=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	if _, err := lines.ReadString('\n'); err != nil { // the stream is open
		t.Fatal(err)
	}
	const events = 5000
	for i := range events {
		w.Record(step("accepted", i)) // returns although nobody reads
	}
	last, skipped := "", false
	for !strings.Contains(last, eventID(events-1)) {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if last = line; strings.Contains(line, `"skipped":`) {
			skipped = true
		}
	}
	if !skipped {
		t.Error("the reader got every event, want a sample")
	}
}

func TestServer_RejectsChangesIfReadOnly(t *testing.T) {
	w := newWorld(t, Options{})
	for _, path := range []string{
		"/send", "/events/" + eventID(1) + "/redrive", "/deadletters/discard", "/replay",
		"/jobs/1/pause",
	} {
		recorder := httptest.NewRecorder()
		w.handler.ServeHTTP(recorder, httptest.NewRequest("POST", "/Orders"+path, nil))
		if recorder.Code != http.StatusForbidden {
			t.Errorf("%s: %d %s", path, recorder.Code, recorder.Body)
		}
	}
}

// The event's page must show the same duration as the list. The times in the event's item give a
// shorter duration.
func TestEvent_TookAsLongAsInTheList(t *testing.T) {
	w := newWorld(t, Options{Local: true})
	w.Record(step("accepted", 1))
	processed := step("processed", 1)
	processed.Time = processed.Time.Add(90 * time.Millisecond)
	w.Record(processed)
	known, _ := w.journal.get(eventID(1))
	data := eventData{row: known.row}
	item := pipeline.Item{Status: pipeline.Processed}
	item.ID, item.ReceivedAt = eventID(1), known.receivedAt
	item.ProcessedAt = known.receivedAt.Add(85 * time.Millisecond)
	if data.addItem(item, w.find("Orders")); data.Took != known.Took || data.Took < 90 {
		t.Errorf("took %d ms on the page, %d ms in the list", data.Took, known.Took)
	}
}

// If several browsers start a redrive at the same time, only one redrive must run.
func TestJobs_RunsOneChangeOfDeadLettersAtATime(t *testing.T) {
	w := newWorld(t, Options{Local: true, Write: true})
	v := w.find("Orders")
	var started atomic.Int64
	var browsers sync.WaitGroup
	for range 20 {
		browsers.Go(func() {
			j := job{Page: "deadletters", run: func(ctx context.Context, _ func(func(*job))) error {
				<-ctx.Done()
				return ctx.Err()
			}}
			if _, ok := v.jobs.startUnlessBusy(w.ctx, j); ok {
				started.Add(1)
			}
		})
	}
	browsers.Wait()
	if started.Load() != 1 {
		t.Errorf("%d jobs run at the same time", started.Load())
	}
}

func TestJobs_ForgetsTheEarlierRateAfterAPause(t *testing.T) {
	w := newWorld(t, Options{Local: true, Write: true})
	jobs := &w.find("Orders").jobs
	id := jobs.start(w.ctx, job{
		Page: "replay", CanPause: true,
		run: func(ctx context.Context, update func(func(*job))) error {
			update(func(j *job) { j.Done, j.Results = 1000, []field{{"Replayed", "1000"}} })
			<-ctx.Done()
			return ctx.Err()
		},
	})
	wait := func(state jobState) job {
		for {
			if j := jobs.pageJobs("replay")[0]; j.State == state && j.Done == 1000 {
				return j
			}
			runtime.Gosched()
		}
	}
	wait(running)
	jobs.control(w.ctx, id, "pause")
	wait(paused)
	jobs.control(w.ctx, id, "resume")
	if j := wait(running); j.Rate() != 0 {
		t.Errorf("%g events/s after the pause", j.Rate())
	}
}

func TestServer_StopsItsJobsAndStreams(t *testing.T) {
	w := newWorld(t, Options{Local: true, Write: true})
	ended := make(chan error, 1)
	v := w.find("Orders")
	untilCanceled := func(ctx context.Context, _ func(func(*job))) error {
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	}
	v.jobs.start(w.ctx, job{Page: "replay", run: untilCanceled})
	server := httptest.NewServer(w.handler)
	defer server.Close()
	response, err := http.Get(server.URL + "/Orders/stream?id=")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("the job was not cancelled")
	}
	if _, err := io.ReadAll(response.Body); err != nil {
		t.Errorf("the stream did not end properly: %v", err)
	}
}

// An event can change after its page was rendered, but before the page's stream starts. The stream
// must report this change.
func TestStream_SendsWhatChangedSinceThePage(t *testing.T) {
	w := newWorld(t, Options{Local: true})
	w.Record(step("accepted", 1))
	since := w.journal.lastChange("")
	w.Record(step("processed", 1))
	server := httptest.NewServer(w.handler)
	t.Cleanup(server.Close)
	for query, want := range map[string]string{
		"id=" + eventID(1): "event: change", "rows=1": `"status":"PROCESSED"`,
	} {
		url := fmt.Sprintf("%s/Orders/stream?%s&since=%d", server.URL, query, since)
		response, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		lines := bufio.NewScanner(response.Body)
		for lines.Scan() && !strings.Contains(lines.Text(), want) {
			if strings.Contains(lines.Text(), "alive") {
				t.Fatalf("%s: no %s", query, want)
			}
		}
	}
}

// Every page must receive changed badges, even the page of an event that has not changed.
func TestStream_SendsBadges(t *testing.T) {
	w := newWorld(t, Options{Local: true, Watch: true})
	server := httptest.NewServer(w.handler)
	t.Cleanup(server.Close)
	response, err := http.Get(server.URL + "/Orders/stream?id=" + eventID(1))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for _, c := range []struct{ step, want string }{
		{"", `"reload":""`}, {"not reloaded", `"reload":"failed"`}, {"reloaded", `"reload":""`},
		{"restart needed", `"reload":"restart"`},
	} {
		if c.step != "" {
			w.Record(activity.Step{Time: time.Now(), Name: "changed"})
			w.Record(activity.Step{Time: time.Now(), Name: c.step})
		}
		for lines.Scan() && !strings.Contains(lines.Text(), c.want) {
			if strings.Contains(lines.Text(), "alive") {
				t.Fatalf("after %q: no %s", c.step, c.want)
			}
		}
	}
}

// A client or a command can look up any id. The look-up must not add an event to the journal.
func TestJournal_IgnoresLookupsOfUnknownEvents(t *testing.T) {
	w := newWorld(t, Options{Local: true})
	call := func(source, operation, id string) {
		w.Record(activity.Step{Name: activity.Call, Source: source, Details: []activity.Detail{
			{Name: activity.DetailIDs, Value: fmt.Appendf(nil, "[%q]", id)},
			activity.StringDetail(activity.DetailOperation, operation),
		}})
	}
	call("", "PutItem", eventID(1)) // a command
	for _, operation := range []string{
		"GetItem", "BatchGetItem", "Query", "GetObject", "HeadObject", "ListObjectsV2",
	} {
		call("api", operation, eventID(2))
		call("api", operation, eventID(2)+".3")
	}
	for _, name := range []string{logging.RequestRejected, logging.RequestFailed} {
		w.Record(activity.Step{Name: name, Source: "api", EventID: eventID(2)})
	}
	call("api", "PutObject", eventID(3))
	rows, _ := w.journal.list(query{Pipeline: "Orders"}, 0, 10)
	if len(rows) != 1 || rows[0].ID != eventID(3) {
		t.Errorf("the list has %+v", rows)
	}
}

func TestEventData_ShowsTheTimesInTheItem(t *testing.T) {
	at := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
	var data eventData
	data.addStoredSteps(pipeline.Item{
		Event: pipeline.Event{ReceivedAt: at}, EnqueuedAt: at.Add(time.Hour),
		Status: pipeline.Failed, FailedAt: at.Add(time.Hour + time.Second), Attempts: 2,
	})
	var got []string
	for _, s := range data.Steps {
		got = append(got, s.Name+s.Offset)
	}
	if want := "accepted enqueued+1 h 00 min failed+1 h 00 min"; strings.Join(got, " ") != want {
		t.Errorf("the timeline has %q, want %s", got, want)
	}
}

// newWorld's AWS services return an error for every call.
func TestEventRows_ReportsThatBronzeCannotBeRead(t *testing.T) {
	_, body := newWorld(t, Options{}).get(t, "/Orders/events/rows")
	if !strings.Contains(body, `"error":"list the event types: `) {
		t.Errorf("the response is %s", body)
	}
}

func TestUnchecked_NamesWhatAChangeCouldNotCheck(t *testing.T) {
	id := eventID(1)
	matched := dlq.Counts{{Code: "unavailable"}: 5}
	for name, test := range map[string]struct {
		ids    []string
		p      dlq.Preview
		result dlq.Result
		want   string
	}{
		"nothing":      {nil, dlq.Preview{Counts: matched}, dlq.Result{Done: 4, Failed: 1}, ""},
		"hidden":       {nil, dlq.Preview{Hidden: 2}, dlq.Result{}, "2 messages not checked"},
		"all found":    {[]string{id}, dlq.Preview{Hidden: 2}, dlq.Result{}, ""},
		"id not found": {[]string{id}, dlq.Preview{Missing: []string{id}}, dlq.Result{}, id},
		"taken away":   {nil, dlq.Preview{Counts: matched}, dlq.Result{Done: 2}, "3 messages in"},
		"hidden later": {
			nil, dlq.Preview{Truncated: true}, dlq.Result{Hidden: 7}, "7 messages not checked",
		},
		"too many": {
			nil, dlq.Preview{Truncated: true}, dlq.Result{Truncated: true},
			"more than 100\u2009000",
		},
	} {
		got := strings.Join(describeUnchecked(dlq.Filter{IDs: test.ids}, test.p, test.result), "; ")
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestDescribeFilter_NamesEachPart(t *testing.T) {
	day := 24 * time.Hour
	for want, f := range map[string]dlq.Filter{
		"all messages":               {},
		"a, b":                       {IDs: []string{"a", "b"}},
		"4 ids":                      {IDs: []string{"a", "b", "c", "d"}},
		"code a or b or c or d":      {Codes: []string{"a", "b", "c", "d"}},
		"type t, status FAILED":      {Types: []string{"t"}, Statuses: []string{"FAILED"}},
		"code a, older than 24h0m0s": {Codes: []string{"a"}, OlderThan: &day},
	} {
		if got := describeFilter(f); got != want {
			t.Errorf("%+v: got %q, want %q", f, got, want)
		}
	}
}

func TestDeadLetters_SaysThatTheDLQHoldsMoreMessages(t *testing.T) {
	var d deadLettersData
	d.add(deadLetterScan{truncated: true}, dlq.Filter{}, newWorld(t, Options{}).find("Orders"))
	if !strings.Contains(d.Problem, "more than 10\u2009000") {
		t.Errorf("the page says %q", d.Problem)
	}
}

func TestMembersOf_KnowsRangesAndTheirParts(t *testing.T) {
	for _, test := range []struct {
		id, splitOff string
		count        int
		want         string
	}{
		{"", "", 0, ""},
		{"", "", 3, "0 1 2"},
		{"", "1,3-12", 15, "0 (1) 2 (3-12) 13 14"},
		{".3-12", "4,6-9", 15, "3 (4) 5 (6-9) 10 11 12"},
		{".3", "", 15, ""},
	} {
		item := pipeline.Item{SplitOff: test.splitOff}
		item.ID, item.Count = eventID(1)+test.id, test.count
		var got []string
		for _, m := range membersOf(item) {
			if m.ID != eventID(1)+"."+m.Index {
				t.Errorf("member %+v", m)
			}
			if m.splitOff {
				m.Index = "(" + m.Index + ")"
			}
			got = append(got, m.Index)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%+v: got %v", test, got)
		}
	}
}

// An invalid search must not show all events as if they matched.
func TestEvents_ShowsNothingForAnInvalidSearch(t *testing.T) {
	w := newWorld(t, Options{Local: true})
	w.Record(step("processed", 1))
	for path, want := range map[string]bool{
		"/Orders/events": true, "/Orders/events?from=x": false,
	} {
		if _, page := w.get(t, path); strings.Contains(page, eventID(1)) != want {
			t.Errorf("%s shows the event: %t, want %t", path, !want, want)
		}
	}
	r := httptest.NewRequest("GET", "/Orders/stream?rows=1&since=0&from=x", nil)
	if event, _ := w.find("Orders").rowsSince(r)(time.Now()); event != "" {
		t.Errorf("the stream sends %s", event)
	}
}

// A pipeline without a name has the name of its stack as its title. The header must not repeat it.
func TestPage_NamesTheStackOnce(t *testing.T) {
	w := newWorld(t, Options{})
	p := w.find("Orders").Pipeline
	p.Region = "eu-west-1"
	for name, want := range map[string]int{"": 0, "Orders": 1} {
		p.Name = name
		w.SetPipelines([]deployment.Pipeline{p})
		_, page := w.get(t, w.views()[0].path("refused"))
		_, after, _ := strings.Cut(page, `<span class="where">`)
		where, _, _ := strings.Cut(after, "</span>")
		if strings.Count(where, "shop") != want || !strings.Contains(where, "eu-west-1") {
			t.Errorf("%q: the header has %q", name, where)
		}
	}
}
