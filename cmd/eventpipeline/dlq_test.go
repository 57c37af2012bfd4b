package main

import (
	"context"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/sqs"
)

const (
	poison      = `{"eventType":"demo","n":1e999}`
	poisonOrder = `{"eventType":"order", "n":1e999}`
)

// bury puts a message into the DLQ as it is.
func (d *deployed) bury(t *testing.T, body string) (messageID string) {
	t.Helper()
	sent, err := awssqs.NewFromConfig(d.Config).SendMessage(t.Context(), &awssqs.SendMessageInput{
		QueueUrl: aws.String(d.DLQURL), MessageBody: &body,
	})
	if err != nil {
		t.Fatal(err)
	}
	return *sent.MessageId
}

// listed is what dlq list --json prints of a message.
type listed struct{ EventID, MessageID, EventType, Status, Code, Reason string }

func (d *deployed) list(t *testing.T, flags ...string) (ids []string) {
	t.Helper()
	code, out, errOut := d.run(t, append([]string{"dlq", "list", "--json"}, flags...)...)
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, errOut)
	}
	for _, l := range parseLines[listed](t, out) {
		id := l.EventID
		if id == "" {
			id = l.MessageID
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func TestDLQList_ShowsEachMessageOnceAndGivesItBack(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	ids := d.accept(t, slices.Repeat([]string{poison, poisonOrder}, 13)...) // three requests
	d.process(t)
	ids = append(ids, d.bury(t, "{}"))
	slices.Sort(ids)
	for range 2 {
		if got := d.list(t); !slices.Equal(got, ids) {
			t.Errorf("listed %v, want %v", got, ids)
		}
		d.wantVisible(t, d.DLQURL, 27)
	}
	code, out, _ := d.run(t, "dlq", "list")
	for _, want := range []string{
		"AGE   CODE ", "\n27 messages:\n", "\n  13  unprocessable-number  order     FAILED\n", "\n  1   none                  no event  -\n",
	} {
		if code != exitOK || !strings.Contains(out, want) {
			t.Errorf("exit code %d, printed\n%s\nwant %q", code, out, want)
		}
	}
}

func TestDLQList_TellsOfMessagesThatSomebodyElseHas(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.accept(t, poison, poison)
	d.process(t)
	if letters, err := d.DeadLetterQueue().Receive(t.Context(), time.Minute); err != nil || len(letters) != 2 {
		t.Fatalf("%d letters, %v", len(letters), err)
	}
	const hidden = "2 messages not checked"
	if code, out, errOut := d.run(t, "dlq", "list"); code != exitFailure || out != "No message in the DLQ matches.\n" || !strings.Contains(errOut, hidden) {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	if code, out, errOut := d.run(t, "dlq", "list", "--json"); code != exitFailure || out != `{"hidden":2,"truncated":false}`+"\n" || !strings.Contains(errOut, hidden) {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	for _, flag := range []string{"--dry-run", "--yes"} {
		code, out, errOut := d.run(t, "dlq", "drop", "--all", "--json", flag)
		if got := parseLines[dlqResult](t, out)[0]; code != exitFailure || got != (dlqResult{Hidden: 2, DryRun: flag == "--dry-run"}) || !strings.Contains(errOut, hidden) {
			t.Errorf("%s: exit code %d, printed %q, %q", flag, code, out, errOut)
		}
	}
}

func TestDLQRedrive_DoesAllThatWasAskedBesideMessagesThatSomebodyElseHas(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.accept(t, poison)
	d.process(t)
	if letters, err := d.DeadLetterQueue().Receive(t.Context(), time.Minute); err != nil || len(letters) != 1 {
		t.Fatalf("%d letters, %v", len(letters), err)
	}
	id := d.accept(t, poison)[0]
	d.process(t)
	code, out, errOut := d.run(t, "dlq", "redrive", id, "--yes", "--json")
	if got := parseLines[dlqResult](t, out)[0]; code != exitOK || got != (dlqResult{Matched: 1, Done: 1, Hidden: 1}) {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
}

func TestDLQDrop_DropsWhatItAnnouncedAndNoMore(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	ids := d.accept(t, poison, poison)
	d.process(t)
	held, err := d.DeadLetterQueue().Receive(t.Context(), time.Minute)
	if err != nil || len(held) != 2 {
		t.Fatalf("%d letters, %v", len(held), err)
	}
	d.accept(t, poison, poison)
	d.process(t)
	var result dlqResult
	var errOut strings.Builder
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	cmd.SetErr(&errOut)
	c := dlqChange{past: "dropped", apply: drop, all: true}
	now := time.Now()
	these, _, err := c.preview(cmd, d.Pipeline, now, &result)
	if err != nil || result.Matched != 2 || result.Hidden != 2 {
		t.Fatalf("announced %+v, %v", result, err)
	}
	d.DeadLetterQueue().Release(t.Context(), []string{held[0].ReceiptHandle, held[1].ReceiptHandle}) // while the question is asked
	if err := c.change(cmd, d.Pipeline, now, these, &result); err != nil || result.Done != 2 || result.Unseen != 0 {
		t.Errorf("%+v, %v", result, err)
	}
	slices.Sort(ids)
	if left := d.list(t); !slices.Equal(left, ids) {
		t.Errorf("left %v, want %v", left, ids)
	}
}

func TestDLQChanges_FailWhenAMessageDoesNotComeUpAgain(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.accept(t, poison, poison)
	d.process(t)
	var result dlqResult
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	cmd.SetErr(io.Discard)
	c, now := dlqChange{past: "redriven", apply: redrive, all: true}, time.Now()
	these, missing, err := c.preview(cmd, d.Pipeline, now, &result)
	if err != nil {
		t.Fatal(err)
	}
	d.take(t, d.DLQURL) // another redrive has them
	if err := c.change(cmd, d.Pipeline, now, these, &result); err != nil || result != (dlqResult{Matched: 2, Unseen: 2}) {
		t.Errorf("%+v, %v", result, err)
	}
	if err := c.incompleteError(result, missing); err == nil || !strings.Contains(err.Error(), "2 messages not received again") {
		t.Errorf("error = %v", err)
	}
}

func TestDLQChanges_SayThatTheyWereStoppedBeforeAnything(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	cmd := &cobra.Command{}
	cmd.SetContext(ctx)
	var errOut strings.Builder
	cmd.SetErr(&errOut)
	c := dlqChange{past: "dropped", apply: drop, all: true}
	_, _, err := c.preview(cmd, d.Pipeline, time.Now(), &dlqResult{})
	if err := reportUnchanged(cmd, err); !errors.Is(err, context.Canceled) || errOut.String() != "Stopped. Nothing was changed.\n" {
		t.Errorf("printed %q, %v", &errOut, err)
	}
}

func TestDLQRedrive_DryRunSaysWhatWouldFail(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.accept(t, poison)
	d.process(t)
	d.bury(t, "{}")
	code, out, errOut := d.run(t, "dlq", "redrive", "--all", "--dry-run")
	if code != exitOK || out != "Nothing was changed; 1 message would be redriven, 1 would fail.\n" || !strings.Contains(errOut, "1 of them can't be redriven") {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	if _, out, _ = d.run(t, "dlq", "redrive", "--all", "--dry-run", "--json"); parseLines[dlqResult](t, out)[0] != (dlqResult{Matched: 2, Failed: 1, DryRun: true}) {
		t.Errorf("printed %q", out)
	}
	if _, out, _ = d.run(t, "dlq", "drop", "--all", "--dry-run"); out != "Nothing was changed; 2 messages would be dropped.\n" {
		t.Errorf("printed %q", out)
	}
}

func TestDLQList_Filters(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	ids := d.accept(t, poison, poisonOrder)
	d.process(t)
	d.bury(t, "{}")
	if got := d.list(t, "--code", "unprocessable-number,unavailable", "--type", "order", "--newer-than", "1h"); !slices.Equal(got, ids[1:]) {
		t.Errorf("listed %v, want %v", got, ids[1:])
	}
}

func TestDLQList_PrintsNothingThatATerminalObeys(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	err := d.DeadLetterQueue().Send(t.Context(), pipeline.DeadLetter{
		Body: []byte("{}"), EventType: "\u009b31m", FailedAt: time.Now(), Failure: pipeline.Failure{Code: "\u009b32m", Reason: "x"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, out, _ := d.run(t, "dlq", "list"); strings.Contains(out, "\u009b") || strings.Count(out, `\u009b3`) != 4 {
		t.Errorf("printed %q", out)
	}
}

func TestDLQFilter_Matches(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	const eventID, messageID = "0199aaaa-0000-7000-8000-000000000001", "0199bbbb-0000-4000-8000-000000000002"
	failed := dlqMessage{status: pipeline.Failed, ReceivedDeadLetter: sqs.ReceivedDeadLetter{MessageID: messageID, SentAt: now.Add(-3 * time.Hour), DeadLetter: pipeline.DeadLetter{
		EventID: eventID, EventType: "demo", FailedAt: now.Add(-time.Hour), Failure: pipeline.Failure{Code: pipeline.Unavailable},
	}}}
	moved := dlqMessage{ReceivedDeadLetter: sqs.ReceivedDeadLetter{MessageID: messageID, SentAt: now.Add(-3 * time.Hour)}}
	tests := []struct {
		flags         []string
		failed, moved bool
	}{
		{nil, true, true},
		{[]string{eventID}, true, false},
		{[]string{messageID, eventID}, true, true},
		{[]string{"--code", "unavailable"}, true, false},
		{[]string{"--code", "internal,none"}, false, true},
		{[]string{"--type", "demo"}, true, false},
		{[]string{"--type", "order", "--type", "demo"}, true, false},
		{[]string{"--type", "demo", "--code", "internal"}, false, false},
		{[]string{"--status", "FAILED,PROCESSED"}, true, false},
		{[]string{"--status", "PROCESSED"}, false, false},
		{[]string{"--older-than", "2h"}, false, true},
		{[]string{"--newer-than", "2h"}, true, false},
		{[]string{"--older-than", "30m", "--newer-than", "1d"}, true, true},
		{[]string{"--newer-than", "0s"}, false, false},
	}
	for _, test := range tests {
		var filter dlqFilter
		cmd := &cobra.Command{}
		filter.add(cmd)
		if err := cmd.ParseFlags(test.flags); err != nil {
			t.Fatal(err)
		}
		if err := filter.parse(cmd, cmd.Flags().Args()); err != nil {
			t.Fatal(err)
		}
		if got := filter.match(failed, now); got != test.failed {
			t.Errorf("%v: a FAILED event's message matches: %t", test.flags, got)
		}
		if got := filter.match(moved, now); got != test.moved {
			t.Errorf("%v: a message that SQS moved matches: %t", test.flags, got)
		}
	}
}

// closedPipe fails as a pipe does whose reader is gone.
type closedPipe struct{ io.Writer }

func (closedPipe) Write([]byte) (int, error) { return 0, syscall.EPIPE }

// firstLines is a pipe whose reader ends after some lines, as head does.
type firstLines struct {
	left int
}

func (f *firstLines) Write(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, syscall.EPIPE
	}
	return len(p), nil
}

func TestDLQList_EndsQuietlyWhereverItsReaderDoes(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.accept(t, poison)
	d.process(t)
	for lines := range 3 { // the heading, the message, the sum
		var errOut strings.Builder
		code := run(t.Context(), []string{"dlq", "list", "--aws", d.url}, strings.NewReader(""), &firstLines{lines}, &errOut)
		if code != exitOK || errOut.Len() > 0 {
			t.Errorf("after %d lines: exit code %d, printed %q", lines, code, &errOut)
		}
	}
}

func TestDLQList_GivesBackWhatItsReaderDidNotWant(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.accept(t, poison, poison)
	d.process(t)
	var errOut strings.Builder
	code := run(t.Context(), []string{"dlq", "list", "--aws", d.url}, strings.NewReader(""), closedPipe{}, &errOut)
	if code != exitOK || errOut.Len() > 0 {
		t.Errorf("exit code %d, printed %q", code, errOut.String())
	}
	d.wantVisible(t, d.DLQURL, 2)
}

func TestDLQShow_PrintsThePayloadByteForByte(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	body := "{\"eventType\" : \"demo\",\r\n \"n\":1e999, \"text\":\"h\u00e9 <&>\"}\n\n"
	id := d.accept(t, body)[0]
	d.process(t)
	code, out, errOut := d.run(t, "dlq", "show", id)
	if code != exitOK || out != body || !strings.Contains(errOut, "unprocessable-number: ") || !strings.Contains(errOut, "FAILED") {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	code, out, errOut = d.run(t, "dlq", "show", "--json", id)
	shown := parseLines[shownMessage](t, out)
	if code != exitOK || errOut != "" || shown[0].Payload != body || shown[0].Code != "unprocessable-number" || shown[0].Bronze == nil {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
}

func TestDLQShow_SaysWhyEvenWithoutThePayload(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	id := d.accept(t, `{"eventType":"demo"}`)[0]
	item := d.wantStatus(t, id, pipeline.Enqueued)
	_, err := awss3.NewFromConfig(d.Config).DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: &item.Bronze.Bucket, Key: &item.Bronze.Key})
	if err != nil {
		t.Fatal(err)
	}
	d.process(t)
	if code, out, errOut := d.run(t, "dlq", "show", id); code != exitFailure || out != "" || !strings.Contains(errOut, "payload-missing: ") {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	code, out, errOut := d.run(t, "dlq", "show", "--json", id)
	if shown := parseLines[shownMessage](t, out); code != exitFailure || shown[0].Code != "payload-missing" || !strings.Contains(errOut, item.Bronze.Key) {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
}

func TestDLQShow_PrintsAMessageThatIsNoEvents(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	id := d.bury(t, "not ours")
	if code, out, errOut := d.run(t, "dlq", "show", id); code != exitOK || out != "not ours" {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	d.wantVisible(t, d.DLQURL, 1)
}

func TestDLQShow_SaysThatNothingHasTheID(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	if code, _, errOut := d.run(t, "dlq", "show", "0199aaaa-0000-7000-8000-000000000001"); code != exitFailure || !strings.Contains(errOut, "no event 0199aaaa") {
		t.Errorf("exit code %d, printed %q", code, errOut)
	}
	if code, _, _ := d.run(t, "dlq", "show", "x"); code != exitUsage {
		t.Errorf("exit code %d for what is no id", code)
	}
}

func TestDLQRedrive_SendsWhatMatchesAndLeavesTheRest(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	ids := d.accept(t, slices.Repeat([]string{poison, poisonOrder}, 13)...)
	d.process(t)
	code, out, errOut := d.run(t, "dlq", "redrive", "--type", "order", "--yes", "--json")
	if got := parseLines[dlqResult](t, out); code != exitOK || got[0] != (dlqResult{Matched: 13, Done: 13}) {
		t.Errorf("exit code %d, printed %s, %s", code, out, errOut)
	}
	if !strings.Contains(errOut, "13  unprocessable-number  order  FAILED") {
		t.Errorf("did not say what it would do: %s", errOut)
	}
	d.wantVisible(t, d.QueueURL, 13)
	d.wantVisible(t, d.DLQURL, 13)
	d.wantStatus(t, ids[0], pipeline.Failed)
	if item := d.wantStatus(t, ids[1], pipeline.Enqueued); item.Failure.Code != "" {
		t.Errorf("item = %+v", item)
	}
	d.process(t) // as poisonous as before
	d.wantVisible(t, d.DLQURL, 26)
}

func TestDLQRedrive_TakesIDs(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	ids := d.accept(t, poison, poison, poison)
	d.process(t)
	if code, out, errOut := d.run(t, "dlq", "redrive", ids[0], ids[2], "--yes"); code != exitOK || out != "2 messages redriven, 0 failed.\n" {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	d.wantStatus(t, ids[1], pipeline.Failed)
	d.wantStatus(t, ids[2], pipeline.Enqueued)
}

func TestDLQRedrive_FailsForIDsThatNothingMatches(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	id := d.accept(t, poison)[0]
	d.process(t)
	const absent = "0199aaaa-0000-7000-8000-000000000001"
	for _, flags := range [][]string{{"--dry-run"}, {"--yes"}} {
		code, out, errOut := d.run(t, append([]string{"dlq", "redrive", "--json", id, absent}, flags...)...)
		if got := parseLines[dlqResult](t, out)[0]; code != exitFailure || got.Matched != 1 || got.NotFound != 1 || !strings.Contains(errOut, "matches "+absent+"\n") {
			t.Errorf("%v: exit code %d, printed %q, %q", flags, code, out, errOut)
		}
	}
	d.wantStatus(t, id, pipeline.Enqueued)
}

func TestDLQRedrive_StoppedLeavesNoEventHalfDone(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	id := d.accept(t, poison)[0]
	d.process(t)
	ctx, stop := context.WithCancel(t.Context())
	c := dlqChange{past: "redriven", apply: func(ctx context.Context, p deployment.Pipeline, letters []dlqMessage) []error {
		stop()
		return redrive(ctx, p, letters)
	}}
	cmd := &cobra.Command{}
	cmd.SetContext(ctx)
	cmd.SetErr(io.Discard)
	var result dlqResult
	if err := c.change(cmd, d.Pipeline, time.Now(), nil, &result); !errors.Is(err, context.Canceled) || result.Done != 1 {
		t.Errorf("%+v, error = %v", result, err)
	}
	d.wantStatus(t, id, pipeline.Enqueued)
	d.wantVisible(t, d.QueueURL, 1)
	d.wantVisible(t, d.DLQURL, 0)
}

func TestDLQRedrive_RemovesTheMessageOfAnEventThatIsProcessed(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	id := d.accept(t, `{"eventType":"demo"}`)[0]
	body := *d.take(t, d.QueueURL)[0].Body
	if err := d.Queue().Send(t.Context(), mustRead(t, body)); err != nil {
		t.Fatal(err)
	}
	d.process(t)
	d.bury(t, body) // as SQS does after a worker was killed behind its last step
	if code, _, errOut := d.run(t, "dlq", "redrive", "--code", "none", "--yes"); code != exitOK {
		t.Errorf("exit code %d, %s", code, errOut)
	}
	d.wantStatus(t, id, pipeline.Processed)
	d.wantVisible(t, d.QueueURL, 0)
	d.wantVisible(t, d.DLQURL, 0)
}

func mustRead(t *testing.T, body string) pipeline.Event {
	t.Helper()
	event, err := pipeline.ReadMessage([]byte(body), "bronze")
	if err != nil {
		t.Fatal(err)
	}
	return event
}

func TestDLQRedrive_KeepsWhatIsNoEventAndFails(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.accept(t, poison)
	d.process(t)
	foreign := d.bury(t, "{}")
	code, out, errOut := d.run(t, "dlq", "redrive", "--all", "--yes")
	if code != exitFailure || out != "1 message redriven, 1 failed.\n" || !strings.Contains(errOut, foreign+": ") {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	d.wantVisible(t, d.DLQURL, 1)
}

func TestDLQRedrive_DoesNotMeetAgainWhatFailedAgain(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	began := time.Now()
	d.accept(t, poison)
	d.process(t)
	s := newDLQScan(d.Pipeline, began.Add(-time.Second), maxHeld)
	err := s.run(t.Context(), func(_ context.Context, letters []dlqMessage) ([]dlqMessage, error) {
		return nil, errors.New("met a message that came later")
	})
	if err != nil {
		t.Error(err)
	}
	d.wantVisible(t, d.DLQURL, 1)
}

func TestDLQScan_StopsAtItsLimit(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.accept(t, slices.Repeat([]string{poison}, 30)...)
	d.process(t)
	s := newDLQScan(d.Pipeline, time.Now(), 7)
	met := make(chan string, 30)
	err := s.run(t.Context(), func(_ context.Context, letters []dlqMessage) ([]dlqMessage, error) {
		for _, l := range letters {
			met <- l.MessageID
		}
		return nil, nil
	})
	if err != nil || !s.truncated || len(met) != 7 {
		t.Errorf("met %d letters, truncated: %t, %v", len(met), s.truncated, err)
	}
	d.wantVisible(t, d.DLQURL, 30)
}

func TestDLQScan_GivesBackWhenItIsStopped(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.accept(t, poison, poison)
	d.process(t)
	ctx, stop := context.WithCancel(t.Context())
	s := newDLQScan(d.Pipeline, time.Now(), maxHeld)
	err := s.run(ctx, func(context.Context, []dlqMessage) ([]dlqMessage, error) {
		stop()
		return nil, nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
	d.wantVisible(t, d.DLQURL, 2)
}

func TestDLQDrop_DeletesTheMessagesForGood(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	ids := d.accept(t, poison, poisonOrder)
	d.process(t)
	killed := d.accept(t, `{"eventType":"demo"}`)[0]
	d.bury(t, *d.take(t, d.QueueURL)[0].Body) // as SQS does after the last delivery to a worker that is killed
	if code, out, errOut := d.run(t, "dlq", "drop", "--type", "demo", "--yes"); code != exitOK || out != "2 messages dropped, 0 failed.\n" {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	d.wantStatus(t, ids[0], pipeline.Failed)
	d.wantStatus(t, killed, pipeline.Failed)
	if left := d.list(t); !slices.Equal(left, ids[1:]) {
		t.Errorf("left %v, want %v", left, ids[1:])
	}
}

func TestDLQChanges_ChangeNothingWithoutConsent(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	id := d.accept(t, poison)[0]
	d.process(t)
	for _, verb := range []string{"redrive", "drop"} {
		code, out, errOut := d.run(t, "dlq", verb, "--all", "--dry-run")
		if code != exitOK || !strings.HasPrefix(out, "Nothing was changed; 1 message would be ") || !strings.HasPrefix(errOut, "1 message:\n") {
			t.Errorf("%s: exit code %d, printed %q, %q", verb, code, out, errOut)
		}
		code, out, errOut = d.run(t, "dlq", verb, "--all")
		if code != exitUsage || out != "" || !strings.Contains(errOut, "--yes") {
			t.Errorf("%s: exit code %d, printed %q, %q", verb, code, out, errOut)
		}
	}
	d.wantStatus(t, id, pipeline.Failed)
	d.wantVisible(t, d.DLQURL, 1)
}

func TestDLQChanges_WantToKnowWhichMessages(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"--all", "--code", "unavailable"}, {"x"}, {"--older-than", "x"}, {"--newer-than", "-1h"},
		{"--type", "demo", "--code", ""}, {"--status", "processed"}, {"--status", ""}, {"--code", "none", "--type", ""}, {"--code", "none", "--older-than", ""}, {"--code", "unavailable,unavailible"}} {
		for _, verb := range []string{"redrive", "drop"} {
			if code, _, errOut := runMain(t, append([]string{"dlq", verb, "--yes"}, args...)...); code != exitUsage {
				t.Errorf("%s %v: exit code %d, printed %q", verb, args, code, errOut)
			}
		}
	}
}

func TestDLQFilter_SuggestsTheCodeOfARejection(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{"unknown-unit": true, "Unknown unit": false} {
		exit, _, errOut := runMain(t, "dlq", "redrive", "--yes", "--code", code)
		if exit != exitUsage || strings.Contains(errOut, "did you mean rejected."+code) != want {
			t.Errorf("exit code %d, printed %q", exit, errOut)
		}
	}
}

// The table is what the error of a mistyped code points to.
func TestDLQFilter_TakesTheCodesOfTheRunbook(t *testing.T) {
	runbooks, err := os.ReadFile("../../docs/runbooks.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(runbooks), "\n| code | what happened |")
	table, _, _ = strings.Cut(table, "\n\n")
	codes := regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|").FindAllStringSubmatch(table, -1)
	if len(codes) < 9 {
		t.Fatalf("found %q", codes)
	}
	for _, code := range codes {
		if !isFailureCode(pipeline.Code(code[1])) {
			t.Errorf("--code %s is refused", code[1])
		}
	}
}
