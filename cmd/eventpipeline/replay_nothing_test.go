package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/replay"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func TestReplay_NamesWhatMayBeMeantIfThereIsNothingToReplay(t *testing.T) {
	for want, counts := range map[string]pipeline.ReplayCounts{
		"2 events FAILED. To process them again:\n  eventpipeline dlq redrive --stack shop\n": {
			Scanned: 2, Failed: 2,
		},
		"1 event on the queue already.\n":                    {Scanned: 1, Enqueued: 1},
		"\n  eventpipeline events --stack shop --since 7d\n": {},
	} {
		var out, errOut bytes.Buffer
		cmd := &cobra.Command{}
		cmd.SetOut(&out)
		cmd.SetErr(&errOut)
		f := &replayFlags{stack: stackFlags{stack: "shop"}}
		r := replayRun{replayFlags: f, cmd: cmd, state: &replay.State{Counts: counts}}
		if err := r.printNothing(); err != nil {
			t.Fatal(err)
		}
		if got := errOut.String(); !strings.HasPrefix(got, "Nothing to replay.\n") ||
			!strings.Contains(got, want) || !strings.Contains(out.String(), "replayed") {
			t.Errorf("printed %q, %q; want %q", &out, got, want)
		}
	}
}

func TestDLQList_SaysIfTheDLQIsEmpty(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	code, out, errOut := d.run(t, "dlq", "list", "--type", "demo")
	if code != exitOK || !strings.HasPrefix(out, "The DLQ is empty") || errOut != "" {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
}
