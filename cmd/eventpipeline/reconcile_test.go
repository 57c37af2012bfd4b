package main

import (
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// respondAsReconciler sets the responses of the reconciler function, in order. The returned slice
// collects the requests.
func (d *deployed) respondAsReconciler(responses ...string) (requests *[]string) {
	requests = new([]string)
	d.reconciler = func(payload []byte) (string, string) {
		*requests = append(*requests, string(payload))
		return responses[len(*requests)-1], ""
	}
	return requests
}

func TestReconcile_InvokesTheFunctionUntilItIsDone(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	requests := d.respondAsReconciler(
		`{"report":{"from":"2026-11-20T00:00:00Z","to":"2026-11-23T00:00:00Z","scanned":1000,`+
			`"reenqueued":2},"pass":{"from":"2026-11-20T00:00:00Z","type":"demo"}}`,
		`{"report":{"from":"2026-11-20T00:00:00Z","to":"2026-11-23T00:00:00Z","scanned":5,`+
			`"reenqueued":1,"done":true},"pass":{"done":true}}`)
	code, out, errOut := d.run(t, "reconcile", "--since", "2026-11-20", "--json")
	got := parseLines[pipeline.Report](t, out)[0]
	if code != exitOK || got.Scanned != 1005 || got.Reenqueued != 3 || !got.Done {
		t.Errorf("exit code %d, printed %s, %s", code, out, errOut)
	}
	if len(*requests) != 2 || (*requests)[0] != `{"since":"2026-11-20T00:00:00Z"}` {
		t.Fatalf("the function got %q", *requests)
	}
	if second := (*requests)[1]; !strings.Contains(second, `"type":"demo"`) ||
		!strings.HasPrefix(second, `{"pass":{"from":"2026-11-20T00:00:00Z"`) {
		t.Errorf("the function got %q", *requests)
	}
}

func TestReconcile_AddsUpTheReports(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	part := func(done string) string {
		return `{"report":{"from":"2026-11-20T17:00:00Z","to":"2026-11-20T18:00:00Z",` +
			`"scanned":10,"processed":1,"failed":1,"waiting":1,"young":1,"reenqueued":1,` +
			`"givenUp":1,"repaired":1,"orphans":1,"overtaken":1,"errors":1,"done":` + done + `}}`
	}
	d.respondAsReconciler(part("false"), part("true"), part("true"))
	code, out, _ := d.run(t, "reconcile", "--json")
	from := time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC)
	want := pipeline.Report{
		From:       from,
		To:         from.Add(time.Hour),
		Scanned:    20,
		Processed:  2,
		Failed:     2,
		Waiting:    2,
		Young:      2,
		Reenqueued: 2,
		GivenUp:    2,
		Repaired:   2,
		Orphans:    2,
		Overtaken:  2,
		Errors:     2,
		Done:       true,
	}
	if got := parseLines[pipeline.Report](t, out)[0]; code != exitFailure || got != want {
		t.Errorf("exit code %d, printed %s", code, out)
	}
	_, out, _ = d.run(t, "reconcile")
	if !strings.Contains(out, "from 2026-11-20T17:00:00Z to 2026-11-20T18:00:00Z\n") ||
		!strings.Contains(out, "\novertaken  1  ") {
		t.Errorf("printed %s", out)
	}
}

func TestReconcile_ContinuesFromTheCheckpointByDefault(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	requests := d.respondAsReconciler(`{"report":{"scanned":1}}`, `{"report":{"done":true}}`)
	code, out, errOut := d.run(t, "reconcile")
	if code != exitOK || strings.Join(*requests, " ") != "{} {}" {
		t.Errorf("exit code %d, %s; the function got %q", code, errOut, *requests)
	}
	if !strings.Contains(out, "1  objects in Bronze, and parts of batches\n") {
		t.Errorf("printed %s", out)
	}
}

func TestReconcile_DryRunPrintsWhatWouldChange(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	requests := d.respondAsReconciler(
		`{"report":{"scanned":1,"reenqueued":1},"pass":{"type":"demo"}}`,
		`{"report":{"reenqueued":1,"done":true}}`,
	)
	code, out, errOut := d.run(t, "reconcile", "--dry-run")
	if code != exitOK || !strings.Contains(out, "2  would be enqueued again") {
		t.Errorf("exit code %d, printed %s, %s", code, out, errOut)
	}
	for _, request := range *requests {
		if !strings.Contains(request, `"dryRun":true`) {
			t.Errorf("the function got %s", request)
		}
	}
}

func TestReconcile_FailsIfEventsCouldNotBeReconciled(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.respondAsReconciler(`{"report":{"scanned":9,"errors":2,"done":true}}`)
	code, out, errOut := d.run(t, "reconcile")
	if code != exitFailure || !strings.Contains(errOut, "2 events could not be reconciled") ||
		!strings.Contains(out, "events that could not be reconciled") {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
}

func TestReconcile_ReportsTheFunctionsError(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.reconciler = func([]byte) (response, functionError string) {
		return `{"errorMessage":"no table"}`, "Unhandled"
	}
	code, _, errOut := d.run(t, "reconcile")
	if code != exitFailure || !strings.Contains(errOut, "reconciler failed: ") ||
		!strings.Contains(errOut, "no table") {
		t.Errorf("exit code %d, printed %q", code, errOut)
	}
}

func TestReconcile_StopsWithoutProgress(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.respondAsReconciler(`{"report":{"scanned":9}}`, `{"report":{}}`)
	code, _, errOut := d.run(t, "reconcile")
	if code != exitFailure || !strings.Contains(errOut, "ReconcilerFunction.Timeout") {
		t.Errorf("exit code %d, printed %q", code, errOut)
	}
}

func TestReconcile_RejectsInvalidFlags(t *testing.T) {
	for _, since := range []string{"x", "", "2999-01-01"} {
		code, _, errOut := runMain(t, "reconcile", "--since", since)
		if code != exitUsage || !strings.Contains(errOut, "--since") {
			t.Errorf("%q: exit code %d, printed %q", since, code, errOut)
		}
	}
}
