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
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/dlq"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/sqs"
)

const (
	poison      = `{"eventType":"demo","n":1e999}`
	poisonOrder = `{"eventType":"order", "n":1e999}`
)

// sendToDLQ sends a message to the DLQ.
func (d *deployed) sendToDLQ(t *testing.T, body string) (messageID string) {
	t.Helper()
	sent, err := awssqs.NewFromConfig(d.Config).SendMessage(t.Context(), &awssqs.SendMessageInput{
		QueueUrl: aws.String(d.DLQURL), MessageBody: &body,
	})
	if err != nil {
		t.Fatal(err)
	}
	return *sent.MessageId
}

// newDLQRun returns a run whose printed output is discarded.
func (d *deployed) newDLQRun(ctx context.Context, c dlqChange) *dlqRun {
	cmd := &cobra.Command{}
	cmd.SetContext(ctx)
	cmd.SetErr(io.Discard)
	return c.newRun(cmd, d.Pipeline)
}

// listed represents a line of dlq list --json.
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

func TestDLQList_ShowsEachMessageOnceAndReleasesIt(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	bodies := slices.Repeat([]string{poison, poisonOrder}, 13) // needs more than two requests
	ids := d.accept(t, bodies...)
	d.process(t)
	ids = append(ids, d.sendToDLQ(t, "{}"))
	slices.Sort(ids)
	for range 2 {
		if got := d.list(t); !slices.Equal(got, ids) {
			t.Errorf("listed %v, want %v", got, ids)
		}
		d.wantVisible(t, d.DLQURL, 27)
	}
	code, out, _ := d.run(t, "dlq", "list")
	for _, want := range []string{
		"AGE      ID ",
		"\n         unprocessable-number: ",
		"\n27 messages:\n",
		"\n  13  unprocessable-number  order     FAILED\n",
		"\n  1   none                  no event  -\n",
	} {
		if code != exitOK || !strings.Contains(out, want) {
			t.Errorf("exit code %d, printed\n%s\nwant %q", code, out, want)
		}
	}
}

func TestDLQList_FailsIfAnotherClientHasMessages(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.accept(t, poison, poison)
	d.process(t)
	d.receiveDeadLetters(t, 2)
	const hidden = "another client has received 2 messages"
	code, out, errOut := d.run(t, "dlq", "list")
	if code != exitFailure || out != "No message in the DLQ matches.\n" ||
		!strings.Contains(errOut, hidden) {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	code, out, errOut = d.run(t, "dlq", "list", "--json")
	if code != exitFailure || out != `{"hidden":2,"truncated":false}`+"\n" ||
		!strings.Contains(errOut, hidden) {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	for _, flag := range []string{"--dry-run", "--yes"} {
		code, out, errOut := d.run(t, "dlq", "drop", "--all", "--json", flag)
		got := parseLines[dlqResult](t, out)[0]
		if code != exitFailure || got != (dlqResult{Hidden: 2, DryRun: flag == "--dry-run"}) ||
			!strings.Contains(errOut, hidden) {
			t.Errorf("%s: exit code %d, printed %q, %q", flag, code, out, errOut)
		}
	}
}

func TestDLQRedrive_SucceedsIfAllIDsOfItsArgumentsAreFound(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.accept(t, poison)
	d.process(t)
	d.receiveDeadLetters(t, 1)
	id := d.accept(t, poison)[0]
	d.process(t)
	code, out, errOut := d.run(t, "dlq", "redrive", id, "--yes", "--json")
	got := parseLines[dlqResult](t, out)[0]
	if code != exitOK || got != (dlqResult{Matched: 1, Done: 1, Hidden: 1}) {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
}

func TestDLQDrop_DropsOnlyAnnouncedMessages(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	ids := d.accept(t, poison, poison)
	d.process(t)
	receiptHandles := d.receiveDeadLetters(t, 2)
	d.accept(t, poison, poison)
	d.process(t)
	r := d.newDLQRun(t.Context(), dlqChange{past: "dropped", action: dlq.Discard})
	if err := r.preview(); err != nil || r.result.Matched != 2 || r.result.Hidden != 2 {
		t.Fatalf("previewed %+v, %v", r.result, err)
	}
	// While the user confirms, another client makes its messages visible again.
	d.DeadLetterQueue().Release(t.Context(), receiptHandles)
	if err := r.apply(); err != nil || r.result.Done != 2 || r.result.Unseen != 0 {
		t.Errorf("%+v, %v", r.result, err)
	}
	slices.Sort(ids)
	if left := d.list(t); !slices.Equal(left, ids) {
		t.Errorf("left %v, want %v", left, ids)
	}
}

func TestDLQChange_FailsIfAnAnnouncedMessageIsNotReceivedAgain(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.accept(t, poison, poison)
	d.process(t)
	r := d.newDLQRun(t.Context(), dlqChange{past: "redriven", action: dlq.Redrive})
	if err := r.preview(); err != nil {
		t.Fatal(err)
	}
	d.take(t, d.DLQURL) // simulates another redrive, which receives the messages first
	if err := r.apply(); err != nil || r.result != (dlqResult{Matched: 2, Unseen: 2}) {
		t.Errorf("%+v, %v", r.result, err)
	}
	err := r.incompleteError()
	if err == nil || !strings.Contains(err.Error(), "deleted or received 2 messages") {
		t.Errorf("error = %v", err)
	}
}

func TestDLQChange_ReportsThatItWasStoppedBeforeAnyChange(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var errOut strings.Builder
	r := d.newDLQRun(ctx, dlqChange{past: "dropped", action: dlq.Discard})
	r.cmd.SetErr(&errOut)
	err := r.run()
	if !errors.Is(err, context.Canceled) || errOut.String() != "Stopped. Nothing was changed.\n" {
		t.Errorf("printed %q, %v", &errOut, err)
	}
}

func TestDLQRedrive_DryRunCountsWhatWouldFail(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.accept(t, poison)
	d.process(t)
	d.sendToDLQ(t, "{}")
	code, out, errOut := d.run(t, "dlq", "redrive", "--all", "--dry-run")
	if code != exitOK ||
		out != "Nothing was changed; 1 message would be redriven, 1 would fail.\n" ||
		!strings.Contains(errOut, "1 of them can't be redriven") {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	_, out, _ = d.run(t, "dlq", "redrive", "--all", "--dry-run", "--json")
	if parseLines[dlqResult](t, out)[0] != (dlqResult{Matched: 2, Failed: 1, DryRun: true}) {
		t.Errorf("printed %q", out)
	}
	_, out, _ = d.run(t, "dlq", "drop", "--all", "--dry-run")
	if out != "Nothing was changed; 2 messages would be dropped.\n" {
		t.Errorf("printed %q", out)
	}
}

func TestDLQList_FiltersMessages(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	ids := d.accept(t, poison, poisonOrder)
	d.process(t)
	d.sendToDLQ(t, "{}")
	got := d.list(
		t, "--code", "unprocessable-number,unavailable", "--type", "order", "--newer-than", "1h",
	)
	if !slices.Equal(got, ids[1:]) {
		t.Errorf("listed %v, want %v", got, ids[1:])
	}
}

func TestDLQList_EscapesControlCharacters(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	err := d.DeadLetterQueue().Send(t.Context(), pipeline.DeadLetter{
		Body:      []byte("{}"),
		EventType: "\u009b31m",
		FailedAt:  time.Now(),
		Failure:   pipeline.Failure{Code: "\u009b32m", Reason: "x"},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, out, _ := d.run(t, "dlq", "list")
	if strings.Contains(out, "\u009b") || strings.Count(out, `\u009b3`) != 4 {
		t.Errorf("printed %q", out)
	}
}

func TestDLQFilter_Matches(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	const eventID = "0199aaaa-0000-7000-8000-000000000001"
	const messageID = "0199bbbb-0000-4000-8000-000000000002"
	failed := dlq.Message{
		Status: pipeline.Failed,
		ReceivedDeadLetter: sqs.ReceivedDeadLetter{
			MessageID: messageID,
			SentAt:    now.Add(-3 * time.Hour),
			DeadLetter: pipeline.DeadLetter{
				EventID:   eventID,
				EventType: "demo",
				FailedAt:  now.Add(-time.Hour),
				Failure:   pipeline.Failure{Code: pipeline.Unavailable},
			},
		},
	}
	moved := dlq.Message{
		ReceivedDeadLetter: sqs.ReceivedDeadLetter{
			MessageID: messageID,
			SentAt:    now.Add(-3 * time.Hour),
		},
	}
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
		if got := filter.Match(failed, now); got != test.failed {
			t.Errorf("%v: a FAILED event's message matches: %t", test.flags, got)
		}
		if got := filter.Match(moved, now); got != test.moved {
			t.Errorf("%v: a message that SQS moved matches: %t", test.flags, got)
		}
	}
}

// closedPipe represents a pipe that its reader has closed.
type closedPipe struct{ io.Writer }

func (closedPipe) Write([]byte) (int, error) { return 0, syscall.EPIPE }

// firstLines accepts a number of lines. Then it returns an error, like a pipe to `head -n`.
type firstLines struct{ left int }

func (f *firstLines) Write(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, syscall.EPIPE
	}
	return len(p), nil
}

func TestDLQList_PrintsNoErrorWhenItsReaderClosesThePipe(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.accept(t, poison)
	d.process(t)
	for lines := range 3 { // the pipe closes before the heading, the message or the summary
		var errOut strings.Builder
		code := run(
			t.Context(), []string{"dlq", "list", "--aws", d.url}, strings.NewReader(""),
			&firstLines{lines}, &errOut,
		)
		if code != exitOK || errOut.Len() > 0 {
			t.Errorf("after %d lines: exit code %d, printed %q", lines, code, &errOut)
		}
	}
}

func TestDLQList_ReleasesMessagesWhenItsReaderClosesThePipe(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.accept(t, poison, poison)
	d.process(t)
	var errOut strings.Builder
	code := run(
		t.Context(), []string{"dlq", "list", "--aws", d.url}, strings.NewReader(""), closedPipe{},
		&errOut,
	)
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
	if code != exitOK || out != body || !strings.Contains(errOut, "unprocessable-number: ") ||
		!strings.Contains(errOut, "FAILED") {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	code, out, errOut = d.run(t, "dlq", "show", "--json", id)
	shown := parseLines[shownMessage](t, out)
	if code != exitOK || errOut != "" || shown[0].Payload != body ||
		shown[0].Code != "unprocessable-number" || shown[0].Bronze == nil {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
}

// For an event of a batch, the command must print this event's payload and not the whole batch.
func TestDLQShow_PrintsOnlyTheEventOfABatch(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	event := `{"eventType":"demo","n":1}`
	batch := d.acceptBatch(t, event, event)
	d.deleteObject(t, d.wantStatus(t, batch, pipeline.Enqueued).Bronze)
	d.process(t) // the batch fails as a whole
	if code, _, errOut := d.run(t, "dlq", "show", batch+".1"); code != exitFailure ||
		!strings.Contains(errOut, "payload-missing: ") || !strings.Contains(errOut, batch+".1\n") {
		t.Errorf("exit code %d, printed %q", code, errOut)
	}
	other := d.acceptBatch(t, event, `{"eventType":"demo","n":2}`)
	d.process(t)
	for _, id := range []string{other + ".0", "--json " + other + ".0"} {
		code, out, errOut := d.run(t, append([]string{"dlq", "show"}, strings.Fields(id)...)...)
		if code != exitOK || strings.Contains(out, `"n":2`) || !strings.Contains(out, "demo") {
			t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
		}
	}
}

func TestDLQRedrive_NamesTheBatchOfAnEventWithoutAMessage(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	const batch = "0199aaaa-0000-7000-8000-000000000001"
	code, _, errOut := d.run(t, "dlq", "redrive", "--yes", batch+".7")
	if code != exitFailure || !strings.Contains(errOut, "matches "+batch+".7.\n") ||
		!strings.Contains(errOut, "id of the batch: "+batch+"\n") {
		t.Errorf("exit code %d, printed %q", code, errOut)
	}
}

func TestDLQShow_PrintsTheReasonWithoutThePayload(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	id := d.accept(t, `{"eventType":"demo"}`)[0]
	item := d.wantStatus(t, id, pipeline.Enqueued)
	d.deleteObject(t, item.Bronze)
	d.process(t)
	code, out, errOut := d.run(t, "dlq", "show", id)
	if code != exitFailure || out != "" || !strings.Contains(errOut, "payload-missing: ") {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	code, out, errOut = d.run(t, "dlq", "show", "--json", id)
	shown := parseLines[shownMessage](t, out)
	if code != exitFailure || shown[0].Code != "payload-missing" ||
		!strings.Contains(errOut, item.Bronze.Key) {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
}

func TestDLQShow_PrintsAMessageWithoutAnEvent(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	id := d.sendToDLQ(t, "not ours")
	if code, out, errOut := d.run(t, "dlq", "show", id); code != exitOK || out != "not ours" {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	d.wantVisible(t, d.DLQURL, 1)
}

func TestDLQShow_FailsForAnUnknownID(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	code, _, errOut := d.run(t, "dlq", "show", "0199aaaa-0000-7000-8000-000000000001")
	if code != exitFailure || !strings.Contains(errOut, "no event 0199aaaa") {
		t.Errorf("exit code %d, printed %q", code, errOut)
	}
	if code, _, _ := d.run(t, "dlq", "show", "x"); code != exitUsage {
		t.Errorf("exit code %d for an invalid id", code)
	}
}

func TestDLQShow_SaysThatAnotherClientMayHaveTheMessage(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	id := d.sendToDLQ(t, "not ours")
	d.receiveDeadLetters(t, 1)
	code, _, errOut := d.run(t, "dlq", "show", id)
	if code != exitFailure || !strings.Contains(errOut, "Another client") {
		t.Errorf("exit code %d, printed %q", code, errOut)
	}
}

func TestDLQRedrive_SendsMatchingMessagesOnly(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	ids := d.accept(t, slices.Repeat([]string{poison, poisonOrder}, 13)...)
	d.process(t)
	code, out, errOut := d.run(t, "dlq", "redrive", "--type", "order", "--yes", "--json")
	got := parseLines[dlqResult](t, out)
	if code != exitOK || got[0] != (dlqResult{Matched: 13, Done: 13}) {
		t.Errorf("exit code %d, printed %s, %s", code, out, errOut)
	}
	if !strings.Contains(errOut, "13  unprocessable-number  order  FAILED") {
		t.Errorf("printed no preview: %s", errOut)
	}
	d.wantVisible(t, d.QueueURL, 13)
	d.wantVisible(t, d.DLQURL, 13)
	d.wantStatus(t, ids[0], pipeline.Failed)
	if item := d.wantStatus(t, ids[1], pipeline.Enqueued); item.Failure.Code != "" {
		t.Errorf("item = %+v", item)
	}
	d.process(t) // the events fail again
	d.wantVisible(t, d.DLQURL, 26)
}

func TestDLQRedrive_SelectsByID(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	ids := d.accept(t, poison, poison, poison)
	d.process(t)
	code, out, errOut := d.run(t, "dlq", "redrive", ids[0], ids[2], "--yes")
	if code != exitOK || out != "2 messages redriven, 0 failed.\n" {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	d.wantStatus(t, ids[1], pipeline.Failed)
	d.wantStatus(t, ids[2], pipeline.Enqueued)
}

func TestDLQRedrive_FailsForUnknownIDs(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	id := d.accept(t, poison)[0]
	d.process(t)
	const absent = "0199aaaa-0000-7000-8000-000000000001"
	for _, flags := range [][]string{{"--dry-run"}, {"--yes"}} {
		code, out, errOut := d.run(
			t,
			append([]string{"dlq", "redrive", "--json", id, absent}, flags...)...)
		got := parseLines[dlqResult](t, out)[0]
		if code != exitFailure || got.Matched != 1 || got.NotFound != 1 ||
			!strings.Contains(errOut, "matches "+absent+"\n") {
			t.Errorf("%v: exit code %d, printed %q, %q", flags, code, out, errOut)
		}
	}
	d.wantStatus(t, id, pipeline.Enqueued)
}

func TestDLQRedrive_FinishesAPageWhenStopped(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	id := d.accept(t, poison)[0]
	d.process(t)
	ctx, stop := context.WithCancel(t.Context())
	r := d.newDLQRun(ctx, dlqChange{
		past: "redriven",
		action: dlq.Action{Apply: func(
			ctx context.Context, p deployment.Pipeline, messages []dlq.Message,
		) []error {
			stop()
			return dlq.Redrive.Apply(ctx, p, messages)
		}},
	})
	if err := r.apply(); !errors.Is(err, context.Canceled) || r.result.Done != 1 {
		t.Errorf("%+v, error = %v", r.result, err)
	}
	d.wantStatus(t, id, pipeline.Enqueued)
	d.wantVisible(t, d.QueueURL, 1)
	d.wantVisible(t, d.DLQURL, 0)
}

func TestDLQRedrive_DeletesTheMessageOfAProcessedEvent(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	id := d.accept(t, `{"eventType":"demo"}`)[0]
	body := *d.take(t, d.QueueURL)[0].Body
	if err := d.Queue().Send(t.Context(), mustRead(t, body)); err != nil {
		t.Fatal(err)
	}
	d.process(t)
	d.sendToDLQ(t, body) // as SQS does if a worker crashes after its last step
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

func TestDLQRedrive_KeepsMessagesWithoutAnEventAndFails(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.accept(t, poison)
	d.process(t)
	foreign := d.sendToDLQ(t, "{}")
	code, out, errOut := d.run(t, "dlq", "redrive", "--all", "--yes")
	if code != exitFailure || out != "1 message redriven, 1 failed.\n" ||
		!strings.Contains(errOut, foreign+": ") {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	d.wantVisible(t, d.DLQURL, 1)
}

func TestDLQScan_SkipsMessagesThatCameLater(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	began := time.Now()
	d.accept(t, poison)
	d.process(t)
	s := dlq.NewScan(d.Pipeline, began.Add(-time.Second), dlq.MaxHeld)
	err := s.Run(t.Context(), func(context.Context, []dlq.Message) ([]dlq.Message, error) {
		return nil, errors.New("visited a message that came later")
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
	s := dlq.NewScan(d.Pipeline, time.Now(), 7)
	visited := make(chan string, 30)
	err := s.Run(t.Context(), func(_ context.Context, page []dlq.Message) ([]dlq.Message, error) {
		for _, message := range page {
			visited <- message.MessageID
		}
		return nil, nil
	})
	if err != nil || !s.Truncated || len(visited) != 7 {
		t.Errorf("visited %d messages, truncated: %t, %v", len(visited), s.Truncated, err)
	}
	d.wantVisible(t, d.DLQURL, 30)
}

func TestDLQScan_ReleasesMessagesWhenStopped(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.accept(t, poison, poison)
	d.process(t)
	ctx, stop := context.WithCancel(t.Context())
	s := dlq.NewScan(d.Pipeline, time.Now(), dlq.MaxHeld)
	err := s.Run(ctx, func(context.Context, []dlq.Message) ([]dlq.Message, error) {
		stop()
		return nil, nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
	d.wantVisible(t, d.DLQURL, 2)
}

func TestDLQDrop_DeletesMatchingMessages(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	ids := d.accept(t, poison, poisonOrder)
	d.process(t)
	crashed := d.accept(t, `{"eventType":"demo"}`)[0]
	// If a worker crashes at every delivery, SQS moves the message to the DLQ.
	d.sendToDLQ(t, *d.take(t, d.QueueURL)[0].Body)
	code, out, errOut := d.run(t, "dlq", "drop", "--type", "demo", "--yes")
	if code != exitOK || out != "2 messages dropped, 0 failed.\n" {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	d.wantStatus(t, ids[0], pipeline.Failed)
	d.wantStatus(t, crashed, pipeline.Failed)
	if left := d.list(t); !slices.Equal(left, ids[1:]) {
		t.Errorf("left %v, want %v", left, ids[1:])
	}
}

func TestDLQChange_ChangesNothingWithoutConfirmation(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	id := d.accept(t, poison)[0]
	d.process(t)
	for _, verb := range []string{"redrive", "drop"} {
		code, out, errOut := d.run(t, "dlq", verb, "--all", "--dry-run")
		if code != exitOK || !strings.HasPrefix(out, "Nothing was changed; 1 message would be ") ||
			!strings.Contains(errOut, "\n1 message:\n") {
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

func TestDLQChange_RequiresASelectionOfMessages(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{}, {"--all", "--code", "unavailable"}, {"x"}, {"--older-than", "x"},
		{"--newer-than", "-1h"}, {"--type", "demo", "--code", ""}, {"--status", "processed"},
		{"--status", ""}, {"--code", "none", "--type", ""}, {"--code", "none", "--older-than", ""},
		{"--code", "unavailable,unavailible"},
	} {
		for _, verb := range []string{"redrive", "drop"} {
			code, _, errOut := runMain(t, append([]string{"dlq", verb, "--yes"}, args...)...)
			if code != exitUsage {
				t.Errorf("%s %v: exit code %d, printed %q", verb, args, code, errOut)
			}
		}
	}
}

func TestDLQFilter_SuggestsTheCodeOfARejection(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{"unknown-unit": true, "Unknown unit": false} {
		exit, _, errOut := runMain(t, "dlq", "redrive", "--yes", "--code", code)
		suggests := strings.Contains(errOut, "the processor's code rejected."+code)
		if exit != exitUsage || suggests != want {
			t.Errorf("exit code %d, printed %q", exit, errOut)
		}
	}
}

// The error for an unknown --code refers to docs/runbooks.md. So --code must accept each code in
// this file.
func TestDLQFilter_AcceptsTheCodesOfTheRunbook(t *testing.T) {
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
		if !dlq.IsCode(code[1]) {
			t.Errorf("--code %s is rejected", code[1])
		}
	}
}
