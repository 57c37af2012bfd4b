package cdkapp

import (
	"bytes"
	"strings"
	"testing"
)

func TestTail_DropsNoise(t *testing.T) {
	var shown bytes.Buffer
	output := &tail{out: &shown}
	for _, text := range []string{
		"Bundling\nRuntime process exited abnormally: waitid: ",
		"no child processes",
		"done\n",
		string(jsiiRace),
	} {
		if _, err := output.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	output.flush()
	if got, want := shown.String(), "Bundling\ndone\n"; got != want {
		t.Errorf("output %q, want %q", got, want)
	}
}

func TestTail_KeepsCompilerErrorsWithoutStack(t *testing.T) {
	output := &tail{}
	if _, err := output.Write([]byte(bundlingFailure)); err != nil {
		t.Fatal(err)
	}
	const want = "\n  # example.com/shop/functions/notify\n" +
		"  functions/notify/main.go:21:1: syntax error\nCorrect the app. To run only the app, " +
		"use: npx aws-cdk synth"
	if got := output.summary(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTail_CountsDroppedLinesOfPanic(t *testing.T) {
	output := &tail{}
	_, err := output.Write(
		[]byte(
			"panic: Validation failed with the following errors:\n" + strings.Repeat(
				"  [S/P] a validation error\n",
				keptLines+1,
			),
		),
	)
	if err != nil {
		t.Fatal(err)
	}
	if got := output.summary(); !strings.Contains(got, "\n  … and 2 more lines, see above\n") {
		t.Errorf("got %s", got)
	}
}
