package activity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/terminal"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func alwaysNoon() time.Time { return noon }

// collect calls the func record with a new recorder, and returns the recorded steps.
func collect(record func(*Recorder)) []Step {
	var steps []Step
	r := NewRecorder(func(s Step) { steps = append(steps, s) }, alwaysNoon)
	record(r)
	r.Close()
	return steps
}

func TestRecorder_RecordsLogLinesOfEvents(t *testing.T) {
	line := `{"time":"2026-11-23T11:59:59.123456789Z","level":"WARN","msg":"event retried",` +
		`"requestId":"r-1","eventId":"0199","eventType":"demo","attempt":2,"code":"unavailable"}`
	steps := collect(func(r *Recorder) { r.RecordLine("worker", []byte(line+"\n")) })
	if len(steps) != 1 {
		t.Fatalf("%d steps", len(steps))
	}
	s := steps[0]
	if s.Name != "retried" || s.EventID != "0199" || s.EventType != "demo" ||
		s.Source != "worker" || s.Level != slog.LevelWarn {
		t.Errorf("step %+v", s)
	}
	if want := time.Date(2026, 11, 23, 11, 59, 59, 123456789, time.UTC); !s.Time.Equal(want) {
		t.Errorf("time %v, want %v", s.Time, want)
	}
	got := fmt.Sprintf("%s", s.Details)
	if got != `[{requestId "r-1"} {attempt 2} {code "unavailable"}]` {
		t.Errorf("details %s", got)
	}
}

func TestRecorder_RecordsRejectedWebhooks(t *testing.T) {
	line := `{"time":"2026-11-23T11:59:59Z","level":"INFO","msg":"request rejected",` +
		`"WebhookSource":"github","QueueName":"demo","RefusedSignatures":1,` +
		`"_aws":{"Timestamp":1},"status":401,"reason":"The signature does not match."}`
	steps := collect(func(r *Recorder) { r.RecordLine("api", []byte(line)) })
	if len(steps) != 1 {
		t.Fatalf("%d steps", len(steps))
	}
	var out strings.Builder
	if err := Print(&out, steps[0], Style{}); err != nil {
		t.Fatal(err)
	}
	want := "request rejected   WebhookSource=github  status=401  " +
		"reason=The signature does not match.  in=api\n"
	if _, got, _ := strings.Cut(out.String(), "  "); got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}

func TestRecorder_RecordsWarningsAndUnstructuredLines(t *testing.T) {
	steps := collect(func(r *Recorder) {
		r.RecordLine("api", []byte(`{"level":"INFO","msg":"request rejected"}`))
		r.RecordLine("api", []byte(`{"msg":"request rejected","WebhookSource":""}`))
		r.RecordLine("api", []byte(`{"level":"ERROR","msg":"start"}`))
		r.RecordLine("api", []byte("panic: no\n"))
		r.RecordLine("api", []byte("  \n"))
	})
	if len(steps) != 2 || steps[0].Name != "start" || steps[1].Name != "log" ||
		stringValue(steps[1].Details[0].Value) != "panic: no" {
		t.Errorf("steps %+v", steps)
	}
}

func TestRecorder_RecordsReconcilerRunsWithChanges(t *testing.T) {
	for line, want := range map[string]int{
		`{"level":"INFO","msg":"reconciled","Reenqueued":0,"GivenUp":0,"Repaired":0}`: 0,
		`{"level":"INFO","msg":"reconciled","Reenqueued":6,"GivenUp":0,"Repaired":0}`: 1,
		`{"level":"INFO","msg":"reconciled","Reenqueued":0,"GivenUp":1,"Repaired":0}`: 1,
		`{"level":"INFO","msg":"reconciled","Reenqueued":0,"GivenUp":0,"Repaired":2}`: 1,
	} {
		steps := collect(func(r *Recorder) { r.RecordLine("reconciler", []byte(line)) })
		if len(steps) != want {
			t.Errorf("%s: %d steps, want %d", line, len(steps), want)
		}
	}
}

func TestRecorder_CopiesLines(t *testing.T) {
	steps := collect(func(r *Recorder) {
		buffer := []byte("first")
		r.RecordLine("api", buffer)
		copy(buffer, "xxxxx")
	})
	if len(steps) != 1 || stringValue(steps[0].Details[0].Value) != "first" {
		t.Errorf("steps %+v", steps)
	}
}

func TestRecorder_SkipsStepsIfFillReturnsFalse(t *testing.T) {
	steps := collect(func(r *Recorder) {
		r.Record(func(s *Step) bool { s.Name = "moved"; return true })
		r.Record(func(*Step) bool { return false })
	})
	if len(steps) != 1 || steps[0].Name != "moved" || !steps[0].Time.Equal(noon) {
		t.Errorf("steps %+v", steps)
	}
}

func TestRecorder_DropsStepsRatherThanWait(t *testing.T) {
	started, resume := make(chan bool), make(chan bool)
	var shown []string
	r := newRecorder(func(s Step) {
		if len(shown) == 0 {
			started <- true
			<-resume
		}
		shown = append(shown, s.Name+stringValues(s.Details))
	}, alwaysNoon, 2)
	record := func(name string) { r.Record(func(s *Step) bool { s.Name = name; return true }) }
	record("a")
	<-started
	for _, name := range []string{"b", "c", "d", "e", "f"} {
		record(name) // returns although show still runs
	}
	close(resume)
	r.Close()
	record("too late")
	if got := strings.Join(shown, " "); got != "a steps not shown3 b c" {
		t.Errorf("shown: %s", got)
	}
}

func stringValues(details []Detail) string {
	var all string
	for _, d := range details {
		all += stringValue(d.Value)
	}
	return all
}

func TestRecorder_NilDiscardsSteps(t *testing.T) {
	var r *Recorder
	r.RecordLine("api", []byte("x"))
	r.Record(func(*Step) bool { return true })
	r.Close()
}

func TestPrint_HidesDetailsForCloudWatch(t *testing.T) {
	line := `{"level":"INFO","msg":"reconciled","requestId":"r","Reenqueued":6,` +
		`"FunctionName":"reconciler","_aws":{"Timestamp":1}}`
	steps := collect(func(r *Recorder) { r.RecordLine("reconciler", []byte(line)) })
	var out bytes.Buffer
	err := Print(&out, steps[0], Style{})
	if err != nil || !strings.HasSuffix(out.String(),
		"reconciled         Reenqueued=6  in=reconciler\n") {
		t.Errorf("printed %q, %v", out.String(), err)
	}
}

var example = Step{
	Time: noon, Name: "retried", EventID: "0199aaf3-6f0b-7cc2-9c49-d7e4b3a1a001", EventType: "demo",
	Source: "worker", Level: slog.LevelWarn,
	Details: []Detail{{"attempt", []byte("2")}, {"requestId", []byte(`"r"`)},
		{"step", []byte(`"mine"`)}, StringDetail("error", "no\nway \x1b[0m")},
}

func TestPrint_AlignsColumnsOnOneLine(t *testing.T) {
	var out bytes.Buffer
	if err := Print(&out, example, Style{}); err != nil {
		t.Fatal(err)
	}
	want := noon.Local().Format("15:04:05.000") +
		"  retried            0199aaf3-6f0b-7cc2-9c49-d7e4b3a1a001  demo          attempt=2  " +
		"step=mine  error=no way \\u001b[0m\n"
	if out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
}

func TestPrint_HidesEmptyDetails(t *testing.T) {
	step := Step{Time: noon, Name: "retried", EventID: "0199", EventType: "demo", Details: []Detail{
		{"retryInSeconds", []byte("1.3077310770000001")}, {"oldCode", []byte("[]")},
		StringDetail("item", ""), {"ratio", []byte("-0.00012")},
		StringDetail("version", "1.23456"), {"cause", []byte("null")},
		{"bytes", []byte("12345678")},
	}}
	var out bytes.Buffer
	err := Print(&out, step, Style{})
	if err != nil || !strings.HasSuffix(out.String(),
		"demo          retryInSeconds=1.308  ratio=-0.00012  version=1.23456  bytes=12345678\n") {
		t.Errorf("printed %q, %v", out.String(), err)
	}
}

func TestPrint_PrintsTheSourceIfConfigured(t *testing.T) {
	for source, want := range map[bool]bool{true: true, false: false} {
		var out bytes.Buffer
		err := Print(&out, example, Style{Source: source})
		if err != nil || strings.HasSuffix(out.String(), "  in=worker\n") != want {
			t.Errorf("printed %q, %v", out.String(), err)
		}
	}
}

func TestPrint_ColoursByLevel(t *testing.T) {
	for level, code := range map[slog.Level]string{
		slog.LevelInfo: terminal.Green, slog.LevelWarn: terminal.Yellow,
		slog.LevelError: terminal.Red,
	} {
		var out bytes.Buffer
		err := Print(&out, Step{Name: "x", Level: level}, Style{Colour: true})
		if err != nil || !strings.Contains(out.String(), code+"x") {
			t.Errorf("%v: printed %q, %v", level, out.String(), err)
		}
	}
}

func TestPrintJSON_WritesEveryFieldOnce(t *testing.T) {
	var out bytes.Buffer
	if err := PrintJSON(&out, example); err != nil {
		t.Fatal(err)
	}
	want := `{"time":"2026-11-23T12:00:00Z","step":"retried",` +
		`"eventId":"0199aaf3-6f0b-7cc2-9c49-d7e4b3a1a001","eventType":"demo","source":"worker",` +
		`"level":"warn","attempt":2,"requestId":"r","error":"no\nway \u001b[0m"}` + "\n"
	if out.String() != want || !json.Valid(out.Bytes()) {
		t.Errorf("printed %s, want %s", out.String(), want)
	}
}

func TestPrint_PrintsOutputOnSeparateLines(t *testing.T) {
	step := Step{Time: noon, Name: "not reloaded",
		Output: "# app\nmain.go:1:2:\tsyntax \x1b[31merror"}
	var out bytes.Buffer
	if err := Print(&out, step, Style{}); err != nil {
		t.Fatal(err)
	}
	want := "not reloaded\n    # app\n    main.go:1:2:  syntax \\u001b[31merror\n"
	if !strings.HasSuffix(out.String(), want) {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
	out.Reset()
	var line struct{ Output string }
	if err := PrintJSON(&out, step); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Output != step.Output {
		t.Errorf("printed %s, %v", out.Bytes(), err)
	}
}
