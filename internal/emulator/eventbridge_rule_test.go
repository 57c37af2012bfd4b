package emulator

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestNew_LeavesOutRulesThatEventBridgeRejects(t *testing.T) {
	for _, c := range []struct{ name, pattern, bus, reason string }{
		{"unknown matcher", `{"source": [{"sounds-like": "orders"}]}`, "", "sounds-like"},
		{"invalid pattern", `{"source": []}`, "", "must not be empty"},
		{"bus of another account", `{"source": ["x"]}`,
			"arn:aws:events:us-east-1:111111111111:event-bus/shared", "does not exist"},
	} {
		t.Run(c.name, func(t *testing.T) {
			original, err := testPipeline()
			if err != nil {
				t.Fatal(err)
			}
			a := app{t.TempDir()}
			if err := os.CopyFS(a.dir, os.DirFS(original)); err != nil {
				t.Fatal(err)
			}
			a.edit(t, "Pipeline.template.json", `"Resources": {`, `"Resources": {
				"Strange": {"Type": "AWS::Events::Rule", "Properties": {
					"Name": "strange", "EventBusName": "`+c.bus+`",
					"EventPattern": `+c.pattern+`}},`)
			p, steps := start(t, func(o *Options) { o.Assembly = a.dir })
			step := steps.wait(t, "rule left out", "")
			if step.Source != "strange" ||
				!strings.Contains(string(step.Details[0].Value), c.reason) {
				t.Errorf("got step %+v", step)
			}
			if !slices.ContainsFunc(p.NotRun, func(s string) bool {
				return strings.HasPrefix(s, "AWS::Events::Rule strange: ")
			}) {
				t.Errorf("NotRun lacks the rule: %q", p.NotRun)
			}
		})
	}
}
