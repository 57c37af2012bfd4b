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

// copyConsumerApps is a folder with another module's CDK app, in shop: two pipelines and resources of its own, no context in its
// cdk.json, no stage and no outputs. The second pipeline's worker is in a module beside it, returns.
func copyConsumerApps(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"consumer": "shop", "returns": "returns"} {
		at := filepath.Join(dir, to)
		if err := os.CopyFS(at, os.DirFS(filepath.Join("testdata", from))); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"go.mod", "go.sum"} {
			content, err := os.ReadFile(filepath.Join(root, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(at, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		edit := exec.Command("go", "mod", "edit", "-module=example.com/"+to, "-require="+module+"@v0.0.0", "-replace="+module+"="+root)
		edit.Dir = at
		if out, err := edit.CombinedOutput(); err != nil {
			t.Fatalf("go mod edit: %v\n%s", err, out)
		}
	}
	t.Setenv("GOFLAGS", "-mod=mod") // go.mod and go.sum hold more than the app needs
	return dir
}

func TestConsumer_RunsItsOwnAppAndReloadsIt(t *testing.T) {
	dir := copyConsumerApps(t)
	p := startIn(t, filepath.Join(dir, "shop"), "--watch")
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
	// trySend says how to look up the last event that it sent.
	sendOne := func(pipeline string) (id string) {
		t.Helper()
		words := strings.Fields(cli("send", "--count", "1", "--pipeline", pipeline))
		return words[len(words)-1]
	}
	// processed says, too, why the event was dropped.
	processed := func(pipeline, id string) (dropped string) {
		t.Helper()
		waitUntil(t, func() string {
			var status struct {
				Status  string
				Dropped struct{ Code string }
			}
			if err := json.Unmarshal([]byte(cli("status", id, "--json", "--pipeline", pipeline)), &status); err != nil || status.Status != "PROCESSED" {
				return "event " + id + " is " + status.Status
			}
			dropped = status.Dropped.Code
			return ""
		})
		return dropped
	}
	printed := func(text string) {
		t.Helper()
		waitUntil(t, func() string {
			if !strings.Contains(p.log.tail(1<<20), text) {
				return "nothing printed " + text
			}
			return ""
		})
	}

	edit := func(file, old, text string) {
		t.Helper()
		file = filepath.Join(dir, filepath.FromSlash(file))
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(source), old, text)), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	first := sendOne("Orders")
	processed("Orders", first)
	printed(`"step":"notified","eventId":"` + first)
	edit("shop/functions/notify/main.go", "event notified", "event notified anew")
	printed(`"step":"reloaded","source":"shop-backend-Notify`)
	second := sendOne("Orders")
	processed("Orders", second)
	printed(`"step":"notified anew","eventId":"` + second)

	// In the nested stack, with a worker of a third module.
	returned := sendOne("Returns")
	if code := processed("Returns", returned); code != "first" {
		t.Errorf("the event of Returns was dropped as %q", code)
	}
	printed(`"step":"notified anew","eventId":"` + returned)
	edit("returns/main.go", `"first"`, `"second"`)
	printed(`"step":"reloaded","source":"shop-backend-Nested`)
	if code := processed("Returns", sendOne("Returns")); code != "second" {
		t.Errorf("the event of Returns was dropped as %q by the new code", code)
	}
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
