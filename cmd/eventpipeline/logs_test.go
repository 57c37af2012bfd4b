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
