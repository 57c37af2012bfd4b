package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
)

var served = &emulator.Platform{
	AWS:    "http://127.0.0.1:4566",
	Region: "us-east-1",
	APIs:   []emulator.API{{Stack: "s", Name: "api", URL: "http://127.0.0.1:8080"}},
	Stacks: []emulator.Stack{{Name: "other", ID: "1"}, {Name: "s", ID: "2", Outputs: map[string]string{"QueueUrl": "http://q", "Bucket": "b"}}},
	NotRun: []string{"AWS::IAM::Role (2)"},
}

// servedPipelines are one whose queue is an output of the stack, and one of a stack without outputs.
var servedPipelines = []found{
	{stack: "s", name: "Orders", outputs: map[string]string{"QueueUrl": "http://q", "EventsTableName": "orders"}},
	{stack: "other", name: "Returns", outputs: map[string]string{
		"QueueUrl": "http://r", "EventsTableName": "returns", "WorkerFunctionName": "worker", "DeadLetterQueueUrl": "http://r-dlq",
		"BronzeBucketName": "raw", "SilverBucketName": "made",
	}},
}

func TestAnnounce_PrintsTheResourcesThatNoOutputTells(t *testing.T) {
	var out bytes.Buffer
	if err := announceText(&out, served, servedPipelines); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Pipeline Orders of stack s\n  EventsTableName  orders\n",
		`Pipeline Returns of stack other
  BronzeBucketName    raw
  DeadLetterQueueUrl  http://r-dlq
  EventsTableName     returns
  QueueUrl            http://r
  SilverBucketName    made
`,
		"    eventpipeline record --pipeline <pipeline> <eventId>\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("printed\n%s\nwant %s", out.String(), want)
		}
	}
}

func TestPipelinesOf_FindsThoseOfAllStacks(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(serveFunctions))
	defer server.Close()
	pipelines, err := pipelinesOf(t.Context(), &emulator.Platform{AWS: server.URL, Stacks: []emulator.Stack{{Name: "shop"}}})
	if err != nil || len(pipelines) != 2 || pipelines[1].name != "TeamReturns" || pipelines[1].outputs["DeadLetterQueueUrl"] != "" {
		t.Errorf("found %+v, %v", pipelines, err)
	}
}

func TestPrinter_TellsSeveralPipelinesApart(t *testing.T) {
	step := activity.Step{Name: "accepted", EventID: "0199", EventType: "demo", Source: "shop-api"}
	for _, several := range []bool{true, false} {
		var out bytes.Buffer
		if err := (&localFlags{}).printer(&out, several)(step); err != nil || strings.HasSuffix(out.String(), "  in=shop-api\n") != several {
			t.Errorf("printed %q, %v", out.String(), err)
		}
	}
}

func TestAnnounce_PrintsLinesToPaste(t *testing.T) {
	var out bytes.Buffer
	if err := (&localFlags{}).announce(&out, nil, served, servedPipelines[:1]); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`curl -s http://127.0.0.1:8080/events -H 'content-type: application/json' -d '{"eventType":"demo","message":"hello"}'` + "\n",
		"curl -s http://127.0.0.1:8080/events/<eventId>\n",
		"    eventpipeline record <eventId>\n",
		"export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local\n",
		"  Bucket    b\n  QueueUrl  http://q\n",
		"without effect here: AWS::IAM::Role (2)\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("printed\n%s\nwant %s", out.String(), want)
		}
	}
}

func TestAnnounce_SignsTheRequestsOfAClosedAPI(t *testing.T) {
	closed := &emulator.Platform{
		Region: "us-east-1",
		APIs:   []emulator.API{{Stack: "s", URL: "http://127.0.0.1:8080", Signed: true}},
		Stacks: []emulator.Stack{{Name: "s"}},
	}
	var out bytes.Buffer
	if err := announceText(&out, closed, nil); err != nil {
		t.Fatal(err)
	}
	if want := `curl -s --aws-sigv4 "aws:amz:us-east-1:execute-api" --user local:local http://127.0.0.1:8080/events -H`; !strings.Contains(out.String(), want) {
		t.Errorf("printed\n%s\nwant %s", out.String(), want)
	}
}

func TestAnnounce_BearsATokenWhereOneIsAskedFor(t *testing.T) {
	p := &emulator.Platform{APIs: []emulator.API{{Stack: "s", URL: "http://127.0.0.1:8080", Token: true}}, Stacks: []emulator.Stack{{Name: "s"}}}
	var out bytes.Buffer
	if err := announceText(&out, p, nil); err != nil {
		t.Fatal(err)
	}
	if want := `curl -s -H "authorization: Bearer $EVENTPIPELINE_TOKEN" http://127.0.0.1:8080/events -H`; !strings.Contains(out.String(), want) {
		t.Errorf("printed\n%s\nwant %s", out.String(), want)
	}
}

func TestLocal_SaysWhatIsWrongWithKeysAndCredentials(t *testing.T) {
	for _, args := range [][]string{{"--jwks", "absent.json"}, {"--credentials", "anna"}, {"--credentials", ":secret"}, {"--credentials", "anna:"}, {"--credentials", "local:mine"}} {
		cmd := newLocalCommand()
		cmd.SetArgs(args)
		cmd.SilenceUsage, cmd.SilenceErrors = true, true
		var usage usageError
		if err := cmd.ExecuteContext(t.Context()); !errors.As(err, &usage) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v: got %v, want a usage error", args, err)
		}
	}
}

func TestAnnounce_PrintsOneReadyLineForScripts(t *testing.T) {
	var out, errOut bytes.Buffer
	if err := (&localFlags{asJSON: true}).announce(&out, &errOut, served, servedPipelines); err != nil {
		t.Fatal(err)
	}
	var got readyLine
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || strings.Count(out.String(), "\n") != 1 {
		t.Fatalf("printed %q, %v", out.String(), err)
	}
	if !got.Ready || got.API != "http://127.0.0.1:8080" || got.AWS != "http://127.0.0.1:4566" || got.Stack != "s" || got.Outputs["Bucket"] != "b" || got.APIs != nil {
		t.Errorf("printed %+v", got)
	}
	if len(got.Pipelines) != 2 || got.Pipelines[0].Stack != "s" || got.Pipelines[0].Name != "Orders" || got.Pipelines[0].Resources["QueueUrl"] != "http://q" {
		t.Errorf("printed %+v", got.Pipelines)
	}
	if !strings.Contains(errOut.String(), "AWS::IAM::Role (2)") {
		t.Errorf("standard error has %q", errOut.String())
	}
}

func TestAnnounce_GivesTheOutputsOfTheAppsStackAroundANestedOne(t *testing.T) {
	p := &emulator.Platform{
		APIs: []emulator.API{{Stack: "s-Deep", URL: "http://127.0.0.1:8080"}},
		Stacks: []emulator.Stack{
			{Name: "other", ID: "1"}, {Name: "s", ID: "2", Outputs: map[string]string{"Bucket": "b"}},
			{Name: "s-Nested", ID: "3", ParentID: "2", Outputs: map[string]string{"Plumbing": "p"}}, {Name: "s-Deep", ID: "4", ParentID: "3"},
		},
	}
	if got := mainStack(p).Name; got != "s" {
		t.Errorf("the outputs are those of %s", got)
	}
	var out bytes.Buffer
	if err := announceText(&out, p, []found{{stack: "s-Nested", name: "Orders", outputs: map[string]string{"QueueUrl": "http://q"}}}); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); strings.Contains(text, "Plumbing") || !strings.Contains(text, "Outputs of stack s\n") || !strings.Contains(text, "Pipeline Orders of stack s-Nested\n") {
		t.Errorf("printed\n%s", out.String())
	}
}

func TestSteps_WaitUntilThePlatformIsAnnounced(t *testing.T) {
	var printed []string
	s := &steps{print: func(step activity.Step) error { printed = append(printed, step.Name); return nil }}
	show := func(name string) {
		if err := s.show(activity.Step{Name: name}); err != nil {
			t.Error(err)
		}
	}
	show("early")
	announced := s.announce(func() error { printed = append(printed, "ready"); return errors.New("closed pipe") })
	show("late")
	if got := strings.Join(printed, " "); got != "ready early late" || announced == nil {
		t.Errorf("printed %s, %v", got, announced)
	}
}

func TestProgress_SaysThatAPhaseGoesOnAndHowLongItTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := newProgress(&out)
		p.phase(emulator.Synthesize)
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if _, err := p.Write([]byte("Bundling asset\n")); err != nil {
			t.Error(err)
		}
		time.Sleep(5 * time.Second)
		p.ready()
		p.end()
		time.Sleep(time.Hour)
		synctest.Wait()
		want := phases[emulator.Synthesize] + " …\n  … 15s so far\nBundling asset\n  done in 25s\nServing after 25s\n"
		if out.String() != want {
			t.Errorf("printed %q, want %q", out.String(), want)
		}
	})
}

func TestLocal_SaysWhichStageTheAppWasGiven(t *testing.T) {
	t.Chdir(t.TempDir())
	for command, want := range map[string]bool{"echo no such stage: local; exit 1": true, "echo Bundling asset Shop/Code/Stage; exit 1": false} {
		code, _, errOut := runMain(t, "local", "--api-port", "0", "--aws-port", "0", "--app", command)
		if code != exitFailure || strings.Contains(errOut, "stage=local; to give it another, use --stage") != want {
			t.Errorf("%s: exit code %d, printed %s", command, code, errOut)
		}
	}
}
