package main

import (
	"fmt"
	"strings"
	"testing"

	locallogs "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/logs"
)

func TestLogs_FindsTheLinesOfAnEventAndOfItsBatch(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.reconciler = func([]byte) (string, string) { // GetFunctionConfiguration
		return `{"LoggingConfig":{"LogGroup":"/logs/orders"}}`, ""
	}
	d.logs.CreateGroup(locallogs.Group{Name: "/logs/orders"})
	batch := d.acceptBatch(t, `{"eventType":"demo"}`, `{"eventType":"demo"}`)
	other := d.accept(t, `{"eventType":"demo"}`)[0]
	for _, id := range []string{batch, batch + ".0", batch + ".1", other} {
		line := fmt.Sprintf(`{"level":"INFO","msg":"line of %s","eventId":"%[1]s"}`, id)
		d.logs.Write("/logs/orders", "stream", []byte(line))
	}
	for id, want := range map[string]string{
		batch:        "[" + batch + " " + batch + ".0 " + batch + ".1]",
		batch + ".1": "[" + batch + " " + batch + ".1]",
		other:        "[" + other + "]",
	} {
		code, out, errOut := d.run(t, "logs", "--json", id)
		var found []string
		for _, logged := range parseLines[struct{ Line struct{ EventID string } }](t, out) {
			found = append(found, logged.Line.EventID)
		}
		if got := fmt.Sprint(found); code != exitOK || got != want {
			t.Errorf("logs %s: exit code %d, found %s, want %s; %s", id, code, got, want, errOut)
		}
	}
	code, out, errOut := d.run(t, "logs", other)
	if code != exitOK || !strings.Contains(out, "line of "+other) || errOut != "" {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
}

func TestLogs_FailsIfThereIsNothingToShow(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.reconciler = func([]byte) (string, string) { return `{}`, "" }
	id := d.accept(t, `{"eventType":"demo"}`)[0]
	unknown := "019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001"
	for id, want := range map[string]string{
		id: "contain no line of event " + id, unknown: "there is no event " + unknown,
	} {
		code, out, errOut := d.run(t, "logs", id)
		if code != exitFailure || out != "" || !strings.Contains(errOut, want) {
			t.Errorf("exit code %d, printed %q, %q; want %q", code, out, errOut, want)
		}
	}
}

// The output of fmt.Println contains no event id. The command must find this output by the
// invocation that processed the event.
func TestLogs_FindsTheOutputOfTheInvocation(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.reconciler = func([]byte) (string, string) {
		return `{"LoggingConfig":{"LogGroup":"/logs/orders"}}`, ""
	}
	d.logs.CreateGroup(locallogs.Group{Name: "/logs/orders"})
	ids := d.accept(t, `{"eventType":"demo"}`, `{"eventType":"demo"}`)
	done := func(request, id string) string {
		return fmt.Sprintf(`{"level":"INFO","msg":"done %s","requestId":%[1]q,"eventId":%q}`,
			request, id)
	}
	mark := func(kind, request string) string {
		return fmt.Sprintf(`{"type":"platform.%s","record":{"requestId":%q}}`, kind, request)
	}
	for _, line := range []string{ // with Lambda's marks, as on AWS
		mark("start", "r1"), "before 1", done("r1", ids[0]), "after 1", mark("report", "r1"),
		mark("start", "r2"), "before 2", done("r2", ids[1]), mark("report", "r2"),
	} {
		d.logs.Write("/logs/orders", "1", []byte(line))
	}
	for _, line := range []string{
		"before 3", done("r3", ids[0]), done("r3", ids[1]), "before 4", done("r4", ids[1]),
		`{"msg":"warning","requestId":"r4"}`,
	} {
		d.logs.Write("/logs/orders", "2", []byte(line))
	}
	for id, want := range map[string]string{
		ids[0]: "before 1,done r1,after 1,before 3,done r3",
		ids[1]: "before 2,done r2,before 3,done r3,before 4,done r4,warning",
	} {
		code, out, errOut := d.run(t, "logs", "--json", id)
		var found []string
		for _, logged := range parseLines[struct{ Line any }](t, out) {
			text, isText := logged.Line.(string)
			if !isText {
				text = fmt.Sprint(logged.Line.(map[string]any)["msg"])
			}
			found = append(found, text)
		}
		if got := strings.Join(found, ","); code != exitOK || got != want {
			t.Errorf("exit code %d, found %s, want %s; %s", code, got, want, errOut)
		}
	}
}
