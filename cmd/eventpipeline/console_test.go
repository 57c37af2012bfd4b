package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/console"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// browser is an HTTP client with the session of a console.
type browser struct {
	http.Client
	base, change string
}

// openConsole starts `eventpipeline console`, and stops it at the end of the test.
func (d *deployed) openConsole(t *testing.T, flags ...string) *browser {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	read, write := io.Pipe()
	ended := make(chan int, 1)
	var errOut bytes.Buffer
	go func() {
		args := []string{"console", "--aws", d.url, "--console-port", "0", "--json"}
		args = append(args, flags...)
		code := run(ctx, args, strings.NewReader(""), write, &errOut)
		_ = write.Close()
		ended <- code
	}()
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != exitOK {
			t.Errorf("exit code %d: %s", code, &errOut)
		}
	})
	var ready struct{ Console string }
	if err := json.NewDecoder(read).Decode(&ready); err != nil {
		t.Fatalf("%v: %s", err, &errOut)
	}
	return newBrowser(t, ready.Console)
}

// newBrowser returns a browser that has opened the console at url.
func newBrowser(t *testing.T, url string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{Client: http.Client{Jar: jar, Timeout: time.Minute}}
	b.get(t, url) // exchanges the token for the cookie
	b.base, _, _ = strings.Cut(url, "/?")
	page := b.get(t, b.base+"/")
	b.base += regexp.MustCompile(`data-base="([^"]*)"`).FindStringSubmatch(page)[1]
	b.change = regexp.MustCompile(`<meta name="\w+" content="([A-Z0-9]+)"`).
		FindStringSubmatch(page)[1]
	return b
}

func (b *browser) get(t *testing.T, url string) string {
	t.Helper()
	response, err := b.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	return readBody(t, response)
}

func (b *browser) post(t *testing.T, path, form string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.base+path,
		strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("X-Console-Token", b.change)
	response, err := b.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, readBody(t, response)
}

func readBody(t *testing.T, response *http.Response) string {
	t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestConsole_ShowsADeployedPipeline(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	processed := d.accept(t, `{"eventType":"demo","message":"hello"}`)[0]
	failed := d.accept(t, poison)[0]
	batch := d.acceptBatch(t, `{"eventType":"demo"}`, `{"eventType":"demo"}`)
	d.process(t)
	b := d.openConsole(t)
	rows := b.get(t, b.base+"/events/rows")
	const filter = "code=unprocessable-number&type=demo"
	for page, want := range map[string]string{
		"/events/" + processed:                   "PROCESSED",
		"/events/" + processed + "/payload.json": `{"eventType":"demo","message":"hello"}`,
		"/events/" + failed:                      "unprocessable-number",
		"/events/" + failed + "?":                "the message is in the DLQ, 1 attempt",
		"/events/" + processed + "?": "Record stored in Silver, status PROCESSED, " +
			"1 attempt",
		"/events/" + batch + "/members": `"id":"` + batch + `.1"`,
		"/":                             "a sample of 2 events from 15 minutes",
		"/deadletters":                  failed,
		"/deadletters?" + filter: "/deadletters/redrive?" +
			html.EscapeString(filter),
		"/deadletters/redrive?code=internal": "<b>0 messages</b>",
		"/deadletters?type=a+b%27&newer=2h": html.EscapeString(
			"--type 'a,b'\\''' --newer-than '2h'"),
		"/deadletters?ids=" + failed:                 "dlq show",
		"/deadletters/discard?ids=" + failed:         "<b>1 message</b>",
		"/refused":                                   "filter-log-events",
		"/replay":                                    "Dry run",
		"/events/rows?status=FAILED&type=demo":       failed,
		"/events/019aaf3e-6f0b-7cc2-9c49-00000000ff": "The id must be a lower-case UUID",
	} {
		if got := b.get(t, b.base+page); !strings.Contains(got, want) {
			t.Errorf("%s lacks %s: %s", page, want, got)
		}
	}
	if !strings.Contains(rows, processed) || !strings.Contains(rows, failed) {
		t.Errorf("rows %s", rows)
	}
	status, response := b.post(t, "/deadletters/redrive", "all=1")
	if status != http.StatusForbidden {
		t.Errorf("a read-only console redrives: %d %s", status, response)
	}
	d.wantVisible(t, d.DLQURL, 1)
}

func TestConsole_RedrivesDiscardsAndReplays(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // for the progress of the replay
	d := deploy(t)
	ids := d.accept(t, poison, poison, poisonOrder, `{"eventType":"demo","message":"hello"}`)
	d.process(t)
	b := d.openConsole(t, "--write")
	must := func(path, form string) {
		t.Helper()
		if status, response := b.post(t, path, form); status != http.StatusOK {
			t.Fatalf("%s: %d %s", path, status, response)
		}
	}
	must("/events/"+ids[0]+"/redrive", "") // waits for the end
	d.wantStatus(t, ids[0], "ENQUEUED")
	must("/deadletters/discard", b.dryRun(t, "/deadletters/discard?type=order"))
	b.wait(t, "/deadletters", ">finished</span>")
	must("/replay/count", "type=demo&from=1h&rate=100")
	b.wait(t, "/replay", "Replay 1 event\n")
	must("/replay", b.dryRun(t, "/replay"))
	b.wait(t, "/replay", "<dt>Replayed</dt><dd>1</dd>")
	b.wait(t, "/replay", "Out of date: events may have changed")
	d.wantStatus(t, ids[3], "ENQUEUED")
	must("/replay/compare", "type=demo&from=1h")
	b.wait(t, "/replay", "<dt>Same</dt>")
	for path, form := range map[string]string{
		"/jobs/99/pause":                 "",
		"/replay/count":                  "from=1h",
		"/replay/count?":                 "type=a&from=1h&rate=-1",
		"/replay/compare":                "type=demo&from=1h&select=failed&quiet=1",
		"/events/" + ids[0] + "/redrive": "", // its message is on the queue
		"/events/" + ids[0] + "/replay":  "",
	} {
		if status, response := b.post(t, path, form); status != http.StatusUnprocessableEntity ||
			!strings.Contains(response, `"error"`) {
			t.Errorf("%s %s: %d %s", path, form, status, response)
		}
	}
}

func TestConsole_ShowsTheEventsOfABatchThatWasSplit(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	batch := d.acceptBatch(t, `{"eventType":"demo"}`, `{"eventType":"demo","bad":1}`)
	d.processor = func(payload []byte) error {
		if bytes.Contains(payload, []byte("bad")) {
			return pipeline.NewRejection("bad", "the event is bad")
		}
		return nil
	}
	d.process(t)
	b := d.openConsole(t)
	var found struct{ Rows []struct{ ID, Status string } }
	members := b.get(t, b.base+"/events/"+batch+"/members")
	if err := json.Unmarshal([]byte(members), &found); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("[{%s.0 PROCESSED} {%[1]s.1 FAILED}]", batch)
	if got := fmt.Sprint(found.Rows); got != want {
		t.Errorf("members %s, want %s", got, want)
	}
	page := b.get(t, b.base+"/events/"+batch)
	for _, want := range []string{
		"Split off", `data-id="` + batch + `.1"`, "1 with the batch's status",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of the batch lacks %s: %s", want, page)
		}
	}
}

func TestConsole_RedrivesAnEventIfAnotherClientHoldsOtherMessages(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.accept(t, poison)
	d.process(t)
	d.receiveDeadLetters(t, 1)
	id := d.accept(t, poison)[0]
	d.process(t)
	b := d.openConsole(t, "--write")
	if status, response := b.post(t, "/events/"+id+"/redrive", ""); status != http.StatusOK {
		t.Errorf("%d %s", status, response)
	}
	d.wantStatus(t, id, "ENQUEUED")
}

// dryRun loads a page that shows a dry run. It returns the form that applies this dry run.
func (b *browser) dryRun(t *testing.T, page string) string {
	t.Helper()
	html := b.get(t, b.base+page)
	found := regexp.MustCompile(`dryRun(?:=|" value=")(\w+)"`).FindStringSubmatch(html)
	if found == nil {
		t.Fatalf("%s has no dry run: %s", page, html)
	}
	return "dryRun=" + found[1]
}

// A tab shows a dry run of a discard. Then another tab redrives the event, and the event fails
// again. The first tab must not discard the new message.
func TestConsole_ChangesOnlyTheMessagesOfTheDryRun(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.accept(t, poison)
	d.process(t)
	b := d.openConsole(t, "--write")
	form := b.dryRun(t, "/deadletters/discard")
	first := b.dryRun(t, "/deadletters/redrive")
	if status, response := b.post(t, "/deadletters/redrive", first); status != http.StatusOK {
		t.Fatalf("%d %s", status, response)
	}
	b.wait(t, "/deadletters", ">finished</span>")
	d.process(t)
	d.wantVisible(t, d.DLQURL, 1)
	if status, response := b.post(t, "/deadletters/discard", form); status != http.StatusOK {
		t.Fatalf("%d %s", status, response)
	}
	b.wait(t, "/deadletters", "Another client has deleted or received 1 message")
	d.wantVisible(t, d.DLQURL, 1)
	if status, _ := b.post(t, "/deadletters/discard", form); status == http.StatusOK {
		t.Error("a dry run starts two changes")
	}
}

func TestConsole_ShowsEachBatchOfAList(t *testing.T) {
	t.Parallel()
	const (
		first  = "0199aaaa-0000-7000-8000-000000000001"
		second = "0199aaaa-0000-7000-8000-000000000002"
	)
	d := deploy(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, `{"batches":[{"batchId":%q},{"batchId":%q}],"events":[
			{"index":0,"eventId":"%[1]s.0"},{"index":1,"eventId":"%[2]s.0"}]}`, first, second)
	}))
	t.Cleanup(server.Close)
	d.api = server.URL
	b := d.openConsole(t, "--write")
	status, text := b.post(t, "/send", `[{"eventType":"a"},{"eventType":"b"}]`)
	var response struct{ Location string }
	if err := json.Unmarshal([]byte(text), &response); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	page := b.get(t, b.base[:strings.LastIndex(b.base, "/")]+response.Location)
	for _, want := range []string{"Accepted as 2 batches", first + "</a>", second + "</a>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s: %s", want, page)
		}
	}
}

// wait loads a page until it contains text.
func (b *browser) wait(t *testing.T, page, text string) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		html := b.get(t, b.base+page)
		if strings.Contains(html, text) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s lacks %s: %s", page, text, html)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// After a restart with --data, the local console lists the events of the earlier run. New steps of
// such an event change its row.
func TestConsole_ListsTheEventsOfAnEarlierRun(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	processed, failed := d.accept(t, `{"eventType":"demo"}`)[0], d.accept(t, poison)[0]
	d.process(t)
	batch := d.acceptBatch(t, `{"eventType":"order"}`, `{"eventType":"order"}`)
	p, err := (&stackFlags{aws: d.url}).find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server := console.New(console.Options{
		Local: true, Resume: true, Command: suggestCommand,
		Flags: func(deployment.Pipeline) string { return "" },
		Curl:  func(context.Context, deployment.Pipeline) string { return "" },
	})
	server.SetPipelines([]deployment.Pipeline{p})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	server.Record(activity.Step{ // the platform has continued with the batch
		Time: time.Now(), Name: activity.Call, Source: p.WorkerFunction,
		Details: []activity.Detail{{Name: "events", Value: fmt.Appendf(nil, "[%q]", batch)}},
	})
	if err := server.LoadStored(t.Context()); err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	b := newBrowser(t, server.URL(l))
	list := func(path string) (rows []string) {
		var response struct {
			Rows []struct{ ID, Type, Status string }
		}
		if err := json.Unmarshal([]byte(b.get(t, b.base+path)), &response); err != nil {
			t.Fatal(err)
		}
		for _, r := range response.Rows {
			rows = append(rows, r.ID+" "+r.Type+" "+r.Status)
		}
		return rows
	}
	want := []string{
		batch + " order ENQUEUED", failed + " demo FAILED", processed + " demo PROCESSED",
	}
	if rows := list("/events/rows"); !slices.Equal(slices.Sorted(slices.Values(rows)),
		slices.Sorted(slices.Values(want))) {
		t.Errorf("the list has\n%q, want\n%q", rows, want)
	}
	if rows := list("/events/rows?status=FAILED"); !slices.Equal(rows, want[1:2]) {
		t.Errorf("the list of FAILED events has %q", rows)
	}
	if page := b.get(t, b.base+"/"); strings.Contains(page, "No event yet") {
		t.Error("the overview says that there is no event")
	}
	if page := b.get(t, b.base+"/events/"+processed); !strings.Contains(page, "events table") {
		t.Error("the page of an event has no times")
	}
	server.Record(activity.Step{
		Time: time.Now(), Name: "processed", Source: p.WorkerFunction, EventID: batch,
	})
	if rows := list("/events/rows?type=order"); !slices.Equal(rows, []string{
		batch + " order PROCESSED",
	}) {
		t.Errorf("after the batch was processed, the list has %q", rows)
	}
}
