package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator"
)

var platform = &emulator.Platform{
	AWS:    "http://127.0.0.1:4566",
	Region: "us-east-1",
	APIs:   []emulator.API{{Stack: "s", Name: "api", URL: "http://127.0.0.1:8080"}},
	Stacks: []emulator.Stack{
		{Name: "other", ID: "1"},
		{Name: "s", ID: "2", Outputs: map[string]string{"QueueUrl": "http://q", "Bucket": "b"}},
	},
	NotRun: []string{"AWS::IAM::Role (2)"},
}

// pipelines contains two pipelines. The stack of the first pipeline has the output QueueUrl. The
// stack of the second pipeline has no outputs.
var pipelines = []deployment.Pipeline{
	{Stack: "s", Name: "Orders", QueueURL: "http://q", Table: "orders"},
	{
		Stack: "other", Name: "Returns", QueueURL: "http://r", Table: "returns",
		WorkerFunction: "worker", DLQURL: "http://r-dlq", Bronze: "raw", Silver: "made",
	},
}

// announcement returns what announceText prints.
func announcement(t *testing.T, p *emulator.Platform, pipelines []deployment.Pipeline) string {
	t.Helper()
	var out bytes.Buffer
	if err := announceText(&out, p, pipelines, false); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func wantContains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("printed\n%s\nwhich lacks %s", text, part)
		}
	}
}

func TestAnnounce_PrintsResourcesThatAreNotOutputs(t *testing.T) {
	wantContains(t, announcement(t, platform, pipelines),
		"Pipeline Orders of stack s\n  EventsTableName  orders\n",
		`Pipeline Returns of stack other
  BronzeBucketName    raw
  DeadLetterQueueUrl  http://r-dlq
  EventsTableName     returns
  QueueUrl            http://r
  SilverBucketName    made
`,
		"    eventpipeline record <eventId>\n",
	)
}

func TestAnnounce_PrintsLinesToPaste(t *testing.T) {
	var out bytes.Buffer
	err := (&localFlags{}).announce(&out, nil, platform, pipelines[:1], nil)
	if err != nil {
		t.Fatal(err)
	}
	wantContains(t, out.String(),
		"    curl -s http://127.0.0.1:8080/events -H 'content-type: application/json' \\\n"+
			`      -d '{"eventType":"demo","message":"hello"}'`+"\n",
		"curl -s http://127.0.0.1:8080/events/<eventId>\n",
		"    eventpipeline record <eventId>\n",
		"    export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_REGION=us-east-1 \\\n"+
			"      AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=local \\\n"+
			"      AWS_SECRET_ACCESS_KEY=local\n",
		"  Bucket    b\n  QueueUrl  http://q\n",
		": AWS::IAM::Role (2)\n",
	)
}

func TestAnnounce_PrintsHowToAuthorizeRequests(t *testing.T) {
	const url = "http://127.0.0.1:8080"
	signed := emulator.API{Stack: "s", URL: url, Signed: true}
	token := emulator.API{Stack: "s", URL: url, Token: true}
	for want, api := range map[string]emulator.API{
		`--aws-sigv4 "aws:amz:us-east-1:execute-api" --user local:local`: signed,
		`-H "authorization: Bearer $EVENTPIPELINE_TOKEN"`:                token,
	} {
		closed := &emulator.Platform{
			Region: "us-east-1", APIs: []emulator.API{api}, Stacks: []emulator.Stack{{Name: "s"}},
		}
		text := announcement(t, closed, nil)
		unfolded := strings.ReplaceAll(text, " \\\n      ", " ")
		wantContains(t, unfolded, "curl -s "+want+" "+url+"/events -H")
		for line := range strings.Lines(text) {
			if strings.Contains(line, "curl") && len(line) > 80 {
				t.Errorf("a line has more than 80 columns: %s", line)
			}
		}
	}
}

func TestAnnounce_PrintsOneReadyLineForScripts(t *testing.T) {
	var out, errOut bytes.Buffer
	err := (&localFlags{asJSON: true}).announce(&out, &errOut, platform, pipelines, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got readyLine
	err = json.Unmarshal(out.Bytes(), &got)
	if err != nil || strings.Count(out.String(), "\n") != 1 {
		t.Fatalf("printed %q, %v", out.String(), err)
	}
	if !got.Ready || got.API != "http://127.0.0.1:8080" || got.AWS != "http://127.0.0.1:4566" ||
		got.Stack != "s" || got.Outputs["Bucket"] != "b" || got.APIs != nil {
		t.Errorf("printed %+v", got)
	}
	if len(got.Pipelines) != 2 || got.Pipelines[0].Stack != "s" ||
		got.Pipelines[0].Name != "Orders" ||
		got.Pipelines[0].Resources["QueueUrl"] != "http://q" {
		t.Errorf("printed %+v", got.Pipelines)
	}
	wantContains(t, errOut.String(), "AWS::IAM::Role (2)")
}

func TestAnnounce_PrintsTheOutputsOfTheOutermostStackOnly(t *testing.T) {
	p := &emulator.Platform{
		APIs: []emulator.API{{Stack: "s-Deep", URL: "http://127.0.0.1:8080"}},
		Stacks: []emulator.Stack{
			{Name: "other", ID: "1"},
			{Name: "s", ID: "2", Outputs: map[string]string{"Bucket": "b"}},
			{Name: "s-Nested", ID: "3", ParentID: "2", Outputs: map[string]string{"Plumbing": "p"}},
			{Name: "s-Deep", ID: "4", ParentID: "3"},
		},
	}
	if got := mainStack(p).Name; got != "s" {
		t.Errorf("the main stack is %s", got)
	}
	text := announcement(t, p, []deployment.Pipeline{
		{Stack: "s-Nested", Name: "Orders", QueueURL: "http://q"},
	})
	wantContains(t, text, "Outputs of stack s\n", "Pipeline Orders of stack s-Nested\n")
	if strings.Contains(text, "Plumbing") {
		t.Errorf("printed the outputs of a nested stack:\n%s", text)
	}
}

func TestAnnounce_PrintsALineToPasteForEachAPI(t *testing.T) {
	p := &emulator.Platform{
		APIs: []emulator.API{
			{Stack: "s", Name: "a", URL: "http://127.0.0.1:8080"},
			{Stack: "s", Name: "b", URL: "http://127.0.0.1:8081", Token: true},
		},
		Stacks: []emulator.Stack{{Name: "s"}},
	}
	wantContains(t, announcement(t, p, nil),
		"    curl -s http://127.0.0.1:8080/events -H",
		`    curl -s -H "authorization: Bearer $EVENTPIPELINE_TOKEN" \`+"\n"+
			"      http://127.0.0.1:8081/events -H")
}

func TestShortOutputs_LeavesOutFunctionsAndBuses(t *testing.T) {
	outputs := map[string]string{"WorkerFunctionName": "worker", "Table": "returns", "Own": "x"}
	returns := pipelines[1]
	returns.Bus = returns.Table // a bus and a table can have the same name
	short := shortOutputs(outputs, []deployment.Pipeline{returns})
	if len(short) != 2 || short["Table"] != "returns" || short["Own"] != "x" || len(outputs) != 3 {
		t.Errorf("short outputs %v of %v", short, outputs)
	}
}
