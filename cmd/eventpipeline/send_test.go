package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// api implements the HTTP API of a pipeline. It rejects the eventType "bad". If throttle is set, it
// also rejects every third request.
type api struct {
	mu       sync.Mutex
	throttle bool
	requests int
	bodies   []string // without compression

	authorization, encoding string // headers of the last request
}

const (
	eventID = "0199aaaa-0000-7000-8000-000000000001"
	problem = `"type":"t","title":"Bad","status":422,"detail":"No good.","pointer":"/eventType"`
)

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, _ := gzip.NewReader(bytes.NewReader(body))
		body, _ = io.ReadAll(unzipped)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.URL.Path == "/health" {
		return
	}
	a.requests++
	a.authorization = r.Header.Get("Authorization")
	a.encoding = r.Header.Get("Content-Encoding")
	if a.throttle && a.requests%3 == 0 {
		w.WriteHeader(http.StatusTooManyRequests)
		io.WriteString(w, `{"message":"Too Many Requests"}`)
		return
	}
	a.bodies = append(a.bodies, string(body))
	var events []json.RawMessage
	switch {
	case json.Unmarshal(body, &events) == nil:
		acceptBatch(w, events)
	case isBad(body):
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		io.WriteString(w, "{"+problem+"}")
	default:
		w.WriteHeader(http.StatusAccepted)
		io.WriteString(w, `{"status":"accepted","eventId":"`+eventID+`"}`)
	}
}

func isBad(event []byte) bool {
	var e struct{ EventType string }
	return json.Unmarshal(event, &e) != nil || e.EventType == "bad"
}

// acceptBatch accepts the valid events of a batch.
func acceptBatch(w http.ResponseWriter, events []json.RawMessage) {
	var results []string
	accepted := 0
	for i, event := range events {
		result := fmt.Sprintf(`{"index":%d,"eventId":"%s.%d"}`, i, eventID, accepted)
		if isBad(event) {
			result = fmt.Sprintf(`{"index":%d,"problem":{%s}}`, i, problem)
		} else {
			accepted++
		}
		results = append(results, result)
	}
	w.WriteHeader(http.StatusAccepted)
	fmt.Fprintf(w, `{"status":"accepted","events":[%s]}`, strings.Join(results, ","))
}

// runSend runs `eventpipeline send` against a test server, and returns the printed text. The server
// calls the handler a.
func runSend(
	t *testing.T, a *api, stdin string, args ...string,
) (stdout, stderr string, err error) {
	t.Helper()
	server := httptest.NewServer(a)
	defer server.Close()
	cmd := newSendCommand()
	var out, errOut bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&errOut)
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetArgs(append([]string{"--api", server.URL}, args...))
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err = cmd.ExecuteContext(t.Context())
	return out.String(), errOut.String(), err
}

func TestSend_GeneratesCountEvents(t *testing.T) {
	var a api
	out, _, err := runSend(t, &a, "", "--count", "50", "--type", "order.created")
	if err != nil || !strings.HasPrefix(out, "50 accepted, 0 refused in ") {
		t.Errorf("printed %q, %v", out, err)
	}
	slices.Sort(a.bodies)
	distinct := slices.Compact(a.bodies)
	if len(distinct) != 50 || !strings.Contains(distinct[0], `"eventType":"order.created"`) {
		t.Errorf("%d different events, such as %s", len(distinct), distinct[0])
	}
}

func TestSend_SendsAFileByteForByte(t *testing.T) {
	file := filepath.Join(t.TempDir(), "event.json")
	body := "{\n  \"eventType\": \"demo\"\r\n}\n\n"
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	var a api
	_, _, err := runSend(t, &a, "", file)
	if err != nil || len(a.bodies) != 1 || a.bodies[0] != body {
		t.Errorf("sent %q, %v", a.bodies, err)
	}
}

func TestSend_SendsAnEventPerLine(t *testing.T) {
	lines := "{\"eventType\":\"a\"}\n\n{\"eventType\":\"b\"}\n{\"eventType\":\"c\"}"
	names := []string{"-"}
	for _, name := range []string{"events.jsonl", "EVENTS.JSONL", "events.NdJson"} {
		name = filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(name, []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	for _, name := range names {
		var a api
		_, _, err := runSend(t, &a, lines, name)
		slices.Sort(a.bodies)
		want := []string{`{"eventType":"a"}`, `{"eventType":"b"}`, `{"eventType":"c"}`}
		if err != nil || !slices.Equal(a.bodies, want) {
			t.Errorf("%s: sent %q, %v", name, a.bodies, err)
		}
	}
}

func TestSend_SkipsByteOrderMark(t *testing.T) {
	const event = `{"eventType":"a"}`
	for _, name := range []string{"event.json", "events.jsonl", "-"} {
		if name != "-" {
			name = filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(name, []byte("\ufeff"+event), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var a api
		_, _, err := runSend(t, &a, "\ufeff"+event, name)
		if err != nil || !slices.Equal(a.bodies, []string{event}) {
			t.Errorf("%s: sent %q, %v", name, a.bodies, err)
		}
	}
}

func TestSend_FailsIfAnEventIsRejectedButSendsTheRest(t *testing.T) {
	var a api
	out, _, err := runSend(t, &a, "{\"eventType\":\"bad\"}\n{\"eventType\":\"a\"}", "-")
	if err == nil || !strings.Contains(err.Error(), "event 1: HTTP 422: No good.") {
		t.Errorf("error = %v", err)
	}
	if !strings.HasPrefix(out, "1 accepted, 1 refused") {
		t.Errorf("printed %q", out)
	}
}

func TestSend_PrintsJSONForScripts(t *testing.T) {
	lines := "{\"eventType\":\"bad\"}\n{\"eventType\":\"a\"}\n"
	for _, batch := range []string{"1", "2"} {
		var a api
		out, _, _ := runSend(
			t, &a, lines, "-", "--json", "--concurrency", "1", "--batch", batch,
		)
		reports, summary := readReports(t, out)
		if len(reports) != 2 || reports[0].Status != "refused" ||
			reports[0].Problem.Detail != "No good." || reports[1].Number != 2 ||
			reports[1].Status != "accepted" || reports[1].EventID == "" {
			t.Errorf("--batch %s: printed %s", batch, out)
		}
		if summary.Accepted != 1 || summary.Rejected != 1 || summary.Requests != 1 ||
			summary.Latency.P50 <= 0 || summary.Latency.P99 > summary.Latency.Max ||
			summary.EventsPerSecond <= 0 || summary.Processing != nil {
			t.Errorf("--batch %s: the summary is %+v", batch, summary)
		}
	}
}

// readReports decodes the output of --json.
func readReports(t *testing.T, out string) (reports []sendReport, summary sendSummary) {
	t.Helper()
	for line := range strings.Lines(out) {
		var r struct {
			sendReport
			Summary *sendSummary
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if r.Summary != nil {
			summary = *r.Summary
			continue
		}
		reports = append(reports, r.sendReport)
	}
	return reports, summary
}

func TestSend_SendsBatches(t *testing.T) {
	for _, gzip := range []bool{false, true} {
		var a api
		out, _, err := runSend(t, &a, "", "--count", "10", "--batch", "4", "--concurrency", "1",
			fmt.Sprintf("--gzip=%t", gzip))
		if err != nil || !strings.HasPrefix(out, "10 accepted, 0 refused in ") ||
			!strings.Contains(out, "\n3 requests, latency: p50 ") {
			t.Errorf("printed %q, %v", out, err)
		}
		var sequence []int
		for _, body := range a.bodies {
			var events []struct{ Sequence int }
			if err := json.Unmarshal([]byte(body), &events); err != nil {
				t.Fatal(err)
			}
			for _, event := range events {
				sequence = append(sequence, event.Sequence)
			}
		}
		if !slices.Equal(sequence, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}) || a.requests != 3 {
			t.Errorf("%d requests with the events %v", a.requests, sequence)
		}
		if (a.encoding == "gzip") != gzip {
			t.Errorf("--gzip=%t: Content-Encoding is %q", gzip, a.encoding)
		}
	}
}

// A batch can contain only JSON objects. The command must send any other line in a separate
// request, so that the API can explain the fault. The command must also send the valid events.
func TestSend_SendsInvalidEventsAlone(t *testing.T) {
	var a api
	lines := "{\"eventType\":\"a\"}\n{\"eventType\":\n[]\n{\"eventType\":\"b\"}\n"
	out, _, err := runSend(t, &a, lines, "-", "--batch", "100")
	if err == nil || !strings.HasPrefix(out, "2 accepted, 2 refused in ") {
		t.Errorf("printed %q, %v", out, err)
	}
}

func TestSend_ReadsArrays(t *testing.T) {
	const array = "\ufeff \n[ {\"eventType\":\"a\",\n \"n\":1.0}\n,{\"eventType\":\"b\"}]\n"
	want := []string{"{\"eventType\":\"a\",\n \"n\":1.0}", `{"eventType":"b"}`}
	for _, name := range []string{"events.json", "events.jsonl", "-"} {
		if name != "-" {
			name = filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(name, []byte(array), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var a api
		_, _, err := runSend(t, &a, array, name, "--concurrency", "1")
		if err != nil || !slices.Equal(a.bodies, want) {
			t.Errorf("%s: sent %q, %v", name, a.bodies, err)
		}
	}
}

func TestSend_FailsAtTheErrorInAnArray(t *testing.T) {
	for text, sent := range map[string]int{
		`[]`: 0, `[{"eventType":"a"}`: 1, `[{"eventType":"a"},]`: 1, `[{"eventType":"a"}] x`: 1,
		`[`: 0, `[{"eventType":"a"}}`: 1,
	} {
		var a api
		_, _, err := runSend(t, &a, text, "-")
		failed := err != nil && strings.Contains(err.Error(), "read standard input: ")
		if failed == (text == `[]`) || len(a.bodies) != sent {
			t.Errorf("%s: sent %q, %v", text, a.bodies, err)
		}
	}
}

func TestSend_SendsSeveralFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.json": `{"eventType":"a"}`, "b.jsonl": "{\"eventType\":\"b\"}\n{\"eventType\":\"c\"}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var a api
	_, _, err := runSend(t, &a, `[{"eventType":"d"}]`, filepath.Join(dir, "a.json"),
		filepath.Join(dir, "b.jsonl"), "-", "--concurrency", "1")
	want := []string{
		`{"eventType":"a"}`, `{"eventType":"b"}`, `{"eventType":"c"}`, `{"eventType":"d"}`,
	}
	if err != nil || !slices.Equal(a.bodies, want) {
		t.Errorf("sent %q, %v", a.bodies, err)
	}
}

// With 50 events a second, the command sends 5 events every tenth of a second.
func TestSend_LimitsTheRate(t *testing.T) {
	out, _, err := runSend(t, new(api), "", "--count", "10", "--rate", "50", "--json")
	_, summary := readReports(t, out)
	if err != nil || summary.Accepted != 10 || summary.Seconds < 0.1 {
		t.Errorf("the summary is %+v, %v", summary, err)
	}
}

func TestSend_RetriesThrottledRequests(t *testing.T) {
	a := api{throttle: true}
	out, _, err := runSend(t, &a, "", "--count", "20", "--concurrency", "1")
	if err != nil || !strings.HasPrefix(out, "20 accepted") {
		t.Errorf("printed %q, %v", out, err)
	}
	if len(a.bodies) != 20 {
		t.Errorf("%d events arrived", len(a.bodies))
	}
}

func TestSend_CountsA5xxAsUnknown(t *testing.T) {
	requests := 0
	unavailable := func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			requests++
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	server := httptest.NewServer(http.HandlerFunc(unavailable))
	defer server.Close()
	cmd := newSendCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(io.Discard)
	cmd.SetArgs([]string{
		"--api", server.URL, "--count", "3", "--retries", "1", "--concurrency", "1",
	})
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err := cmd.ExecuteContext(t.Context())
	if err == nil || !strings.HasPrefix(out.String(), "0 accepted, 0 refused, 3 unknown") {
		t.Errorf("printed %q, %v", out.String(), err)
	}
	if requests != 6 {
		t.Errorf("sent %d requests, want 2 for each event", requests)
	}
}

func TestSend_SendsTheTokenAndNeverPrintsIt(t *testing.T) {
	for _, c := range []struct {
		variable string
		args     []string
		want     string
	}{
		{"from-env", nil, "Bearer from-env"},
		{"from-env", []string{"--token", "from-flag"}, "Bearer from-flag"},
		{"from-env", []string{"--sign"}, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"},
		{"", nil, ""},
	} {
		t.Setenv(tokenVariable, c.variable)
		t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
		t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
		t.Setenv("AWS_REGION", "us-east-1")
		var a api
		out, errOut, err := runSend(t, &a, "", append(c.args, "--count", "1")...)
		if err != nil || !strings.HasPrefix(a.authorization, c.want) ||
			c.want == "" && a.authorization != "" {
			t.Errorf("%+v: Authorization was %q, %v", c, a.authorization, err)
		}
		if strings.Contains(out+errOut, "from-") {
			t.Errorf("%+v: printed %s%s", c, out, errOut)
		}
	}
}

func TestSend_SuggestsHowToSeeTheLastEvent(t *testing.T) {
	out, _, err := runSend(t, new(api), "", "--count", "1")
	if err != nil || !strings.Contains(out, "eventpipeline status --api http://127.0.0.1:") {
		t.Errorf("printed %q, %v", out, err)
	}
}

func TestSend_HelpShowsHowToSendTypedEvents(t *testing.T) {
	for _, want := range []string{
		`echo '{"eventType":"order.placed","orderId":"7"`, "eventpipeline send orders.jsonl",
	} {
		if help := newSendCommand().Example; !strings.Contains(help, want) {
			t.Errorf("the examples are\n%s\nthey lack %s", help, want)
		}
	}
}

func TestSend_RejectsInvalidFlags(t *testing.T) {
	for _, args := range [][]string{
		{}, {"--count", "0"}, {"--count", "1", "-"}, {"--count", "1", "--concurrency", "0"},
		{"--count", "1", "--batch", "0"}, {"--count", "1", "--batch", "1001"},
		{"--count", "1", "--rate", "0"}, {"--count", "1", "--rate", "-1"},
		{"--count", "1", "--rate", "NaN"}, {"--count", "1", "--retries", "-1"},
		{"--type", "demo", "-"},
	} {
		var usage usageError
		if _, _, err := runSend(t, new(api), "", args...); !errors.As(err, &usage) {
			t.Errorf("%v: got %v, want a usage error", args, err)
		}
	}
}

func TestSend_StopsAfterTheFirstUnansweredRequest(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	cmd := newSendCommand()
	cmd.SetArgs([]string{"--api", server.URL, "--count", "1000"})
	cmd.SetOut(io.Discard)
	cmd.SetErr(io.Discard)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	var out strings.Builder
	cmd.SetOut(&out)
	err := cmd.ExecuteContext(t.Context())
	if err == nil || strings.Count(err.Error(), "refused") != 1 || out.Len() > 0 {
		t.Errorf("printed %q, %v; want the refused connection once", &out, err)
	}
}

// If the API stops, the command must count the remaining events as unsent, not as unknown.
func TestSend_StopsWhenTheAPIHasStopped(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		server.Listener.Close()
	})
	server.Start()
	defer server.Close()
	code, out, errOut := runMain(
		t, "send", "--api", server.URL, "--count", "1000", "--retries", "1",
	)
	if code != exitFailure || strings.Count(errOut, "refused") != 1 {
		t.Errorf("exit code %d, printed %q; want the refused connection once", code, errOut)
	}
	if !strings.Contains(out, " not sent in ") || strings.Contains(out, "unknown") {
		t.Errorf("printed %q, %q", out, errOut)
	}
}

// If the server closes the connection, the client can't know whether the server accepted the event.
func TestSend_CountsAnUnansweredRequestAsUnknown(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			panic(http.ErrAbortHandler)
		}
	}))
	defer server.Close()
	cmd := newSendCommand()
	var out strings.Builder
	cmd.SetOut(&out)
	cmd.SetErr(io.Discard)
	cmd.SetArgs([]string{"--api", server.URL, "--count", "1", "--retries", "1"})
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err := cmd.ExecuteContext(t.Context())
	if err == nil || !strings.HasPrefix(out.String(), "0 accepted, 0 refused, 1 unknown") {
		t.Errorf("printed %q, %v", out.String(), err)
	}
}

// brokenDisk represents a file on a full disk.
type brokenDisk struct{}

func (brokenDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// Errors about the input files or the output must not contain advice about the local platform.
func TestSend_DoesNotBlameThePlatformForLocalErrors(t *testing.T) {
	d := deploy(t)
	server := httptest.NewServer(new(api))
	defer server.Close()
	d.api = server.URL
	t.Setenv(endpointVariable, d.url)
	long := filepath.Join(t.TempDir(), "long.jsonl")
	if err := os.WriteFile(long, bytes.Repeat([]byte("x"), maxLine+1), 0o600); err != nil {
		t.Fatal(err)
	}
	array := filepath.Join(t.TempDir(), "array.jsonl")
	if err := os.WriteFile(array, []byte("{}\n[]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		out  io.Writer
		want string
	}{
		"an array in a line":  {[]string{array}, io.Discard, "got an array"},
		"a folder":            {[]string{t.TempDir()}, io.Discard, "directory"},
		"no file":             {[]string{"missing.json"}, io.Discard, "missing.json"},
		"a line too long":     {[]string{long}, io.Discard, "long.jsonl"},
		"a full disk":         {[]string{"--count", "1", "--json"}, brokenDisk{}, "no space left"},
		"no room for the sum": {[]string{"--count", "1"}, brokenDisk{}, "no space left"},
	} {
		var errOut strings.Builder
		code := run(t.Context(), append([]string{"send"}, c.args...), strings.NewReader(""),
			c.out, &errOut)
		if code != exitFailure || !strings.Contains(errOut.String(), c.want) ||
			strings.Contains(errOut.String(), "Is the local platform running?") {
			t.Errorf("%s: exit code %d, printed %q", name, code, errOut.String())
		}
	}
}

func TestSend_ExplainsThatTheMachineHasNoMoreConnections(t *testing.T) {
	for _, limit := range []error{syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL} {
		err := &url.Error{Op: "Post", URL: localAPI, Err: os.NewSyscallError("connect", limit)}
		got := new(apiFlags).explain(err).Error()
		if !strings.Contains(got, "--concurrency") || strings.Contains(got, "running?") {
			t.Errorf("got %q", got)
		}
	}
}

// waitingAPI accepts events. The first two status requests return ENQUEUED. Later ones return the
// value of the field `last`.
type waitingAPI struct {
	api
	last  string
	polls int
}

func (w *waitingAPI) ServeHTTP(response http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost || r.URL.Path == "/health" {
		w.api.ServeHTTP(response, r)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.polls++
	status := "ENQUEUED"
	if w.polls > 2 {
		status = w.last
	}
	io.WriteString(response, `{"status":"`+status+`","receivedAt":"2026-11-23T12:00:00Z",`+
		`"processedAt":"2026-11-23T12:00:02Z","failedAt":"2026-11-23T12:00:02Z"}`)
}

func TestSend_WaitsUntilEventsAreProcessed(t *testing.T) {
	for last, want := range map[string]struct {
		code int
		text string
	}{
		"PROCESSED": {exitOK, "2 processed, 0 failed in 2s (1 events/s)\n" +
			"Time until PROCESSED: p50 2001 ms, p90 2001 ms, p99 2001 ms, max 2001 ms\n"},
		"FAILED": {exitFailure, "0 processed, 2 failed in 2s (0 events/s)\n"},
	} {
		server := httptest.NewServer(&waitingAPI{last: last})
		defer server.Close()
		code, out, _ := runMain(t, "send", "--count", "2", "--wait", "--api", server.URL)
		if code != want.code || !strings.HasSuffix(out, want.text) {
			t.Errorf("%s: exit code %d, printed %q", last, code, out)
		}
	}
}

func TestSend_SaysWhatIsUnknownAfterAnInterruption(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	a := waitingAPI{last: "ENQUEUED"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.ServeHTTP(w, r)
		if r.Method == http.MethodGet && r.URL.Path != "/health" {
			cancel()
		}
	}))
	defer server.Close()
	var out, errOut bytes.Buffer
	code := run(ctx, []string{"send", "--count", "2", "--wait", "--api", server.URL},
		strings.NewReader(""), &out, &errOut)
	if code != exitInterrupted || strings.Contains(out.String(), "processed") ||
		!strings.Contains(errOut.String(), "2 events may still be processed") {
		t.Errorf("exit code %d, printed %q, %q", code, &out, &errOut)
	}
}

// All events of a batch have the batch's state, except the events that were split off.
func TestSend_WaitsForBatches(t *testing.T) {
	const received = `"receivedAt":"2026-11-23T12:00:00Z",`
	states := map[string]string{
		"": `"count":10,"splitOff":["` + eventID + `.3","` + eventID + `.5-8"],` + received +
			`"status":"PROCESSED","processedAt":"2026-11-23T12:00:01Z"`,
		".3": received + `"status":"FAILED","failedAt":"2026-11-23T12:00:03Z"`,
		".5-8": `"count":4,"splitOff":["` + eventID + `.6"],` + received +
			`"status":"PROCESSED","processedAt":"2026-11-23T12:00:02Z"`,
		".6": received + `"status":"PROCESSED","processedAt":"2026-11-23T12:00:04Z"`,
	}
	var a api
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		part, isStatus := strings.CutPrefix(r.URL.Path, "/events/"+eventID)
		if !isStatus {
			a.ServeHTTP(w, r)
			return
		}
		asked = append(asked, part)
		io.WriteString(w, "{"+states[part]+"}")
	}))
	defer server.Close()
	code, out, _ := runMain(t, "send", "--api", server.URL, "--count", "10", "--batch", "10",
		"--wait", "--json", "--concurrency", "1")
	_, summary := readReports(t, out)
	p := summary.Processing
	if code != exitFailure || p == nil || p.Processed != 9 || p.Failed != 1 || p.Seconds != 4 ||
		p.Latency.P50 > 1002 || p.Latency.Max < 4000 {
		t.Errorf("exit code %d, the summary is %+v", code, p)
	}
	if !slices.Equal(asked, []string{"", ".3", ".5-8", ".6"}) {
		t.Errorf("asked for the states of %q", asked)
	}
}

func TestSend_AddsTheWaitToTheSummary(t *testing.T) {
	server := httptest.NewServer(&waitingAPI{last: "PROCESSED"})
	defer server.Close()
	code, out, _ := runMain(
		t, "send", "--count", "2", "--wait", "--json", "--api", server.URL,
	)
	_, summary := readReports(t, out)
	p := summary.Processing
	if code != exitOK || p == nil || p.Processed != 2 || p.Seconds != 2 || p.EventsPerSecond != 1 ||
		p.Latency.P50 < 2000 || p.Latency.P50 > 2002 {
		t.Errorf("exit code %d, the summary is %+v", code, p)
	}
}
