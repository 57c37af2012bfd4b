package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/event-driven-cloud-platform/eventpipeline"

// consumer is a folder with another module's CDK app: two pipelines and resources of its own, no context in its cdk.json,
// no stage and no outputs.
func consumer(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/consumer")); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	edit := exec.Command("go", "mod", "edit", "-module=example.com/shop", "-require="+module+"@v0.0.0", "-replace="+module+"="+root)
	edit.Dir = dir
	if out, err := edit.CombinedOutput(); err != nil {
		t.Fatalf("go mod edit: %v\n%s", err, out)
	}
	t.Setenv("GOFLAGS", "-mod=mod") // go.mod and go.sum hold more than the app needs
	return dir
}

func TestConsumer_RunsItsOwnAppAndReloadsIt(t *testing.T) {
	dir := consumer(t)
	p := startIn(t, dir, "--watch")
	for _, want := range []string{"AWS::SNS::Topic", "target of rule shop-backend-OnProcessed"} {
		if !slices.ContainsFunc(p.NotRun, func(what string) bool { return strings.HasPrefix(what, want) }) {
			t.Errorf("not run: %q, want %s", p.NotRun, want)
		}
	}
	cli := func(args ...string) string {
		t.Helper()
		out, err := command(t.Context(), append(args, "--aws", p.AWS)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	// send says how to look up the last event that it sent.
	sendOne := func() (id string) {
		t.Helper()
		words := strings.Fields(cli("send", "--count", "1", "--pipeline", "Orders"))
		return words[len(words)-1]
	}
	processed := func(id string) {
		t.Helper()
		until(t, func() string {
			var status struct{ Status string }
			if err := json.Unmarshal([]byte(cli("status", id, "--json", "--pipeline", "Orders")), &status); err != nil || status.Status != "PROCESSED" {
				return "event " + id + " is " + status.Status
			}
			return ""
		})
	}
	printed := func(text string) {
		t.Helper()
		until(t, func() string {
			if !strings.Contains(p.log.tail(1<<20), text) {
				return "nothing printed " + text
			}
			return ""
		})
	}

	first := sendOne()
	processed(first)
	printed(`"step":"notified","eventId":"` + first)
	file := filepath.Join(dir, "functions", "notify", "main.go")
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(source), "event notified", "event notified anew")), 0o600); err != nil {
		t.Fatal(err)
	}
	printed(`"step":"reloaded","source":"shop-backend-Notify`)
	second := sendOne()
	processed(second)
	printed(`"step":"notified anew","eventId":"` + second)

	if out := cli("dlq", "list", "--pipeline", "Returns"); !strings.Contains(out, "No message") {
		t.Errorf("the DLQ of Returns: %s", out)
	}
	if out := cli("replay", "--pipeline", "Orders", "--type", "demo", "--from", "1h", "--dry-run"); !strings.Contains(out, "to replay  2") {
		t.Errorf("a replay of Orders: %s", out)
	}
	out, err := command(t.Context(), "dlq", "list", "--aws", p.AWS).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "choose one with --pipeline: Orders, Returns") {
		t.Errorf("without --pipeline: %v %s", err, out)
	}
}
